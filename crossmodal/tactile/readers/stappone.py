"""Stappone insoles: comma-separated text, 12 pressures and inertial data every 16 ms.

The header names the columns: ``sole_id``, ``timestamp`` (milliseconds since 1970), inertial columns, ``pressure_01`` to
``pressure_12`` and ``corrupt`` (1 if the transmission was damaged). The unit of the pressures, the positions of the
cells and the foot of a ``sole_id`` are not in the file.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.frame_checks import checked_cells, checked_clock, match_next, name_sides
from crossmodal.tactile.readers.number_table import as_table, parse_numbers
from crossmodal.tactile.readers.text_file import decode, read_text
from crossmodal.tactile.recording import InsoleRecording, Sensor

_KEYS = ("sole_id", "timestamp", "corrupt")


def matches(path: Path, head: bytes) -> bool:
    """Return whether the header has the columns of a Stappone file."""
    columns = decode(head).split("\n", 1)[0].strip().split(",")
    return all(key in columns for key in (*_KEYS, "pressure_01"))


def read(path: Path) -> InsoleRecording:
    """Read one insole or a pair of insoles as raw numbers of unknown calibration.

    Frames flagged corrupt are left out (times keep the gap) and counted in ``meta["corrupt_frames"]``. The left foot is
    assumed for a single insole, and for the smaller ``sole_id`` of two; ``meta["notes"]`` states that the file does not
    name it. Frames of a pair are matched by the next time stamp. A truncated last line is left out, and
    ``meta["truncated"]`` is True.

    Raises:
        FormatError: a line has the wrong length, a field is not a number, times decrease, there are more than two
            soles, or all frames are corrupt.
    """
    names, table, truncated = _read_table(path)
    pressures = [index for index, name in enumerate(names) if name.startswith("pressure_")]
    flags = table[:, names.index("corrupt")] != 0
    kept = table[~flags]
    if not len(kept):
        raise FormatError(f"{path}: no valid frame: all {len(table)} are flagged corrupt or cut")
    soles = np.unique(kept[:, names.index("sole_id")])
    if len(soles) > 2:
        raise FormatError(f"{path}: {len(soles)} different sole_id; expected one or two")
    feet = [kept[kept[:, names.index("sole_id")] == sole] for sole in soles]
    # Milliseconds since 1970 are integers; in seconds they would lose digits.
    start_ms = kept[0, names.index("timestamp")]
    clocks = [(foot[:, names.index("timestamp")] - start_ms) / 1000.0 for foot in feet]
    for clock in clocks:
        checked_clock(path, clock, "valid frame")
    times, values = _join(path, clocks, [foot[:, pressures] for foot in feet])
    sides = name_sides(len(pressures), len(pressures) * (len(feet) - 1))
    meta: dict[str, Any] = {
        "sole_id": [int(sole) for sole in soles],
        "start_timestamp_s": float(start_ms) / 1000.0 + float(times[0]),
        "corrupt_frames": int(flags.sum()),
        "columns_left_out": [name for name in names if not name.startswith("pressure_") and name not in _KEYS],
        "notes": ["the unit of the pressures is not in the file", "which foot a sole_id is, is not in the file"],
    }
    if truncated:
        meta["truncated"] = True
    return InsoleRecording(
        values=checked_cells(path, values),
        quantity="raw",
        times_s=times - times[0],
        sides=sides,
        positions_mm=np.full((len(sides), 2), np.nan),
        areas_mm2=np.full(len(sides), np.nan),
        valid=np.ones(len(sides), bool),
        sensor=Sensor(calibrated=False, unit="raw"),
        source="stappone",
        meta=meta,
    )


def _read_table(path: Path) -> tuple[list[str], NDArray[np.float64], bool]:
    text = read_text(path)
    lines, whole = text.lines, text.whole
    names = [name.strip() for name in lines[0].split(",")] if lines else []
    if not all(key in names for key in (*_KEYS, "pressure_01")) or len(set(names)) != len(names):
        raise FormatError(f"{path}: line 1: expected columns named {', '.join(_KEYS)}, pressure_01 ..., each once")
    rows: list[list[float]] = []
    truncated = False
    for number, line in enumerate(lines[1:], start=2):
        fields = line.split(",")
        # The last column is a flag of one digit: a line with all its fields is complete, even without a line end.
        if len(fields) == len(names) and fields[-1].strip():
            row = parse_numbers(path, number, fields)
            if not np.isfinite(row).all():
                raise FormatError(f"{path}: line {number}: a field is not a finite number")
            rows.append(row)
        elif number == len(lines) and not whole:
            truncated = True
        else:
            raise FormatError(f"{path}: line {number}: expected {len(names)} fields, found {len(fields)}")
    return names, as_table(rows, len(names)), truncated


def _join(
    path: Path, clocks: list[NDArray[np.float64]], values: list[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Concatenate the cells of both feet at the times of the first one."""
    if len(clocks) == 1:
        return clocks[0], values[0]
    following = match_next(*clocks)
    if not len(following):
        raise FormatError(f"{path}: the two soles were not recorded at the same time")
    return clocks[0][: len(following)], np.hstack([values[0][: len(following)], values[1][following]])
