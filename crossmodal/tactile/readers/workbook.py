"""Excel 97 workbooks (``.xls``) as text: the first sheet's labels and numbers, cells separated by tabs.

A workbook is a compound file, whose sectors are chained by a table, holding a stream of records. Only the records of
constant cells are understood: no formulas, no dates, no formats, and nothing that could run.

References:
    [MS-CFB] Compound File Binary File Format, 2.1 to 2.6; [MS-XLS] Excel Binary File Format, 2.4 and 2.5.
"""

import struct
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.text_file import TextFile

MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
_MOST_SECTOR = 0xFFFFFFFA
_SHEET, _STRINGS, _CONTINUE, _END, _LOCKED = 0x85, 0xFC, 0x3C, 0x0A, 0x2F
_LABEL, _INTEGER, _INTEGERS, _NUMBER = 0xFD, 0x27E, 0xBD, 0x203
_MOST_COLUMNS = 256
_PACKED = np.dtype([("format", "<u2"), ("value", "<u4")])


def read_workbook(path: Path, data: bytes) -> TextFile:
    """Read the first sheet of a workbook: a line for each row up to the last one that has a cell.

    Raises:
        FormatError: the file is cut, locked, older than Excel 97, or damaged; names the byte where one can be told.
    """
    try:
        return TextFile(path, _read_sheet(path, _read_stream(path, data)), whole=True)
    except (struct.error, ValueError, IndexError) as error:
        raise FormatError(f"{path}: a damaged workbook: {error}; expected an Excel 97 file") from error


def _read_stream(path: Path, data: bytes) -> bytes:
    """Gather the stream of the workbook from its sectors."""
    shift = struct.unpack_from("<H", data, 30)[0]
    if shift not in {9, 12}:
        raise FormatError(f"{path}: byte 30: sectors of 2**{shift} bytes, expected 2**9 or 2**12")
    size = 1 << shift
    directory, more = struct.unpack_from("<I", data, 48)[0], struct.unpack_from("<I", data, 68)[0]

    def sector(number: int) -> bytes:
        found = data[(number + 1) * size : (number + 2) * size]
        if not found:
            raise FormatError(f"{path}: sector {number} lies beyond the end of the file; it was cut")
        return found

    def chain(first: int) -> bytes:
        parts, number = [], first
        while number < _MOST_SECTOR:
            parts.append(sector(number))
            # A chain that is longer than the file runs in a circle.
            if number >= len(table) or len(parts) * size > len(data):
                raise FormatError(f"{path}: sectors that are chained in a circle or beyond the end of the file")
            number = int(table[number])
        return b"".join(parts)

    tables = list(struct.unpack_from("<109I", data, 76))
    while more < _MOST_SECTOR and len(tables) * size <= len(data) + 110 * size:
        *entries, more = struct.unpack(f"<{size // 4}I", sector(more))
        tables += entries
    table = np.frombuffer(b"".join(sector(one).ljust(size, b"\xff") for one in tables if one < _MOST_SECTOR), "<u4")
    for entry in _slices(chain(directory), 128):
        name_bytes = struct.unpack_from("<H", entry, 64)[0]
        if entry[: max(0, name_bytes - 2)] == "Workbook".encode("utf-16-le"):
            first, length = struct.unpack_from("<II", entry, 116)
            return chain(first)[:length]
    raise FormatError(f"{path}: no stream 'Workbook'; expected an Excel 97 file")


def _slices(data: bytes, size: int) -> Iterator[bytes]:
    for first in range(0, len(data) - size + 1, size):
        yield data[first : first + size]


def _records(stream: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    while place + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, place)
        yield kind, stream[place + 4 : place + 4 + length]
        place += 4 + length


