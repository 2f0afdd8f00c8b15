"""Left or right: by where a print lies beside the line of progression, by its shape, and by taking turns."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crossmodal.gait.shape import right_of
from crossmodal.tactile.recording import Side

Floats = NDArray[np.float64]

#: A print this far beside its neighbours' line is as sure as one that looks like a left foot altogether.
_SURE_MM = 60.0
#: Cost of two steps with the same foot; small where the time between allows for a step that was not seen.
_SAME_FOOT = 3.0
_SIDES: tuple[Side, Side] = ("left", "right")


def tell_sides(
    places_mm: Floats, times_s: Floats, leans: Sequence[float], directions: Floats | None = None
) -> list[Side]:
    """Find the most likely sides of the prints of one passage (Viterbi over two states).

    Args:
        places_mm: (prints, 2) middles of the prints, (y, x).
        times_s: (prints,) heel strikes.
        leans: of each print's shape, positive for left (see `shape.lean_of`).
        directions: (prints, 2) lines of progression, for passages of two prints.
    """
    votes = np.clip(_offsets(places_mm, directions) / _SURE_MM, -2.0, 2.0) + 0.7 * np.asarray(leans)
    usual_s = float(np.median(np.diff(times_s))) if len(times_s) > 2 else 0.6
    cost, came_from = np.array([-votes[0], votes[0]]), []
    for place in range(1, len(votes)):
        steps = max(1, round((times_s[place] - times_s[place - 1]) / max(usual_s, 1e-3)))
        switch, stay = (0.0, _SAME_FOOT) if steps % 2 else (0.5, 0.0)
        change = np.array([[stay, switch], [switch, stay]])
        total = cost[:, None] + change
        came_from.append(total.argmin(axis=0))
        cost = total.min(axis=0) + np.array([-votes[place], votes[place]])
    state = int(cost.argmin())
    states = [state]
    for back in reversed(came_from):
        state = int(back[state])
        states.append(state)
    return [_SIDES[state] for state in reversed(states)]


def _offsets(places_mm: Floats, directions: Floats | None) -> Floats:
    """How far each print lies to the left of the line through its neighbours, in millimetres."""
    count = len(places_mm)
    if count == 1:
        return np.zeros(1)
    if count == 2:
        if directions is None or not np.isfinite(directions).all():
            return np.zeros(2)
        half = 0.5 * float((places_mm[0] - places_mm[1]) @ right_of(directions.mean(axis=0)))
        return np.array([-half, half])
    offsets = np.zeros(count)
    for place in range(1, count - 1):
        before, after = places_mm[place - 1], places_mm[place + 1]
        way = after - before
        length = float(np.linalg.norm(way))
        if length > 0:
            offsets[place] = -float((places_mm[place] - before) @ right_of(way / length)) / 2
    # The first and the last one lie as far on the other side as their neighbours.
    offsets[0], offsets[-1] = -offsets[1], -offsets[-2]
    return offsets
