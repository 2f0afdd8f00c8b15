"""The shape of a footprint: its axis, its heel, and which foot it is of.

Recordings are images of the floor seen from above, row 0 at the top (as in the files of Tekscan, XSENSOR and emed):
the right-hand side of a foot that points up the image is that of larger columns.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossmodal.gait.activity import known_pitch
from crossmodal.gait.stance import Curves, Footprint
from crossmodal.tactile.recording import PressureRecording, Side

Floats = NDArray[np.float64]

#: Parts of the print's length: the heel's end; the metatarsal heads.
_HEEL_TO, _HEADS = 0.27, (0.60, 0.80)
#: Place of the second metatarsal head across the width of the heads, from the medial border: the first head takes about
#: 30 % of it, the others share the rest.
_SECOND_HEAD = 0.40
#: Less elongated prints have no long axis (standard deviations along and across it).
_LEAST_ELONGATION = 1.35
#: Prints shorter than this miss a part of the foot.
_SHORTEST_FOOT_MM = 150.0


class _Frame(NamedTuple):
    axis: Floats
    along: Floats
    across: Floats
    begin: float
    length: float


def right_of(direction: Floats) -> Floats:
    """The unit vector (y, x) to the right of a direction, for images seen from above with row 0 at the top."""
    return np.array([direction[1], -direction[0]])


def describe_footprint(
    curves: Curves, recording: PressureRecording, side: Side | None = None, forwards: Floats | None = None
) -> Footprint:
    """Find the axis, the heel and the extent of a print.

    Args:
        curves: the cells of the stance.
        recording: where they come from.
        side: the foot; without it the metatarsal heads' middle stands for the second one.
        forwards: (2,) direction of the walk; without it the way of the centre of pressure.
    """
    pitch = known_pitch(recording)
    places = curves.places_mm
    hint = forwards if forwards is not None else travel_of(curves.cop_mm)
    axis, elongation = _principal_axis(places)
    if hint is not None and axis @ hint < 0:
        axis = -axis
    kind = "principal"
    short = float(np.ptp(places @ axis)) < _SHORTEST_FOOT_MM
    if (elongation < _LEAST_ELONGATION or (short and forwards is not None)) and hint is not None:
        axis, kind = hint / np.linalg.norm(hint), "progression"
    found = _measure(places, axis)
    heel, head = _heel_of(places, found), _head_of(places, found, side)
    if kind == "principal" and found.length >= _SHORTEST_FOOT_MM and np.linalg.norm(head - heel) > 0.3 * found.length:
        axis, kind = (head - heel) / np.linalg.norm(head - heel), "metatarsal"
        found = _measure(places, axis)
        heel, head = _heel_of(places, found), _head_of(places, found, side)
    width = float(np.ptp(found.across)) + abs(pitch[0] * axis[1]) + abs(pitch[1] * axis[0])
    return Footprint(
        places,
        curves.peaks,
        curves.integrals,
        np.full(len(places), pitch[0] * pitch[1]),
        pitch,
        axis,
        kind,
        heel,
        head,
        curves.peaks @ places / curves.peaks.sum(),
        found.length,
        width,
        found.begin,
        curves.touches_edge,
    )


def travel_of(cop_mm: Floats) -> Floats | None:
    """The way of the centre of pressure, from the first to the last third of a stance; None where it stays in place."""
    path = cop_mm[np.isfinite(cop_mm).all(axis=1)]
    if len(path) < 3:
        return None
    third = max(len(path) // 3, 1)
    travel = path[-third:].mean(axis=0) - path[:third].mean(axis=0)
    return travel if np.linalg.norm(travel) > 0 else None


def front_of(footprint: Footprint) -> float:
    """How much wider a print is at the front of its axis than at its back: negative where the axis points backwards."""
    across = footprint.places_mm @ right_of(footprint.axis)
    ends = (footprint.shares > 0.58) & (footprint.shares < 0.82), (footprint.shares > 0.18) & (footprint.shares < 0.42)
    front, back = (float(np.ptp(across[end])) if end.any() else 0.0 for end in ends)
    return (front - back) / max(footprint.width_mm, 1e-6)


def lean_of(footprint: Footprint) -> float:
    """How much a print looks like a left foot (positive) or a right one, about -1 to 1.

    A foot's midfoot rests on its lateral border and its great toe is the medial one, so that the front of a left foot
    lies to the right of its midfoot. The heel's and the heads' own middles are left out: they depend on the axis.
    """
    share, peaks = footprint.shares, footprint.peaks
    across = footprint.places_mm @ right_of(footprint.axis)
    middle = (share > 0.30) & (share < 0.55)
    front = share > 0.80
    if not middle.any() or not front.any() or footprint.length_mm < _SHORTEST_FOOT_MM:
        return 0.0
    # Without the line from heel to heads a wrong axis would lean by itself.
    heel = share < _HEEL_TO
    heads = (share > _HEADS[0]) & (share < _HEADS[1])
    if not heel.any() or not heads.any():
        return 0.0
    line = np.polyfit(
        [np.average(share[part], weights=peaks[part]) for part in (heel, heads)],
        [0.5 * (across[part].min() + across[part].max()) for part in (heel, heads)],
        1,
    )
    offset = across - np.polyval(line, share)
    lean = np.average(offset[front], weights=peaks[front]) - np.average(offset[middle], weights=peaks[middle])
    return float(np.clip(lean / (0.25 * footprint.width_mm), -1.0, 1.0))


def describe_insole(
    curves: Curves, axis: Floats, begin_mm: float, length_mm: float, pitch_mm: tuple[float, float], areas_mm2: Floats
) -> Footprint:
    """Describe a stance on an insole, which lies under the foot: its own axis, extent and heel are the foot's.

    Args:
        curves: the cells of the stance.
        axis: (2,) from the heel's end of the insole to the toes.
        begin_mm: coordinate along the axis of the heel's end.
        length_mm: of the insole.
        pitch_mm: distance of cells.
        areas_mm2: (n,) of the cells.
    """
    places, weights = curves.places_mm, np.maximum(curves.peaks, 1e-12)
    found = _Frame(axis, places @ axis, places @ right_of(axis), begin_mm, length_mm)
    near = found.along <= begin_mm + _HEEL_TO * length_mm
    centre = weights @ places / weights.sum()
    heel = places[near].mean(axis=0) if near.any() else centre
    return Footprint(
        places,
        curves.peaks,
        curves.integrals,
        areas_mm2,
        pitch_mm,
        axis,
        "insole",
        heel,
        _head_of(places, found, None),
        centre,
        length_mm,
        float(np.ptp(found.across)),
        begin_mm,
    )


def _principal_axis(places: Floats) -> tuple[Floats, float]:
    """Long axis of places, and the ratio of their spreads along and across it."""
    if len(places) < 3:
        return np.array([1.0, 0.0]), 1.0
    spreads, axes = np.linalg.eigh(np.cov(places.T))
    return axes[:, 1], math.sqrt(spreads[1] / max(spreads[0], 1e-9))


def _measure(places: Floats, axis: Floats) -> _Frame:
    along, across = places @ axis, places @ right_of(axis)
    return _Frame(axis, along, across, float(along.min()), max(float(np.ptp(along)), 1e-6))


def _heel_of(places: Floats, found: _Frame) -> Floats:
    return np.asarray(places[found.along <= found.begin + _HEEL_TO * found.length].mean(axis=0))


def _head_of(places: Floats, found: _Frame, side: Side | None) -> Floats:
    """The second metatarsal head: where the heads lie along the foot, a fixed share across them."""
    share = (found.along - found.begin) / found.length
    heads = (share >= _HEADS[0]) & (share <= _HEADS[1])
    if not heads.any():
        return np.asarray(places.mean(axis=0))
    low, high = np.percentile(found.across[heads], [2, 98])
    part = {None: 0.5, "left": 1.0 - _SECOND_HEAD, "right": _SECOND_HEAD}[side]
    across = low + part * (high - low)
    along = found.begin + 0.5 * (_HEADS[0] + _HEADS[1]) * found.length
    return np.asarray(along * found.axis + across * right_of(found.axis))
