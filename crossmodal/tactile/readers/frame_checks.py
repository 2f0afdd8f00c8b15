"""Checks shared by the readers: range of pressures, order of times, sides of cells."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError
from crossmodal.tactile.recording import Side

#: Largest plausible value in kPa, newtons or raw counts: a thousand times a heavy heel strike.
_MAX_PRESSURE = 1e6


def checked_cells(path: Path, values: NDArray[Any], first_frame: int = 0) -> NDArray[np.float32]:
    """Convert (frames, ...) numbers to float32 if all are plausible pressures, 0 to a million.

    Raises:
        FormatError: a value is negative, too large or NaN; names the frame, counted from 0.
    """
    if values.dtype.kind == "b":
        return values.astype(np.float32)
    # Comparisons with NaN are False, so one test finds all three kinds of invalid values.
    if values.size and not (values.min() >= 0 and values.max() <= _MAX_PRESSURE):
        index = np.argwhere(~((values >= 0) & (values <= _MAX_PRESSURE)))[0]
        frame = first_frame + int(index[0])
        found = values[tuple(index)]
        raise FormatError(f"{path}: frame {frame}: a pressure of {found}; expected 0 to {_MAX_PRESSURE:g}")
    return values.astype(np.float32)


def checked_clock(path: Path, times_s: NDArray[np.float64], where: str = "frame", first: int = 0) -> None:
    """Check that times do not decrease; ``where`` and ``first`` are the name and first number of the frames or lines.

    Raises:
        FormatError: a time is not finite, or earlier than the one before it.
    """
    if not np.isfinite(times_s).all():
        raise FormatError(f"{path}: {where} {first + int(np.argmin(np.isfinite(times_s)))}: the time is not finite")
    backwards = np.flatnonzero(np.diff(times_s) < 0)
    if len(backwards):
        later = int(backwards[0]) + 1
        raise FormatError(
            f"{path}: {where} {first + later}: the clock runs backwards, "
            f"from {times_s[later - 1]:.6g} s to {times_s[later]:.6g} s"
        )


def match_next(times_s: NDArray[np.float64], others_s: NDArray[np.float64]) -> NDArray[np.intp]:
    """Find for each time the next time of another clock, equal or later.

    Returns:
        Indices into ``others_s`` for those of ``times_s`` that have a next time; these are the first ones.
    """
    following = np.searchsorted(others_s, times_s, side="left")
    return following[following < len(others_s)]


def name_sides(left: int, right: int) -> tuple[Side, ...]:
    """Return the side of each cell: ``left`` cells of the left foot, then ``right`` cells of the right foot."""
    feet: tuple[Side, Side] = ("left", "right")
    return feet[:1] * left + feet[1:] * right
