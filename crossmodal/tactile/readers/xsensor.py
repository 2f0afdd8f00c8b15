"""XSENSOR insole exports (``.csv``): both feet in every frame, usually in mmHg.

Each frame (``FRAME``, ``Date``, ``Time``) has a block for each insole: ``SENSOR`` and its name (``LF``, ``RF``),
``Rows``, ``Columns``, the size of a cell, the vendor's figures, and after ``SENSELS`` the rows from the toes, seen from
above. Blocks that begin with ``GROUP`` repeat cells of a region as a list, and are left out. Lines are separated by
empty lines and padded with commas. Grid points without a sensor are 0, like cells without load, so all cells are valid.
Times are rounded to milliseconds; if a constant frame rate agrees with all of them, it is used instead.
"""

import re
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError
from crossmodal.number_text import find_count
from crossmodal.tactile.readers.text_file import TextFile, read_text
from crossmodal.tactile.readers.text_grid import fill_blanks, parse_cells
from crossmodal.tactile.readers.units import kpa_per, read_quantity
from crossmodal.tactile.recording import InsoleRecording, Sensor, Side

_FOOT = re.compile(r"\b(L|R)F\b")
_SIDES: dict[str, Side] = {"L": "left", "R": "right"}
_CLOCK = re.compile(r"\s*(\d{1,2}):(\d{1,2}):(\d{1,2}(?:\.\d{1,9})?)\s*", re.ASCII)
_FIGURES = ("Rows", "Columns", "Sensel Width (cm)", "Sensel Height (cm)")
_DAY_S = 86400.0
#: Tolerance of rounded times, including the first and the last one, which determine the constant frame rate.
_CLOCK_STEP_S = 1.5e-3


class _Grid(NamedTuple):
    """Rows and columns of an insole, and width and height of its cells in cm."""

    rows: int
    columns: int
    width_cm: float
    height_cm: float


class _Block(NamedTuple):
    """An insole in a frame: the line of its name, its side, its grid, and the lines of its rows."""

    title: int
    side: Side
    grid: _Grid
    rows: list[int]


class _Frame(NamedTuple):
    """The line of the title of a frame, its number, its time and its insoles."""

    title: int
    number: int
    time_s: float | None
    blocks: list[_Block]


def matches(path: Path, head: bytes) -> bool:
    """Return whether a file looks like an XSENSOR export."""
    return b"\nSENSELS" in head and b"\nFRAME," in head


def read(path: Path) -> InsoleRecording:
    """Read the insoles of an XSENSOR export: cells of the left foot row by row, then those of the right one.

    ``meta["grids"]`` has the rows and columns of each foot.

    Raises:
        FormatError: there are no frames, an insole has no side or size, a frame has other insoles than the first or too
            few rows, a cell is not a number, or times decrease; names the line.
    """
    file = read_text(path)
    header = _read_header(file)
    frames, truncated = _read_frames(file)
    grids = {block.side: block.grid for block in frames[0].blocks}
    sides = sorted(grids)
    cells = np.concatenate([_read_foot(file, frames, side, grids[side]) for side in sides], axis=1)
    unit = header.get("Units", "raw")
    factor = kpa_per(unit)
    values, valid = fill_blanks(cells * (factor or 1.0))
    quantity: Literal["pressure_kpa", "raw"] = "pressure_kpa" if factor else "raw"
    threshold = read_quantity(header.get("Threshold", ""))
    floor_kpa = threshold.value * factor if threshold and factor else None
    return InsoleRecording(
        values=values,
        quantity=quantity,
        times_s=_find_times(file, frames),
        sides=tuple(side for side in sides for _ in range(grids[side].rows * grids[side].columns)),
        positions_mm=np.concatenate([_lay_out(side, grids[side]) for side in sides]),
        areas_mm2=np.concatenate(
            [np.full(g.rows * g.columns, g.width_cm * g.height_cm * 100) for g in map(grids.__getitem__, sides)]
        ),
        valid=valid,
        sensor=Sensor(floor_kpa=floor_kpa, calibrated=factor is not None, unit=unit),
        source="xsensor",
        meta=header
        | {"grids": {side: [grids[side].rows, grids[side].columns] for side in sides}}
        | ({"truncated": True} if truncated or not file.whole else {}),
    )


def _read_header(file: TextFile) -> dict[str, str]:
    """Read the lines before the first frame."""
    header: dict[str, str] = {}
    for line in file.lines:
        key, _, value = line.rstrip(", ").partition(",")
        if key == "FRAME":
            break
        if value:
            header[key.rstrip(":")] = value.strip('" ')
    return header


