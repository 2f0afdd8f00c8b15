"""RSscan footscan "roll off" movies (``.xls``): text with tabs, or the same saved as an Excel workbook.

Each line ``Frame k (t ms)`` is followed by rows of cells. A *dynamic roll off* has one foot, with its rectangle on the
plate before the frames; an *entire plate roll off* has the whole plate. The unit of the values is not in the file, so
``sensor.calibrated`` is False. The size of a cell is not in the file either: other programs use 7.62 mm by 5.08 mm for
all footscan plates, as stated in ``meta["pitch_source"]``.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError
from crossmodal.number_text import find_count
from crossmodal.tactile.readers.text_file import TextFile, read_bytes, read_text
from crossmodal.tactile.readers.text_grid import fill_blanks, parse_cells
from crossmodal.tactile.readers.units import read_quantity
from crossmodal.tactile.readers.workbook import is_workbook, read_workbook
from crossmodal.tactile.recording import ArrayFrames, PressureRecording, Sensor, Side

_FRAME = re.compile(r"Frame\s+(\d{1,9})\s*\(\s*(\d{1,12}(?:[.,]\d{0,9})?)\s*ms\s*\)", re.ASCII)
_FRAME_IN_HEAD = re.compile(rb"^Frame\s+\d+\s*\(\s*[\d.,]+\s*ms\s*\)", re.MULTILINE)
_FOOT = re.compile(r"(Left|Right) foot data")
_PITCH_MM = (7.62, 5.08)


class _Block(NamedTuple):
    """Line of the title of a frame, its time, and the lines of its rows."""

    title: int
    time_s: float
    rows: range


def matches(path: Path, head: bytes) -> bool:
    """Return whether a file is a workbook or begins like a footscan export."""
    return is_workbook(path, head) or _FRAME_IN_HEAD.search(head) is not None


def read(path: Path) -> PressureRecording:
    """Read a roll-off movie; row 0 is the lowest one on the plate (the heel, for a foot that walks up the plate).

    Raises:
        FormatError: there are no frames or frames of different sizes, a cell is not a number, times decrease, or the
            file has two feet with separate clocks; names the line (for a workbook the row).
    """
    data = read_bytes(path)
    file = read_workbook(path, data) if is_workbook(path, data) else read_text(path)
    blocks = _find_blocks(file)
    fields = _read_fields(file, blocks[0].title)
    rows = find_count(fields.get("Rectangle height", "")) or len(blocks[0].rows)
    truncated = len(blocks[-1].rows) < rows or (blocks[-1].rows.stop == len(file.lines) and not file.whole)
    blocks = blocks[:-1] if truncated else blocks
    if not blocks:
        raise FormatError(f"{path}: no complete frame; expected {rows} rows after 'Frame 0 (0.00 ms)'")
    columns = file.lines[blocks[0].rows.start].count("\t") + 1
    for block in blocks:
        if len(block.rows) != rows:
            raise file.error(block.title, f"a frame of {len(block.rows)} rows, expected {rows}")
    if fields.get("Rectangle width", str(columns)) != str(columns):
        raise file.error(blocks[0].rows.start, f"{columns} cells, expected {fields['Rectangle width']} by the header")
    cells = parse_cells(file, [row for block in blocks for row in block.rows], columns, separator="\t")
    pressure, valid = fill_blanks(cells.reshape(len(blocks), rows, columns))
    return PressureRecording(
        frames=ArrayFrames(pressure),
        times_s=_find_times(file, blocks),
        pitch_mm=_PITCH_MM,
        valid=valid,
        side=_find_side(fields),
        origin_mm=_find_origin(fields),
        sensor=Sensor(calibrated=False, unit="footscan"),
        source="footscan",
        meta=fields
        | {"pitch_source": "not in the file: what other programs take for this plate"}
        | ({"truncated": True} if truncated else {}),
    )


def _find_blocks(file: TextFile) -> list[_Block]:
    titles = [(number, _FRAME.match(line)) for number, line in enumerate(file.lines) if line.startswith("Frame")]
    if not titles:
        raise FormatError(f"{file.path}: no frames; expected lines such as 'Frame 0 (0.00 ms)' before rows of cells")
    blocks = []
    for number, found in titles:
        if found is None:
            raise file.error(number, f"{file.lines[number][:40]!r}, expected 'Frame', its number and '(… ms)'")
        end = number + 1
        while end < len(file.lines) and file.lines[end] and not file.lines[end].startswith("Frame"):
            if _FOOT.match(file.lines[end]):
                break
            end += 1
        blocks.append(_Block(number, float(found[2].replace(",", ".")) * 1e-3, range(number + 1, end)))
    if any(_FOOT.match(line) for line in file.lines[titles[0][0] :]):
        raise FormatError(f"{file.path}: two feet with separate clocks; export one foot, or the entire plate")
    return blocks


def _read_fields(file: TextFile, end: int) -> dict[str, Any]:
    """Read the foot, its rectangle, and the other lines before the frames except the name of the person."""
    fields: dict[str, Any] = {"header": []}
    lines = iter(line for line in file.lines[:end] if line)
    for line in lines:
        found = _FOOT.match(line)
        if found:
            fields["foot"] = found[1].lower()
        elif line.startswith("Rectangle "):
            fields[line] = next(lines, "")
        elif not line.startswith("Patient"):
            fields["header"].append(line)
    return fields


def _find_side(fields: dict[str, Any]) -> Side | None:
    sides: dict[str, Side] = {"left": "left", "right": "right"}
    return sides.get(fields.get("foot", ""))


def _find_origin(fields: dict[str, Any]) -> tuple[float, float]:
    bottom, left = (read_quantity(fields.get(f"Rectangle {edge}", "")) for edge in ("bottom", "left"))
    if not bottom or not left:
        return 0.0, 0.0
    return bottom.value * _PITCH_MM[0], left.value * _PITCH_MM[1]


def _find_times(file: TextFile, blocks: list[_Block]) -> NDArray[np.float64]:
    times_s: NDArray[np.float64] = np.array([block.time_s for block in blocks])
    backwards = np.flatnonzero(np.diff(times_s) <= 0)
    if len(backwards):
        raise file.error(blocks[int(backwards[0]) + 1].title, "a frame that is not later than the one before it")
    times_s -= times_s[0]
    return times_s
