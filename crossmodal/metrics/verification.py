"""How well scores tell whether two footsteps (voices, faces) are one person's: equal error rate and rank one.

Conventions: a score is larger the more alike; a claim is accepted at a threshold when its score is at least that. The
false reject rate is the share of genuine scores below the threshold, the false accept rate that of impostors at it or
above. Intervals are drawn over people: a person who is drawn k times counts k times as a probe and as who is claimed.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crossmodal.metrics.interval import bootstrap_weights, percentile_interval

Floats = NDArray[np.float64]


class VerificationScore(NamedTuple):
    """A rate, its 95 % interval over people, and the scores (or probes) that entered."""

    rate: float
    low: float
    high: float
    scores: int


def reference_scores(probes: ArrayLike, references: ArrayLike) -> Floats:
    """Score probes against reference sets: the mean cosine of a probe with a set's vectors.

    ``probes`` are unit vectors (probes, dimension), ``references`` (sets, vectors, dimension): (probes, sets).

    Raises:
        ValueError: shapes that do not fit.
    """
    left, right = np.asarray(probes, np.float64), np.asarray(references, np.float64)
    if left.ndim != 2 or right.ndim != 3 or left.shape[1] != right.shape[2]:
        raise ValueError(
            f"expected (probes, dimension) and (sets, vectors, dimension), got {left.shape}, {right.shape}"
        )
    # The mean of the cosines is the cosine with the mean, since all vectors are of length 1.
    return np.asarray(left @ right.mean(axis=1).T)


def equal_error_rate(genuine: ArrayLike, impostor: ArrayLike) -> float:
    """Find the rate at which false rejects and false accepts are equal: 0 (told apart) to 1 (the wrong way round).

    Between neighbouring thresholds both rates are interpolated linearly. NaN without genuine or impostor scores.
    """
    scores = np.concatenate([np.asarray(genuine, np.float64), np.asarray(impostor, np.float64)])
    same = np.arange(len(scores)) < len(np.asarray(genuine))
    return _weighted_eer(_Sorted.of(scores, same), np.ones(len(scores)))


def verify(
    scores: ArrayLike, probe_people: ArrayLike, claimed_people: ArrayLike, *, samples: int = 1000, seed: int = 0
) -> VerificationScore:
    """Compute the equal error rate of a table of scores (probes, sets) and its interval over people.

    ``probe_people`` (probes,) and ``claimed_people`` (sets,) number who they are of. NaN scores, as of a probe against
    a set that it belongs to, do not count.

    Raises:
        ValueError: shapes that do not fit.
    """
    table = _checked(scores, probe_people, claimed_people)
    names, member = np.unique(np.concatenate([probe_people, claimed_people]), return_inverse=True)
    probe, claimed = member[: table.shape[0]], member[table.shape[0] :]
    counted = np.isfinite(table)
    same = (probe[:, None] == claimed)[counted]
    rows, columns = np.nonzero(counted)
    order = _Sorted.of(table[counted], same)
    rate = _weighted_eer(order, np.ones(len(same)))
    rates = np.array(
        [
            # Two copies of a person are that person still, so their genuine scores count once for each copy.
            _weighted_eer(order, np.where(same, row[probe[rows]], row[probe[rows]] * row[claimed[columns]]))
            for row in bootstrap_weights(len(names), samples, seed=seed)
        ]
    )
    low, high, _ = percentile_interval(rates)
    return VerificationScore(rate, low, high, len(same))


def rank_one(
    scores: ArrayLike, probe_people: ArrayLike, claimed_people: ArrayLike, *, samples: int = 1000, seed: int = 0
) -> VerificationScore:
    """Compute the share of probes (closed set) whose best set is of their own person, and its interval over people.

    Probes with none of their own person's sets among those that are scored do not count; ties go to the first set.

    Raises:
        ValueError: shapes that do not fit.
    """
    table = _checked(scores, probe_people, claimed_people)
    probe, claimed = np.asarray(probe_people), np.asarray(claimed_people)
    known = ((probe[:, None] == claimed) & np.isfinite(table)).any(axis=1)
    right = claimed[np.where(np.isfinite(table), table, -np.inf).argmax(axis=1)] == probe
    names, member = np.unique(probe, return_inverse=True)
    hits, counts = (np.bincount(member, part, len(names)) for part in (right & known, known))
    if not known.any():
        return VerificationScore(float("nan"), float("nan"), float("nan"), 0)
    weights = bootstrap_weights(len(names), samples, seed=seed)
    drawn = weights @ counts
    rates = np.divide(weights @ hits, drawn, out=np.full(samples, np.nan), where=drawn > 0)
    low, high, _ = percentile_interval(rates)
    return VerificationScore(float(hits.sum() / counts.sum()), low, high, int(known.sum()))


class _Sorted(NamedTuple):
    """Scores in rising order: their order, whether each is genuine, and the last of each run of equal ones."""

    order: NDArray[np.int64]
    same: NDArray[np.bool_]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, scores: Floats, same: NDArray[np.bool_]) -> "_Sorted":
        order = np.argsort(scores, kind="stable")
        ends = np.flatnonzero(np.append(np.diff(scores[order]) > 0, True)) if len(scores) else np.zeros(0, np.int64)
        return cls(order, same[order], ends)


def _weighted_eer(scores: _Sorted, weights: Floats) -> float:
    weight = weights[scores.order]
    below = np.cumsum(np.where(scores.same, weight, 0.0))
    refused = np.cumsum(np.where(scores.same, 0.0, weight))
    if not len(weight) or below[-1] <= 0 or refused[-1] <= 0:
        return float("nan")
    # Thresholds: at or below the least score, then above each run of equal scores.
    rejects = np.concatenate([[0.0], below[scores.ends] / below[-1]])
    accepts = np.concatenate([[1.0], 1 - refused[scores.ends] / refused[-1]])
    gap = rejects - accepts
    after = int(np.argmax(gap >= 0))
    before = after - 1
    share = -gap[before] / (gap[after] - gap[before])
    return float(rejects[before] + share * (rejects[after] - rejects[before]))


def _checked(scores: ArrayLike, probe_people: ArrayLike, claimed_people: ArrayLike) -> Floats:
    table = np.asarray(scores, np.float64)
    shape = np.shape(probe_people) + np.shape(claimed_people)
    if table.ndim != 2 or table.shape != shape:
        raise ValueError(f"expected scores (probes, sets) with a person for each, got {table.shape} and {shape}")
    return table
