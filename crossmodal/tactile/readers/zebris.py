"""Zebris footprints (``.apd``, for pedCAD): peak pressure of each cell under one foot, and its position on the mat.

An INI file: ``[Technical]`` has the size of the mat (MaxSensors), the window (StartSens, SensCount) and the size of a
cell (LDist); ``[Data]`` has SensCountX rows of SensCountY cells separated by tabs, -1 where nothing was measured. Rows
are along the mat (X), from position StartSens * LDist. A walk is one file per footprint, all on the same mat; time and
foot are not in the file.
"""

from pathlib import Path

import numpy as np

from crossmodal.errors import FormatError
from crossmodal.number_text import find_count
from crossmodal.tactile.readers.text_file import TextFile, read_text
from crossmodal.tactile.readers.text_grid import fill_blanks, parse_cells
from crossmodal.tactile.readers.units import kpa_per, mm_per, read_quantity
from crossmodal.tactile.recording import ArrayFrames, PressureRecording, Sensor

#: Fields that are dropped.
_PERSONAL = ("FirstName", "LastName")


def matches(path: Path, head: bytes) -> bool:
    """Return whether a file looks like a Zebris footprint."""
    return b"<<zebris>>" in head or (b"[Technical]" in head and b"LDistX" in head)


def read(path: Path) -> PressureRecording:
    """Read a footprint as a recording of one frame, in kPa; ``origin_mm`` is its position on the mat.

    Cells of -1 become 0: the mat has them, but without load. ``meta["maximum_over_time"]`` is True.

    Raises:
        FormatError: a field is missing or out of range, the number of rows is not that of the header, or a cell is not
            a pressure; names the line.
    """
    file = read_text(path)
    fields, first = _read_fields(file)
    start, count, most = (_read_pair(file, fields, key) for key in ("StartSens", "SensCount", "MaxSensors"))
    if min(count) < 1 or any(s + n > m for s, n, m in zip(start, count, most, strict=True)):
        raise FormatError(f"{path}: the window of {count} cells from {start} is not on the mat of {most}")
    rows = [number for number in range(first, len(file.lines)) if file.lines[number]]
    if len(rows) != count[0] or not file.whole:
        raise file.error(len(file.lines) - 1, f"{len(rows)} complete rows after [Data], expected {count[0]}")
    cells = parse_cells(file, rows, count[1], separator="\t", blank="-1")
    unit = fields.get("UnitPressure", "")
    factor = kpa_per(unit)
    pressure, _ = fill_blanks(cells[np.newaxis] * (factor or 1.0))
    pitch_mm = _read_pitch(file, fields)
    return PressureRecording(
        frames=ArrayFrames(pressure),
        times_s=np.zeros(1),
        pitch_mm=pitch_mm,
        valid=np.ones(count, dtype=bool),
        origin_mm=(start[0] * pitch_mm[0], start[1] * pitch_mm[1]),
        sensor=Sensor(calibrated=factor is not None, unit=unit or "unknown"),
        source="zebris",
        meta=fields | {"mat_cells": list(most), "maximum_over_time": True},
    )


def _read_fields(file: TextFile) -> tuple[dict[str, str], int]:
    """Read ``key=value`` of all sections, and return them with the line after ``[Data]``."""
    fields: dict[str, str] = {}
    for number, line in enumerate(file.lines):
        if line == "[Data]":
            return fields, number + 1
        key, equals, value = line.partition("=")
        if equals and key not in _PERSONAL:
            fields[key.strip()] = value.strip()
    raise FormatError(f"{file.path}: no section [Data]; expected rows of cells under that title")


def _read_pair(file: TextFile, fields: dict[str, str], key: str) -> tuple[int, int]:
    counts = [find_count(fields.get(f"{key}{axis}", "")) for axis in "XY"]
    if counts[0] is None or counts[1] is None:
        raise FormatError(f"{file.path}: {key}X and {key}Y are missing or not counts; expected them in [Technical]")
    return counts[0], counts[1]


def _read_pitch(file: TextFile, fields: dict[str, str]) -> tuple[float, float]:
    along, across = (read_quantity(fields.get(f"LDist{axis}", "")) for axis in "XY")
    scale = mm_per(fields.get("UnitDistance", ""))
    if not along or not across or not scale or min(along.value, across.value) <= 0:
        raise FormatError(f"{file.path}: no LDistX, LDistY with a UnitDistance; expected the size of a cell")
    return along.value * scale, across.value * scale
