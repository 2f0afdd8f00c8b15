"""Where and when the feet of a replayed walk come down: places of real footprints, the rhythm of real steps."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from crossmodal.gait import Stance
from crossmodal.gait.walkers import directions_of
from crossmodal.simulation.walks import Foothold, Mat
from crossmodal.simulation.walks.footprint import direction, outwards
from crossmodal.simulation.walks.walker import SIDES
from crossmodal.tactile.recording import Side

Floats = NDArray[np.float64]

#: Steps that last much longer or shorter than the usual one are turns or stops; who walks stands on a foot for longer
#: than a step, and for less than two.
_STEP, _STANCE = (0.6, 1.5), (1.0, 1.7)
#: Standard deviations of what the seed changes: the length of all steps (relative), the place of each foot along and
#: across the way, its angle, and the direction of the way.
_LENGTH, _PLACE_MM, _TOE_OUT_DEG, _WAY_DEG = 0.05, (15.0, 10.0), 1.5, 3.0
_BEGIN_S = (0.2, 0.5)


def draw_footholds(
    prints: Sequence[Stance], contacts: Sequence[Stance], mat: Mat, rng: np.random.Generator
) -> list[Foothold]:
    """Lay the footprints of a real walk on the middle of a mat, in the rhythm of other real steps.

    The walk goes along the mat's longer side, to or fro, as it was or mirrored; lengths, places, angles and the way's
    direction vary about the real ones, so that no cell of the mat is met alike by two walks.

    Args:
        prints: successive footprints of a walk, with sides (times are not needed).
        contacts: stances of other walks, with sides and times (places are not needed).
        mat: on which the walk is laid.
        rng: the draws.

    Raises:
        ValueError: fewer than two prints, one without a place or a side, or no rhythm that is long enough.
    """
    mirrored, backwards = bool(rng.random() < 0.5), bool(rng.random() < 0.5)
    ahead_mm, right_mm, toe_out, sides = _along_the_way(prints)
    if mirrored:
        right_mm, sides = -right_mm, [SIDES[1 - SIDES.index(side)] for side in sides]
    count = len(sides)
    noise = rng.normal(size=(3, count))
    ahead_mm = ahead_mm * np.exp(_LENGTH * rng.normal()) + _PLACE_MM[0] * noise[0]
    right_mm = right_mm + _PLACE_MM[1] * noise[1]
    toe_out = toe_out + np.deg2rad(_TOE_OUT_DEG) * noise[2]
    along_rows = mat.size_mm[0] >= mat.size_mm[1]
    path = (0.0 if along_rows else 0.5 * np.pi) + np.pi * backwards + np.deg2rad(_WAY_DEG) * float(rng.normal())
    middle = np.array(mat.centre_mm) + np.array(mat.pitch_mm) * rng.uniform(-0.5, 0.5, 2)
    heels = middle + np.outer(ahead_mm, direction(path)) + np.outer(right_mm, outwards(path, "right"))
    times_s = _draw_rhythm(contacts, sides[0], count, rng) + rng.uniform(*_BEGIN_S)
    return [
        Foothold(
            side=side,
            heel_mm=heels[k],
            heading_rad=float(path + toe_out[k] * (-1.0 if side == "right" else 1.0)),
            path_rad=float(path),
            heel_strike_s=float(times_s[k, 0]),
            toe_off_s=float(times_s[k, 1]),
        )
        for k, side in enumerate(sides)
    ]


def _along_the_way(prints: Sequence[Stance]) -> tuple[Floats, Floats, Floats, list[Side]]:
    """Heels along the way and to its right (mm, about their middle), angles outwards (rad), and sides."""
    feet = [stance.footprint for stance in prints if stance.footprint is not None]
    sides = [stance.side for stance in prints if stance.side is not None]
    if not len(prints) == len(feet) == len(sides) >= 2:
        raise ValueError(f"two or more footprints with places and sides were expected, got {len(prints)}")
    heels = np.array([foot.heel_mm for foot in feet])
    way = directions_of(heels).mean(axis=0)
    path = float(np.arctan2(way[1], way[0]))
    centred = heels - 0.5 * (heels.min(axis=0) + heels.max(axis=0))
    toe_out = [
        np.arctan2(foot.axis @ outwards(path, side), foot.axis @ direction(path))
        for foot, side in zip(feet, sides, strict=True)
    ]
    return centred @ direction(path), centred @ outwards(path, "right"), np.array(toe_out), sides


def _draw_rhythm(contacts: Sequence[Stance], first: Side, count: int, rng: np.random.Generator) -> Floats:
    """Heel strikes and toe offs of ``count`` successive steps, from the first one's heel strike on: (count, 2)."""
    whole = sorted(
        (one for one in contacts if one.side is not None and np.isfinite(one.duration_s)), key=lambda one: one.time_s
    )
    strikes = np.array([one.heel_strike_s for one in whole])
    steps = np.diff(strikes)
    usual = float(np.median(steps)) if len(steps) else 0.0
    follows = (steps > _STEP[0] * usual) & (steps < _STEP[1] * usual)
    follows &= np.array([a.side != b.side for a, b in pairwise(whole)], bool)
    walks = np.array([_STANCE[0] * usual < one.duration_s < _STANCE[1] * usual for one in whole], bool)
    begins = [
        k
        for k in range(len(whole) - count + 1)
        if whole[k].side == first and walks[k : k + count].all() and follows[k : k + count - 1].all()
    ]
    if not begins:
        raise ValueError(f"the contacts hold no {count} successive steps that begin with the {first} foot")
    begin = int(rng.choice(begins))
    times = np.array([(one.heel_strike_s, one.toe_off_s) for one in whole[begin : begin + count]])
    return np.asarray(times - times[0, 0])
