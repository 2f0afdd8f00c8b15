"""What a segmenter takes for what, measured on true masks, and overlap set right by it.

Let P(s | t) be the share of pixels of the true class t that the segmenter calls s. Where a mistake depends on the true
class alone and not on the unit, counts with the segmenter's classes are those with the true classes mixed by P:
both_seen(u, s) = sum over t of both_true(u, t) P(s | t), and the same for the area of a concept. Solving for the true
counts sets IoU right in expectation; sampling images again, of the measured masks and of the dissected images,
carries the uncertainty of both into its interval. A concept that the segmenter can hardly tell from others stays
unknown (NaN).

References:
    Rogan & Gladen, "Estimating prevalence from the results of a screening test", 1978, for two classes; Saerens,
    Latinne & Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities", 2002, section 2.3
    (the confusion matrix method).
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from crossmodal.dissect.overlap import Overlap
from crossmodal.dissect.source import Segment, Source, segment_images
from crossmodal.errors import DatasetError
from crossmodal.randomness import generator

Floats = NDArray[np.float64]

#: Noise in a seen count grows by this much at most before a corrected one is called unknown.
_LARGEST_GAIN = 20.0
_MIXED = 1e-6
_BATCH = 16


@dataclass(frozen=True, eq=False)
class Confusion:
    """Pixels of each true class that a segmenter gives each class.

    Attributes:
        counts: (1 + resamples, classes, classes), first the measured one; rows are true, columns seen. Without
            resamples the matrix counts as exact.
        concepts: class indices, in the order of rows and columns.
    """

    counts: Floats
    concepts: tuple[int, ...]

    @property
    def rates(self) -> Floats:
        """P(seen | true): (1 + resamples, classes, classes); a class that never occurred counts as never mistaken."""
        total = self.counts.sum(axis=2, keepdims=True)
        sure = np.broadcast_to(np.eye(self.counts.shape[1]), self.counts.shape)
        return np.where(total > 0, self.counts / np.maximum(total, 1), sure)

    def correct(self, seen: Overlap) -> Overlap:
        """Estimate the counts that true masks would give; NaN for concepts that cannot be told.

        ``seen`` are counts of all classes, in the order of ``concepts``.

        Raises:
            ValueError: the counts have other classes.
        """
        return self._corrected(seen, self.rates[0])

    def correct_resamples(self, seen: Overlap) -> Overlap:
        """The same for resampled counts, each by a resample of the matrix where there are any.

        Raises:
            ValueError: the counts have other classes.
        """
        if len(self.counts) == 1:
            return self._corrected(seen, self.rates[0])
        return self._corrected(seen, np.resize(self.rates[1:], (len(seen.pixels), *self.counts.shape[1:])))

    def _corrected(self, seen: Overlap, rates: Floats) -> Overlap:
        if seen.present.shape[-1] != len(self.concepts):
            raise ValueError(f"counts of {len(self.concepts)} classes were expected, found {seen.present.shape[-1]}")
        inverse = np.linalg.pinv(rates)
        # What comes back of each true class: its own column of the identity, or a mixture that nothing can part.
        returned = rates @ inverse
        mixed = np.abs(returned - np.eye(rates.shape[-1])).max(axis=-2) > _MIXED
        unknown = mixed | (np.abs(inverse).sum(axis=-2) > _LARGEST_GAIN)
        present = np.einsum("...s,...st->...t", seen.present, inverse)
        both = np.einsum("...us,...st->...ut", seen.both, inverse).clip(0, seen.active[..., :, None])
        present = present.clip(0, seen.pixels[..., None])
        both = np.minimum(both, present[..., None, :])
        present = np.where(unknown, np.nan, present)
        both = np.where(unknown[..., None, :], np.nan, both)
        return Overlap(both, seen.active, present, seen.pixels)


def measure_confusion(segment: Segment, truth: Source, *, resamples: int = 200, seed: int = 0) -> Confusion:
    """Compare a segmenter with true masks, with resamples over images.

    Raises:
        DatasetError: no pixel has a label.
    """
    concepts = tuple(sorted(truth.concepts))
    places = torch.full((256,), len(concepts), dtype=torch.int64)
    places[list(concepts)] = torch.arange(len(concepts))
    size = len(concepts) + 1
    counts = np.zeros((1 + resamples, size, size))
    for first in range(0, len(truth), _BATCH):
        indices = np.arange(first, min(first + _BATCH, len(truth)))
        inputs = truth.inputs(indices)
        images, labels = truth.labelled(indices, inputs, None)
        seen = segment_images(segment, images.float() / 255)
        codes = places[labels] * size + places[seen]
        own = np.stack([np.bincount(code.numpy(), minlength=size * size) for code in codes.flatten(1)]).astype(float)
        weights = generator(seed, "dissect/confusion", first).poisson(1.0, size=(resamples, len(own)))
        counts += (np.concatenate([np.ones((1, len(own))), weights]) @ own).reshape(counts.shape)
    if not counts[0, :-1].any():
        raise DatasetError("the true masks hold no labelled pixel; the segmenter cannot be measured on them")
    return Confusion(counts[:, :-1, :-1], concepts)
