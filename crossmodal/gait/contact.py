"""Contacts of a foot with the floor, from its force: by published thresholds, or by edges between the samples.

A threshold is late at heel strike and early at toe off, because the force rises to it first and falls below it before
the foot leaves: by 5 and 34 ms for 50 N on 120 real stances. `find_contacts` uses a threshold only to find the stances,
then follows each edge of the force down to the baseline of the swing beside it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Dips of the force shorter than this are not swings, and rises shorter than `_SHORTEST_S` are not stances.
_LONGEST_DIP_S, _SHORTEST_S = 0.06, 0.1
#: Fractions of the walk's usual peak force. A stance reaches the first; an edge ends at the second at heel strike and
#: at the third at toe off, if not before. Insoles show 1 to 2 % of the load for 0.2 s after the foot has left; an edge
#: followed into that tail is up to 40 ms late.
_HIGH, _LOW_BEFORE, _LOW_AFTER = 0.10, 0.012, 0.03
#: A footprint on an empty floor: a trace of its load and a firm load, as fractions of its largest force, and the
#: longest time from one to the other.
_TRACE, _FIRM, _LONGEST_EDGE_S = 0.002, 0.03, 0.06
#: Power of time with which the force ends at toe off; time over which the slope of an edge is measured; longest part of
#: an edge that a sensor hides.
_TOE_OFF_POWER, _SLOPE_S, _LONGEST_HIDDEN_S = 1.5, 0.012, 0.03


class Contact(NamedTuple):
    """An interval in which a foot is on the floor.

    Attributes:
        heel_strike_s, toe_off_s: its ends; NaN for one outside the recording.
        first, last: the first and the last loaded frame.
    """

    heel_strike_s: float
    toe_off_s: float
    first: int
    last: int


def threshold_events(force_n: Floats, times_s: Floats, threshold_n: float) -> list[Contact]:
    """Find contacts by a published threshold: heel strike is the first frame above it, toe off the end of the last one.

    A stance of n frames lasts n samples: it ends at the first frame that is no longer above the threshold.

    Args:
        force_n: (frames,) force of a foot.
        times_s: (frames,).
        threshold_n: usually 20 or 50 N.
    """
    return [
        Contact(
            float(times_s[first]) if first > 0 else np.nan,
            float(times_s[last + 1]) if last < len(force_n) - 1 else np.nan,
            first,
            last,
        )
        for first, last in _stances(force_n > threshold_n, times_s)
    ]


def find_contacts(force_n: Floats, times_s: Floats) -> list[Contact]:
    """Find contacts by hysteresis, with edges between the samples.

    A stance reaches a tenth of the walk's usual peak force (95th percentile) above the residual load of the swing.
    Each edge is followed from there down to the swing beside it, and extrapolated to the baseline of the swing.

    Args:
        force_n: (frames,) force of a foot; only its shape matters, so uncalibrated sums are accepted.
        times_s: (frames,).
    """
    if not len(force_n) or force_n.max() <= 0.0:
        return []
    lowest, residual, usual = (float(value) for value in np.percentile(force_n, [1, 10, 95]))
    # A swing has a flat bottom; without a swing the tenth percentile belongs to a stance. Standing has no swing.
    residual = residual if residual - lowest < 0.1 * (usual - lowest) else lowest
    residual = residual if residual < 0.7 * usual else 0.0
    stances = _stances(force_n > residual + _HIGH * (usual - residual), times_s)
    before = [0] + [last + 1 for _, last in stances]
    after = [first for first, _ in stances[1:]] + [len(force_n)]
    found = []
    for stance, begin, end in zip(stances, before, after, strict=False):
        first, heel_strike_s = find_edge(force_n, times_s, stance[0], begin - 1, usual - residual)
        last, toe_off_s = find_edge(force_n, times_s, stance[1], end, usual - residual)
        found.append(Contact(heel_strike_s, toe_off_s, first, last))
    return found


def find_print_contact(force_n: Floats, times_s: Floats) -> Contact | None:
    """Find the contact of one footprint, whose cells are empty before and after it; None where they stay empty.

    The edges are the first and the last loaded frame, extrapolated to zero force. Feet land and leave quickly: a load
    below 3 % of the largest force that lasts longer than 60 ms is due to dragging toes, and the edge is then where the
    force crosses 3 %.

    Args:
        force_n: (frames,) force of the print's cells, with an empty frame before and after it unless the recording
            begins or ends during the contact.
        times_s: (frames,).
    """
    peak = float(force_n.max(initial=0.0))
    if peak <= 0.0:
        return None
    runs = _stances(force_n > _TRACE * peak, times_s)
    if not runs:
        return None
    first, last = max(runs, key=lambda run: float(force_n[run[0] : run[1] + 1].sum()))
    firm = first + np.flatnonzero(force_n[first : last + 1] > _FIRM * peak)
    if times_s[firm[0]] - times_s[first] > _LONGEST_EDGE_S:
        first = int(firm[0])
    if times_s[last] - times_s[firm[-1]] > _LONGEST_EDGE_S:
        last = int(firm[-1])
    heel_strike_s = extrapolate_edge(force_n, times_s, first, -1) if first > 0 else float("nan")
    toe_off_s = extrapolate_edge(force_n, times_s, last, 1) if last < len(force_n) - 1 else float("nan")
    return Contact(heel_strike_s, toe_off_s, first, last)


def find_edge(force_n: Floats, times_s: Floats, start: int, limit: int, usual: float) -> tuple[int, float]:
    """Follow the force from a loaded frame to the swing beside it.

    Args:
        force_n: (frames,).
        times_s: (frames,).
        start: a loaded frame.
        limit: frame (not included) where the search ends; before ``start`` for a heel strike, after it for a toe off.
        usual: the walk's usual peak force above the swing.

    Returns:
        The last loaded frame, and the time of the edge: NaN where the recording ends before it.
    """
    step = 1 if limit > start else -1
    swing = force_n[start + step : limit if limit >= 0 else None : step]
    if not len(swing):
        return start, float("nan")
    # Baseline and noise of the swing, from its middle third.
    middle = swing[len(swing) // 3 : max(len(swing) * 2 // 3, len(swing) // 3 + 1)]
    baseline = float(np.median(middle))
    spread = 1.4826 * float(np.median(np.abs(middle - baseline)))
    low = baseline + max((_LOW_BEFORE if step < 0 else _LOW_AFTER) * usual, 4.0 * spread)
    here = start
    while here + step != limit and force_n[here + step] > low and force_n[here + step] < force_n[here] + 2 * spread:
        here += step
    if here + step == limit:
        outside = limit < 0 or limit >= len(force_n)
        return here, float("nan") if outside else float(times_s[here])
    return here, extrapolate_edge(force_n, times_s, here, step, baseline)


def extrapolate_edge(force_n: Floats, times_s: Floats, here: int, step: int, baseline: float = 0.0) -> float:
    """Extrapolate an edge from its last loaded frame to the baseline, through the load that the sensor hides.

    Near heel strike the force is linear in time, near toe off its power 1.5: on 120 real stances 10, 20 and 50 N are
    crossed 1.0, 2.2 and 4.8 ms after the first load, and 11.5, 19.2 and 33.7 ms before the last.

    Args:
        force_n: (frames,).
        times_s: (frames,).
        here: the last loaded frame.
        step: -1 for a heel strike (extrapolation into the past), 1 for a toe off.
        baseline: force of the swing.
    """
    spacing_s = abs(float(times_s[-1] - times_s[0])) / max(len(times_s) - 1, 1)
    inner = here - step * max(1, round(_SLOPE_S / max(spacing_s, 1e-6)))
    if not 0 <= inner < len(force_n):
        return float(times_s[here])
    power = 1.0 if step < 0 else 1.0 / _TOE_OFF_POWER
    low, high = (max(float(force_n[frame]) - baseline, 0.0) ** power for frame in (here, inner))
    rest_s = low / (high - low) * abs(float(times_s[here] - times_s[inner])) if high > low else 0.5 * spacing_s
    return float(times_s[here] + step * min(rest_s, max(spacing_s, _LONGEST_HIDDEN_S)))


def _stances(loaded: NDArray[np.bool_], times_s: Floats) -> list[tuple[int, int]]:
    """Return the first and last frame of each run that is long enough; short dips inside a run are closed."""
    edges = np.diff(np.concatenate([[0], loaded.astype(np.int8), [0]]))
    runs: list[tuple[int, int]] = []
    for first, last in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1, strict=True):
        if runs and times_s[first] - times_s[runs[-1][1]] < _LONGEST_DIP_S:
            runs[-1] = runs[-1][0], int(last)
        else:
            runs.append((int(first), int(last)))
    # A stance at the end of the recording may be short, but a single frame is noise.
    cut = [run for run in runs if run[0] == 0 or run[1] == len(loaded) - 1]
    return [
        run
        for run in runs
        if times_s[run[1]] - times_s[run[0]] >= (0 if run in cut and run[1] > run[0] else _SHORTEST_S)
    ]
