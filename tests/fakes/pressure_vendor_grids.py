"""Tiny files of the vendors that write grids of pressure: Tekscan, emed, footscan, XSENSOR, Zebris.

Each function takes arrays and writes a file as the vendor's program would; none of them shares code with the readers.
"""

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import openpyxl
from numpy.typing import NDArray

Array = NDArray[np.floating]


def make_foot(frames: int = 5, rows: int = 8, columns: int = 4, step: float = 5.0, most: float = 300.0) -> Array:
    """Draw a blob of load that rolls from the last row to the first: (frames, rows, columns), multiples of ``step``."""
    time, row, column = np.ogrid[:frames, :rows, :columns]
    centre = (rows - 1) * (1 - time / max(1, frames - 1))
    load = most * np.exp(-(((row - centre) / 2) ** 2) - ((column - (columns - 1) / 2) / 1.5) ** 2)
    return step * np.rint(load / step) * (load > 2 * step)


def write_tekscan(
    path: Path,
    pressure: Array,
    *,
    missing: NDArray[np.bool_] | None = None,
    units: str = "KPa",
    spacing: str = "5.08 mm",
    step_s: float = 0.032,
    name: str = "walk01L.fsx",
    timed: bool = False,
    numbers: Sequence[int] | None = None,
    more: Sequence[str] = (),
) -> Path:
    """Write an F-Scan movie; ``missing`` cells are ``B``, ``timed`` frames tell their time as I-Scan's do."""
    frames, rows, columns = pressure.shape
    header = ["DATA_TYPE MOVIE", f"FILENAME C:\\MOVIES\\{name}", "SENSOR_TYPE FSCAN", f"ROWS {rows}", f"COLS {columns}"]
    header += [f"ROW_SPACING {spacing}", f"COL_SPACING {spacing}", "NOISE_THRESHOLD 3", f"SECONDS_PER_FRAME {step_s}"]
    header += [*more, "COMMENTS:", "barefoot, second try", f"UNITS {units}", "ASCII_DATA @@", ""]
    numbers = numbers or range(1, frames + 1)
    lines = [*header]
    for number, frame in zip(numbers, pressure, strict=True):
        time = f", {(number - 1) * step_s:g},, 12/2/2019 6:21:52.34PM,,,Raw Sum=,,310" if timed else ""
        lines.append(f"Frame {number}{time}")
        for row in range(rows):
            gone = [missing is not None and bool(missing[row, column]) for column in range(columns)]
            lines.append(",".join("B" if no else f"{value:g}" for no, value in zip(gone, frame[row], strict=True)))
        lines.append("")
    path.write_bytes("\r\n".join([*lines[:-1], "@@", ""]).encode())
    return path


def write_emed(
    path: Path,
    pressure: Array,
    *,
    first: tuple[int, int] = (30, 26),
    plate: tuple[int, int] = (95, 64),
    windows: Sequence[tuple[slice, slice]] | None = None,
    forces: bool = True,
    newtons: float = 0.1,
    maximum: bool = False,
) -> Path:
    """Write an emed movie of which each page shows a window; ``first`` is the place of cell (0, 0), from 1 on.

    ``newtons`` is the force of a unit of pressure on a square centimetre; ``maximum`` adds the page of the maxima.
    """
    pages = [
        (f"\tPict-No.: {number + 1}  Force[N]=sum*sensor_area in row/column", page)
        for number, page in enumerate(pressure)
    ]
    if maximum:
        pages.append(("\tMaximum Picture", pressure.max(axis=0)))
    lines = []
    for number, (title, page) in enumerate(pages):
        rows, columns = windows[number] if windows else (slice(0, page.shape[0]), slice(0, page.shape[1]))
        shown = page[rows, columns]
        lines += ["", f"\t\t\t\tPage {number + 1}", "", f"\tFile: C:\\2.dat \tMatrix: {plate[1]}x{plate[0]} "]
        lines += ["\tSensor area: 0.25 cm²\tTime/picture:10.0 ms", "\tMV over frames", "\tSensor size: 0.500x0.500 cm"]
        lines += [title, ""]
        heads = [first[1] + column for column in range(page.shape[1])][columns]
        lines.append("\t" + "\t".join(map(str, heads)) + ("\tForce" if forces else ""))
        for row, cells in zip(range(page.shape[0])[rows], shown, strict=True):
            force = [cells.sum() * 0.25 * newtons] if forces else []
            lines.append("\t".join([str(first[0] + row), *(f"{cell:.2f}" for cell in [*cells, *force])]))
        if forces:
            sums = [*shown.sum(axis=0), shown.sum()]
            lines.append("\t".join(["Force", *(f"{cell * 0.25 * newtons:.2f}" for cell in sums)]))
        lines.append("\f")
    path.write_bytes("\n".join([*lines, ""]).encode("latin-1"))
    return path


