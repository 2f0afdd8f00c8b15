"""How far the pixels where units are active are those of concepts: counts, and what is made of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Overlap:
    """Pixels counted over a whole data set; pixels without a label do not count at all. Leading axes may be added.

    Attributes:
        both: (..., units, concepts) where the unit is active and the concept is there.
        active: (..., units) where the unit is active.
        present: (..., concepts) where the concept is there.
        pixels: (...) all that have a label.
    """

    both: Floats
    active: Floats
    present: Floats
    pixels: Floats

    def __add__(self, other: "Overlap") -> "Overlap":
        return Overlap(
            self.both + other.both,
            self.active + other.active,
            self.present + other.present,
            self.pixels + other.pixels,
        )

    def of_concepts(self, places: NDArray[np.int64]) -> "Overlap":
        """The counts of some of the concepts."""
        return Overlap(self.both[..., places], self.active, self.present[..., places], self.pixels)

    def iou(self) -> Floats:
        """Intersection over union of data set totals (not the mean over images): (..., units, concepts), 0 to 1.

        References:
            Bau et al., "Network dissection", CVPR 2017, equation 1.
        """
        union = self.active[..., :, None] + self.present[..., None, :] - self.both
        return np.divide(self.both, union, out=np.zeros_like(self.both), where=union != 0)

    def information_quality(self) -> Floats:
        """Mutual information over joint entropy of "active" and "there": (..., units, concepts), 0 to 1.

        1 where one tells the other exactly, be it as its opposite; 0 where they are independent or constant.

        References:
            Bau et al., "GAN dissection", ICLR 2019, section 3.1; Wijaya et al., "Information quality ratio as a novel
            metric for mother wavelet selection", 2017.
        """
        whole = self.pixels[..., None, None]
        active, present = self.active[..., :, None], self.present[..., None, :]
        cells = (self.both, active - self.both, present - self.both, whole - active - present + self.both)
        joint = sum(_entropy_term(cell, whole) for cell in cells)
        apart = sum(
            _entropy_term(part, whole) for part in (active + 0 * present, whole - active, present + 0 * active)
        ) + _entropy_term(whole - present, whole)
        mutual = np.asarray(apart - joint)
        return np.divide(mutual, joint, out=np.zeros_like(mutual), where=np.asarray(joint) > 0).clip(0, 1)


def _entropy_term(counts: Floats, whole: Floats) -> Floats:
    share = np.divide(counts, whole, out=np.zeros(np.broadcast_shapes(counts.shape, whole.shape)), where=whole > 0)
    logarithm = np.log2(share, out=np.zeros_like(share), where=share > 0)
    return -share * logarithm
