"""Footprint candidates as short movies that a network can read, whatever the mat's pitch, rate and unit.

A crop lies along the candidate's axis, its rows from behind the heel to beyond the toes, its columns from the left to
the right of whoever walks that way. Cells of a crop hold the share of the walk's usual peak force that they bear, so
that neither the sensor's unit nor the body's weight matters; frames are those of the recording, those of fast sensors
averaged.
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

#: Time before and after the candidate that a crop shows.
MARGIN_S = 0.3
#: Frames closer than this are averaged; a crop holds no more than so many.
_LEAST_STEP_S, MOST_FRAMES = 0.008, 256
#: What is left of a candidate is looked at again when it bears this share of the usual peak force.
_LEAST_PEAK = 0.3
#: Cells wider than this are cut into parts, so that a coarse mat leaves no holes in the crop.
_WIDEST_PART_MM = 8.0


@dataclass(frozen=True, eq=False)
class CropFrame:
    """Where and when a crop lies.

    Attributes:
        times_s: (frames,) middles of the averaged frames.
        bounds: int64 (frames + 1,) the recording's frames that each of them averages.
        centre_mm: (2,) place of the crop's middle.
        axis: (2,) unit vector along the rows.
    """

    times_s: Floats
    bounds: Integers
    centre_mm: Floats
    axis: Floats

    @property
    def step_s(self) -> NDArray[np.float32]:
        """Time since the frame before: float32 (frames,); the first one's is the second one's."""
        steps = np.diff(self.times_s)
        return np.concatenate([steps[:1], steps] if len(steps) else [[0.0]]).astype(np.float32)

    def to_crop(self, places_mm: Floats) -> Floats:
        """Places of the mat (n, 2) as (along the axis, to the right of it) from the crop's middle, in mm."""
        offset = np.asarray(places_mm) - self.centre_mm
        return np.stack([offset @ self.axis, offset @ right_of(self.axis)], axis=-1)

    def to_mat(self, places_mm: Floats) -> Floats:
        """The opposite of `to_crop`."""
        places = np.asarray(places_mm)
        return np.asarray(self.centre_mm + places[..., :1] * self.axis + places[..., 1:2] * right_of(self.axis))

    def frame_of(self, time_s: float) -> float:
        """Where between the frames a time lies; NaN outside the crop."""
        inside = self.times_s[0] <= time_s <= self.times_s[-1]
        return float(np.interp(time_s, self.times_s, np.arange(len(self.times_s)))) if inside else float("nan")

    def cells_of(self, places_mm: Floats) -> NDArray[np.int32]:
        """The cell of each place, counted along the rows: int32 (n,); -1 outside."""
        index = np.floor(self.to_crop(places_mm) / CELL_MM + 0.5 * np.array(GRID)).astype(np.int32)
        inside = ((index >= 0) & (index < np.array(GRID))).all(axis=1)
        return np.where(inside, index[:, 0] * GRID[1] + index[:, 1], np.int32(-1))


@dataclass(frozen=True, eq=False)
class FootCrop(CropFrame):
    """A footprint candidate and what happens around it.

    Attributes:
        frame, cell: int32 (n,) entries of the crop that are loaded; ``cell`` counts along the rows.
        load: float32 (n,) percent of the walk's usual peak force.
        own: float32 (n,) the part of it that the candidate's cells bear.
        members: int64 (m,) activity in the crop, as indices, with its entry in ``member_frame`` and ``member_cell``.
    """

    frame: NDArray[np.int32]
    cell: NDArray[np.int32]
    load: NDArray[np.float32]
    own: NDArray[np.float32]
    members: Integers
    member_frame: NDArray[np.int32]
    member_cell: NDArray[np.int32]

    def dense(self) -> NDArray[np.float32]:
        """All loads and those of the candidate: float32 (frames, 2, rows, columns), in percent."""
        movie = np.zeros((len(self.times_s), 2, GRID[0] * GRID[1]), np.float32)
        movie[self.frame, 0, self.cell] = self.load
        movie[self.frame, 1, self.cell] = self.own
        return movie.reshape(-1, 2, *GRID)


@dataclass(frozen=True, eq=False)
class Candidate:
    """Cells that may be a footprint, out of a recording's activity, and the crop about them."""

    activity: Activity
    group: Activity
    crop: FootCrop


def find_candidates(recording: PressureRecording) -> list[Candidate]:
    """Find whatever may be a footprint in a recording, in order of time; dragging toes are among it."""
    activity = find_activity(recording)
    groups = find_footprints(activity)
    return _cut(activity, groups, usual_force(groups))


