"""Onsets in time: exact one-to-one matching, precision, recall, F1 and average precision.

Conventions:

- The true onsets are a list of times. A prediction matches at most one true onset, at most ``tolerance_s`` away (bound
  included), and a true onset matches at most one prediction. The number of matches is the largest possible.
- Recall divides by *all* true onsets, so a missed onset lowers recall, F1 and average precision.
- Several recordings are pooled: matches, predictions and true onsets are summed before dividing.
- Undefined values are NaN: precision without predictions, recall and average precision without true onsets, F1 without
  either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# Times such as 1.05 and 1.00 are 0.050000000000000044 apart in binary; a nanosecond keeps the bound inclusive.
_ROUNDING_S = 1e-9


class OnsetScores(NamedTuple):
    """Precision, recall, F1 and average precision, each in [0, 1] or NaN, with the counts behind them."""

    precision: float
    recall: float
    f1: float
    average_precision: float
    matched: float
    predicted: float
    true: float


@dataclass(frozen=True)
class OnsetCounts:
    """Onset counts of one recording at one tolerance, which `PooledOnsets` adds up.

    ``matched``, ``predicted`` and ``true`` are counts at the operating point. ``scores`` and ``found`` have one entry
    for each candidate, whatever its score: the score, and whether the candidate matches a true onset when candidates
    are added in descending order of score.
    """

    matched: int
    predicted: int
    true: int
    scores: Floats
    found: NDArray[np.bool_]


def match_onsets(predicted_s: ArrayLike, true_s: ArrayLike, tolerance_s: float) -> NDArray[np.intp]:
    """Return the largest one-to-one matching of predicted to true onsets, as index pairs of shape (matches, 2).

    Column 0 indexes ``predicted_s``, column 1 ``true_s``, in order of time. The inputs need not be sorted.

    As the tolerance is the same for all, it is exact to go through both lists in order of time and to pair the earliest
    onsets that can be paired: swapping partners in any other optimal matching keeps all distances within tolerance.

    Raises:
        ValueError: a time is not finite, or the tolerance is negative.
    """
    predicted, true = _times(predicted_s, "predicted_s"), _times(true_s, "true_s")
    reach = _reach(tolerance_s)
    predicted_order, true_order = np.argsort(predicted, kind="stable"), np.argsort(true, kind="stable")
    # Lists, whose entries are many times quicker to read one by one than an array's.
    sorted_predicted, sorted_true = predicted[predicted_order].tolist(), true[true_order].tolist()
    claims: list[int] = []
    claimed: list[int] = []
    i = j = 0
    while i < len(sorted_predicted) and j < len(sorted_true):
        ahead = sorted_predicted[i] - sorted_true[j]
        if abs(ahead) <= reach:
            claims.append(i)
            claimed.append(j)
        i += ahead <= reach
        j += ahead >= -reach
    return np.stack([predicted_order[claims], true_order[claimed]], axis=1) if claims else np.empty((0, 2), np.intp)


def find_by_rank(predicted_s: ArrayLike, scores: ArrayLike, true_s: ArrayLike, tolerance_s: float) -> NDArray[np.bool_]:
    """Return whether each prediction increases the number of matches when predictions are added by descending score.

    Shape (predictions,). The number of True values among the first k predictions is the size of the largest matching of
    those k, so every point of the precision-recall curve is based on an exact matching. A prediction is True when an
    augmenting path exists. The number of True values among equal scores does not depend on their order (sets of
    predictions that can be matched together form a matroid).

    Raises:
        ValueError: a time or a score is not finite, lengths differ, or the tolerance is negative.

    References:
        Edmonds and Fulkerson, "Transversals and matroid partition", 1965; augmenting paths after Berge, 1957.
    """
    predicted, true = _times(predicted_s, "predicted_s"), _times(true_s, "true_s")
    ranks = _times(scores, "scores")
    if ranks.shape != predicted.shape:
        raise ValueError(f"each prediction needs one score, got {len(ranks)} scores for {len(predicted)} times")
    reach = _reach(tolerance_s)
    true_order = np.argsort(true, kind="stable")
    first = np.searchsorted(true[true_order], predicted - reach, side="left")
    stop = np.searchsorted(true[true_order], predicted + reach, side="right")
    owner = np.full(len(true), -1, dtype=np.intp)
    found = np.zeros(len(predicted), dtype=np.bool_)
    for prediction in np.argsort(-ranks, kind="stable"):
        found[prediction] = _augment(int(prediction), first, stop, owner)
    return found


def count_onsets(
    predicted_s: ArrayLike,
    true_s: ArrayLike,
    tolerance_s: float,
    *,
    scores: ArrayLike | None = None,
    threshold: float = -np.inf,
) -> OnsetCounts:
    """Match the onsets of one recording and count.

    Predictions with a score of at least ``threshold`` define the operating point (precision, recall, F1); all
    predictions define the precision-recall curve. Without ``scores`` all predictions have the same rank.

    Raises:
        ValueError: as `match_onsets` and `find_by_rank`.
    """
    predicted = _times(predicted_s, "predicted_s")
    ranks = np.ones_like(predicted) if scores is None else _times(scores, "scores")
    found = find_by_rank(predicted, ranks, true_s, tolerance_s)
    kept = predicted[ranks >= threshold]
    matched = len(match_onsets(kept, true_s, tolerance_s))
    return OnsetCounts(matched, len(kept), len(_times(true_s, "true_s")), ranks, found)


def onset_scores(
    predicted_s: ArrayLike,
    true_s: ArrayLike,
    tolerance_s: float,
    *,
    scores: ArrayLike | None = None,
    threshold: float = -np.inf,
) -> OnsetScores:
    """Compute precision, recall, F1 and average precision of one recording; see the conventions of this module.

    Raises:
        ValueError: as `count_onsets`.
    """
    counts = count_onsets(predicted_s, true_s, tolerance_s, scores=scores, threshold=threshold)
    return PooledOnsets([counts]).scores()


class PooledOnsets:
    """Onset counts of many recordings, sorted once so that weighted scores are cheap.

    Average precision uses one ranking over all recordings, so scores must be comparable between recordings.
    """

    def __init__(self, counts: Sequence[OnsetCounts]) -> None:
        totals = [(c.matched, c.predicted, c.true) for c in counts]
        self._totals = np.array(totals, dtype=np.float64).reshape(-1, 3)
        scores = np.concatenate([c.scores for c in counts]) if counts else np.zeros(0)
        found = np.concatenate([c.found for c in counts]) if counts else np.zeros(0, dtype=np.bool_)
        recording = np.repeat(np.arange(len(counts)), [len(c.scores) for c in counts])
        order = np.argsort(-scores, kind="stable")
        self._found, self._recording = found[order].astype(np.float64), recording[order]
        # The last candidate of each run of equal scores: equal scores are one point of the curve.
        self._group_ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True)) if scores.size else order

    def scores(self, weights: Floats | None = None) -> OnsetScores:
        """Return pooled scores, with each recording counted ``weights`` (recordings,) times, by default once."""
        counted = np.ones(len(self._totals)) if weights is None else weights
        matched, predicted, true = (float(total) for total in counted @ self._totals)
        return OnsetScores(
            precision=_ratio(matched, predicted),
            recall=_ratio(matched, true),
            f1=_ratio(2.0 * matched, predicted + true),
            average_precision=self._average_precision(counted, true),
            matched=matched,
            predicted=predicted,
            true=true,
        )

    def _average_precision(self, weights: Floats, true: float) -> float:
        """Return the sum of precision times the increase of recall over the distinct scores.

        Recall is relative to all true onsets. The curve is neither interpolated nor extended beyond the last candidate:
        onsets without a candidate contribute 0.
        """
        if true == 0:
            return float("nan")
        weight = weights[self._recording]
        taken = np.cumsum(weight)[self._group_ends]
        found = np.cumsum(weight * self._found)[self._group_ends]
        precision = np.divide(found, taken, out=np.zeros_like(found), where=taken > 0)
        return float(np.sum(precision * np.diff(found, prepend=0.0)) / true)


def _augment(prediction: int, first: NDArray[np.intp], stop: NDArray[np.intp], owner: NDArray[np.intp]) -> bool:
    """Match ``prediction``, moving earlier matches along an augmenting path if needed; False if none exists."""
    reached_by: dict[int, int] = {}
    waiting = [prediction]
    while waiting:
        claimant = waiting.pop()
        for onset in range(int(first[claimant]), int(stop[claimant])):
            if onset in reached_by:
                continue
            reached_by[onset] = claimant
            if owner[onset] >= 0:
                waiting.append(int(owner[onset]))
                continue
            _move_claims(onset, prediction, reached_by, owner)
            return True
    return False


def _move_claims(onset: int, prediction: int, reached_by: dict[int, int], owner: NDArray[np.intp]) -> None:
    """Reassign the onsets along an augmenting path, from a free ``onset`` back to ``prediction``."""
    claimed = {int(holder): index for index, holder in enumerate(owner) if holder >= 0}
    while True:
        claimant = reached_by[onset]
        owner[onset] = claimant
        if claimant == prediction:
            return
        onset = claimed[claimant]


def _times(values: ArrayLike, name: str) -> Floats:
    array = np.asarray(values, dtype=np.float64).reshape(-1)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {array[~np.isfinite(array)][0]}")
    return array


def _reach(tolerance_s: float) -> float:
    if not tolerance_s >= 0:
        raise ValueError(f"tolerance_s must not be negative, got {tolerance_s}")
    return tolerance_s + _ROUNDING_S


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")
