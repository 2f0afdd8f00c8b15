"""novel emed movies (``.lst``): one page per frame of the plate, in kPa.

A page has a header (``Matrix: 64x95``: columns by rows of the plate, ``Sensor area``, ``Time/picture``, ``Pict-No.``),
a line of column numbers, and rows: number, cells, force. Rows and columns are numbered on the whole plate from 1, but
only the loaded window is written; windows may differ between pages. Pages without ``Pict-No.`` (the maximum picture)
are not frames. The file does not name the unit of pressure: it is derived from the forces beside the rows.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.text_file import TextFile, read_text
from crossmodal.tactile.readers.text_grid import parse_cells
from crossmodal.tactile.readers.units import mm_per, read_quantity
from crossmodal.tactile.recording import ArrayFrames, PressureRecording, Sensor

_PAGE = re.compile(r"\s*Page\s+\d+", re.ASCII)
_PICTURE = re.compile(r"\s*Pict-No\.:\s*(\d{1,9})\b", re.ASCII)
_COLUMNS = re.compile(r"\t\d{1,6}(?:\t\d{1,6})*(?:\tForce)?", re.ASCII)
_ROW = re.compile(r"\d{1,6}\t", re.ASCII)
_FIELDS = {
    "File": re.compile(r"\bFile:\s*(.*?)\s*(?:\tMatrix|$)"),
    "Matrix": re.compile(r"\bMatrix:\s*(\d{1,4}x\d{1,4})\b", re.ASCII),
    "Sensor area": re.compile(r"\bSensor area:\s*([^\t]*?)\s*(?:\t|Time/|$)"),
    "Time/picture": re.compile(r"\bTime/picture:\s*([^\t]*?)\s*(?:\t|$)"),
    "Sensor size": re.compile(r"\bSensor size:\s*([^\t]*?)\s*(?:\t|$)"),
}
#: Force in newtons of one unit of pressure on a square centimetre, and the unit in kPa.
_UNITS = {0.1: 1.0, 1.0: 10.0}
#: Relative tolerance of forces, which are rounded to 0.01 N per row.
_FORCE_TOLERANCE = 0.03
#: Largest number of cells per byte of the file: a page of one cell has some 350 bytes, a plate some 6,000 cells.
_MAX_CELLS_PER_BYTE = 64


class _Page(NamedTuple):
    """A frame: its number, the line of its column numbers, the lines of its rows."""

    frame: int
    columns: int
    rows: list[int]


class _Window(NamedTuple):
    """Cells of the pages with the same columns: frame index and row (from 1) of each line, columns, values, forces."""

    frames: NDArray[np.intp]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    values: NDArray[np.float64]
    forces: NDArray[np.float64] | None


def matches(path: Path, head: bytes) -> bool:
    """Return whether a file looks like an emed export."""
    return b"Time/picture" in head and b"Pict-No." in head


def read(path: Path) -> PressureRecording:
    """Read an emed movie as the smallest window of the plate that contains all pages; ``origin_mm`` is its position.

    Cells outside the window of a page are 0. If all values are multiples of 5 kPa from 10 kPa on, as written by the
    plate, quantum and floor are set; otherwise they are None.

    Raises:
        FormatError: the header has no plate size, cell size or frame period, frames are out of order, a row is outside
            of the plate or repeated, a cell is not a number, or the forces do not match the pressures; names the line.
    """
    file = read_text(path)
    fields = _read_fields(file)
    matrix = [int(size) for size in fields.get("Matrix", "0x0").split("x")]
    if not min(matrix):
        raise FormatError(f"{path}: no 'Matrix: 64x95' in the header; expected columns and rows of the plate")
    pages, truncated = _find_pages(file)
    windows = [_read_window(file, group, matrix) for group in _group_by_columns(file, pages)]
    numbers = np.array([page.frame for page in pages], dtype=np.intp)
    backwards = np.flatnonzero(np.diff(numbers) < 0)
    if len(backwards):
        page = pages[int(backwards[0]) + 1]
        raise file.error(page.columns, f"Pict-No. {page.frame} is after a larger one; expected increasing numbers")
    frames = np.unique(numbers)
    movie, first_cell = _place(file, windows, len(frames))
    pitch_mm = _read_pitch(file, fields)
    factor = _find_unit(file, windows, pitch_mm[0] * pitch_mm[1] / 100)
    pressure = (movie * factor).astype(np.float32)
    return PressureRecording(
        frames=ArrayFrames(pressure),
        times_s=(frames - frames[0]) * _read_step_s(file, fields),
        pitch_mm=pitch_mm,
        valid=np.ones(pressure.shape[1:], dtype=bool),
        origin_mm=((first_cell[0] - 1) * pitch_mm[0], (first_cell[1] - 1) * pitch_mm[1]),
        sensor=_describe_sensor(pressure),
        source="emed",
        meta=fields | ({"truncated": True} if truncated else {}),
    )


def _read_fields(file: TextFile) -> dict[str, Any]:
    """Read the header of the first page."""
    fields = {}
    for line in file.lines[:40]:
        for name, pattern in _FIELDS.items():
            found = pattern.search(line)
            if found and name not in fields:
                fields[name] = found[1]
    return fields


def _find_pages(file: TextFile) -> tuple[list[_Page], bool]:
    """Find all frames, and return whether the last one was left out because the file ends within it."""
    pages: list[_Page] = []
    frame: int | None = None
    inside, forces = False, False
    for number, line in enumerate(file.lines):
        if inside and _ROW.match(line):
            pages[-1].rows.append(number)
        elif inside and (line.startswith("Force") or not (forces or line.strip())):
            inside = False
        elif inside:
            if number == len(file.lines) - 1 and not file.whole:
                break
            raise file.error(number, f"{line[:40]!r}, expected a row of cells or the line 'Force' that ends the page")
        elif _PAGE.fullmatch(line):
            frame = None
        elif found := _PICTURE.match(line):
            frame = int(found[1])
        elif frame is not None and _COLUMNS.fullmatch(line):
            pages.append(_Page(frame, number, []))
            inside, forces = True, line.endswith("Force")
    pages = pages[:-1] if inside else pages
    if not pages or not all(page.rows for page in pages):
        raise FormatError(f"{file.path}: no complete page; expected pages with 'Pict-No.', column numbers and rows")
    return pages, inside


def _group_by_columns(file: TextFile, pages: list[_Page]) -> list[list[tuple[int, _Page]]]:
    """Group pages with the same line of columns, each with the index of its frame."""
    indices = {frame: index for index, frame in enumerate(sorted({page.frame for page in pages}))}
    groups: dict[str, list[tuple[int, _Page]]] = {}
    for page in pages:
        groups.setdefault(file.lines[page.columns], []).append((indices[page.frame], page))
    return list(groups.values())


def _read_window(file: TextFile, group: list[tuple[int, _Page]], matrix: list[int]) -> _Window:
    title = group[0][1].columns
    names = file.lines[title].split("\t")[1:]
    forces = names[-1] == "Force"
    columns = np.array([int(name) for name in names[: len(names) - forces]], dtype=np.intp)
    lines = [line for _, page in group for line in page.rows]
    cells = parse_cells(file, lines, 1 + len(names), separator="\t")
    if np.isnan(cells).any():
        raise file.error(lines[int(np.isnan(cells).any(axis=1).argmax())], "an empty cell, expected a number")
    rows = cells[:, 0].astype(np.intp)
    if len(np.unique(columns)) != len(columns) or not 1 <= columns.min() <= columns.max() <= matrix[0]:
        raise file.error(title, f"column numbers that repeat or are outside a plate of {matrix[0]} columns")
    outside = (rows < 1) | (rows > matrix[1])
    if outside.any():
        raise file.error(lines[int(outside.argmax())], f"a row outside a plate of {matrix[1]} rows")
    frames = np.repeat([index for index, _ in group], [len(page.rows) for _, page in group])
    end = 1 + len(columns)
    return _Window(frames, rows, columns, cells[:, 1:end], cells[:, end] if forces else None)


def _place(file: TextFile, windows: list[_Window], count: int) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Place all windows on the part of the plate that they cover: float64 (frames, rows, columns), its first cell."""
    first = min(int(w.rows.min()) for w in windows), min(int(w.columns.min()) for w in windows)
    last = max(int(w.rows.max()) for w in windows), max(int(w.columns.max()) for w in windows)
    shape = (count, last[0] - first[0] + 1, last[1] - first[1] + 1)
    if np.prod(shape, dtype=float) > _MAX_CELLS_PER_BYTE * sum(len(line) + 1 for line in file.lines):
        raise FormatError(f"{file.path}: windows cover {shape} cells, far more than the numbers in the file")
    movie = np.full(shape, np.nan)
    for window in windows:
        cells = (window.frames[:, None], window.rows[:, None] - first[0], window.columns[None, :] - first[1])
        lines = window.frames * shape[1] + window.rows
        if len(np.unique(lines)) != len(lines) or not np.isnan(movie[cells]).all():
            raise FormatError(f"{file.path}: a frame has a row twice; expected every cell once")
        movie[cells] = window.values
    return np.nan_to_num(movie, copy=False), first


