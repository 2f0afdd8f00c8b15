"""Frames of which only small windows are loaded: a long walk on a large mat in little memory."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.walks.press import PressureWindow


@dataclass(frozen=True, eq=False)
class SparseFrames:
    """Frames made of windows that do not overlap; all other cells are zero.

    Attributes:
        shape: (frames, rows, columns).
        windows: the pressures.
    """

    shape: tuple[int, int, int]
    windows: tuple[PressureWindow, ...]

    def blocks(self, most_frames: int) -> Iterator[NDArray[np.float32]]:
        """Yield all frames in order, in blocks of at most ``most_frames``."""
        for first in range(0, self.shape[0], most_frames):
            last = min(first + most_frames, self.shape[0])
            block = np.zeros((last - first, *self.shape[1:]), np.float32)
            for window in self.windows:
                box = window.box
                begin, end = max(box.frames.start, first), min(box.frames.stop, last)
                if begin < end:
                    part = window.pressure_kpa[begin - box.frames.start : end - box.frames.start]
                    block[begin - first : end - first, box.rows, box.columns] = part
            yield block
