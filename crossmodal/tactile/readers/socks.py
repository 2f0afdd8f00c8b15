"""Socks of conformal tactile textiles (senstextile): HDF5 of 32 x 32 raw numbers for each foot.

``touch_0.hdf5`` and ``touch_1.hdf5`` are in one folder: the folder is read as a pair, a file as one sock. The numbers
are those of a 10-bit converter with a resting level of about 536; the calibration is unknown.

References:
    Luo et al., Learning human-environment interactions using conformal tactile textiles, Nature Electronics 4, 2021.
"""

from pathlib import Path
from typing import Any

import numpy as np

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.frame_checks import match_next, name_sides
from crossmodal.tactile.readers.touch_hdf5 import TILE, TouchRecording, read_touch, sock_of, touch_shape
from crossmodal.tactile.recording import ArrayFrames, InsoleRecording, PressureRecording, Sensor

_SENSOR = Sensor(calibrated=False, unit="raw")
_NOTES = (
    "calibration unknown: raw numbers of a converter, with a resting level",
    "taken for socks by the name of the file",
)
_LEFT_NOTE = "which sock is of which foot is not in the files: touch_0 is taken for the left one"


def matches(path: Path, head: bytes) -> bool:
    """Return whether this is a sock by name and arrays, or a folder with both socks."""
    if path.is_dir():
        return _find_pair(path) is not None
    return sock_of(path) is not None and touch_shape(path, head) == TILE


def read(path: Path) -> InsoleRecording | PressureRecording:
    """Read a pair from its folder, matched by the next time stamp after that of the first sock; or one sock.

    A pair has 2 x 1,024 cells, row by row; a single sock is a grid. Times start at 0, and ``meta["start_s"]`` is the
    first time since 1970 in seconds.

    Raises:
        FormatError: a file is damaged, the shapes of the arrays do not match, times decrease, or the socks were not
            recorded at the same time.
    """
    if not path.is_dir():
        return _as_grid(_read_sock(path), {"sock": sock_of(path)})
    pair = _find_pair(path)
    if pair is None:
        raise FormatError(f"{path}: expected touch_0.hdf5 and touch_1.hdf5 in this folder")
    first, second = (_read_sock(file) for file in pair)
    following = match_next(first.times_s, second.times_s)
    if not len(following):
        raise FormatError(f"{path}: the two socks were not recorded at the same time")
    times = first.times_s[: len(following)]
    cells = TILE[0] * TILE[1]
    frames = np.hstack([first.raw[: len(following)].reshape(-1, cells), second.raw[following].reshape(-1, cells)])
    return InsoleRecording(
        values=frames,
        quantity="raw",
        times_s=times - times[0],
        sides=name_sides(cells, cells),
        positions_mm=np.full((2 * cells, 2), np.nan),
        areas_mm2=np.full(2 * cells, np.nan),
        valid=np.ones(2 * cells, bool),
        sensor=_SENSOR,
        source="socks",
        meta={"start_s": float(times[0]), "grid": list(TILE), "notes": [*_NOTES, _LEFT_NOTE]},
    )


def _as_grid(sock: TouchRecording, meta: dict[str, Any]) -> PressureRecording:
    return PressureRecording(
        frames=ArrayFrames(sock.raw),
        times_s=sock.times_s - sock.times_s[0],
        pitch_mm=(float("nan"), float("nan")),
        valid=np.ones(TILE, bool),
        sensor=_SENSOR,
        source="socks",
        meta={**meta, "start_s": float(sock.times_s[0]), "notes": list(_NOTES)},
    )


def _read_sock(path: Path) -> TouchRecording:
    sock = read_touch(path)
    if sock.raw.shape[1:] != TILE:
        raise FormatError(f"{path}: expected a sock of {TILE} cells, found {sock.raw.shape[1:]}")
    return sock


def _find_pair(folder: Path) -> tuple[Path, Path] | None:
    try:
        files = sorted(folder.iterdir())
    except OSError:
        return None
    socks = {sock_of(file): file for file in files if sock_of(file) is not None and file.is_file()}
    return (socks[0], socks[1]) if set(socks) == {0, 1} else None