def _find_unit(file: TextFile, windows: list[_Window], area_cm2: float) -> float:
    """Find the unit of the file in kPa by comparing forces with sums of pressures; 1 if there is no load."""
    with_forces = [window for window in windows if window.forces is not None]
    total = sum(float(window.values.sum()) for window in with_forces) * area_cm2
    if total <= 0:
        return 1.0
    newtons = sum(float(window.forces.sum()) for window in with_forces if window.forces is not None) / total
    for expected, kpa in _UNITS.items():
        if abs(newtons - expected) <= _FORCE_TOLERANCE * expected:
            return kpa
    raise FormatError(
        f"{file.path}: forces of {newtons:.3g} N per unit of pressure on 1 cm2; expected 0.1 (kPa) or 1 (N/cm2)"
    )


def _read_pitch(file: TextFile, fields: dict[str, Any]) -> tuple[float, float]:
    """Read the pitch of rows and of columns; if only the area of a cell is given, the cell is square."""
    size = re.fullmatch(r"([\d.]{1,12})x([\d.]{1,12}) (\w+)", fields.get("Sensor size", ""), re.ASCII)
    area = read_quantity(fields.get("Sensor area", ""))
    if size:
        across, along = (read_quantity(number) for number in size.groups()[:2])
        scale = mm_per(size[3])
        if across and along and scale and min(across.value, along.value) > 0:
            return along.value * scale, across.value * scale
    elif area and area.unit.replace("²", "2") == "cm2" and area.value > 0:
        return 10 * float(np.sqrt(area.value)), 10 * float(np.sqrt(area.value))
    raise FormatError(f"{file.path}: no size of a cell; expected 'Sensor size: 0.500x0.500 cm' in the header")


def _read_step_s(file: TextFile, fields: dict[str, Any]) -> float:
    step = read_quantity(fields.get("Time/picture", ""))
    if step is None or step.unit not in {"ms", "s"} or not 0 < step.value < 1e6:
        raise FormatError(f"{file.path}: no frame period; expected 'Time/picture:10.0 ms' in the header")
    return step.value * (1e-3 if step.unit == "ms" else 1.0)


def _describe_sensor(pressure: NDArray[np.float32]) -> Sensor:
    loaded = pressure[pressure > 0]
    stepped = loaded.size > 0 and float(loaded.min()) >= 10 and not (loaded % 5).any()
    return Sensor(quantum_kpa=5.0, floor_kpa=10.0) if stepped else Sensor()
