"""Excel workbooks: the first sheet as text."""

import struct
import zipfile
from pathlib import Path

import pytest

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.workbook import read_workbook
from tests.fakes.pressure_vendor_grids import write_compound_file, write_workbook, write_xlsx


def lines_of(path: Path) -> list[str]:
    return read_workbook(path, path.read_bytes()).lines


def test_labels_and_numbers_of_all_kinds_come_back(tmp_path: Path) -> None:
    rows = [["Right foot"], [6.0], [], [0.0, 1.5, 22.61], [1 / 3, 1e6]]
    assert lines_of(write_workbook(tmp_path / "a.xls", rows)) == [
        "Right foot",
        "6",
        "",
        "0\t1.5\t22.61",
        f"{1 / 3:.12g}\t1000000",
    ]


@pytest.mark.parametrize("wide", [False, True])
def test_strings_continue_in_the_next_record(tmp_path: Path, wide: bool) -> None:
    rows = [[f"Frame {number} ({number * 2}.00 ms)"] for number in range(1500)]
    assert lines_of(write_workbook(tmp_path / "a.xls", rows, wide=wide)) == [row[0] for row in rows]


def test_a_file_of_more_sectors_than_the_header_can_list(tmp_path: Path) -> None:
    # 109 tables of 128 sectors of 512 bytes: 7.1 megabytes.
    path = write_workbook(tmp_path / "a.xls", [["Frame 0 (0.00 ms)"]], least_bytes=8_000_000)
    assert path.stat().st_size > 109 * 128 * 512
    assert lines_of(path) == ["Frame 0 (0.00 ms)"]


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (30, struct.pack("<H", 60), "a damaged workbook: incorrect sector_size"),
        (48, struct.pack("<I", 4000), "a damaged workbook: .* sector index out of range"),
        (512 * 9 + 2, b"\0\0\0\0", "no stream 'Workbook'"),
        (512 + 20, struct.pack("<H", 0x2F), "locked by a password"),
    ],
)
def test_faults_are_named(tmp_path: Path, offset: int, value: bytes, message: str) -> None:
    path = write_workbook(tmp_path / "a.xls", [["Frame 0 (0.00 ms)"]])
    data = bytearray(path.read_bytes())
    if "Workbook" in message:
        offset = data.index("Workbook".encode("utf-16-le"))
    data[offset : offset + len(value)] = value
    path.write_bytes(data)
    with pytest.raises(FormatError, match=message):
        lines_of(path)


def test_sectors_in_a_circle_are_refused(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xls", [["Frame 0 (0.00 ms)"]])
    data = bytearray(path.read_bytes())
    table = 512 * (1 + struct.unpack_from("<I", data, 76)[0])
    struct.pack_into("<I", data, table + 4, 0)
    path.write_bytes(data)
    with pytest.raises(FormatError, match="in a circle"):
        lines_of(path)


def test_a_name_that_doubles_the_one_before_is_not_evaluated(tmp_path: Path) -> None:
    # A text of 200 letters, doubled 60 times, would take 2e20 bytes.
    text = bytes([0x17, 200, 0]) + b"x" * 200
    doubled = [b"".join(bytes([0x23, number + 1, 0, 0, 0]) for _ in range(2)) + b"\x08" for number in range(60)]
    assert lines_of(write_workbook(tmp_path / "a.xls", [["Frame"]], names=[text, *doubled])) == ["Frame"]


def test_entries_that_share_their_children_are_refused(tmp_path: Path) -> None:
    # Entry n has entry n + 1 on its left and on its right: 2**40 ways through 40 of them.
    path = write_workbook(tmp_path / "a.xls", [["Frame 0 (0.00 ms)"]])
    data = bytearray(path.read_bytes())
    directory, end = struct.unpack_from("<I", data, 48)[0], len(data) // 512 - 1
    entry = 512 * (directory + 1) + 128
    entries = [data[entry - 128 : entry]]
    for number in range(1, 40):
        struct.pack_into("<II", data, entry + 68, number + 1, number + 1)
        struct.pack_into("<I", data, entry + 116, 1000 + number)
        entries.append(data[entry : entry + 128])
    struct.pack_into("<II", entries[39], 68, 0xFFFFFFFF, 0xFFFFFFFF)
    table = 512 * (1 + struct.unpack_from("<I", data, 76)[0])
    struct.pack_into("<I", data, 48, end)
    struct.pack_into("<10I", data, table + 4 * end, *range(end + 1, end + 10), 0xFFFFFFFE)
    path.write_bytes(data + b"".join(entries))
    with pytest.raises(FormatError, match="a damaged workbook: Duplicate filename"):
        lines_of(path)


def test_a_locked_xlsx_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(write_compound_file(b"secret", "EncryptedPackage"))
    with pytest.raises(FormatError, match="locked by a password"):
        lines_of(path)


def test_an_xlsx_gives_the_same_lines_as_an_xls(tmp_path: Path) -> None:
    rows = [["Right foot"], [6.0], [], [0.0, 1.5, 22.61], [1 / 3, 1e6]]
    assert lines_of(write_xlsx(tmp_path / "a.xlsx", rows)) == lines_of(write_workbook(tmp_path / "a.xls", rows))


def test_cells_that_are_not_numbers_are_not_read_as_numbers(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [[True, "#DIV/0!", "a\tb\nc", "=1+1", 2]])
    assert lines_of(path) == ["True\t#DIV/0!\ta b c\t\t2"]


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        (b"<sheetData>" + b"<row/>" * 10**6 + b"</sheetData>", "too much for a recording"),
        (b'<sheetData><row r="99999999999"><c r="A1"/></row></sheetData>', "more than 1048576 rows"),
        (
            b'<sheetData><row r="1"><c r="IW1"><v>1</v></c></row></sheetData>',
            "row 1: 257 columns, expected 256 at most",
        ),
        (b'<sheetData><row r="1"><c r="ZZZZZZZZ1"><v>1</v></c></row></sheetData>', "not a valid column name"),
        (b'<sheetData><row r="1"><c r="A1"><v>one</v></c></row></sheetData>', "a damaged workbook"),
        (b"<sheetData><row>", "a damaged workbook"),
    ],
)
def test_an_xlsx_that_is_too_large_is_refused(tmp_path: Path, sheet: bytes, message: str) -> None:
    path = _with_sheet(tmp_path, sheet)
    assert path.stat().st_size < 20_000
    with pytest.raises(FormatError, match=message):
        lines_of(path)


def test_entities_that_multiply_are_refused(tmp_path: Path) -> None:
    entities = b"".join(b'<!ENTITY e%d "%s">' % (n + 1, b"&e%d;" % n * 10) for n in range(9))
    doctype = b'<!DOCTYPE s [<!ENTITY e0 "xxxxxxxxxx">' + entities + b"]>"
    sheet = b'<sheetData><row r="1"><c r="A1" t="str"><v>&e9;</v></c></row></sheetData>'
    with pytest.raises(FormatError, match="a damaged workbook"):
        lines_of(_with_sheet(tmp_path, sheet, doctype))


def _with_sheet(folder: Path, sheet: bytes, doctype: bytes = b"") -> Path:
    """Write an ``.xlsx`` with this XML as its sheet."""
    whole = write_xlsx(folder / "whole.xlsx", [[1.0]])
    path = folder / "a.xlsx"
    space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = b'<?xml version="1.0"?>' + doctype + b"<worksheet " + space + b">" + sheet + b"</worksheet>"
            target.writestr(name, content)
    return path


def test_an_older_or_other_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600))
    with pytest.raises(FormatError, match=r"a\.xls"):
        lines_of(path)
