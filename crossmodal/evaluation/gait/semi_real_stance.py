"""Real stances, cut out of recordings and transformed to the coordinates of the foot."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from crossmodal.gait import Footprint, Stance, analyse
from crossmodal.simulation.walks import StanceMovie
from crossmodal.simulation.walks.footprint import outwards
from crossmodal.tactile.recording import ArrayFrames, PressureRecording, Side

Floats = NDArray[np.float64]

#: Least load on insoles, as fractions of a stance's largest force and pressure: they have a residual load in the
#: swing. A plate is empty before and after the stance, so there every load counts.
_LOADED_FORCE, _LOADED_PRESSURE = 0.02, 0.02


def cut_stances(recording: PressureRecording) -> list[StanceMovie]:
    """Cut the whole stances out of a recording of one foot: a small plate, or a grid of an insole.

    Heel, second metatarsal head and axis are those of the original footprint (`describe_footprint`). The residual load
    of an insole in the swing (the median of each cell) is subtracted first. Stances are left out if neither the
    recording nor the shape of the print gives their side.

    Raises:
        ValueError: the size of the cells is unknown.
    """
    if not np.isfinite(recording.cell_area_mm2):
        raise ValueError("stances can be replayed only if the size of the cells is known; pitch_mm is NaN")
    movies = []
    for single in _single_stances(recording):
        found = analyse(single, "classical").stances
        if len(found) == 1 and found[0].side is not None and found[0].footprint is not None:
            movies.append(_movie_of(single, found[0].footprint, found[0].side))
    return movies


def _single_stances(recording: PressureRecording) -> Iterator[PressureRecording]:
    """Yield a recording of each stance, from its first loaded frame to its last."""
    stances = analyse(recording, "classical").stances
    pressure = recording.pressure.astype(np.float64)
    if len(stances) < 2:
        loaded = np.flatnonzero(pressure.any(axis=(1, 2)))
        if len(stances) == 1 and len(loaded) > 1:
            yield _excerpt(recording, pressure, int(loaded[0]), int(loaded[-1]))
        return
    swings = np.ones(len(pressure), bool)
    for stance in stances:
        swings[(recording.times_s >= stance.times_s[0]) & (recording.times_s <= stance.times_s[-1])] = False
    pressure = np.maximum(pressure - np.median(pressure[swings], axis=0), 0.0) if swings.any() else pressure
    force = pressure.sum(axis=(1, 2))
    for stance in stances:
        bounds = _loaded_frames(recording, stance, force)
        if bounds is None:
            continue
        window = pressure.copy()
        window[window < _LOADED_PRESSURE * window[bounds[0] : bounds[1] + 1].max()] = 0.0
        yield _excerpt(recording, window, *bounds)


def _loaded_frames(recording: PressureRecording, stance: Stance, force: Floats) -> tuple[int, int] | None:
    """Return the first and last loaded frame of a stance; None where the recording begins or ends during it."""
    if not np.isfinite(stance.duration_s):
        return None
    begin, end = np.searchsorted(recording.times_s, [stance.times_s[0], stance.times_s[-1]])
    peak = int(begin + force[begin : end + 1].argmax())
    empty = np.flatnonzero(force <= _LOADED_FORCE * force[peak])
    before, after = empty[empty < peak], empty[empty > peak]
    return (int(before[-1]) + 1, int(after[0]) - 1) if len(before) and len(after) else None


def _excerpt(recording: PressureRecording, pressure: Floats, first: int, last: int) -> PressureRecording:
    kept = slice(first, last + 1)
    return replace(
        recording, frames=ArrayFrames(pressure[kept].astype(np.float32)), times_s=recording.times_s[kept].copy()
    )


def _movie_of(single: PressureRecording, foot: Footprint, side: Side) -> StanceMovie:
    """Return a recording of one stance in the coordinates of the foot."""
    pressure = single.pressure.astype(np.float64)
    rows, columns = np.nonzero(pressure.any(axis=0))
    heading_rad = float(np.arctan2(foot.axis[1], foot.axis[0]))
    frame = np.stack([foot.axis, outwards(heading_rad, side)], axis=1)  # columns: the foot's axes in (y, x)
    pitch = np.array(single.pitch_mm)
    positions = (np.stack([rows, columns], axis=1) * pitch + single.origin_mm - foot.heel_mm) @ frame
    edges = np.diag(pitch) @ frame
    half = 0.5 * np.abs(edges).sum(axis=0)
    low, high = positions.min(axis=0) - half, positions.max(axis=0) + half
    return StanceMovie(
        pressure_kpa=pressure[:, rows, columns],
        positions_mm=positions,
        edges_mm=edges,
        reach_mm=float((foot.metatarsal_mm - foot.heel_mm) @ foot.axis),
        middle_mm=0.5 * (low + high),
        size_mm=(float(high[0] - low[0]), float(high[1] - low[1])),
        side=side,
        frame_s=1.0 / single.rate_hz,
    )
