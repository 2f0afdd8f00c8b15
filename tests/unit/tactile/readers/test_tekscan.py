"""Tekscan movies: F-Scan insoles and other sensors in text."""

from pathlib import Path

import numpy as np
import pytest

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.tekscan import matches, read
from tests.fakes.damage import read_damaged
from tests.fakes.pressure_vendor_grids import make_foot, write_tekscan

CALIBRATED = ("SATURATION_PRESSURE 1514.73 KPa ", "CALIBRATION_POINT_1 75.0001 (Kgs) 4798 (Raw Sum)")


def rewrite(path: Path, old: str, new: str, count: int = 1) -> Path:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, count))
    return path


def test_a_movie_comes_back(tmp_path: Path) -> None:
    foot = make_foot(5, 8, 4)
    missing = np.zeros((8, 4), dtype=bool)
    missing[0, :2] = missing[7, 3] = True
    recording = read(write_tekscan(tmp_path / "a.asf", foot, missing=missing))
    np.testing.assert_array_equal(recording.pressure, np.where(missing, 0, foot))
    np.testing.assert_array_equal(recording.valid, ~missing)
    np.testing.assert_allclose(recording.times_s, 0.032 * np.arange(5))
    assert recording.pitch_mm == (5.08, 5.08)
    assert recording.source == "tekscan"
    assert recording.meta["COMMENTS"] == "barefoot, second try"
    assert recording.meta["UNITS"] == "KPa"
    assert "truncated" not in recording.meta


@pytest.mark.parametrize(("unit", "kpa"), [("PSI", 6.894757), ("mmHg", 0.1333224), ("N/cm2", 10.0)])
def test_other_units_of_pressure_become_kpa(tmp_path: Path, unit: str, kpa: float) -> None:
    recording = read(write_tekscan(tmp_path / "a.asf", make_foot(), units=unit))
    np.testing.assert_allclose(recording.pressure, make_foot() * kpa, rtol=1e-6)
    assert recording.sensor.calibrated


def test_raw_numbers_are_marked_as_raw(tmp_path: Path) -> None:
    sensor = read(write_tekscan(tmp_path / "a.csv", make_foot(), units="raw", more=CALIBRATED)).sensor
    assert not sensor.calibrated
    assert sensor.unit == "raw"
    assert sensor.saturation_kpa is None


def test_one_calibration_point_gives_quantum_and_floor(tmp_path: Path) -> None:
    sensor = read(write_tekscan(tmp_path / "a.asf", make_foot(), more=CALIBRATED)).sensor
    assert sensor.saturation_kpa == 1514.73
    assert sensor.quantum_kpa == pytest.approx(1514.73 / 255)
    assert sensor.floor_kpa == pytest.approx(3 * 1514.73 / 255)


def test_two_calibration_points_are_not_linear(tmp_path: Path) -> None:
    more = (*CALIBRATED, "CALIBRATION_POINT_2 20 (Kgs) 1000 (Raw Sum)")
    sensor = read(write_tekscan(tmp_path / "a.asf", make_foot(), more=more)).sensor
    assert sensor.saturation_kpa == 1514.73
    assert sensor.quantum_kpa is None


@pytest.mark.parametrize(
    ("name", "side"),
    [("walk01L.fsx", "left"), ("walk01R.fsx", "right"), ("wall.fsx", None), ("FINAL.fsx", None), ("a.fsx", None)],
)
def test_the_side_is_the_last_letter_of_the_movie(tmp_path: Path, name: str, side: str | None) -> None:
    assert read(write_tekscan(tmp_path / "a.asf", make_foot(), name=name)).side == side


def test_frames_with_times_and_spacing_in_centimetres(tmp_path: Path) -> None:
    path = write_tekscan(
        tmp_path / "a.csv", make_foot(), timed=True, spacing="0.127 centimeters", numbers=[1, 2, 4, 5, 9]
    )
    recording = read(path)
    np.testing.assert_allclose(recording.times_s, 0.032 * np.array([0, 1, 3, 4, 8]))
    assert recording.pitch_mm == pytest.approx((1.27, 1.27))


def test_frame_numbers_show_dropped_frames(tmp_path: Path) -> None:
    recording = read(write_tekscan(tmp_path / "a.asf", make_foot(3), numbers=[1, 2, 5]))
    np.testing.assert_allclose(recording.times_s, [0, 0.032, 0.128])


@pytest.mark.parametrize("separator", [";", "\t", " "])
def test_the_separator_is_detected(tmp_path: Path, separator: str) -> None:
    path = write_tekscan(tmp_path / "a.asf", make_foot())
    path.write_text(path.read_text().replace(",", separator))
    np.testing.assert_array_equal(read(path).pressure, make_foot())


def test_an_unknown_spacing_is_not_a_number(tmp_path: Path) -> None:
    assert np.isnan(read(write_tekscan(tmp_path / "a.asf", make_foot(), spacing="unknown")).pitch_mm).all()


