"""Excel 97 workbooks: the first sheet as text."""

import struct
from pathlib import Path

import pytest

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.workbook import MAGIC, read_workbook
from tests.fakes.pressure_vendor_grids import write_workbook


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
def test_strings_go_on_in_the_next_record(tmp_path: Path, wide: bool) -> None:
    rows = [[f"Frame {number} ({number * 2}.00 ms)"] for number in range(1500)]
    assert lines_of(write_workbook(tmp_path / "a.xls", rows, wide=wide)) == [row[0] for row in rows]


def test_a_file_of_more_sectors_than_the_header_can_list(tmp_path: Path) -> None:
    # 109 tables of 128 sectors of 512 bytes: 7.1 megabytes.
    path = write_workbook(tmp_path / "a.xls", [["x" * 100], *[[0.5] * 200] * 10])
    data = bytearray(path.read_bytes())
    # Move the only table into a list of tables beyond the header.
    listed = struct.unpack_from("<I", data, 76)[0]
    struct.pack_into("<I", data, 76, 0xFFFFFFFF)
    extra = len(data) // 512 - 1
    struct.pack_into("<II", data, 68, extra, 1)
    path.write_bytes(bytes(data) + struct.pack("<128I", listed, *[0xFFFFFFFF] * 126, 0xFFFFFFFE))
    assert lines_of(path)[1] == "\t".join(["0.5"] * 200)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (30, struct.pack("<H", 60), "byte 30: sectors of"),
        (48, struct.pack("<I", 4000), "lies beyond the end of the file"),
        (512 * 9 + 2, b"\0\0\0\0", "no stream 'Workbook'"),
        (512, struct.pack("<HH", 0x2F, 0), "locked by a password"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, place: int, value: bytes, said: str) -> None:
    path = write_workbook(tmp_path / "a.xls", [["Frame 0 (0.00 ms)"]])
    data = bytearray(path.read_bytes())
    if "Workbook" in said:
        place = data.index("Workbook".encode("utf-16-le"))
    data[place : place + len(value)] = value
    path.write_bytes(data)
    with pytest.raises(FormatError, match=said):
        lines_of(path)


def test_sectors_in_a_circle_are_refused(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xls", [["Frame 0 (0.00 ms)"]])
    data = bytearray(path.read_bytes())
    table = 512 * (1 + struct.unpack_from("<I", data, 76)[0])
    struct.pack_into("<I", data, table + 4, 0)
    path.write_bytes(data)
    with pytest.raises(FormatError, match="in a circle"):
        lines_of(path)


def test_an_older_or_other_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(MAGIC + bytes(600))
    with pytest.raises(FormatError, match=r"a\.xls"):
        lines_of(path)
