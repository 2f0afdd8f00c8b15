"""Overlap of active units and concepts: pixel counts, IoU and information quality ratio."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Overlap:
    """Pixel counts over a data set, without the pixels that have no label. Leading axes may be added.

    Attributes:
        both: (..., units, concepts) pixels where the unit is active and the concept is present.
        active: (..., units) pixels where the unit is active.
        present: (..., concepts) pixels where the concept is present.
        pixels: (...) labelled pixels.
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

    def of_concepts(self, positions: NDArray[np.int64]) -> "Overlap":
        """Return the counts of some of the concepts, by their positions."""
        return Overlap(self.both[..., positions], self.active, self.present[..., positions], self.pixels)

    def iou(self) -> Floats:
        """Return the intersection over union of data set totals, not the mean over images: (..., units, concepts).

        References:
            Bau et al., "Network dissection", CVPR 2017, equation 1.
        """
        union = self.active[..., :, None] + self.present[..., None, :] - self.both
        return np.divide(self.both, union, out=np.zeros_like(self.both), where=union != 0)

    def information_quality(self) -> Floats:
        """Return mutual information over joint entropy of "active" and "present": (..., units, concepts), 0 to 1.

        It is 1 where each determines the other, also as its negation, and 0 where they are independent or constant.

        References:
            Bau et al., "GAN dissection", ICLR 2019, section 3.1; Wijaya et al., "Information quality ratio as a novel
            metric for mother wavelet selection", 2017.
        """
        whole = self.pixels[..., None, None]
        active, present = self.active[..., :, None], self.present[..., None, :]
        cells = (self.both, active - self.both, present - self.both, whole - active - present + self.both)
        joint = sum(_entropy_term(cell, whole) for cell in cells)
        separate = sum(
            _entropy_term(part, whole) for part in (active + 0 * present, whole - active, present + 0 * active)
        ) + _entropy_term(whole - present, whole)
        mutual = np.asarray(separate - joint)
        return np.divide(mutual, joint, out=np.zeros_like(mutual), where=np.asarray(joint) > 0).clip(0, 1)


def _entropy_term(counts: Floats, whole: Floats) -> Floats:
    fraction = np.divide(counts, whole, out=np.zeros(np.broadcast_shapes(counts.shape, whole.shape)), where=whole > 0)
    logarithm = np.log2(fraction, out=np.zeros_like(fraction), where=fraction > 0)
    return -fraction * logarithm
