"""Tekscan movies in text (F-Scan and walkway ``.asf``, I-Scan ``.csv``).

A header of lines with a key and a value ends at ``ASCII_DATA @@``. A frame is a line ``Frame n`` (in some versions with
the time and the raw sum), ROWS lines of COLS cells and an empty line. ``B`` is a cell that the sensor does not have.
``@@`` ends the file; without it only complete frames are read, and ``meta["truncated"]`` is True.

Row 0 of an F-Scan insole is at the toes. The foot is not in the file: for F-Scan insoles ``side`` is taken from the
last letter of FILENAME (``...01L.fsx``), as set by the vendor's program; otherwise it is None.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError
from crossmodal.number_text import find_count
from crossmodal.tactile.readers.text_file import TextFile, read_text
from crossmodal.tactile.readers.text_grid import fill_blanks, parse_cells
from crossmodal.tactile.readers.units import kpa_per, mm_per, read_quantity
from crossmodal.tactile.recording import ArrayFrames, PressureRecording, Sensor, Side

_FRAME = re.compile(r"Frame\s+(\d{1,12})\s*(?:,\s*([^,]*))?", re.ASCII)
_KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_]*):?(?:\s+(.*))?", re.ASCII)
#: Largest raw value of a sensor.
_RAW_MAX = 255


class _Movie(NamedTuple):
    """Line of the title of each frame, its number, its time if given, and whether the end of the file was found."""

    titles: list[int]
    numbers: list[int]
    times_s: list[float | None]
    ended: bool


def matches(path: Path, head: bytes) -> bool:
    """Return whether a file begins like a Tekscan export."""
    return head.removeprefix(b"\xef\xbb\xbf").startswith(b"DATA_TYPE") or b"\nASCII_DATA" in head


def read(path: Path) -> PressureRecording:
    """Read a Tekscan movie, in kPa if the file has a unit of pressure, else in raw numbers.

    Raises:
        FormatError: the header lacks the sizes, the frame period or the data, a frame has another size, a cell is not a
            number, or times decrease; names the line.
    """
    file = read_text(path)
    header, first = _read_header(file)
    rows, columns = (_read_size(file, header, key) for key in ("ROWS", "COLS"))
    separator = _find_separator(file, first)
    movie = _drop_cut_frame(file, _find_frames(file, first), rows, columns, separator)
    for title in movie.titles:
        if not all(file.lines[title + 1 : title + 1 + rows]) or len(file.lines) < title + 1 + rows:
            raise file.error(title, f"fewer than the {rows} rows of the header")
        if _begins_row(file, title + 1 + rows):
            raise file.error(title + 1 + rows, f"more than the {rows} rows of the header")
    lines = [title + 1 + row for title in movie.titles for row in range(rows)]
    cells = parse_cells(file, lines, columns, separator=separator, blank="B")
    unit = header.get("UNITS", "raw").strip()
    factor = kpa_per(unit)
    pressure, valid = fill_blanks(cells.reshape(-1, rows, columns) * (factor or 1.0))
    return PressureRecording(
        frames=ArrayFrames(pressure),
        times_s=_find_times(file, header, movie),
        pitch_mm=(_read_pitch(header, "ROW_SPACING"), _read_pitch(header, "COL_SPACING")),
        valid=valid,
        side=_find_side(header),
        sensor=_describe_sensor(header, unit, factor),
        source="tekscan",
        meta=header | ({} if movie.ended else {"truncated": True}),
    )


def _read_header(file: TextFile) -> tuple[dict[str, str], int]:
    """Read keys and values, and return them with the line after them."""
    header: dict[str, str] = {}
    key = ""
    for number, line in enumerate(file.lines):
        found = _KEY.fullmatch(line)
        if line.startswith("ASCII_DATA"):
            return header, number + 1
        # Comments are free text on separate lines; keys are in capitals.
        if key == "COMMENTS" and not (found and found[1].isupper()):
            header[key] = f"{header[key]}\n{line}".strip()
        elif found:
            key = found[1]
            header[key] = (found[2] or "").strip()
    raise FormatError(f"{file.path}: no line ASCII_DATA; expected it between header and frames")


def _read_size(file: TextFile, header: dict[str, str], key: str) -> int:
    size = find_count(header.get(key, ""))
    if not size:
        raise FormatError(f"{file.path}: {key} is {header.get(key, 'missing')!r}, expected a count of cells")
    return size


def _find_separator(file: TextFile, first: int) -> str:
    """Find the separator of cells, which the user of the program chooses."""
    for number in range(first, len(file.lines) - 1):
        if file.lines[number].startswith("Frame"):
            return next((one for one in ",;\t" if one in file.lines[number + 1]), " ")
    return ","


def _find_frames(file: TextFile, first: int) -> _Movie:
    movie = _Movie([], [], [], True)
    for number in range(first, len(file.lines)):
        line = file.lines[number]
        if line.startswith("@@"):
            return movie
        if not line.startswith("Frame"):
            continue
        found = _FRAME.match(line)
        if not found:
            raise file.error(number, f"{line[:40]!r}, expected 'Frame' and its number")
        movie.titles.append(number)
        movie.numbers.append(int(found[1]))
        time = read_quantity(found[2] or "")
        movie.times_s.append(time.value if time and not time.unit else None)
    return movie._replace(ended=False)


def _drop_cut_frame(file: TextFile, movie: _Movie, rows: int, columns: int, separator: str) -> _Movie:
    """Leave out a truncated last frame: too few rows, a short row, or a row without line end."""
    if movie.titles and not movie.ended:
        end = movie.titles[-1] + 1 + rows
        last = file.lines[end - 1] if end <= len(file.lines) else ""
        if last.count(separator) != columns - 1 or (end == len(file.lines) and not file.whole):
            movie = _Movie(movie.titles[:-1], movie.numbers[:-1], movie.times_s[:-1], ended=False)
    if not movie.titles:
        raise FormatError(f"{file.path}: no complete frame, expected at least one block after a line 'Frame 1'")
    return movie


def _begins_row(file: TextFile, number: int) -> bool:
    return number < len(file.lines) and bool(file.lines[number]) and file.lines[number][0] not in "F@"


def _find_times(file: TextFile, header: dict[str, str], movie: _Movie) -> NDArray[np.float64]:
    """Return the times of the frames: those in the file if all are given, else the numbers times the period."""
    given_s = [time for time in movie.times_s if time is not None]
    if len(given_s) == len(movie.titles):
        times_s = np.array(given_s) - given_s[0]
    else:
        step = read_quantity(header.get("SECONDS_PER_FRAME", ""))
        if step is None or not 0 < step.value < 1e6:
            found = header.get("SECONDS_PER_FRAME", "missing")
            raise FormatError(f"{file.path}: SECONDS_PER_FRAME is {found!r}, expected a positive number")
        times_s = (np.array(movie.numbers, dtype=np.float64) - movie.numbers[0]) * step.value
    backwards = np.flatnonzero(np.diff(times_s) <= 0)
    if len(backwards):
        at = int(backwards[0]) + 1
        raise file.error(movie.titles[at], f"frame {movie.numbers[at]} is not later than the one before it")
    return times_s


def _read_pitch(header: dict[str, str], key: str) -> float:
    spacing = read_quantity(header.get(key, ""))
    scale = mm_per(spacing.unit) if spacing else None
    return spacing.value * scale if spacing and scale and spacing.value > 0 else float("nan")


def _find_side(header: dict[str, str]) -> Side | None:
    if "FSCAN" not in header.get("SENSOR_TYPE", "").upper().replace("-", ""):
        return None
    letter = re.search(r"(?<![A-Z])([LR])\.\w+$", header.get("FILENAME", ""), re.ASCII)
    sides: dict[str, Side] = {"L": "left", "R": "right"}
    return sides[letter[1]] if letter else None


def _describe_sensor(header: dict[str, str], unit: str, factor: float | None) -> Sensor:
    """Derive quantum and floor from the saturation: with one calibration point, pressure is linear in 8 bits."""
    saturation = read_quantity(header.get("SATURATION_PRESSURE", ""))
    scale = kpa_per(saturation.unit) if saturation else None
    if factor is None or saturation is None or scale is None or saturation.value <= 0:
        return Sensor(calibrated=factor is not None, unit=unit)
    saturation_kpa = saturation.value * scale
    if "CALIBRATION_POINT_1" not in header or "CALIBRATION_POINT_2" in header:
        return Sensor(saturation_kpa=saturation_kpa, unit=unit)
    quantum_kpa = saturation_kpa / _RAW_MAX
    threshold = read_quantity(header.get("NOISE_THRESHOLD", ""))
    floor_kpa = threshold.value * quantum_kpa if threshold else None
    return Sensor(quantum_kpa, floor_kpa, saturation_kpa, unit=unit)
