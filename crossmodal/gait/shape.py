"""The shape of a footprint: its axis, heel, extent and side.

Recordings are images of the floor seen from above, row 0 at the top (as in the files of Tekscan, XSENSOR and emed):
the right-hand side of a foot that points up the image is at larger columns.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossmodal.gait.activity import known_pitch
from crossmodal.gait.stance import Curves, Footprint
from crossmodal.tactile.recording import PressureRecording, Side

Floats = NDArray[np.float64]

#: Fractions of the print's length: end of the heel; range of the metatarsal heads.
_HEEL_TO, _HEADS = 0.27, (0.60, 0.80)
#: Position of the second metatarsal head across the width of the heads, from the medial border: the first head covers
#: about 30 % of it, the others the rest.
_SECOND_HEAD = 0.40
#: Prints below this ratio of standard deviations along and across have no long axis.
_LEAST_ELONGATION = 1.35
#: Prints shorter than this lack a part of the foot.
_SHORTEST_FOOT_MM = 150.0


class _Projection(NamedTuple):
    """Positions projected on an axis: coordinates along and across it, and begin and length of their extent along."""

    axis: Floats
    along: Floats
    across: Floats
    begin: float
    length: float


def right_of(direction: Floats) -> Floats:
    """Return the unit vector (y, x) to the right of a direction, in images seen from above with row 0 at the top."""
    return np.array([direction[1], -direction[0]])


def describe_footprint(
    curves: Curves, recording: PressureRecording, side: Side | None = None, forwards: Floats | None = None
) -> Footprint:
    """Find the axis, the heel and the extent of a print.

    Args:
        curves: of the stance.
        recording: the recording of it.
        side: the foot; None: the centre of the metatarsal heads replaces the second one.
        forwards: (2,) direction of the walk; None: the direction of the centre of pressure.
    """
    pitch = known_pitch(recording)
    positions = curves.positions_mm
    hint = forwards if forwards is not None else travel_of(curves.cop_mm)
    axis, elongation = _principal_axis(positions)
    if hint is not None and axis @ hint < 0:
        axis = -axis
    kind = "principal"
    short = float(np.ptp(positions @ axis)) < _SHORTEST_FOOT_MM
    if (elongation < _LEAST_ELONGATION or (short and forwards is not None)) and hint is not None:
        axis, kind = hint / np.linalg.norm(hint), "progression"
    found = _project(positions, axis)
    heel, head = _heel_of(positions, found), _head_of(positions, found, side)
    if kind == "principal" and found.length >= _SHORTEST_FOOT_MM and np.linalg.norm(head - heel) > 0.3 * found.length:
        axis, kind = (head - heel) / np.linalg.norm(head - heel), "metatarsal"
        found = _project(positions, axis)
        heel, head = _heel_of(positions, found), _head_of(positions, found, side)
    width = float(np.ptp(found.across)) + abs(pitch[0] * axis[1]) + abs(pitch[1] * axis[0])
    return Footprint(
        positions,
        curves.peaks,
        curves.integrals,
        np.full(len(positions), pitch[0] * pitch[1]),
        pitch,
        axis,
        kind,
        heel,
        head,
        curves.peaks @ positions / curves.peaks.sum(),
        found.length,
        width,
        found.begin,
        curves.touches_edge,
    )


def travel_of(cop_mm: Floats) -> Floats | None:
    """Return the displacement of the centre of pressure from the first to the last third of a stance; None for none."""
    path = cop_mm[np.isfinite(cop_mm).all(axis=1)]
    if len(path) < 3:
        return None
    third = max(len(path) // 3, 1)
    travel = path[-third:].mean(axis=0) - path[:third].mean(axis=0)
    return travel if np.linalg.norm(travel) > 0 else None


def front_of(footprint: Footprint) -> float:
    """Return how much wider a print is at the front of its axis than at its back; negative if the axis is reversed."""
    along, across = footprint.along, footprint.positions_mm @ right_of(footprint.axis)
    ends = (along > 0.58) & (along < 0.82), (along > 0.18) & (along < 0.42)
    front, back = (float(np.ptp(across[end])) if end.any() else 0.0 for end in ends)
    return (front - back) / max(footprint.width_mm, 1e-6)


def lean_of(footprint: Footprint) -> float:
    """Return how much a print looks like a left foot (positive) or a right one (negative): -1 to 1.

    The midfoot rests on its lateral border and the great toe is medial, so the front of a left foot is to the right of
    its midfoot. Both are measured from the line through the heel and the metatarsal heads, which removes an error of
    the axis.
    """
    along, peaks = footprint.along, footprint.peaks
    across = footprint.positions_mm @ right_of(footprint.axis)
    middle = (along > 0.30) & (along < 0.55)
    front = along > 0.80
    if not middle.any() or not front.any() or footprint.length_mm < _SHORTEST_FOOT_MM:
        return 0.0
    heel = along < _HEEL_TO
    heads = (along > _HEADS[0]) & (along < _HEADS[1])
    if not heel.any() or not heads.any():
        return 0.0
    line = np.polyfit(
        [np.average(along[part], weights=peaks[part]) for part in (heel, heads)],
        [0.5 * (across[part].min() + across[part].max()) for part in (heel, heads)],
        1,
    )
    offset = across - np.polyval(line, along)
    lean = np.average(offset[front], weights=peaks[front]) - np.average(offset[middle], weights=peaks[middle])
    return float(np.clip(lean / (0.25 * footprint.width_mm), -1.0, 1.0))


def describe_insole(
    curves: Curves, axis: Floats, begin_mm: float, length_mm: float, pitch_mm: tuple[float, float], areas_mm2: Floats
) -> Footprint:
    """Describe a stance on an insole, whose axis, extent and heel are those of the foot.

    Args:
        curves: of the stance.
        axis: (2,) unit vector from the heel's end of the insole to the toes.
        begin_mm: coordinate of the heel's end along the axis.
        length_mm: of the insole.
        pitch_mm: distance of cells.
        areas_mm2: (n,) of the cells.
    """
    positions, weights = curves.positions_mm, np.maximum(curves.peaks, 1e-12)
    found = _Projection(axis, positions @ axis, positions @ right_of(axis), begin_mm, length_mm)
    near = found.along <= begin_mm + _HEEL_TO * length_mm
    centre = weights @ positions / weights.sum()
    heel = positions[near].mean(axis=0) if near.any() else centre
    return Footprint(
        positions,
        curves.peaks,
        curves.integrals,
        areas_mm2,
        pitch_mm,
        axis,
        "insole",
        heel,
        _head_of(positions, found, None),
        centre,
        length_mm,
        float(np.ptp(found.across)),
        begin_mm,
    )


def _principal_axis(positions: Floats) -> tuple[Floats, float]:
    """Return the long axis of positions, and the ratio of their standard deviations along and across it."""
    if len(positions) < 3:
        return np.array([1.0, 0.0]), 1.0
    spreads, axes = np.linalg.eigh(np.cov(positions.T))
    return axes[:, 1], math.sqrt(spreads[1] / max(spreads[0], 1e-9))


def _project(positions: Floats, axis: Floats) -> _Projection:
    along, across = positions @ axis, positions @ right_of(axis)
    return _Projection(axis, along, across, float(along.min()), max(float(np.ptp(along)), 1e-6))


def _heel_of(positions: Floats, found: _Projection) -> Floats:
    return np.asarray(positions[found.along <= found.begin + _HEEL_TO * found.length].mean(axis=0))


def _head_of(positions: Floats, found: _Projection, side: Side | None) -> Floats:
    """Estimate the second metatarsal head: the middle of the heads along the foot, a fixed fraction across them."""
    along = (found.along - found.begin) / found.length
    heads = (along >= _HEADS[0]) & (along <= _HEADS[1])
    if not heads.any():
        return np.asarray(positions.mean(axis=0))
    low, high = np.percentile(found.across[heads], [2, 98])
    fraction = {None: 0.5, "left": 1.0 - _SECOND_HEAD, "right": _SECOND_HEAD}[side]
    head_across = low + fraction * (high - low)
    head_along = found.begin + 0.5 * (_HEADS[0] + _HEADS[1]) * found.length
    return np.asarray(head_along * found.axis + head_across * right_of(found.axis))