def find_more(candidates: Sequence[Candidate], taken: Integers) -> list[Candidate]:
    """Find what may be a footprint of its own once the cells of footsteps are taken away.

    Feet of two people side by side are one candidate; when one of them was read, the other one is left.

    Args:
        candidates: those of the recording.
        taken: indices of the footsteps' cells in its activity.
    """
    if not candidates:
        return []
    activity = candidates[0].activity
    left = np.ones(len(activity), bool)
    left[taken] = False
    usual = usual_force([one.group for one in candidates])
    groups = [one for one in find_footprints(activity.take(left)) if _peak(one) > _LEAST_PEAK * usual]
    return _cut(activity, groups, usual)


def _cut(activity: Activity, groups: Sequence[Activity], usual: float) -> list[Candidate]:
    prints = [describe_footprint(Curves.of(one), activity.recording) for one in groups]
    return [
        Candidate(activity, one, crop_candidate(activity, one, raw, usual))
        for one, raw in zip(groups, prints, strict=True)
    ]


def _peak(group: Activity) -> float:
    return float(np.bincount(group.frame - group.frame.min(), group.pressure).max())


def usual_force(candidates: Sequence[Activity]) -> float:
    """The walk's usual peak force: the median over the candidates, those of less than a fifth of the largest left out.

    In the recording's unit summed over cells; 1 without candidates.
    """
    peaks = np.array([_peak(one) for one in candidates])
    peaks = peaks[peaks > 0.2 * peaks.max()] if len(peaks) else np.ones(1)
    return float(np.median(peaks))


def crop_candidate(activity: Activity, candidate: Activity, raw: Footprint, usual: float) -> FootCrop:
    """Cut a crop.

    Args:
        activity: of the whole recording.
        candidate: the cells of it that may be a footprint.
        raw: the candidate's print.
        usual: see `usual_force`.
    """
    times_s = activity.recording.times_s
    bounds = _frame_bounds(times_s, int(candidate.frame.min()), int(candidate.frame.max()))
    sums_s, lengths = np.add.reduceat(times_s[: bounds[-1]], bounds[:-1]), np.diff(bounds)
    place = CropFrame(sums_s / lengths, bounds, raw.centre_mm, raw.axis)
    members = np.arange(*np.searchsorted(activity.frame, [bounds[0], bounds[-1]]))
    members = members[place.cells_of(activity.take(members).places_mm) >= 0]
    shown = activity.take(members)
    frame = (np.searchsorted(bounds, shown.frame, side="right") - 1).astype(np.int32)
    share = shown.pressure * (100.0 / usual) / lengths[frame]
    own = share * np.isin(_keys(shown), _keys(candidate))
    size = GRID[0] * GRID[1]
    sums = spread(place, shown, share, own)
    entries = np.flatnonzero(sums[0])
    return FootCrop(
        **vars(place),
        frame=(entries // size).astype(np.int32),
        cell=(entries % size).astype(np.int32),
        load=sums[0, entries].astype(np.float32),
        own=sums[1, entries].astype(np.float32),
        members=members,
        member_frame=frame,
        member_cell=place.cells_of(shown.places_mm),
    )


def spread(place: CropFrame, shown: Activity, *weights: Floats) -> Floats:
    """Sum weights of cells in a crop, those of wide cells over all that they cover: (weights, frames * cells)."""
    frame = np.searchsorted(place.bounds, shown.frame, side="right") - 1
    size, parts = GRID[0] * GRID[1], _parts_mm(shown)
    sums = np.zeros((len(weights), (len(place.bounds) - 1) * size))
    for offset in parts:
        cell = place.cells_of(shown.places_mm + offset)
        kept = cell >= 0
        entry = frame[kept] * size + cell[kept]
        for row, weight in enumerate(weights):
            sums[row] += np.bincount(entry, weight[kept] / len(parts), sums.shape[1])
    return sums


def _frame_bounds(times_s: Floats, first: int, last: int) -> Integers:
    """Which of the recording's frames each frame of a crop averages, about a candidate from ``first`` to ``last``."""
    begin = int(np.searchsorted(times_s, times_s[first] - MARGIN_S))
    end = int(np.searchsorted(times_s, times_s[last] + MARGIN_S, side="right"))
    step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 1.0
    block = max(1, round(_LEAST_STEP_S / max(step_s, 1e-6)), -(-(end - begin) // MOST_FRAMES))
    return np.append(np.arange(begin, end, block), end).astype(np.int64)


def _parts_mm(activity: Activity) -> list[Floats]:
    """Offsets of the middles of a cell's parts."""
    pitch = known_pitch(activity.recording)
    counts = [max(1, int(np.ceil(width / _WIDEST_PART_MM - 1e-9))) for width in pitch]
    steps = [((np.arange(n) + 0.5) / n - 0.5) * width for n, width in zip(counts, pitch, strict=True)]
    return [np.array([y, x]) for y in steps[0] for x in steps[1]]


def _keys(activity: Activity) -> Integers:
    _, rows, columns = activity.recording.shape
    return np.asarray((activity.frame * rows + activity.row) * columns + activity.column)
