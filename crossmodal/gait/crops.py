"""Footprint candidates as crops of fixed size for a network, independent of the mat's pitch, rate and unit.

A crop is aligned with the candidate's axis: its rows run from behind the heel to beyond the toes, its columns from the
left to the right of the walker. Its values are percent of the walk's usual peak force, so that neither the sensor's
unit nor body weight matters. Its frames are those of the recording; frames of fast sensors are averaged.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossmodal.gait.activity import Activity, find_activity, known_pitch
from crossmodal.gait.footprints import find_footprints
from crossmodal.gait.shape import describe_footprint, right_of
from crossmodal.gait.stance import Curves, Footprint
from crossmodal.models.gait_from_touch import CELL_MM, GRID
from crossmodal.tactile.recording import PressureRecording

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Time that a crop shows before and after the candidate.
MARGIN_S = 0.3
#: Least time between frames, below which they are averaged, and largest number of frames in a crop.
_LEAST_STEP_S, MOST_FRAMES = 0.008, 256
#: Cells left over by footsteps become candidates from this fraction of the usual peak force on.
_LEAST_PEAK = 0.3
#: Wider cells are divided into parts, so that a coarse mat leaves no holes in the crop.
_WIDEST_PART_MM = 8.0


@dataclass(frozen=True, eq=False)
class CropGrid:
    """The frames and cells of a crop, in the time and space of a recording.

    Attributes:
        times_s: (frames,) mean times of the averaged frames.
        bounds: int64 (frames + 1,) frame i averages the recording's frames from ``bounds[i]`` to before
            ``bounds[i + 1]``.
        centre_mm: (2,) centre of the crop on the mat, (y, x).
        axis: (2,) unit vector along the rows.
    """

    times_s: Floats
    bounds: Integers
    centre_mm: Floats
    axis: Floats

    @property
    def step_s(self) -> NDArray[np.float32]:
        """Time since the previous frame, float32 (frames,); the first value repeats the second."""
        steps = np.diff(self.times_s)
        return np.concatenate([steps[:1], steps] if len(steps) else [[0.0]]).astype(np.float32)

    def to_crop(self, positions_mm: Floats) -> Floats:
        """Convert positions on the mat (n, 2) to (along the axis, to the right of it) from the crop's centre, in mm."""
        offset = np.asarray(positions_mm) - self.centre_mm
        return np.stack([offset @ self.axis, offset @ right_of(self.axis)], axis=-1)

    def to_mat(self, positions_mm: Floats) -> Floats:
        """Convert positions in the crop to positions on the mat: the inverse of `to_crop`."""
        positions = np.asarray(positions_mm)
        return np.asarray(self.centre_mm + positions[..., :1] * self.axis + positions[..., 1:2] * right_of(self.axis))

    def frame_of(self, time_s: float) -> float:
        """Return the fractional frame index of a time; NaN outside the crop."""
        inside = self.times_s[0] <= time_s <= self.times_s[-1]
        return float(np.interp(time_s, self.times_s, np.arange(len(self.times_s)))) if inside else float("nan")

    def cells_of(self, positions_mm: Floats) -> NDArray[np.int32]:
        """Return the cell of each position on the mat, counted along the rows: int32 (n,); -1 outside."""
        index = np.floor(self.to_crop(positions_mm) / CELL_MM + 0.5 * np.array(GRID)).astype(np.int32)
        inside = ((index >= 0) & (index < np.array(GRID))).all(axis=1)
        return np.where(inside, index[:, 0] * GRID[1] + index[:, 1], np.int32(-1))


@dataclass(frozen=True, eq=False)
class Candidate(CropGrid):
    """Cells that may be a footprint, and the crop around them.

    Attributes:
        activity: the loaded cells of the whole recording.
        group: those that may be a footprint.
        frame, cell: int32 (n,) loaded entries of the crop; ``cell`` counts along the rows.
        load: float32 (n,) percent of the walk's usual peak force.
        own: float32 (n,) the part of ``load`` that comes from ``group``.
        members: int64 (m,) indices of the activity inside the crop, with the entries ``member_frame``, ``member_cell``.
    """

    activity: Activity
    group: Activity
    frame: NDArray[np.int32]
    cell: NDArray[np.int32]
    load: NDArray[np.float32]
    own: NDArray[np.float32]
    members: Integers
    member_frame: NDArray[np.int32]
    member_cell: NDArray[np.int32]

    def dense(self) -> NDArray[np.float32]:
        """Return ``load`` and ``own`` as an array: float32 (frames, 2, rows, columns), in percent."""
        movie = np.zeros((len(self.times_s), 2, GRID[0] * GRID[1]), np.float32)
        movie[self.frame, 0, self.cell] = self.load
        movie[self.frame, 1, self.cell] = self.own
        return movie.reshape(-1, 2, *GRID)


def find_candidates(recording: PressureRecording) -> list[Candidate]:
    """Find the footprint candidates of a recording, in order of time; they include tracks of dragging toes."""
    activity = find_activity(recording)
    groups = find_footprints(activity)
    return _crop_all(activity, groups, usual_force(groups))


