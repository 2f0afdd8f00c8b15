"""novel's pedar insoles and pliance mats: ``.asc``, a table of time and one column per sensor.

File name, sensor type, rate and unit are above the table; its header numbers the sensors. A pedar file numbers 1 to 99
twice, left insole and right insole, without the positions of the sensors. A pliance file has more tables below: the
maximum and the mean image, force and its centre, and corners, centre (``x[c]``, ``y[c]``, in cm) and area of each
sensor, from which the grid is derived.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError
from crossmodal.number_text import find_count, find_numbers
from crossmodal.tactile.readers.frame_checks import checked_cells, checked_clock, name_sides
from crossmodal.tactile.readers.number_table import as_table, parse_numbers
from crossmodal.tactile.readers.sensor_grid import find_grid
from crossmodal.tactile.readers.text_file import TextFile, read_text
from crossmodal.tactile.recording import ArrayFrames, InsoleRecording, PressureRecording, Sensor, Side

_KPA = {"kpa": 1.0, "n/cm2": 10.0, "n/cm^2": 10.0, "n/cm²": 10.0}
_SETTING = re.compile(r"(total times?|time per frame|scanning rate) \[\w+\]:\s*([\d.,]+)")
#: First fields of lines below the table.
_BELOW = ("mpp", "mvp", "time[secs]", "sensor", "corner[cm]", "x[", "y[", "area")
_NO_POSITIONS = "positions and sizes of the sensors are not in the file"


class _Table(NamedTuple):
    """The main table of a file; ``end`` is the index of the first line below it."""

    sensors: list[int]
    times_s: NDArray[np.float64]
    kpa: NDArray[np.float32]
    end: int
    cut: bool


def matches(path: Path, head: bytes) -> bool:
    """Return whether a file begins like an export of novel."""
    return b"time[secs]" in head and b"pressure values in" in head


def read(path: Path) -> InsoleRecording | PressureRecording:
    """Read a pair of pedar insoles, or a pliance mat (``source`` is ``pliance``), in kPa.

    A truncated last line is left out. ``meta["truncated"]`` is True in this case, and if the recording ends before the
    total time of its header (pedar) or before the positions of its sensors (pliance).

    Raises:
        FormatError: the table has fields that are not numbers, the unit is unknown, times decrease, or pressures are
            negative.
    """
    text = read_text(path)
    start = next((index for index, line in enumerate(text.lines) if line.strip().startswith("time[secs]")), None)
    if start is None:
        raise FormatError(f"{path}: no line begins with time[secs]; the file is truncated or not by novel")
    header = text.lines[:start]
    scale, meta = _read_header(path, header)
    table = _read_table(path, text, start, scale)
    if any(line.lower().startswith("mat type") for line in header):
        return _as_mat(path, text.lines, table, meta)
    return _as_insoles(path, header, table, meta)


def _read_header(path: Path, header: list[str]) -> tuple[float, dict[str, Any]]:
    meta: dict[str, Any] = {}
    unit = ""
    for line in header:
        for key, value in _SETTING.findall(line):
            (number,) = find_numbers([value])
            if number is not None:
                meta[key.replace("times", "time")] = number
        if line.startswith("pressure values in"):
            unit = line.removeprefix("pressure values in").strip()
        for key in ("file name", "sensor type", "mat type"):
            if line.lower().startswith(key):
                meta[key] = line[len(key) :].strip(" :\t")
    if unit.lower() not in _KPA:
        raise FormatError(f"{path}: pressures in {unit[:40]!r}; expected kPa or N/cm2")
    return _KPA[unit.lower()], meta


def _read_table(path: Path, text: TextFile, start: int, scale: float) -> _Table:
    lines, whole = text.lines, text.whole
    sensors = [find_count(name) for name in lines[start].split()[1:]]
    names = [sensor for sensor in sensors if sensor is not None]
    if not names or len(names) != len(sensors):
        raise FormatError(f"{path}: line {start + 1}: expected the numbers of the sensors after time[secs]")
    rows: list[list[float]] = []
    cut = False
    end = start + 1
    for end, line in enumerate(lines[start + 1 :], start=start + 1):
        fields = line.split()
        if not fields or fields[0].lower().startswith(_BELOW):
            break
        # All lines of the table have equal length, so a shorter last line was cut within a number.
        if end == len(lines) - 1 and not whole and (not rows or len(line) != len(lines[end - 1])):
            cut = True
            break
        if len(fields) != len(names) + 1:
            raise FormatError(f"{path}: line {end + 1}: expected {len(names) + 1} numbers, found {len(fields)}")
        rows.append(parse_numbers(path, end + 1, fields))
    else:
        end = len(lines)
    if not rows:
        raise FormatError(f"{path}: no complete frame; expected lines of {len(names) + 1} numbers")
    numbers = as_table(rows, len(names) + 1)
    checked_clock(path, numbers[:, 0], "line", start + 2)
    return _Table(names, numbers[:, 0], checked_cells(path, numbers[:, 1:] * scale), end, cut)


def _as_insoles(path: Path, header: list[str], table: _Table, meta: dict[str, Any]) -> InsoleRecording:
    sides = _find_sides(path, header, table.sensors)
    total, step = meta.get("total time"), meta.get("time per frame", 0.0)
    if table.cut or (total is not None and table.times_s[-1] < total - 1.5 * step):
        meta["truncated"] = True
    return InsoleRecording(
        values=table.kpa,
        quantity="pressure_kpa",
        times_s=table.times_s,
        sides=sides,
        positions_mm=np.full((len(sides), 2), np.nan),
        areas_mm2=np.full(len(sides), np.nan),
        valid=np.ones(len(sides), bool),
        source="pedar",
        meta={**meta, "sensors": table.sensors, "notes": [_NO_POSITIONS]},
    )


def _find_sides(path: Path, header: list[str], sensors: list[int]) -> tuple[Side, ...]:
    """Return the side of each column; the right foot begins where the numbers restart."""
    starts = [index for index in range(1, len(sensors)) if sensors[index] <= sensors[index - 1]]
    if len(starts) == 1:
        return name_sides(starts[0], len(sensors) - starts[0])
    if starts:
        raise FormatError(
            f"{path}: the numbers of the sensors begin {len(starts) + 1} times; expected at most 2 insoles"
        )
    # One insole: the header lists sensors only for its foot.
    listed = [
        side
        for side in ("left", "right")
        for line in header
        if line.startswith(f"{side} insole:") and line.split(":", 1)[1].strip()
    ]
    if listed not in (["left"], ["right"]):
        raise FormatError(
            f"{path}: one insole of unknown side; expected 'left insole:' or 'right insole:' in the header"
        )
    return name_sides(len(sensors), 0) if listed == ["left"] else name_sides(0, len(sensors))


def _as_mat(path: Path, lines: list[str], table: _Table, meta: dict[str, Any]) -> PressureRecording:
    positions = _read_positions(path, lines, table)
    if table.cut or positions is None:
        meta["truncated"] = True
    grid = None if positions is None else find_grid(*positions)
    cells = len(table.sensors)
    if grid is None:
        frames, valid = table.kpa[:, None, :], np.ones((1, cells), bool)
        pitch, origin = (float("nan"), float("nan")), (0.0, 0.0)
        meta["notes"] = [
            _NO_POSITIONS if positions is None else "the sensors are not on a regular grid",
            "cells in one row",
        ]
    else:
        frames = grid.place(table.kpa)
        valid, pitch, origin = grid.valid, grid.pitch_mm, grid.origin_mm
    return PressureRecording(
        frames=ArrayFrames(frames),
        times_s=table.times_s,
        pitch_mm=pitch,
        valid=valid,
        origin_mm=origin,
        sensor=Sensor(),
        source="pliance",
        meta=meta,
    )


def _read_positions(
    path: Path, lines: list[str], table: _Table
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Read the centres (y, x) of the sensors in mm, None if the file ends before them."""
    found = {}
    for index in range(table.end, len(lines)):
        fields = lines[index].split()
        # The table ends with the areas, so centres before them are complete.
        if fields and fields[0] in ("y[c]", "x[c]", "area"):
            if len(fields) != len(table.sensors) + 1:
                if index == len(lines) - 1:
                    return None
                difference = f"expected {len(table.sensors)} numbers for the sensors, found {len(fields) - 1}"
                raise FormatError(f"{path}: line {index + 1}: {difference}")
            found[fields[0]] = 10.0 * np.array(parse_numbers(path, index + 1, fields[1:]))
    if set(found) != {"y[c]", "x[c]", "area"}:
        return None
    return found["y[c]"], found["x[c]"]
