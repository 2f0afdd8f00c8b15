"""IntelligentCarpet, raw: one 32 x 32 tile of nine, or the aligned 96 x 96 carpet, as HDF5 of uncalibrated numbers.

The arrangement of the nine tiles is not in the files, so each tile is a separate recording.

References:
    Luo et al., Intelligent Carpet: Inferring 3D Human Pose from Tactile Signals, CVPR 2021.
"""

from pathlib import Path

import numpy as np

from crossmodal.tactile.readers.touch_hdf5 import CARPET, TILE, read_touch, sock_of, touch_shape
from crossmodal.tactile.recording import ArrayFrames, PressureRecording, Sensor

#: 6 x 6 feet have 96 x 96 cells.
PITCH_MM = 6 * 304.8 / 96
_NOTES = (
    "calibration unknown: values are the recorder's numbers",
    "the pitch is that of the published carpet, 6 feet over 96 cells; it is not in the file",
)
_AMBIGUOUS = (
    "socks of senstextile have the same arrays and size: taken for a tile by its name; "
    "call a pair touch_0.hdf5 and touch_1.hdf5 to have it read as socks"
)


def matches(path: Path, head: bytes) -> bool:
    """Return whether the arrays are those of a tile or the carpet, and the name is not that of a sock."""
    shape = touch_shape(path, head)
    return shape == CARPET or (shape == TILE and sock_of(path) is None)


def read(path: Path) -> PressureRecording:
    """Read a tile or the carpet; times start at 0, and ``meta["start_s"]`` is the first time since 1970 in seconds.

    Raises:
        FormatError: the file is damaged, the shapes of the arrays do not match, or times decrease.
    """
    touch = read_touch(path)
    tile = touch.raw.shape[1:] == TILE
    return PressureRecording(
        frames=ArrayFrames(touch.raw),
        times_s=touch.times_s - touch.times_s[0],
        pitch_mm=(PITCH_MM, PITCH_MM),
        valid=np.ones(touch.raw.shape[1:], bool),
        sensor=Sensor(calibrated=False, unit="raw"),
        source="intelligent_carpet",
        meta={"start_s": float(touch.times_s[0]), "notes": [*_NOTES, *([_AMBIGUOUS] if tile else [])]},
    )