def find_more(candidates: Sequence[Candidate], found: Sequence[Activity]) -> list[Candidate]:
    """Find the candidates among the cells that footsteps leave over.

    Feet of two people side by side are one candidate; once one of them is found, the other one is left.

    Args:
        candidates: of the recording.
        found: cells of each footstep that was found.
    """
    if not candidates:
        return []
    activity = candidates[0].activity
    keys = [one.keys for one in found]
    left = ~np.isin(activity.keys, np.concatenate(keys)) if keys else np.ones(len(activity), bool)
    usual = usual_force([one.group for one in candidates])
    groups = [one for one in find_footprints(activity.take(left)) if _peak(one) > _LEAST_PEAK * usual]
    return _crop_all(activity, groups, usual)


def _crop_all(activity: Activity, groups: Sequence[Activity], usual: float) -> list[Candidate]:
    prints = [describe_footprint(Curves.of(one), activity.recording) for one in groups]
    return [crop_candidate(activity, one, draft, usual) for one, draft in zip(groups, prints, strict=True)]


def _peak(group: Activity) -> float:
    """Return the largest sum of pressures in a frame."""
    return float(np.bincount(group.frame - group.frame.min(), group.pressure).max())


def usual_force(groups: Sequence[Activity]) -> float:
    """Return the walk's usual peak force, in the recording's unit summed over cells; 1 without candidates.

    It is the median of the candidates' peaks, without those below a fifth of the largest.
    """
    peaks = np.array([_peak(one) for one in groups])
    peaks = peaks[peaks > 0.2 * peaks.max()] if len(peaks) else np.ones(1)
    return float(np.median(peaks))


def crop_candidate(activity: Activity, group: Activity, draft: Footprint, usual: float) -> Candidate:
    """Crop the activity around a candidate.

    Args:
        activity: of the whole recording.
        group: the cells that may be a footprint.
        draft: their footprint.
        usual: see `usual_force`.
    """
    times_s = activity.recording.times_s
    bounds = _frame_bounds(times_s, int(group.frame.min()), int(group.frame.max()))
    sums_s, lengths = np.add.reduceat(times_s[: bounds[-1]], bounds[:-1]), np.diff(bounds)
    grid = CropGrid(sums_s / lengths, bounds, draft.centre_mm, draft.axis)
    members = np.arange(*np.searchsorted(activity.frame, [bounds[0], bounds[-1]]))
    members = members[grid.cells_of(activity.take(members).positions_mm) >= 0]
    shown = activity.take(members)
    frame = (np.searchsorted(bounds, shown.frame, side="right") - 1).astype(np.int32)
    percent = shown.pressure * (100.0 / usual) / lengths[frame]
    sums = spread(grid, shown, percent, percent * np.isin(shown.keys, group.keys))
    size = GRID[0] * GRID[1]
    entries = np.flatnonzero(sums[0])
    return Candidate(
        **vars(grid),
        activity=activity,
        group=group,
        frame=(entries // size).astype(np.int32),
        cell=(entries % size).astype(np.int32),
        load=sums[0, entries].astype(np.float32),
        own=sums[1, entries].astype(np.float32),
        members=members,
        member_frame=frame,
        member_cell=grid.cells_of(shown.positions_mm),
    )


def spread(grid: CropGrid, shown: Activity, *weights: Floats) -> Floats:
    """Sum weights of cells in each entry of a crop: (weights, frames * cells); a wide cell is spread over its area."""
    frame = np.searchsorted(grid.bounds, shown.frame, side="right") - 1
    size, parts = GRID[0] * GRID[1], _parts_mm(shown)
    sums = np.zeros((len(weights), (len(grid.bounds) - 1) * size))
    for offset in parts:
        cell = grid.cells_of(shown.positions_mm + offset)
        kept = cell >= 0
        entry = frame[kept] * size + cell[kept]
        for row, weight in enumerate(weights):
            sums[row] += np.bincount(entry, weight[kept] / len(parts), sums.shape[1])
    return sums


def _frame_bounds(times_s: Floats, first: int, last: int) -> Integers:
    """Return the ``bounds`` of a `CropGrid` around a candidate that is loaded from frame ``first`` to ``last``."""
    begin = int(np.searchsorted(times_s, times_s[first] - MARGIN_S))
    end = int(np.searchsorted(times_s, times_s[last] + MARGIN_S, side="right"))
    step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 1.0
    block = max(1, round(_LEAST_STEP_S / max(step_s, 1e-6)), -(-(end - begin) // MOST_FRAMES))
    return np.append(np.arange(begin, end, block), end).astype(np.int64)


def _parts_mm(activity: Activity) -> list[Floats]:
    """Return the offsets of the centres of a cell's parts from the cell's centre."""
    pitch = known_pitch(activity.recording)
    counts = [max(1, int(np.ceil(width / _WIDEST_PART_MM - 1e-9))) for width in pitch]
    steps = [((np.arange(n) + 0.5) / n - 0.5) * width for n, width in zip(counts, pitch, strict=True)]
    return [np.array([y, x]) for y in steps[0] for x in steps[1]]
