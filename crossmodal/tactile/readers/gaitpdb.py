"""PhysioNet's Gait in Parkinson's Disease: 16 cells under both feet, as text.

A file is a table of 19 columns without a header: time in seconds; vertical force in newtons on eight cells of the left
foot and eight of the right; total of the left, total of the right. The totals are checked against the sums.

References:
    Goldberger et al., PhysioBank, PhysioToolkit and PhysioNet, Circulation 101, 2000; gaitpdb 1.0.0, format.txt.
"""

from pathlib import Path
from typing import Any

import numpy as np

from crossmodal.errors import FormatError
from crossmodal.number_text import find_numbers
from crossmodal.tactile.readers.frame_checks import checked_cells, checked_clock, name_sides
from crossmodal.tactile.readers.number_table import as_table, parse_numbers
from crossmodal.tactile.readers.text_file import decode, read_text
from crossmodal.tactile.recording import InsoleRecording, Sensor

_COLUMNS = 19
_CELLS = 8
#: Largest difference of a total from the sum of its cells, which are rounded to hundredths.
_TOLERANCE_N = 0.5
# (towards the toes, lateral) of the eight cells of a foot, in the arbitrary units of format.txt.
_LAYOUT = ((-800, 500), (-400, 700), (-400, 300), (0, 700), (0, 300), (400, 700), (400, 300), (800, 500))


def matches(path: Path, head: bytes) -> bool:
    """Return whether the first line has 19 numbers, the last two of which are sums of the others."""
    fields = decode(head).split("\n", 1)[0].split()
    numbers = [number for number in find_numbers(fields) if number is not None]
    return len(fields) == len(numbers) == _COLUMNS and not _wrong_total(numbers)


def read(path: Path) -> InsoleRecording:
    """Read a trial: forces in newtons of eight cells under each foot, 100 Hz.

    A truncated last line is left out, and ``meta["truncated"]`` is True.

    Raises:
        FormatError: a line does not have 19 numbers, a total is not the sum of its cells, or times decrease.
    """
    text = read_text(path)
    lines, whole = text.lines, text.whole
    rows: list[list[float]] = []
    meta: dict[str, Any] = {"cell_layout_arbitrary_units": [list(position) for position in _LAYOUT] * 2}
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(_parse(path, number, line))
        except FormatError:
            if whole or number < len(lines):
                raise
            meta["truncated"] = True
    if not rows:
        raise FormatError(f"{path}: no complete frame; expected lines of {_COLUMNS} numbers")
    table = as_table(rows, _COLUMNS)
    checked_clock(path, table[:, 0], "line", 1)
    return InsoleRecording(
        values=checked_cells(path, table[:, 1 : 1 + 2 * _CELLS]),
        quantity="force_n",
        times_s=table[:, 0],
        sides=name_sides(_CELLS, _CELLS),
        positions_mm=np.full((2 * _CELLS, 2), np.nan),
        areas_mm2=np.full(2 * _CELLS, np.nan),
        valid=np.ones(2 * _CELLS, bool),
        sensor=Sensor(unit="N"),
        source="gaitpdb",
        meta=meta,
    )


def _parse(path: Path, line: int, text: str) -> list[float]:
    fields = text.split()
    if len(fields) != _COLUMNS:
        raise FormatError(f"{path}: line {line}: expected {_COLUMNS} numbers, found {len(fields)}")
    row = parse_numbers(path, line, fields)
    wrong = _wrong_total(row)
    if wrong:
        raise FormatError(f"{path}: line {line}: {wrong}")
    return row


def _wrong_total(row: list[float]) -> str:
    """Return which total is not the sum of its cells; empty if both are."""
    for side, cells, total in (("left", row[1:9], row[17]), ("right", row[9:17], row[18])):
        # `not <=` instead of `>`, so that NaN is wrong too.
        if not abs(sum(cells) - total) <= _TOLERANCE_N:
            return f"the sum of the cells of the {side} foot is {sum(cells):g} N, its total is {total:g} N"
    return ""
