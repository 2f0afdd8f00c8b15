"""Scores of stances against the exact truth of a walk: events, positions, sides and walkers."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from crossmodal.gait import Stance
from crossmodal.interval import bootstrap_weights, percentile_interval
from crossmodal.simulation.walks import Footstep, WalkTruth

#: Largest error of a correct heel strike or toe off.
TOLERANCES_S = (0.02, 0.05)
_FARTHEST_MM = 250.0
_REFUSED = 1e6  # the cost of an impossible pair

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WalkScore:
    """The score of one walk. Footsteps count if they are whole on the mat and whole in the recording.

    Attributes:
        true: number of footsteps that count.
        found: number of stances, without those paired with a footstep that does not count.
        heel_strike_s, toe_off_s: (pairs,) found minus true; NaN where an event was not found.
        heel_mm: (pairs,) distance of the heel centres.
        axis_deg: (pairs,) angle between the feet's axes.
        sides: number of pairs with the correct side.
        walkers: number of pairs in the majority walker and crossing of their track (walker and passage).
    """

    true: int
    found: int
    heel_strike_s: Floats
    toe_off_s: Floats
    heel_mm: Floats
    axis_deg: Floats
    sides: int
    walkers: int


def score_walk(stances: Sequence[Stance], truth: WalkTruth) -> WalkScore:
    """Pair stances with true footsteps one to one, by time and position, and measure the pairs.

    A stance and a footstep can be paired when they overlap in time and their heels are at most 250 mm apart. The
    assignment has the least sum of distances (in units of 300 mm and of half a second). Footsteps at the mat's edge or
    at the recording's ends, and those of a standing walker, do not count; stances paired with them are not false.
    """
    located = [stance for stance in stances if stance.footprint is not None]
    found, counted = _pair(located, truth, _cost)
    return WalkScore(
        true=sum(_counts(step, truth) for step in truth.footsteps),
        found=found,
        heel_strike_s=np.array([stance.heel_strike_s - step.heel_strike_s for stance, step in counted]),
        toe_off_s=np.array([stance.toe_off_s - step.toe_off_s for stance, step in counted]),
        heel_mm=np.array([_heel_distance_mm(*pair) for pair in counted]),
        axis_deg=np.array([_axis_error_deg(*pair) for pair in counted]),
        sides=sum(stance.side == step.side for stance, step in counted),
        walkers=_count_of_tracks(counted),
    )


def score_insoles(stances: Sequence[Stance], truth: WalkTruth) -> WalkScore:
    """Pair stances on insoles with true footsteps of the same foot that overlap in time, and measure their events.

    Insoles do not record where a foot stands, and their sides are known: the score has no positions and no sides.
    """
    found, counted = _pair(stances, truth, _cost_in_time)
    return WalkScore(
        true=sum(_counts(step, truth) for step in truth.footsteps),
        found=found,
        heel_strike_s=np.array([stance.heel_strike_s - step.heel_strike_s for stance, step in counted]),
        toe_off_s=np.array([stance.toe_off_s - step.toe_off_s for stance, step in counted]),
        heel_mm=np.zeros(0),
        axis_deg=np.zeros(0),
        sides=0,
        walkers=0,
    )


def summarise_walks(scores: Sequence[WalkScore], *, samples: int = 1000, seed: int = 0) -> dict[str, float]:
    """Pool walks: each figure with ``_low`` and ``_high``, the 95 % interval of a bootstrap over walks.

    ``heel_strike_f1_20ms`` etc. are F1 scores over events, with missed and false ones; ``_bias_ms`` is the mean error
    of matched events and ``_median_ms`` its median; ``heel_mm`` and ``axis_deg`` are medians over pairs;
    ``side_accuracy`` and ``walker_accuracy`` are fractions of pairs.

    Raises:
        ValueError: there is no walk.
    """
    summary: dict[str, float] = {}
    for name, values in resample_walks(scores, samples=samples, seed=seed).items():
        summary |= percentile_interval(values[0], values[1:]).named(name)
    return summary | {"walks": len(scores), "footsteps": sum(score.true for score in scores)}


def resample_walks(scores: Sequence[WalkScore], *, samples: int = 1000, seed: int = 0) -> dict[str, Floats]:
    """Return the figures of `summarise_walks` with their bootstrap values: (1 + samples,), the figure itself first.

    Scores of the same walks by two readers use the same resamples, so the difference of their values is paired.

    Raises:
        ValueError: there is no walk.
    """
    weights = np.concatenate([np.ones((1, len(scores))), bootstrap_weights(len(scores), samples, seed=seed)])
    pooled = [_pool(scores, row.astype(int)) for row in weights]
    return {name: np.array([one[name] for one in pooled]) for name in pooled[0]}


def _pool(scores: Sequence[WalkScore], times: NDArray[np.int_]) -> dict[str, float]:
    drawn = [score for score, count in zip(scores, times, strict=True) for _ in range(count)]
    true, found = sum(score.true for score in drawn), sum(score.found for score in drawn)
    pairs = sum(len(score.heel_mm) for score in drawn)
    pooled: dict[str, float] = {}
    for event in ("heel_strike", "toe_off"):
        errors = np.concatenate([getattr(score, f"{event}_s") for score in drawn])
        errors = errors[np.isfinite(errors)]
        for tolerance in TOLERANCES_S:
            hits = int((np.abs(errors) <= tolerance).sum())
            pooled[f"{event}_f1_{round(1000 * tolerance)}ms"] = _fraction(2 * hits, true + found)
        pooled[f"{event}_bias_ms"] = 1000 * float(errors.mean()) if len(errors) else float("nan")
        pooled[f"{event}_median_ms"] = 1000 * float(np.median(errors)) if len(errors) else float("nan")
    for name in ("heel_mm", "axis_deg"):
        values = np.concatenate([getattr(score, name) for score in drawn])
        pooled[name] = float(np.median(values)) if len(values) else float("nan")
    pooled["side_accuracy"] = _fraction(sum(score.sides for score in drawn), pairs)
    pooled["walker_accuracy"] = _fraction(sum(score.walkers for score in drawn), pairs)
    return pooled


def _pair(
    stances: Sequence[Stance], truth: WalkTruth, cost: Callable[[Stance, Footstep], float]
) -> tuple[int, list[tuple[Stance, Footstep]]]:
    """Pair one to one with the least sum of costs; return the number of stances found and the pairs that count."""
    costs = np.array([[cost(stance, step) for step in truth.footsteps] for stance in stances]).reshape(
        len(stances), len(truth.footsteps)
    )
    rows, columns = (axis.tolist() for axis in linear_sum_assignment(costs))
    pairs = [(stances[r], truth.footsteps[c]) for r, c in zip(rows, columns, strict=True) if costs[r, c] < _REFUSED]
    counted = [(stance, step) for stance, step in pairs if _counts(step, truth)]
    return len(stances) - (len(pairs) - len(counted)), counted


def _cost(stance: Stance, step: Footstep) -> float:
    distance_mm = _heel_distance_mm(stance, step)
    if distance_mm > _FARTHEST_MM:
        return _REFUSED
    return distance_mm / 300.0 + _apart(stance, step)


def _cost_in_time(stance: Stance, step: Footstep) -> float:
    return _apart(stance, step) if stance.side == step.side else _REFUSED


def _apart(stance: Stance, step: Footstep) -> float:
    """Return the distance in time, in units of half a second; `_REFUSED` where the two do not overlap."""
    begin, end = float(stance.times_s[0]), float(stance.times_s[-1])
    if begin > step.toe_off_s or end < step.heel_strike_s:
        return _REFUSED
    return abs(begin - step.heel_strike_s) + abs(end - step.toe_off_s)


def _counts(step: Footstep, truth: WalkTruth) -> bool:
    """Return whether a footstep counts: whole on the mat and in the recording, of a walker who does not stand."""
    inside = truth.times_s[0] < step.heel_strike_s and step.toe_off_s < truth.times_s[-1]
    return bool(inside and step.on_mat > 0.999 and not step.stands)


def _heel_distance_mm(stance: Stance, step: Footstep) -> float:
    assert stance.footprint is not None
    return float(np.linalg.norm(stance.footprint.heel_mm - np.array(step.heel_mm)))


def _axis_error_deg(stance: Stance, step: Footstep) -> float:
    assert stance.footprint is not None
    true = np.array(step.metatarsal_mm) - np.array(step.heel_mm)
    cosine = float(stance.footprint.axis @ true / np.linalg.norm(true))
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def _count_of_tracks(pairs: Sequence[tuple[Stance, Footstep]]) -> int:
    """Return the number of pairs in the majority walker and crossing of their track."""
    tracks: dict[tuple[int, int], Counter[tuple[int, int]]] = {}
    for stance, step in pairs:
        tracks.setdefault((stance.walker, stance.passage), Counter())[(step.walker, step.crossing)] += 1
    return sum(max(counts.values()) for counts in tracks.values())


def _fraction(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
