"""The steps of a replayed walk: positions of real footprints, times of real steps."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from crossmodal.gait import Stance
from crossmodal.gait.walkers import directions_of
from crossmodal.simulation.walks import Mat, Step
from crossmodal.simulation.walks.footprint import direction, outwards
from crossmodal.simulation.walks.walker import SIDES
from crossmodal.tactile.recording import Side

Floats = NDArray[np.float64]

#: Range of step times, and of stance times, relative to the usual step time; others belong to turns or stops.
_STEP, _STANCE = (0.6, 1.5), (1.0, 1.7)
#: Standard deviations of the random changes: length of all steps (relative), position of each foot along and across the
#: path, foot angle, and direction of the path.
_LENGTH, _POSITION_MM, _TOE_OUT_DEG, _PATH_DEG = 0.05, (15.0, 10.0), 1.5, 3.0
_BEGIN_S = (0.2, 0.5)


def draw_steps(prints: Sequence[Stance], contacts: Sequence[Stance], mat: Mat, rng: np.random.Generator) -> list[Step]:
    """Draw steps in the middle of a mat, with the positions of a real walk and the times of other real steps.

    The walk goes along the mat's longer side, in either direction, as it is or mirrored. Step length, positions, angles
    and the direction of the path vary about the real ones, so that no two walks load the same cells in the same way.

    Args:
        prints: successive footprints of a walk, with sides (times are not needed).
        contacts: stances of other walks, with sides and times (positions are not needed).
        mat: the mat.
        rng: draws the variation.

    Raises:
        ValueError: fewer than two prints, a print without position or side, or too few successive contacts.
    """
    mirrored, backwards = bool(rng.random() < 0.5), bool(rng.random() < 0.5)
    ahead_mm, right_mm, toe_out, sides = _along_the_path(prints)
    if mirrored:
        right_mm, sides = -right_mm, [SIDES[1 - SIDES.index(side)] for side in sides]
    count = len(sides)
    noise = rng.normal(size=(3, count))
    ahead_mm = ahead_mm * np.exp(_LENGTH * rng.normal()) + _POSITION_MM[0] * noise[0]
    right_mm = right_mm + _POSITION_MM[1] * noise[1]
    toe_out = toe_out + np.deg2rad(_TOE_OUT_DEG) * noise[2]
    along_rows = mat.size_mm[0] >= mat.size_mm[1]
    path = (0.0 if along_rows else 0.5 * np.pi) + np.pi * backwards + np.deg2rad(_PATH_DEG) * float(rng.normal())
    middle = np.array(mat.centre_mm) + np.array(mat.pitch_mm) * rng.uniform(-0.5, 0.5, 2)
    heels = middle + np.outer(ahead_mm, direction(path)) + np.outer(right_mm, outwards(path, "right"))
    times_s = _draw_rhythm(contacts, sides[0], count, rng) + rng.uniform(*_BEGIN_S)
    return [
        Step(
            side=side,
            heel_mm=heels[k],
            heading_rad=float(path + toe_out[k] * (-1.0 if side == "right" else 1.0)),
            path_rad=float(path),
            heel_strike_s=float(times_s[k, 0]),
            toe_off_s=float(times_s[k, 1]),
        )
        for k, side in enumerate(sides)
    ]


def _along_the_path(prints: Sequence[Stance]) -> tuple[Floats, Floats, Floats, list[Side]]:
    """Return heels along the path and to its right (mm, from their centre), foot angles outwards (rad), and sides."""
    feet = [stance.footprint for stance in prints if stance.footprint is not None]
    sides = [stance.side for stance in prints if stance.side is not None]
    if not len(prints) == len(feet) == len(sides) >= 2:
        raise ValueError(
            f"need two or more footprints, each with a position and a side; got {len(prints)} prints, "
            f"{len(feet)} with a position and {len(sides)} with a side"
        )
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
    """Draw heel strikes and toe offs of ``count`` successive steps, relative to the first heel strike: (count, 2)."""
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
        raise ValueError(f"the contacts have no {count} successive steps that begin with the {first} foot")
    begin = int(rng.choice(begins))
    times = np.array([(one.heel_strike_s, one.toe_off_s) for one in whole[begin : begin + count]])
    return np.asarray(times - times[0, 0])