def footscan_rows(
    values: Array, *, foot: str | None = "Right", rectangle: tuple[int, int] = (6, 40), rate_hz: float = 500.0
) -> list[list[str | float]]:
    """Lay out a footscan export as rows of cells: a foot and its rectangle, or the entire plate (``foot`` None)."""
    _, height, width = values.shape
    rows: list[list[str | float]] = [["Dynamic Roll offfor measurement: Barefoot_2"], ["Patient name: Doe"]]
    if foot:
        rows += [[], [f"{foot} foot data"], [], [f"{foot} rectangle position"]]
        names = ("Rectangle bottom", "Rectangle left", "Rectangle width", "Rectangle height")
        for name, value in zip(names, (*rectangle, width, height), strict=True):
            rows += [[name], [float(value)]]
        rows.append([])
    for number, frame in enumerate(values):
        rows += [[f"Frame {number} ({number * 1000 / rate_hz:.2f} ms)"], *frame.tolist(), []]
    return rows


def write_footscan_text(path: Path, rows: Sequence[Sequence[str | float]]) -> Path:
    """Write rows of cells as footscan's own text."""
    lines = ["\t".join(cell if isinstance(cell, str) else f"{cell:g}" for cell in row) for row in rows]
    path.write_bytes("\r\n".join([*lines, ""]).encode("latin-1"))
    return path


