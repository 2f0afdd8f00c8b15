"""Rows of numbers in text: parsed in one pass, with errors that name the line."""

from pathlib import Path

import numpy as np
import pytest

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.text_file import TextFile, read_text
from crossmodal.tactile.readers.text_grid import fill_blanks, parse_cells


def text(*lines: str) -> TextFile:
    return TextFile(Path("walk.csv"), list(lines), whole=True)


def test_cells_are_parsed_in_order() -> None:
    np.testing.assert_array_equal(
        parse_cells(text("1,2.5", "x", "3e1,0"), [0, 2], 2, separator=","), [[1, 2.5], [30, 0]]
    )


@pytest.mark.parametrize("row", ["1;2,5;nan;0,125", "1;2.5;;0.125"])
def test_decimals_begin_with_points_or_commas(row: str) -> None:
    np.testing.assert_array_equal(parse_cells(text(row), [0], 4, separator=";"), [[1, 2.5, np.nan, 0.125]])


def test_thousands_separators_are_refused() -> None:
    with pytest.raises(FormatError, match=r"walk\.csv:1: cell 2: .* without separators .*, found '1,250'"):
        parse_cells(text("0.5;1,250"), [0], 2, separator=";")


@pytest.mark.parametrize("row", ["1,,3", "1,B,3", "1, ,3", "1,nan,3"])
def test_cells_without_a_value_are_not_a_number(row: str) -> None:
    np.testing.assert_array_equal(parse_cells(text(row), [0], 3, separator=",", blank="B"), [[1, np.nan, 3]])


def test_empty_cells_at_both_ends_and_side_by_side() -> None:
    assert np.isnan(parse_cells(text(",,,"), [0], 4, separator=",")).all()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,2", "2 cells in the row, expected 3"),
        ("1,2,3,4", "4 cells in the row, expected 3"),
        ("1,two,3", "cell 2: expected a number, found 'two'"),
        ("1,2 3,4", "cell 2: expected a number, found '2 3'"),
        ("1,0x10,4", "cell 2: expected a number, found '0x10'"),
        ("1,1_0,4", "cell 2: expected a number, found '1_0'"),
        ("1-2, ,4", "cell 1: expected a number, found '1-2'"),
        ("1,2,-3", "an impossible value, -3, in cell 3"),
        ("inf,2,3", "an impossible value, inf, in cell 1"),
        ("1,1e400,3", "an impossible value, inf, in cell 2"),
        ("1,2,2000000", "an impossible value, 2e\\+06, in cell 3"),
    ],
)
def test_a_wrong_cell_is_named_by_line_and_cell(row: str, message: str) -> None:
    with pytest.raises(FormatError, match=f"walk.csv:2: .*{message}"):
        parse_cells(text("1,2,3", row), [0, 1], 3, separator=",")


def test_a_cell_is_invalid_only_if_it_never_has_a_value() -> None:
    pressure, valid = fill_blanks(np.array([[1.0, np.nan, np.nan], [1.0, 2.0, np.nan]]))
    np.testing.assert_array_equal(pressure, [[1, 0, 0], [1, 2, 0]])
    np.testing.assert_array_equal(valid, [True, True, False])


@pytest.mark.parametrize("data", [b"\xef\xbb\xbfcm\xc2\xb2\r\n1\r\n", b"cm\xb2\r1\r", "cm²\n1 \t\n".encode()])
def test_any_encoding_and_line_end(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    assert read_text(path).lines == ["cm²", "1"]
    assert read_text(path).whole


def test_a_last_line_without_its_end_may_be_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"1\n2")
    assert read_text(path).lines == ["1", "2"]
    assert not read_text(path).whole


@pytest.mark.timeout(60)  # a second or two; line by line it would take minutes
def test_ten_megabytes_are_parsed() -> None:
    row = ",".join(["B", "0", "118", "59"] * 5)
    file = text(*[row] * 200_000)
    assert parse_cells(file, range(200_000), 20, separator=",", blank="B").shape == (200_000, 20)
