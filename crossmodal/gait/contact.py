"""When a foot is on the floor: contacts of a force curve, by published thresholds or by edges between the samples.

A threshold is late at heel strike and early at toe off, because the force has to rise to it first and falls below it
before the foot leaves: on 120 real stances by 5 and 34 ms for 50 N. `find_contacts` uses a level only to find the
stances, and then follows each edge of the force down to where it leaves the level of the swing beside it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: A dip of the force shorter than this is no swing, and a rise shorter than `_SHORTEST_S` is no stance.
_LONGEST_DIP_S, _SHORTEST_S = 0.06, 0.1
#: Shares of the walk's usual peak force: a stance reaches the first; an edge ends, at the latest, at the second at heel
#: strike and at the third at toe off, because insoles go on showing 1 to 2 % of the load for 0.2 s after the foot has
#: left: what is followed into that tail is late by up to 40 ms.
_HIGH, _LOW_BEFORE, _LOW_AFTER = 0.10, 0.012, 0.03
#: Of a footprint on an empty floor, as shares of its largest force: a trace of it, and a firm load; the longest time
#: that a foot takes from one to the other.
_TRACE, _FIRM, _LONGEST_EDGE_S = 0.002, 0.03, 0.06
#: How the force ends at toe off; the time over which an edge's slope is taken; the longest end that a sensor hides.
_TOE_OFF_POWER, _SLOPE_S, _LONGEST_HIDDEN_S = 1.5, 0.012, 0.03


class Contact(NamedTuple):
    """One contact of a foot: times in seconds, NaN for an edge outside the recording; first and last loaded frame."""

    on_s: float
    off_s: float
    first: int
    last: int


def threshold_events(force_n: Floats, times_s: Floats, threshold_n: float) -> list[Contact]:
    """Find contacts by a published threshold: heel strike is the first frame over it, toe off the end of the last one.

    A stance of n frames lasts n samples: it ends where the first frame is that is no longer over the threshold.

    Args:
        force_n: (frames,) a foot's force.
        times_s: (frames,).
        threshold_n: 20 N and 50 N are usual.
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
    """Find contacts by hysteresis, their edges between the samples.

    A stance reaches a tenth of the walk's usual peak force (95th percentile), above the residual load of the swing.
    From there each edge is followed down to the swing beside it, and from its last samples to the swing's level.

    Args:
        force_n: (frames,) a foot's force; only its shape matters, so that uncalibrated sums do as well.
        times_s: (frames,).
    """
    if not len(force_n) or force_n.max() <= 0.0:
        return []
    lowest, residual, usual = (float(level) for level in np.percentile(force_n, [1, 10, 95]))
    # A swing has a flat bottom; without one the tenth percentile is of a stance. Who stands all the time has no swing.
    residual = residual if residual - lowest < 0.1 * (usual - lowest) else lowest
    residual = residual if residual < 0.7 * usual else 0.0
    stances = _stances(force_n > residual + _HIGH * (usual - residual), times_s)
    before = [0] + [last + 1 for _, last in stances]
    after = [first for first, _ in stances[1:]] + [len(force_n)]
    found = []
    for stance, begin, end in zip(stances, before, after, strict=False):
        first, on_s = find_edge(force_n, times_s, stance[0], begin - 1, usual - residual)
        last, off_s = find_edge(force_n, times_s, stance[1], end, usual - residual)
        found.append(Contact(on_s, off_s, first, last))
    return found


