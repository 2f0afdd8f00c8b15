"""HDF5 files of MIT's tactile recorder: ``frame_count``, ``ts`` and ``pressure``, shared by carpets and socks.

Tiles of the carpet (``touch1.hdf5`` ...) and socks (``touch_0.hdf5``, ``touch_1.hdf5``) are both 32 x 32 raw numbers
under the same keys, and their contents cannot be distinguished. The file name decides, with any extension: an
underscore and 0 or 1 is a sock, any other name a tile. 96 x 96 is the carpet with any name.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.frame_checks import checked_cells, checked_clock
from crossmodal.tactile.readers.plain_hdf5 import SIGNATURE, read_arrays, read_shapes

_KEYS = ("frame_count", "ts", "pressure")
TILE = (32, 32)
CARPET = (96, 96)
_SOCK = re.compile(r"touch_([01])")


class TouchRecording(NamedTuple):
    """Raw numbers, float32 (frames, rows, columns), and their times in seconds since 1970."""

    raw: NDArray[np.float32]
    times_s: NDArray[np.float64]


def touch_shape(path: Path, head: bytes) -> tuple[int, ...] | None:
    """Return rows and columns of such a file; None if it is another file."""
    if not head.startswith(SIGNATURE):
        return None
    shapes = read_shapes(path, _KEYS)
    return shapes["pressure"][1:] if shapes and len(shapes["pressure"]) == 3 else None


def sock_of(path: Path) -> int | None:
    """Return the number in the file name of a sock; None for other names."""
    named = _SOCK.fullmatch(path.stem)
    return int(named[1]) if named else None


def read_touch(path: Path) -> TouchRecording:
    """Read the first ``frame_count`` frames.

    Raises:
        FormatError: the file is damaged, the shapes of the arrays do not match, there are no frames, or times decrease.
    """
    arrays = read_arrays(path, _KEYS)
    pressure, times = arrays["pressure"], arrays["ts"].astype(np.float64).ravel()
    counts = arrays["frame_count"].ravel()
    count = float(counts[0]) if counts.size else float("nan")
    if pressure.ndim != 3 or pressure.shape[1:] not in (TILE, CARPET):
        raise FormatError(f"{path}: pressure: expected (frames, 32, 32) or (frames, 96, 96), found {pressure.shape}")
    if not 1 <= count <= min(len(pressure), len(times)) or count != int(count):
        raise FormatError(f"{path}: frame_count is {count:g}; expected 1 to {len(pressure)} (found {len(times)} times)")
    frames = int(count)
    checked_clock(path, times[:frames])
    return TouchRecording(checked_cells(path, pressure[:frames]), times[:frames])
