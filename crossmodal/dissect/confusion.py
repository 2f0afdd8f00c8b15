"""Confusion matrix of a segmenter, measured on true masks, and overlap counts corrected by it.

Let P(p | t) be the fraction of pixels of the true class t that the segmenter predicts as p. If errors depend on the
true class and not on the unit, counts with the predicted classes are those with the true classes mixed by P:
both_predicted(u, p) = sum over t of both_true(u, t) P(p | t), and the same for the area of a concept. Solving for the
true counts corrects the IoU in expectation. Resampling the images of the true masks and the dissected images carries
the uncertainty of both into the interval. A concept that the segmenter hardly separates from others stays unknown
(NaN).

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
from crossmodal.dissect.source import Segment, Source, image_batches, segment_images
from crossmodal.errors import DatasetError
from crossmodal.randomness import generator

Floats = NDArray[np.float64]

#: A corrected count is unknown if the noise of the predicted counts is amplified by more than this.
_MAX_GAIN = 20.0
_MIXING_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Confusion:
    """Pixel counts by true and predicted class.

    Attributes:
        counts: (1 + resamples, classes, classes), the measured matrix first; rows are true, columns predicted classes.
            Without resamples the matrix counts as exact.
        concepts: class indices, in the order of rows and columns.
    """

    counts: Floats
    concepts: tuple[int, ...]

    @property
    def rates(self) -> Floats:
        """P(predicted | true): (1 + resamples, classes, classes); the identity for a class that does not occur."""
        total = self.counts.sum(axis=2, keepdims=True)
        identity = np.broadcast_to(np.eye(self.counts.shape[1]), self.counts.shape)
        return np.where(total > 0, self.counts / np.maximum(total, 1), identity)

    def correct(self, predicted: Overlap) -> Overlap:
        """Estimate the counts with true masks; NaN for concepts that the segmenter does not separate.

        ``predicted`` are counts of all classes, in the order of ``concepts``.

        Raises:
            ValueError: the number of classes is wrong.
        """
        return self._corrected(predicted, self.rates[0])

    def correct_resamples(self, predicted: Overlap) -> Overlap:
        """Correct resampled counts, each with a resample of the matrix if there are any.

        Raises:
            ValueError: the number of classes is wrong.
        """
        if len(self.counts) == 1:
            return self._corrected(predicted, self.rates[0])
        return self._corrected(predicted, np.resize(self.rates[1:], (len(predicted.pixels), *self.counts.shape[1:])))

    def _corrected(self, predicted: Overlap, rates: Floats) -> Overlap:
        if predicted.present.shape[-1] != len(self.concepts):
            raise ValueError(f"expected counts of {len(self.concepts)} classes, found {predicted.present.shape[-1]}")
        inverse = np.linalg.pinv(rates)
        # The identity for classes that can be recovered, a mixture for those that cannot be separated.
        recovered = rates @ inverse
        mixed = np.abs(recovered - np.eye(rates.shape[-1])).max(axis=-2) > _MIXING_TOLERANCE
        unknown = mixed | (np.abs(inverse).sum(axis=-2) > _MAX_GAIN)
        present = np.einsum("...s,...st->...t", predicted.present, inverse)
        both = np.einsum("...us,...st->...ut", predicted.both, inverse).clip(0, predicted.active[..., :, None])
        present = present.clip(0, predicted.pixels[..., None])
        both = np.minimum(both, present[..., None, :])
        present = np.where(unknown, np.nan, present)
        both = np.where(unknown[..., None, :], np.nan, both)
        return Overlap(both, predicted.active, present, predicted.pixels)


def measure_confusion(segment: Segment, truth: Source, *, resamples: int = 200, seed: int = 0) -> Confusion:
    """Measure the confusion matrix of a segmenter on true masks, with bootstrap resamples over images.

    Raises:
        DatasetError: the masks hold no labelled pixel.
    """
    concepts = tuple(sorted(truth.concepts))
    positions = torch.full((256,), len(concepts), dtype=torch.int64)
    positions[list(concepts)] = torch.arange(len(concepts))
    size = len(concepts) + 1
    counts = np.zeros((1 + resamples, size, size))
    for indices in image_batches(len(truth)):
        inputs = truth.inputs(indices)
        images, labels = truth.labelled(indices, inputs, None)
        predicted = segment_images(segment, images.float() / 255)
        codes = positions[labels] * size + positions[predicted]
        own = np.stack([np.bincount(code.numpy(), minlength=size * size) for code in codes.flatten(1)]).astype(float)
        weights = generator(seed, "dissect/confusion", int(indices[0])).poisson(1.0, size=(resamples, len(own)))
        counts += (np.concatenate([np.ones((1, len(own))), weights]) @ own).reshape(counts.shape)
    if not counts[0, :-1].any():
        raise DatasetError("the true masks hold no labelled pixel, so the segmenter cannot be measured on them")
    return Confusion(counts[:, :-1, :-1], concepts)
