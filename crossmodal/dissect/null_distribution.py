"""Null distribution of the overlap, and IoU thresholds, from permutations of the masks among images.

A fixed IoU threshold (0.04 in the literature) has a different meaning for each activation threshold, layer and concept.
Here the threshold of a concept is the IoU that its best unit rarely exceeds when activations are compared with the
masks of *other* images. The thresholds of all concepts are chosen together, each at the same rank among the
permutations of its concept, so that with probability ``1 - alpha`` no unit of the layer exceeds any threshold. The
error is thus family-wise: one false detector in the whole layer, over units and concepts.

References:
    Westfall & Young, "Resampling-based multiple testing", 1993, section 2.3 (max-T over units, min-P over concepts).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NullDistribution:
    """IoU under the null hypothesis that units and concepts are independent, apart from the common layout of images.

    Attributes:
        thresholds: (concepts,) IoU above which a unit is a detector of the concept.
        layer_threshold: the IoU that the best pair of unit and concept exceeds with probability alpha; a single number
            comparable to the published 0.04.
        mean: (units, concepts) expected IoU.
        alpha: the family-wise error rate.
        permutations: number of permutations.
    """

    thresholds: Floats
    layer_threshold: float
    mean: Floats
    alpha: float
    permutations: int


def estimate_null_distribution(iou: Floats, alpha: float = 0.05) -> NullDistribution:
    """Compute thresholds from the IoU (permutations, units, concepts) of permuted masks.

    Raises:
        ValueError: alpha is not between 0 and 1, or there are fewer than 1 / alpha permutations.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be between 0 and 1, got {alpha}")
    permutations = len(iou)
    if permutations * alpha < 1:
        raise ValueError(f"alpha {alpha:g} needs at least {int(np.ceil(1 / alpha))} permutations, got {permutations}")
    best = iou.max(axis=1)
    ordered = np.sort(best, axis=0)
    # Rank from above of each permutation's best unit, concept by concept; then the most extreme concept of each.
    ranks = np.stack(
        [permutations - np.searchsorted(column, values) for column, values in zip(ordered.T, best.T, strict=True)],
        axis=1,
    )
    most_extreme = np.sort(ranks.min(axis=1))
    # At most a fraction alpha of the permutations may have a concept above the threshold rank.
    threshold_rank = int(most_extreme[int(np.floor(alpha * permutations))]) - 1
    thresholds = ordered[permutations - 1 - max(threshold_rank, 0)]
    layer_threshold = float(np.quantile(best.max(axis=1), 1 - alpha, method="higher"))
    return NullDistribution(thresholds, layer_threshold, iou.mean(axis=0), alpha, permutations)
