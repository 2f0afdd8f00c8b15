"""Excel workbooks (``.xls``, ``.xlsx``) as text: the cells of the first sheet, separated by tabs.

The files are parsed by olefile, xlrd and openpyxl. Formulas are not evaluated; their stored results are read.
"""

import io
import struct
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.text_file import TextFile

_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP = b"PK\x03\x04"
_BOOK = "xl/workbook.xml"
#: Largest number of columns: that of an ``.xls``, more than the widest plate has.
_MAX_COLUMNS = 256
#: Largest number of rows of an ``.xlsx`` by its specification.
_MAX_ROWS = 1 << 20
#: Largest size of the unpacked XML of an ``.xlsx``, 4 million cells, and largest compression ratio: that of an empty
#: plate is about 40, that of zip bombs about 1000.
_MAX_BYTES = 1 << 27
_MAX_RATIO = 100
_NAME, _END, _UNKNOWN = 0x18, 0x0A, 0xFFFF


def is_workbook(path: Path, head: bytes) -> bool:
    """Return whether a file is an Excel workbook, by its first bytes and, for a zip archive, its members."""
    if head.startswith(_COMPOUND):
        return True
    try:
        return head.startswith(_ZIP) and _BOOK in zipfile.ZipFile(path).namelist()
    except (OSError, ValueError, RuntimeError, struct.error, zipfile.BadZipFile):
        return False


def read_workbook(path: Path, data: bytes) -> TextFile:
    """Read the first sheet of a workbook: one line per row up to the last one that has a cell.

    Raises:
        FormatError: the file is truncated, damaged, locked by a password, or too large for a recording.
    """
    read = _read_xls if data.startswith(_COMPOUND) else _read_xlsx
    try:
        return TextFile(path, ["\t".join(map(_as_text, cells)) for cells in read(path, data)], whole=True)
    except FormatError:
        raise
    except Exception as error:  # the parsers raise errors of many kinds on damaged files
        detail = str(error) or type(error).__name__
        raise FormatError(f"{path}: a damaged workbook: {detail}; expected an Excel file") from error


def _read_xls(path: Path, data: bytes) -> list[tuple[object, ...]]:
    import xlrd

    stream = _without_names(_read_stream(path, data))
    try:
        book = xlrd.open_workbook(file_contents=stream, logfile=io.StringIO(), on_demand=True, ragged_rows=True)
    except xlrd.XLRDError as error:
        raise (_locked(path) if "encrypted" in str(error) else error) from error
    if not book.nsheets:
        raise FormatError(f"{path}: no sheet in the workbook")
    sheet = book.sheet_by_index(0)

    def read_cell(kind: int, value: object) -> object:
        if kind == xlrd.XL_CELL_ERROR:
            return xlrd.error_text_from_code.get(value, "#ERROR")
        return bool(value) if kind == xlrd.XL_CELL_BOOLEAN else value

    return [tuple(map(read_cell, sheet.row_types(row), sheet.row_values(row))) for row in range(sheet.nrows)]


def _read_stream(path: Path, data: bytes) -> bytes:
    """Read the records of a workbook out of its compound file."""
    # xlrd reads compound files too, but needs time exponential in the number of entries that share children.
    import olefile

    with olefile.OleFileIO(io.BytesIO(data), raise_defects=olefile.DEFECT_INCORRECT) as compound:
        if compound.exists("EncryptedPackage"):
            raise _locked(path)
        entry = next((one for one in compound.root.kids if one.name in {"Workbook", "Book"}), None)
        if entry is None:
            raise FormatError(f"{path}: no stream 'Workbook'; expected an Excel file")
        # olefile follows circular chains of sectors up to the size stated in the file.
        seen, sector = set(), entry.isectStart
        while entry.size >= compound.minisectorcutoff and sector < len(compound.fat):
            if sector in seen:
                raise FormatError(f"{path}: sectors that are chained in a circle")
            seen.add(sector)
            sector = compound.fat[sector]
        with compound.openstream(entry.name) as stream:
            return bytes(stream.read())


def _without_names(stream: bytes) -> bytes:
    """Mark the records of defined names as unknown.

    xlrd evaluates their formulas, and a few names that each double the previous one would fill the memory.
    """
    records, position = bytearray(stream), 0
    while position + 4 <= len(records):
        kind, length = struct.unpack_from("<HH", records, position)
        if kind == _END:
            break
        if kind == _NAME:
            struct.pack_into("<H", records, position, _UNKNOWN)
        position += 4 + length
    return bytes(records)


def _read_xlsx(path: Path, data: bytes) -> list[tuple[object, ...]]:
    import openpyxl

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > min(_MAX_BYTES, _MAX_RATIO * len(data)):
        raise FormatError(f"{path}: claims {size} bytes of cells in a file of {len(data)}; too much for a recording")
    rows: list[tuple[object, ...]] = []
    with warnings.catch_warnings():
        # Warnings about styles and extensions that are not read.
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        if not book.worksheets:
            raise FormatError(f"{path}: no sheet in the workbook")
        sheet = book.worksheets[0]
        # The size stated in the sheet may be wrong.
        sheet.reset_dimensions()
        for cells in sheet.iter_rows(values_only=True):
            if len(rows) == _MAX_ROWS:
                raise FormatError(f"{path}: more than {_MAX_ROWS} rows; expected an Excel file")
            rows.append(_trim(path, len(rows), cells))
    return rows


def _locked(path: Path) -> FormatError:
    return FormatError(f"{path}: the workbook is locked by a password; save it without one")


def _trim(path: Path, row: int, cells: Sequence[object]) -> tuple[object, ...]:
    """Drop the empty cells at the end of a row, and refuse a row that is still too wide."""
    width = next((count for count in range(len(cells), 0, -1) if cells[count - 1] not in {None, ""}), 0)
    if width > _MAX_COLUMNS:
        raise FormatError(f"{path}: row {row + 1}: {width} columns, expected {_MAX_COLUMNS} at most")
    return tuple(cells[:width])


def _as_text(cell: object) -> str:
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return f"{cell:.12g}"
    # A tab or a line end within a cell would split it.
    return "" if cell is None else " ".join(str(cell).splitlines()).replace("\t", " ")
