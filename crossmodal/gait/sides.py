"""Sides of footprints, from the offset to the line of progression, the shape, and the alternation of feet."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crossmodal.gait.shape import right_of
from crossmodal.tactile.recording import Side

Floats = NDArray[np.float64]

#: Offset from the neighbours' line that weighs as much as a lean of 1 / 0.7.
_OFFSET_SCALE_MM = 60.0
#: Cost of two successive steps with the same foot; small where the time between allows for a missed step.
_SAME_FOOT = 3.0
_SIDES: tuple[Side, Side] = ("left", "right")


def assign_sides(
    positions_mm: Floats, times_s: Floats, leans: Sequence[float], directions: Floats | None = None
) -> list[Side]:
    """Find the most likely sides of the prints of one passage (Viterbi over two states).

    Args:
        positions_mm: (prints, 2) centres of the prints, (y, x).
        times_s: (prints,) heel strikes.
        leans: (prints,) of the prints' shapes, positive for left (see `shape.lean_of`).
        directions: (prints, 2) lines of progression, used for passages of two prints.
    """
    votes = np.clip(_offsets(positions_mm, directions) / _OFFSET_SCALE_MM, -2.0, 2.0) + 0.7 * np.asarray(leans)
    usual_s = float(np.median(np.diff(times_s))) if len(times_s) > 2 else 0.6
    cost, came_from = np.array([-votes[0], votes[0]]), []
    for number in range(1, len(votes)):
        steps = max(1, round((times_s[number] - times_s[number - 1]) / max(usual_s, 1e-3)))
        switch, stay = (0.0, _SAME_FOOT) if steps % 2 else (0.5, 0.0)
        change = np.array([[stay, switch], [switch, stay]])
        total = cost[:, None] + change
        came_from.append(total.argmin(axis=0))
        cost = total.min(axis=0) + np.array([-votes[number], votes[number]])
    state = int(cost.argmin())
    states = [state]
    for back in reversed(came_from):
        state = int(back[state])
        states.append(state)
    return [_SIDES[state] for state in reversed(states)]


def _offsets(positions_mm: Floats, directions: Floats | None) -> Floats:
    """Return the offset of each print to the left of the line through its neighbours, in millimetres: (prints,)."""
    count = len(positions_mm)
    if count == 1:
        return np.zeros(1)
    if count == 2:
        if directions is None or not np.isfinite(directions).all():
            return np.zeros(2)
        half = 0.5 * float((positions_mm[0] - positions_mm[1]) @ right_of(directions.mean(axis=0)))
        return np.array([-half, half])
    offsets = np.zeros(count)
    for number in range(1, count - 1):
        before, after = positions_mm[number - 1], positions_mm[number + 1]
        way = after - before
        length = float(np.linalg.norm(way))
        if length > 0:
            offsets[number] = -float((positions_mm[number] - before) @ right_of(way / length)) / 2
    # The first and the last print take their neighbour's offset, to the other side.
    offsets[0], offsets[-1] = -offsets[1], -offsets[-2]
    return offsets