def test_a_truncated_file_gives_its_complete_frames(tmp_path: Path) -> None:
    path = write_tekscan(tmp_path / "a.asf", make_foot(5))
    data = path.read_bytes()
    for cut in (data.index(b"Frame 4") + 30, data.index(b"Frame 5") - 4, data.index(b"Frame 4") + 3):
        path.write_bytes(data[:cut])
        recording = read(path)
        assert recording.meta["truncated"] is True
        np.testing.assert_array_equal(recording.pressure, make_foot(5)[: recording.shape[0]])
        assert recording.shape[0] >= 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ROWS 8", "ROWS 100000000000", "fewer than the 100000000000 rows"),
        ("ROWS 8", "ROWS 7", r"a.asf:\d+: more than the 7 rows"),
        ("ROWS 8", "ROWS eight", "ROWS is 'eight', expected a count"),
        ("COLS 4", "COLS 100000000000", r"a.asf:\d+: 4 cells in the row, expected 100000000000"),
        ("COLS 4", "", "COLS is 'missing'"),
        ("ASCII_DATA", "DATA", "no line ASCII_DATA"),
        ("SECONDS_PER_FRAME 0.032", "SECONDS_PER_FRAME 0", "SECONDS_PER_FRAME is '0'"),
        ("Frame 3", "Frame 1", r"a.asf:\d+: frame 1 is not later"),
        ("Frame 3", "Frame three", r"a.asf:\d+: 'Frame three', expected 'Frame' and its number"),
        ("Frame 2\n0", "Frame 2\n-1", r"a.asf:\d+: an impossible value, -1, in cell 1"),
        ("Frame 2\n0", "Frame 2\nx", r"a.asf:\d+: cell 1: expected a number, found 'x'"),
    ],
)
def test_faults_are_named_with_their_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = rewrite(write_tekscan(tmp_path / "a.asf", make_foot()), old, new)
    with pytest.raises(FormatError, match=message):
        read(path)


def test_no_frames(tmp_path: Path) -> None:
    path = write_tekscan(tmp_path / "a.asf", make_foot())
    path.write_text(path.read_text().split("Frame 1")[0])
    with pytest.raises(FormatError, match="no complete frame"):
        read(path)


def test_damaged_files_are_refused_or_read_correctly(tmp_path: Path) -> None:
    refused, taken = read_damaged(read, write_tekscan(tmp_path / "a.asf", make_foot()))
    assert refused > 30
    assert taken > 30


def test_it_is_detected_by_content(tmp_path: Path) -> None:
    head = write_tekscan(tmp_path / "a.asf", make_foot()).read_bytes()
    assert matches(tmp_path / "a.txt", head)
    assert matches(tmp_path / "a.txt", b"\xef\xbb\xbf" + head)
    assert not matches(tmp_path / "a.asf", b"")
    assert not matches(tmp_path / "a.asf", b"time,pressure\n")


@pytest.mark.parametrize(
    ("name", "key", "peak_n"),
    [("FrasP01L.asf", "fscan_L_kPa_31Hz", 924.4), ("FrasP01R.asf", "fscan_R_kPa_31Hz", 783.5)],
)
def test_a_real_pair_of_insoles(real_data: Path, name: str, key: str, peak_n: float) -> None:
    recording = read(real_data / "touch/fscan_pair" / name)
    arrays = np.load(real_data / "touch/permissive_real.npz", allow_pickle=False)[key]
    np.testing.assert_array_equal(recording.pressure, np.nan_to_num(arrays))
    np.testing.assert_array_equal(recording.valid, ~np.isnan(arrays).all(axis=0))
    assert recording.shape == (205, 60, 21)
    assert recording.rate_hz == pytest.approx(31.25)
    assert recording.side == ("left" if name.endswith("L.asf") else "right")
    assert recording.force_n().max() == pytest.approx(peak_n, abs=0.1)
    # The file's whole numbers are multiples of the quantum that its header implies.
    loaded = recording.pressure[recording.pressure > 0]
    assert recording.sensor.quantum_kpa is not None
    assert np.abs(loaded - np.rint(loaded / recording.sensor.quantum_kpa) * recording.sensor.quantum_kpa).max() <= 0.51
    assert recording.sensor.floor_kpa is not None
    assert loaded.min() >= recording.sensor.floor_kpa - 0.5


def test_a_real_raw_sensor(real_data: Path) -> None:
    recording = read(real_data / "touch/emed_footscan_xsensor_pedar/iscan_test.csv")
    assert recording.shape == (309, 28, 28)
    assert recording.rate_hz == pytest.approx(10)
    assert recording.pitch_mm == pytest.approx((1.27, 1.27))
    assert not recording.sensor.calibrated
    assert recording.valid.sum() == 484
    assert recording.pressure[0].sum() == 310
