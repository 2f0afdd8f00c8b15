"""footscan roll-off movies: text, or workbooks of the same cells."""

from pathlib import Path

import numpy as np
import pytest

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.footscan import matches, read
from tests.fakes.damage import read_damaged
from tests.fakes.pressure_vendor_grids import footscan_rows, make_foot, write_footscan_text, write_workbook, write_xlsx

FOOT = make_foot(5, 8, 4, step=0.5, most=20)
WRITERS = [write_footscan_text, write_workbook, write_xlsx]


@pytest.mark.parametrize("write", WRITERS)
def test_a_movie_of_one_foot_comes_back(tmp_path: Path, write) -> None:
    recording = read(write(tmp_path / "a.xls", footscan_rows(FOOT, foot="Right", rectangle=(6, 40))))
    np.testing.assert_allclose(recording.pressure, FOOT)
    np.testing.assert_allclose(recording.times_s, 0.002 * np.arange(5))
    assert recording.side == "right"
    assert recording.pitch_mm == (7.62, 5.08)
    assert recording.meta["pitch_source"] == "not in the file: what other programs take for this plate"
    assert recording.origin_mm == pytest.approx((6 * 7.62, 40 * 5.08))
    assert not recording.sensor.calibrated
    assert recording.source == "footscan"


@pytest.mark.parametrize("write", WRITERS)
def test_the_entire_plate_comes_back(tmp_path: Path, write) -> None:
    recording = read(write(tmp_path / "a.xls", footscan_rows(FOOT, foot=None, rate_hz=200)))
    np.testing.assert_allclose(recording.pressure, FOOT)
    assert recording.rate_hz == pytest.approx(200)
    assert recording.side is None
    assert recording.origin_mm == (0.0, 0.0)


def test_the_name_of_the_person_is_dropped(tmp_path: Path) -> None:
    assert "Doe" not in str(read(write_footscan_text(tmp_path / "a.xls", footscan_rows(FOOT))).meta)


def test_a_truncated_text_gives_its_complete_frames(tmp_path: Path) -> None:
    path = write_footscan_text(tmp_path / "a.xls", footscan_rows(FOOT))
    data = path.read_bytes()
    for cut in (data.index(b"Frame 4") + 40, len(data) - 5):
        path.write_bytes(data[:cut])
        recording = read(path)
        np.testing.assert_allclose(recording.pressure, FOOT[:4])
        assert recording.meta["truncated"] is True


@pytest.mark.parametrize("write", WRITERS)
def test_two_feet_with_separate_clocks_are_refused(tmp_path: Path, write) -> None:
    rows = [*footscan_rows(FOOT, foot="Left"), *footscan_rows(FOOT, foot="Right")]
    with pytest.raises(FormatError, match="two feet with separate clocks"):
        read(write(tmp_path / "a.xls", rows))


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(
    ("row", "cells", "message"),
    [
        (17, [0.0, 1.0], r"a.xls:18: 2 cells in the row, expected 4"),
        (16, [], r"a.xls:16: a frame of 0 rows, expected 8"),
        (11, [5.0], r"4 cells, expected 5 by the header"),
        (13, [100000.0], r"a.xls:16: a frame of 8 rows, expected 100000"),
        (25, ["Frame 1 (now)"], r"a.xls:26: 'Frame 1 \(now\)', expected 'Frame', its number"),
        (35, ["Frame 2 (1.00 ms)"], r"a.xls:36: a frame that is not later"),
    ],
)
def test_faults_are_named_with_their_row(tmp_path: Path, write, row: int, cells: list, message: str) -> None:
    rows = footscan_rows(FOOT)
    rows[row] = cells
    with pytest.raises(FormatError, match=message):
        read(write(tmp_path / "a.xls", rows))


@pytest.mark.parametrize(
    ("cell", "message"), [("x", "cell 2: expected a number, found 'x'"), ("-1", "an impossible value, -1, in cell 2")]
)
def test_a_wrong_cell_is_named(tmp_path: Path, cell: str, message: str) -> None:
    rows = footscan_rows(FOOT)
    rows[16] = ["0", cell, "0", "0"]
    with pytest.raises(FormatError, match=f"a.xls:17: {message}"):
        read(write_footscan_text(tmp_path / "a.xls", rows))


def test_a_workbook_of_something_else(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no frames; expected lines such as 'Frame 0"):
        read(write_workbook(tmp_path / "a.xls", [["Prices"], [1.0, 2.0]]))


# The checksums of a zip archive find nearly all damage.
@pytest.mark.parametrize(("write", "least"), [(write_footscan_text, 10), (write_workbook, 10), (write_xlsx, 2)])
def test_damaged_files_are_refused_or_read_correctly(tmp_path: Path, write, least: int) -> None:
    refused, taken = read_damaged(read, write(tmp_path / "a.xls", footscan_rows(FOOT)))
    assert refused > 30
    assert taken > least


@pytest.mark.parametrize("write", WRITERS)
def test_it_is_detected_by_content(tmp_path: Path, write) -> None:
    path = write(tmp_path / "a.txt", footscan_rows(FOOT))
    assert matches(path, path.read_bytes())
    assert not matches(tmp_path, b"")
    assert not matches(tmp_path, b"Frame 1\n0,0\n")


def test_a_real_stance(real_data: Path) -> None:
    recording = read(real_data / "touch/emed_footscan_xsensor_pedar/footscan_test.xls")
    arrays = np.load(real_data / "touch/permissive_real.npz", allow_pickle=False)
    np.testing.assert_array_equal(recording.pressure, arrays["footscan_500Hz"])
    assert recording.shape == (329, 38, 20)
    assert recording.rate_hz == pytest.approx(500)
    assert recording.times_s[-1] + 0.002 == pytest.approx(0.658)
    assert recording.pressure.max() == pytest.approx(22.6)
    assert recording.side == "right"
    assert not recording.sensor.calibrated
