"""The loaded cells of a recording as a list, which is short where most of the floor is empty."""

from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from crossmodal.tactile.recording import ArrayFrames, PressureRecording

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Frames from which the noise of the empty floor is estimated.
_SAMPLED = 32
#: A constant load above this fraction of the largest pressure is a standing foot; below it, a sensor offset.
_LARGEST_OFFSET = 0.02
#: A sensor is noisy when more than this fraction of its values is above zero.
_NOISY_FRACTION = 0.2


@dataclass(frozen=True, eq=False)
class Activity:
    """Loaded cells, ordered by frame, row and column.

    Attributes:
        frame, row, column: int64 (n,).
        pressure: float64 (n,), in the recording's unit, after the cell's offset is subtracted.
        recording: the recording that they come from.
    """

    frame: Integers
    row: Integers
    column: Integers
    pressure: Floats
    recording: PressureRecording

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, chosen: NDArray[np.bool_] | Integers) -> "Activity":
        """Select cells by a mask or by indices."""
        return Activity(
            self.frame[chosen], self.row[chosen], self.column[chosen], self.pressure[chosen], self.recording
        )

    @property
    def keys(self) -> Integers:
        """A number for each cell of each frame of the recording, in ascending order: int64 (n,)."""
        _, rows, columns = self.recording.shape
        return np.asarray((self.frame * rows + self.row) * columns + self.column)

    @property
    def positions_mm(self) -> Floats:
        """Centres of the cells, (y, x): float64 (n, 2)."""
        pitch, origin = known_pitch(self.recording), self.recording.origin_mm
        return np.stack([origin[0] + self.row * pitch[0], origin[1] + self.column * pitch[1]], axis=1)

    @property
    def times_s(self) -> Floats:
        """Times of the cells: float64 (n,)."""
        return self.recording.times_s[self.frame]


def known_pitch(recording: PressureRecording) -> tuple[float, float]:
    """Return the pitch in millimetres; 1 where it is unknown, so that positions are counted in cells."""
    row, column = (float(pitch) if np.isfinite(pitch) else 1.0 for pitch in recording.pitch_mm)
    return row, column


def find_activity(recording: PressureRecording) -> Activity:
    """List the loaded cells, frame by frame; the recording is read once, block by block.

    A loaded cell is above the sensor's floor and above the noise of the empty floor. The noise is estimated from frames
    spread over the recording (from its first block where frames are read from a file). A cell that has the same load in
    all of them is dead and left out.
    """
    blocks = recording.blocks()
    first = next(blocks, None)
    if first is None:
        nothing = np.zeros(0, np.int64)
        return Activity(nothing, nothing, nothing, np.zeros(0), recording)
    # A float32 copy of 32 frames of the largest mats is 22 MB; comparing against it keeps the blocks untouched.
    known = recording.frames.array if isinstance(recording.frames, ArrayFrames) else first
    sample = known[np.unique(np.linspace(0, len(known) - 1, _SAMPLED).astype(int))]
    floor, offset = _floor_of(sample, recording)
    threshold = offset + floor if offset.any() else floor
    pieces, frames = [], 0
    for block in chain([first], blocks):
        where = np.flatnonzero(block > threshold)
        pieces.append((where + frames * block[0].size, block.reshape(-1)[where]))
        frames += len(block)
    index = np.concatenate([piece[0] for piece in pieces]).astype(np.int64)
    frame, cell = np.divmod(index, sample[0].size)
    row, column = np.divmod(cell, sample.shape[2])
    pressure = np.concatenate([piece[1] for piece in pieces]).astype(np.float64) - offset.reshape(-1)[cell]
    return Activity(frame, row, column, np.where(np.isfinite(pressure), pressure, 0.0), recording)


def _floor_of(sample: NDArray[np.float32], recording: PressureRecording) -> tuple[np.float32, NDArray[np.float32]]:
    """Return the pressure above which a cell is loaded, and the offset of each cell (infinite for a dead one)."""
    peak = float(sample.max(initial=0.0))
    offset = np.zeros(sample.shape[1:], np.float32)
    floor = 0.0
    if (sample > 0).mean() > _NOISY_FRACTION and len(sample) >= 8:
        offset = np.percentile(sample, 10, axis=0).astype(np.float32)
        offset[offset > _LARGEST_OFFSET * peak] = 0.0
        quiet = (sample - offset)[sample < offset + _LARGEST_OFFSET * peak]
        floor = 6.0 * float(np.median(np.abs(quiet))) if len(quiet) else 0.0
        floor = min(floor, _LARGEST_OFFSET * peak)
    if len(sample) >= 8:
        lowest = sample.min(axis=0)
        offset[(lowest > 0) & (lowest == sample.max(axis=0))] = np.inf
    offset[~recording.valid] = np.inf
    return np.float32(max(floor, 0.0)), offset
