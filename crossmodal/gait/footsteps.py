"""Single footsteps as arrays of one size, independent of the mat's pitch and rate.

A footstep is (frames, 75, 40) in kPa with 5 mm cells, as in StepUP-P150: the rows run along the foot, the frames from
heel strike to toe off.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from crossmodal.gait.shape import right_of
from crossmodal.gait.stance import Stance
from crossmodal.tactile.recording import PressureRecording

#: Rows (along the foot) and columns of a footstep, and their distance.
FOOTSTEP_SHAPE, FOOTSTEP_PITCH_MM = (75, 40), 5.0

Floats = NDArray[np.float32]


def stance_phases(frames: NDArray[np.floating], phases: int) -> Floats:
    """Average a footstep (frames, ...) over equal parts of its stance: float32 (phases, ...).

    Part i is the mean of the frames from floor(i n / phases) to before ceil((i + 1) n / phases); with fewer frames than
    parts, frames are repeated.

    Raises:
        ValueError: there is no frame, or no part.
    """
    count = len(frames)
    if count < 1 or phases < 1:
        raise ValueError(f"need at least one frame and one phase, got {count} and {phases}")
    bounds = [(i * count // phases, -(-(i + 1) * count // phases)) for i in range(phases)]
    return np.stack([frames[first:last].mean(axis=0, dtype=np.float64) for first, last in bounds]).astype(np.float32)


def cut_footstep(recording: PressureRecording, stance: Stance, frames: int = 101) -> Floats:
    """Cut a stance out of its recording as a footstep: float32 (frames, 75, 40), in kPa.

    Rows run along the footprint's axis from the heel, columns to the right of it, with the footprint in the centre.
    Pressure is interpolated linearly in space and time. Loads of other feet inside the rectangle are included.

    Raises:
        ValueError: the stance has no footprint.
    """
    footprint = stance.footprint
    if footprint is None:
        raise ValueError("the stance has no footprint to cut out")
    ahead = footprint.axis
    aside = right_of(ahead)
    along, across = footprint.positions_mm @ ahead, footprint.positions_mm @ aside
    middle = 0.5 * (along.min() + along.max()) * ahead + 0.5 * (across.min() + across.max()) * aside
    rows, columns = (FOOTSTEP_PITCH_MM * (np.arange(size) - 0.5 * (size - 1)) for size in FOOTSTEP_SHAPE)
    positions_mm = middle + rows[:, None, None] * ahead + columns[None, :, None] * aside
    cells = np.moveaxis((positions_mm - np.array(recording.origin_mm)) / np.array(recording.pitch_mm), -1, 0)
    first, last = np.searchsorted(recording.times_s, (stance.times_s[0], stance.times_s[-1]))
    first, last = max(int(first) - 1, 0), min(int(last) + 2, len(recording.times_s))
    movie = recording.pressure[first:last]
    warped = np.stack([map_coordinates(frame, cells, order=1, mode="constant") for frame in movie])
    times_s = np.linspace(stance.times_s[0], stance.times_s[-1], frames)
    position = np.interp(times_s, recording.times_s[first:last], np.arange(len(movie)))
    before = np.minimum(position.astype(int), max(len(movie) - 2, 0))
    after = np.minimum(before + 1, len(movie) - 1)
    weight = (position - before)[:, None, None]
    return np.asarray((1 - weight) * warped[before] + weight * warped[after], np.float32)
