"""Equal error rate and rank-one accuracy of scores that compare footsteps (voices, faces) of people.

Conventions: a larger score means more alike. A claim is accepted if its score is at or above the threshold. The false
reject rate is the fraction of genuine scores below the threshold, the false accept rate the fraction of impostor scores
at or above it. Intervals are bootstrapped over people: a person who is drawn k times counts k times, both as a probe
and as a claimed identity.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crossmodal.interval import Interval, bootstrap_weights, percentile_interval

Floats = NDArray[np.float64]


class VerificationScore(NamedTuple):
    """A rate with its 95 % interval over people, and the number of scores (or probes) behind it."""

    rate: Interval
    scores: int


def reference_scores(probes: ArrayLike, references: ArrayLike) -> Floats:
    """Return the mean cosine of each probe with the vectors of each reference set: (probes, sets).

    ``probes`` are unit vectors (probes, dimension), ``references`` unit vectors (sets, vectors, dimension).

    Raises:
        ValueError: the shapes do not fit.
    """
    left, right = np.asarray(probes, np.float64), np.asarray(references, np.float64)
    if left.ndim != 2 or right.ndim != 3 or left.shape[1] != right.shape[2]:
        raise ValueError(
            f"expected (probes, dimension) and (sets, vectors, dimension), got {left.shape}, {right.shape}"
        )
    # The mean of the cosines is the cosine with the mean, since all vectors are of length 1.
    return np.asarray(left @ right.mean(axis=1).T)


def equal_error_rate(genuine: ArrayLike, impostor: ArrayLike) -> float:
    """Return the rate at which false rejects and false accepts are equal, from 0 (separable) to 1 (reversed).

    Between neighbouring thresholds both rates are interpolated linearly. NaN without genuine or impostor scores.
    """
    scores = np.concatenate([np.asarray(genuine, np.float64), np.asarray(impostor, np.float64)])
    same = np.arange(len(scores)) < len(np.asarray(genuine))
    return _weighted_eer(_Sorted.of(scores, same), np.ones(len(scores)))


def verify(
    scores: ArrayLike, probe_people: ArrayLike, claimed_people: ArrayLike, *, resamples: int = 1000, seed: int = 0
) -> VerificationScore:
    """Compute the equal error rate of a table of scores (probes, sets) and its interval over people.

    ``probe_people`` (probes,) and ``claimed_people`` (sets,) hold the number of each person. NaN scores, such as those
    of a probe against a set that contains it, do not count.

    Raises:
        ValueError: the shapes do not fit.
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
            # Two copies of a person are the same person, so their genuine scores count once for each copy.
            _weighted_eer(order, np.where(same, row[probe[rows]], row[probe[rows]] * row[claimed[columns]]))
            for row in bootstrap_weights(len(names), resamples, seed=seed)
        ]
    )
    return VerificationScore(percentile_interval(rate, rates), len(same))


def rank_one(
    scores: ArrayLike, probe_people: ArrayLike, claimed_people: ArrayLike, *, resamples: int = 1000, seed: int = 0
) -> VerificationScore:
    """Compute the fraction of probes whose best set belongs to the same person (closed set), with its interval.

    Probes without a scored set of their own person do not count. Ties go to the first set.

    Raises:
        ValueError: the shapes do not fit.
    """
    table = _checked(scores, probe_people, claimed_people)
    probe, claimed = np.asarray(probe_people), np.asarray(claimed_people)
    known = ((probe[:, None] == claimed) & np.isfinite(table)).any(axis=1)
    right = claimed[np.where(np.isfinite(table), table, -np.inf).argmax(axis=1)] == probe
    names, member = np.unique(probe, return_inverse=True)
    hits, counts = (np.bincount(member, part, len(names)) for part in (right & known, known))
    if not known.any():
        return VerificationScore(Interval(math.nan), 0)
    weights = bootstrap_weights(len(names), resamples, seed=seed)
    drawn = weights @ counts
    rates = np.divide(weights @ hits, drawn, out=np.full(resamples, np.nan), where=drawn > 0)
    return VerificationScore(percentile_interval(hits.sum() / counts.sum(), rates), int(known.sum()))


class _Sorted(NamedTuple):
    """Scores in ascending order: their order, whether each is genuine, and the last index of each run of ties."""

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
    # Thresholds: at or below the smallest score, then above each run of ties.
    rejects = np.concatenate([[0.0], below[scores.ends] / below[-1]])
    accepts = np.concatenate([[1.0], 1 - refused[scores.ends] / refused[-1]])
    gap = rejects - accepts
    after = int(np.argmax(gap >= 0))
    before = after - 1
    fraction = -gap[before] / (gap[after] - gap[before])
    return float(rejects[before] + fraction * (rejects[after] - rejects[before]))


def _checked(scores: ArrayLike, probe_people: ArrayLike, claimed_people: ArrayLike) -> Floats:
    table = np.asarray(scores, np.float64)
    shape = np.shape(probe_people) + np.shape(claimed_people)
    if table.ndim != 2 or table.shape != shape:
        raise ValueError(f"expected scores (probes, sets) with a person for each, got {table.shape} and {shape}")
    return table