def write_xlsx(path: Path, rows: Sequence[Sequence[str | float]]) -> Path:
    """Write rows of cells as the first sheet of an ``.xlsx`` workbook."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    book.save(path)
    book.close()
    return path


def write_workbook(
    path: Path,
    rows: Sequence[Sequence[str | float]],
    *,
    wide: bool = False,
    names: Sequence[bytes] = (),
    least_bytes: int = 0,
) -> Path:
    """Write rows of cells as the first sheet of an Excel 97 workbook.

    Args:
        path: the file.
        rows: all numbers, or one label.
        wide: strings take two bytes a letter.
        names: formulas of defined names, as tokens.
        least_bytes: size that the stream is padded to.
    """
    strings = [cell for row in rows for cell in row if isinstance(cell, str)]
    sheet = _record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    label = 0
    for number, row in enumerate(rows):
        if row and all(isinstance(cell, float) for cell in row):
            sheet += _number_record(number, [float(cell) for cell in row])
        elif row:
            sheet += _record(0xFD, struct.pack("<HHHI", number, 0, 0, label))
            label += 1
    sheet += _record(0x0A, b"")
    begin = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    table = b"".join(
        _record(0xFC if part == 0 else 0x3C, body) for part, body in enumerate(_string_table(strings, wide))
    )
    for formula in names:
        table += _record(0x18, struct.pack("<HBBHHH4B", 0, 0, 1, len(formula), 0, 0, 0, 0, 0, 0) + b"\0n" + formula)
    name = b"Test"
    place = len(begin) + 4 + 8 + len(name) + len(table) + 4
    bound = _record(0x85, struct.pack("<IHBB", place, 0, len(name), 0) + name)
    stream = begin + bound + table + _record(0x0A, b"") + sheet
    path.write_bytes(write_compound_file(stream.ljust(least_bytes, b"\0")))
    return path


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _number_record(row: int, values: list[float]) -> bytes:
    """Write whole numbers and hundredths packed, several in a record, and all others as doubles, one in each."""
    hundredths = [round(value * 100) for value in values]
    if all(abs(whole / 100 - value) < 1e-9 for whole, value in zip(hundredths, values, strict=True)):
        packed = b"".join(struct.pack("<HI", 0, whole << 2 | 3) for whole in hundredths)
        if len(values) == 1:
            return _record(0x27E, struct.pack("<HH", row, 0) + packed)
        return _record(0xBD, struct.pack("<HH", row, 0) + packed + struct.pack("<H", len(values) - 1))
    return b"".join(_record(0x203, struct.pack("<HHHd", row, at, 0, value)) for at, value in enumerate(values))


def _string_table(strings: list[str], wide: bool) -> Iterator[bytes]:
    """Give the bodies of the records of the strings, cut where they are full, within a string as well."""
    body = struct.pack("<II", len(strings), len(strings))
    for string in strings:
        if len(body) + 3 > 8224:
            yield body
            body = b""
        body += struct.pack("<HB", len(string), int(wide))
        for letter in string:
            coded = letter.encode("utf-16-le" if wide else "latin-1")
            if len(body) + len(coded) > 8224:
                yield body
                body = bytes([int(wide)])
            body += coded
    yield body


def write_compound_file(stream: bytes, named: str = "Workbook") -> bytes:
    """Wrap a stream: header, sectors, directory, tables that chain sectors, lists of tables beyond the 109th."""
    stream = stream.ljust(4096, b"\0")
    length, sectors = len(stream), -(-len(stream) // 512)
    tables, lists = 1, 0
    while tables * 128 < sectors + 1 + tables + lists:
        tables += 1
        lists = -(-max(0, tables - 109) // 127)
    chain = [*range(1, sectors), 0xFFFFFFFE, 0xFFFFFFFE, *[0xFFFFFFFD] * tables, *[0xFFFFFFFC] * lists]
    chain += [0xFFFFFFFF] * (tables * 128 - len(chain))
    entry = b""
    for name, kind, child, first, size in (("Root Entry", 5, 1, 0xFFFFFFFE, 0), (named, 2, 0xFFFFFFFF, 0, length)):
        coded = name.encode("utf-16-le")
        entry += coded.ljust(64, b"\0") + struct.pack("<HBBIII", len(coded) + 2, kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
        entry += bytes(36) + struct.pack("<IQ", first, size)
    listed = sectors + 1 + tables
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIII", 0, tables, sectors, 0, 4096, 0xFFFFFFFE)
    header += struct.pack("<III", 0, listed if lists else 0xFFFFFFFE, lists)
    places = [sectors + 1 + table for table in range(tables)]
    header += struct.pack(f"<{min(tables, 109)}I", *places[:109])
    more = b""
    for number in range(lists):
        part = places[109 + 127 * number :][:127]
        following = listed + number + 1 if number + 1 < lists else 0xFFFFFFFE
        more += struct.pack("<128I", *part, *[0xFFFFFFFF] * (127 - len(part)), following)
    chained = struct.pack(f"<{len(chain)}I", *chain)
    return header.ljust(512, b"\xff") + stream.ljust(sectors * 512, b"\0") + entry.ljust(512, b"\0") + chained + more


def write_xsensor(
    path: Path,
    left: Array | None,
    right: Array | None,
    *,
    clock_s: Sequence[float] | None = None,
    units: str = "mmHg",
    padded: bool = True,
    groups: bool = True,
) -> Path:
    """Write an XSENSOR export of insoles (frames, rows, columns); ``groups`` adds the blocks of the regions."""
    feet = [(name, grid) for name, grid in (("LF", left), ("RF", right)) if grid is not None]
    frames = len(feet[0][1])
    lines = ['File:,"C:\\walk.XSN"', f"Units:,{units}", "Threshold:,51.72"]
    for frame in range(frames):
        time = clock_s[frame] if clock_s is not None else 30077.982 + frame / 75
        clock = f"{int(time // 3600):02d}:{int(time // 60) % 60:02d}:{time % 60:06.3f}"
        lines += [f"FRAME,{1464 + frame}", "Date, 2022 Aug 16", f"Time, {clock}"]
        for name, grid in feet:
            lines += [f"SENSOR,HX210.11.31.M11-DFM-{name} S0073", f"Rows,{grid.shape[1]}", f"Columns,{grid.shape[2]}"]
            lines += [
                "Sensel Width (cm),0.86",
                "Sensel Height (cm),0.86",
                f"Peak Pressure (mmHg),{grid[frame].max():.2f}",
            ]
            lines += ["Stride Time,1092", "SENSELS", *(",".join(f"{cell:g}" for cell in row) for row in grid[frame])]
        for number, (name, grid) in enumerate(feet if groups else []):
            lines += [f"GROUP,{number + 1}", f"Name,{name} Heel", "Cells,3", "Stride Time,1092", "SENSELS"]
            lines.append(",".join(f"{cell:g}" for cell in grid[frame].ravel()[:3]))
    if padded:
        lines = [text for line in lines for text in (line + "," * (20 - line.count(",")), "," * 20)]
    path.write_bytes("\n".join(["\ufeff" + lines[0], *lines[1:], ""]).encode())
    return path


def write_zebris(
    path: Path,
    pressure: Array,
    *,
    start: tuple[int, int] = (233, 8),
    mat: tuple[int, int] = (353, 64),
    unit: str = "N/cm2",
) -> Path:
    """Write a Zebris footprint (rows, columns); 0 is written as -1."""
    lines = [
        "[General]",
        "Source=<<zebris>>",
        "UnitDistance=mm",
        f"UnitPressure={unit}",
        "",
        "[Customer]",
        "LastName=Doe",
    ]
    lines += ["", "[Technical]"]
    for key, pair in (
        ("MaxSensors", mat),
        ("StartSens", start),
        ("SensCount", pressure.shape),
        ("LDist", (8.46591,) * 2),
    ):
        lines += [f"{key}{axis}={value}" for axis, value in zip("XY", pair, strict=True)]
    lines += ["", "[Data]", *("\t".join("-1" if cell == 0 else f"{cell:.1f}" for cell in row) for row in pressure)]
    path.write_bytes("\r\n".join([*lines, ""]).encode("latin-1"))
    return path