def _read_sheet(path: Path, stream: bytes) -> list[str]:
    """Read the strings of the book, then the cells of its first sheet."""
    sheet: int | None = None
    parts: list[bytes] = []
    previous = 0
    for kind, body in _records(stream, 0):
        if kind == _LOCKED:
            raise FormatError(f"{path}: the workbook is locked by a password; save it without one")
        if kind == _SHEET and sheet is None:
            sheet = struct.unpack_from("<I", body)[0]
        if kind == _STRINGS or (kind == _CONTINUE and previous == _STRINGS):
            parts.append(body)
        previous = _STRINGS if kind == _CONTINUE and previous == _STRINGS else kind
        if kind == _END:
            break
    if sheet is None:
        raise FormatError(f"{path}: no sheet in the workbook")
    labels = _Strings(parts).read() if parts else []
    rows: defaultdict[int, dict[int, str]] = defaultdict(dict)
    for kind, body in _records(stream, sheet):
        if kind == _END:
            break
        if kind in {_LABEL, _INTEGER, _INTEGERS, _NUMBER}:
            row, column = struct.unpack_from("<HH", body)
            words = _read_words(kind, body[4:], labels)
            if column + len(words) > _MOST_COLUMNS:
                raise FormatError(
                    f"{path}: row {row + 1}: {column + len(words)} columns, expected {_MOST_COLUMNS} at most"
                )
            rows[row].update(enumerate(words, start=column))
    return [_join(rows.get(row, {})) for row in range(max(rows, default=-1) + 1)]


def _join(cells: dict[int, str]) -> str:
    return "\t".join(cells.get(column, "") for column in range(max(cells, default=-1) + 1))


def _read_words(kind: int, body: bytes, labels: list[str]) -> list[str]:
    if kind == _LABEL:
        return [labels[struct.unpack_from("<I", body, 2)[0]]]
    if kind == _NUMBER:
        return [f"{struct.unpack_from('<d', body, 2)[0]:.12g}"]
    count = len(body) // _PACKED.itemsize if kind == _INTEGERS else 1
    return [f"{value:.12g}" for value in _unpack(np.frombuffer(body, _PACKED, count)["value"]).tolist()]


def _unpack(packed: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Unpack numbers of 30 bits ([MS-XLS] 2.5.217): whole ones, or the upper bits of a double; some in hundredths."""
    whole = (packed.view("<i4") >> 2).astype(np.float64)
    upper = ((packed & 0xFFFFFFFC).astype("<u8") << 32).view("<f8")
    # Any bits may stand in a damaged file, those of a signalling NaN too.
    with np.errstate(all="ignore"):
        return np.where(packed & 2, whole, upper) / np.where(packed & 1, 100.0, 1.0)


class _Strings:
    """The shared strings ([MS-XLS] 2.4.265), whose characters may go on in records that repeat their width."""

    def __init__(self, parts: list[bytes]) -> None:
        self._parts = parts
        self._part = 0
        self._place = 0

    def read(self) -> list[str]:
        count = struct.unpack("<II", self._take(8))[1]
        # Each string has three bytes at least: a count beyond that is not believed.
        return [self._read_string() for _ in range(min(count, sum(map(len, self._parts)) // 3))]

    def _read_string(self) -> str:
        length, flags = struct.unpack("<HB", self._take(3))
        runs = struct.unpack("<H", self._take(2))[0] if flags & 8 else 0
        extra = struct.unpack("<I", self._take(4))[0] if flags & 4 else 0
        text, width = "", 1 + (flags & 1)
        while len(text) < length:
            left = (len(self._parts[self._part]) - self._place) // width
            if not left:
                self._part, self._place = self._part + 1, 1
                width = 1 + (self._parts[self._part][0] & 1)
                continue
            characters = self._take(min(left, length - len(text)) * width)
            text += characters.decode("latin-1" if width == 1 else "utf-16-le", errors="replace")
        self._take(4 * runs + extra)
        return text

    def _take(self, count: int) -> bytes:
        """Take bytes, going on to the next record at the end of one."""
        taken = b""
        while True:
            part = self._parts[self._part]
            taken += part[self._place : self._place + count - len(taken)]
            self._place = min(len(part), self._place + count)
            if len(taken) == count:
                return taken
            self._part, self._place = self._part + 1, 0