def find_print_contact(force_n: Floats, times_s: Floats) -> Contact | None:
    """Find the contact of one footprint, whose cells carry nothing before and after it.

    The first and the last loaded cell tell the edges, continued to zero force. Feet land and leave quickly: what lasts
    longer than 60 ms below 3 % of the largest force is toes that drag, and the edge is then where the force passes that
    share.

    Args:
        force_n: (frames,) of the print's cells, with an empty frame before and after it unless the recording is cut.
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
    on_s = extrapolate_edge(force_n, times_s, first, -1) if first > 0 else float("nan")
    off_s = extrapolate_edge(force_n, times_s, last, 1) if last < len(force_n) - 1 else float("nan")
    return Contact(on_s, off_s, first, last)


def find_edge(force_n: Floats, times_s: Floats, start: int, limit: int, usual: float) -> tuple[int, float]:
    """Follow the force from a loaded frame to the swing beside it.

    Args:
        force_n: (frames,).
        times_s: (frames,).
        start: a frame that is loaded.
        limit: frame (not included) where the search ends: that before it for a heel strike, after it for a toe off.
        usual: the walk's usual peak force above the swing.

    Returns:
        The last frame that is loaded, and the time of the edge: NaN where the recording ends before it.
    """
    step = 1 if limit > start else -1
    swing = force_n[start + step : limit if limit >= 0 else None : step]
    if not len(swing):
        return start, float("nan")
    # The swing's own level and noise, from its half that is farther away from this stance but before the next one.
    middle = swing[len(swing) // 3 : max(len(swing) * 2 // 3, len(swing) // 3 + 1)]
    level = float(np.median(middle))
    spread = 1.4826 * float(np.median(np.abs(middle - level)))
    low = level + max((_LOW_BEFORE if step < 0 else _LOW_AFTER) * usual, 4.0 * spread)
    here = start
    while here + step != limit and force_n[here + step] > low and force_n[here + step] < force_n[here] + 2 * spread:
        here += step
    if here + step == limit:
        outside = limit < 0 or limit >= len(force_n)
        return here, float("nan") if outside else float(times_s[here])
    return here, extrapolate_edge(force_n, times_s, here, step, level)


def extrapolate_edge(force_n: Floats, times_s: Floats, here: int, step: int, level: float = 0.0) -> float:
    """Continue the edge from its last loaded frame to ``level``, through what the sensor does not show.

    Near heel strike the force grows with time, near toe off with its power 1.5: on 120 real stances 10, 20 and 50 N are
    passed 1.0, 2.2 and 4.8 ms after the first load, and 11.5, 19.2 and 33.7 ms before the last.

    Args:
        force_n: (frames,).
        times_s: (frames,).
        here: the last loaded frame.
        step: -1 for a heel strike (the edge is continued into the past), 1 for a toe off.
        level: force of the swing.
    """
    spacing_s = abs(float(times_s[-1] - times_s[0])) / max(len(times_s) - 1, 1)
    inner = here - step * max(1, round(_SLOPE_S / max(spacing_s, 1e-6)))
    if not 0 <= inner < len(force_n):
        return float(times_s[here])
    power = 1.0 if step < 0 else 1.0 / _TOE_OFF_POWER
    low, high = (max(float(force_n[frame]) - level, 0.0) ** power for frame in (here, inner))
    way_s = low / (high - low) * abs(float(times_s[here] - times_s[inner])) if high > low else 0.5 * spacing_s
    return float(times_s[here] + step * min(way_s, max(spacing_s, _LONGEST_HIDDEN_S)))


def _stances(loaded: NDArray[np.bool_], times_s: Floats) -> list[tuple[int, int]]:
    """First and last frames of the runs that are long enough, short dips within them closed."""
    edges = np.diff(np.concatenate([[0], loaded.astype(np.int8), [0]]))
    runs: list[tuple[int, int]] = []
    for first, last in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1, strict=True):
        if runs and times_s[first] - times_s[runs[-1][1]] < _LONGEST_DIP_S:
            runs[-1] = runs[-1][0], int(last)
        else:
            runs.append((int(first), int(last)))
    # A stance that the recording cuts may be short, but a single frame is noise.
    cut = [run for run in runs if run[0] == 0 or run[1] == len(loaded) - 1]
    return [
        run
        for run in runs
        if times_s[run[1]] - times_s[run[0]] >= (0 if run in cut and run[1] > run[0] else _SHORTEST_S)
    ]
