"""What readers share once numbers are read: possible pressures, clocks that run forwards, feet of cells."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError
from crossmodal.tactile.recording import Side

#: No sensor under a foot reports more: a thousand times a heavy heel strike, in kPa, newtons or raw counts.
_MOST = 1e6


def checked_cells(path: Path, values: NDArray[Any], first_frame: int = 0) -> NDArray[np.float32]:
    """Turn (frames, ...) numbers into float32, if every one is a possible pressure: 0 to a million.

    Raises:
        FormatError: a value is negative, too large or no number; names the frame, counted from 0.
    """
    if values.dtype.kind == "b":
        return values.astype(np.float32)
    # Comparisons with NaN are False, so that one test finds all three kinds of mistake.
    if values.size and not (values.min() >= 0 and values.max() <= _MOST):
        place = np.argwhere(~((values >= 0) & (values <= _MOST)))[0]
        frame = first_frame + int(place[0])
        raise FormatError(f"{path}: frame {frame}: a pressure of {values[tuple(place)]}; expected 0 to {_MOST:g}")
    return values.astype(np.float32)


def checked_clock(path: Path, times_s: NDArray[np.float64], where: str = "frame", first: int = 0) -> None:
    """Check that a clock runs forwards; ``where`` and ``first`` say how the file counts its frames or lines.

    Raises:
        FormatError: a time is no number, or earlier than the one before it.
    """
    if not np.isfinite(times_s).all():
        raise FormatError(f"{path}: {where} {first + int(np.argmin(np.isfinite(times_s)))}: the time is no number")
    backwards = np.flatnonzero(np.diff(times_s) < 0)
    if len(backwards):
        later = int(backwards[0]) + 1
        raise FormatError(
            f"{path}: {where} {first + later}: the clock runs backwards, "
            f"from {times_s[later - 1]:.6g} s to {times_s[later]:.6g} s"
        )


def match_next(times_s: NDArray[np.float64], others_s: NDArray[np.float64]) -> NDArray[np.intp]:
    """Find for each time the next one of another clock, at it or after it.

    Returns:
        Index into ``others_s`` for each of ``times_s`` that has a next one: the first so many of them.
    """
    following = np.searchsorted(others_s, times_s, side="left")
    return following[following < len(others_s)]


def name_sides(left: int, right: int) -> tuple[Side, ...]:
    """Name the foot of each cell: so many of the left one, then so many of the right one."""
    feet: tuple[Side, Side] = ("left", "right")
    return feet[:1] * left + feet[1:] * right
