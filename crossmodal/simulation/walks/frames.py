"""Frames of which only small parts are loaded: a long walk on a large mat in little memory."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.walks.press import Box


@dataclass(frozen=True, eq=False)
class SparseFrames:
    """Frames made of windows that do not overlap; all else is zero.

    Attributes:
        shape: (frames, rows, columns).
        windows: where each lies, and its float32 (frames, rows, columns).
    """

    shape: tuple[int, int, int]
    windows: tuple[tuple[Box, NDArray[np.float32]], ...]

    def blocks(self, most_frames: int) -> Iterator[NDArray[np.float32]]:
        """Give all frames in order, at most so many at once."""
        for first in range(0, self.shape[0], most_frames):
            last = min(first + most_frames, self.shape[0])
            block = np.zeros((last - first, *self.shape[1:]), np.float32)
            for box, values in self.windows:
                begin, end = max(box.frames.start, first), min(box.frames.stop, last)
                if begin < end:
                    part = values[begin - box.frames.start : end - box.frames.start]
                    block[begin - first : end - first, box.rows, box.columns] = part
            yield block