def _read_frames(file: TextFile) -> tuple[list[_Frame], bool]:
    """Find all frames; the last one is left out if it is incomplete."""
    # A last line without its end may be cut within a number.
    ended = file.lines if file.whole else file.lines[:-1]
    filled = [number for number, line in enumerate(ended) if line.strip(", ")]
    frames: list[_Frame] = []
    cut = False
    figures: dict[str, str] = {}
    side: Side | None = None
    title, at = 0, 0
    while at < len(filled):
        number = filled[at]
        at += 1
        key, _, value = file.lines[number].rstrip(", ").partition(",")
        if key == "FRAME":
            frames.append(_Frame(number, _read_number(file, number, value), None, []))
            side = None
        elif not frames:
            continue
        elif key == "Time":
            frames[-1] = frames[-1]._replace(time_s=_read_clock(file, number, value))
        elif key == "SENSOR":
            side, figures, title = _find_side(file, number, value), {}, number
        elif key == "GROUP":
            side = None
        elif side is not None and key in _FIGURES:
            figures[key] = value
        elif side is not None and key == "SENSELS":
            grid = _read_grid(file, title, figures)
            rows = filled[at : at + grid.rows]
            cut = len(rows) < grid.rows
            frames[-1].blocks.append(_Block(title, side, grid, rows))
            at += grid.rows
            side = None
    return _check_frames(file, frames, cut)


def _check_frames(file: TextFile, frames: list[_Frame], cut: bool) -> tuple[list[_Frame], bool]:
    """Check that all frames have the insoles of the first; an incomplete last one is left out."""
    if not frames or not frames[0].blocks or (cut and len(frames) == 1):
        raise FormatError(f"{file.path}: no complete frame; expected FRAME, then SENSOR and SENSELS for each insole")
    grids = [(block.side, block.grid) for block in frames[0].blocks]
    if len({side for side, _ in grids}) != len(grids):
        raise file.error(frames[0].title, "two insoles of the same foot in a frame")
    cut = cut or (len(frames) > 1 and len(frames[-1].blocks) < len(grids))
    frames = frames[:-1] if cut else frames
    for frame in frames:
        if [(block.side, block.grid) for block in frame.blocks] != grids:
            raise file.error(frame.title, "a frame with other insoles than the first one")
    return frames, cut


def _find_side(file: TextFile, number: int, name: str) -> Side:
    found = _FOOT.search(name)
    if not found:
        raise file.error(number, f"{name[:60]!r}, expected the name of an insole with LF or RF in it")
    return _SIDES[found[1]]


def _read_grid(file: TextFile, title: int, figures: dict[str, str]) -> _Grid:
    rows, columns = (find_count(figures.get(key, "")) for key in _FIGURES[:2])
    width, height = (read_quantity(figures.get(key, "")) for key in _FIGURES[2:])
    if not rows or not columns or not width or not height or min(width.value, height.value) <= 0:
        raise file.error(title, f"an insole without {', '.join(_FIGURES)} before SENSELS")
    return _Grid(rows, columns, width.value, height.value)


def _read_foot(file: TextFile, frames: list[_Frame], side: Side, grid: _Grid) -> NDArray[np.float64]:
    """Parse the rows of a foot in all frames: float64 (frames, cells)."""
    lines = [row for frame in frames for block in frame.blocks if block.side == side for row in block.rows]
    for number in lines:
        cells = file.lines[number].split(",")
        if any(cells[grid.columns :]):
            raise file.error(number, f"a row of more than {grid.columns} cells")
        # Rows are padded with commas to the length of the longest line.
        file.lines[number] = ",".join(cells[: grid.columns])
    return parse_cells(file, lines, grid.columns, separator=",").reshape(len(frames), -1)


def _lay_out(side: Side, grid: _Grid) -> NDArray[np.float64]:
    """Return the positions of the cells: the last row is at the heel, the right edge of a left foot is medial."""
    from_heel = (np.arange(grid.rows)[::-1] + 0.5) * grid.height_cm * 10
    across = (np.arange(grid.columns) + 0.5) * grid.width_cm * 10
    from_medial = across[::-1] if side == "left" else across
    y, x = np.meshgrid(from_heel, from_medial, indexing="ij")
    return np.stack([y.ravel(), x.ravel()], axis=1)


def _read_number(file: TextFile, line: int, text: str) -> int:
    number = find_count(text)
    if number is None:
        raise file.error(line, f"{text[:40]!r}, expected the number of a frame")
    return number


def _read_clock(file: TextFile, number: int, text: str) -> float:
    found = _CLOCK.fullmatch(text)
    if not found:
        raise file.error(number, f"{text[:40]!r}, expected a time such as 08:21:17.982")
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])


def _find_times(file: TextFile, frames: list[_Frame]) -> NDArray[np.float64]:
    """Return the times since the first frame, also across midnight."""
    for frame in frames:
        if frame.time_s is None:
            raise file.error(frame.title, "a frame without a Time")
    times_s: NDArray[np.float64] = np.array([frame.time_s for frame in frames], dtype=np.float64)
    times_s += _DAY_S * np.cumsum(np.diff(times_s, prepend=times_s[0]) < -_DAY_S / 2)
    backwards = np.flatnonzero(np.diff(times_s) < 0)
    if len(backwards):
        raise file.error(frames[int(backwards[0]) + 1].title, "a frame earlier than the one before it")
    times_s -= times_s[0]
    numbers = np.array([frame.number for frame in frames], dtype=np.float64) - frames[0].number
    if numbers[-1] <= 0:
        return times_s
    even_s: NDArray[np.float64] = numbers * (times_s[-1] / numbers[-1])
    return even_s if (np.diff(numbers) > 0).all() and (np.abs(even_s - times_s) <= _CLOCK_STEP_S).all() else times_s
