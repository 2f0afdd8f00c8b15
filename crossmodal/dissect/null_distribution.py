"""The overlap that chance reaches: cuts for a layer at its level, from pairings of activations with others' masks.

A fixed cut (0.04 in the literature) means something else at every level, layer and concept. Here the cut of a concept
is the IoU that, when activations and masks of *different* images meet, its best unit rarely exceeds; and the cuts of
all concepts are chosen together, each at the same rank among its own pairings, so that with probability ``1 - alpha``
no unit of the layer exceeds any of them. An error is thus one detector too many in the whole layer (family-wise, over
units and concepts).

References:
    Westfall & Young, "Resampling-based multiple testing", 1993, section 2.3 (max-T over units, min-P over concepts).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Chance:
    """What chance reaches.

    Attributes:
        cuts: (concepts,) IoU above which a unit is a detector of the concept.
        layer_cut: the IoU that the best unit and concept of the layer exceed with probability alpha: one number in the
            place of the published 0.04.
        mean: (units, concepts) expected IoU by chance.
        alpha: the family-wise rate.
        pairings: that all this rests on.
    """

    cuts: Floats
    layer_cut: float
    mean: Floats
    alpha: float
    pairings: int


def estimate_chance(iou: Floats, alpha: float = 0.05) -> Chance:
    """Derive cuts from the IoU (pairings, units, concepts) of chance pairings.

    Raises:
        ValueError: alpha is not between 0 and 1, or there are fewer than 1 / alpha pairings.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha}")
    pairings = len(iou)
    if pairings * alpha < 1:
        raise ValueError(f"a rate of {alpha:g} takes at least {int(np.ceil(1 / alpha))} pairings, got {pairings}")
    best = iou.max(axis=1)
    ordered = np.sort(best, axis=0)
    # The share of pairings whose best unit does at least as well, concept by concept; then the luckiest concept.
    tails = np.stack(
        [pairings - np.searchsorted(column, values) for column, values in zip(ordered.T, best.T, strict=True)], axis=1
    )
    luckiest = np.sort(tails.min(axis=1))
    # At most alpha of the pairings may have a concept within the rank that is cut off.
    cut_off = int(luckiest[int(np.floor(alpha * pairings))]) - 1
    cuts = ordered[pairings - 1 - max(cut_off, 0)]
    layer_cut = float(np.quantile(best.max(axis=1), 1 - alpha, method="higher"))
    return Chance(cuts, layer_cut, iou.mean(axis=0), alpha, pairings)
