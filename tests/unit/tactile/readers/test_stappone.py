"""Stappone insoles: raw numbers, corrupt frames left out, pairs matched."""

from pathlib import Path

import numpy as np
import pytest

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.stappone import read
from tests.fakes.pressure_other import FRAMES, cells, write_stappone


def test_twelve_raw_cells_at_sixteen_milliseconds(tmp_path: Path) -> None:
    recording = read(write_stappone(tmp_path))
    np.testing.assert_array_equal(recording.values, 4 * cells(12) + 1)
    assert recording.quantity == "raw"
    assert not recording.sensor.calibrated
    assert recording.rate_hz == pytest.approx(62.5)
    assert recording.times_s[0] == 0
    assert recording.meta["start_timestamp_s"] == pytest.approx(1768494979.568)


def test_unknown_properties_are_noted(tmp_path: Path) -> None:
    meta = read(write_stappone(tmp_path)).meta
    assert any("unit" in note for note in meta["notes"])
    assert any("which foot" in note for note in meta["notes"])
    assert meta["columns_left_out"] == ["accel_x", "gyro_x"]


def test_corrupt_frames_are_left_out_and_counted(tmp_path: Path) -> None:
    recording = read(write_stappone(tmp_path, corrupt=(3, 4)))
    assert len(recording.values) == FRAMES - 2
    assert recording.meta["corrupt_frames"] == 2
    # The times keep the gap of two frames.
    assert np.diff(recording.times_s).max() == pytest.approx(0.048)


def test_only_corrupt_frames_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="all 12 are flagged corrupt"):
        read(write_stappone(tmp_path, corrupt=tuple(range(FRAMES))))


def test_two_soles_are_a_pair(tmp_path: Path) -> None:
    recording = read(write_stappone(tmp_path, soles=(1, 2)))
    assert recording.sides == ("left",) * 12 + ("right",) * 12
    np.testing.assert_array_equal(recording.values[:, 12:], recording.values[:, :12] + 1)


def test_three_soles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="3 different sole_id"):
        read(write_stappone(tmp_path, soles=(1, 2, 3)))


def test_a_truncated_last_line_is_left_out(tmp_path: Path) -> None:
    path = write_stappone(tmp_path)
    path.write_bytes(path.read_bytes()[:-8])
    recording = read(path)
    assert len(recording.values) == FRAMES - 1
    assert recording.meta["truncated"] is True


def test_a_clock_that_runs_backwards_is_refused(tmp_path: Path) -> None:
    path = write_stappone(tmp_path)
    path.write_text(path.read_text().replace("1768494979600", "1768494979000"))
    with pytest.raises(FormatError, match="clock runs backwards"):
        read(path)


def test_the_real_file_is_73_seconds_of_one_insole(real_data: Path) -> None:
    recording = read(real_data / "touch/emed_footscan_xsensor_pedar/stappone_example.csv")
    assert recording.values.shape == (4575, 12)
    assert recording.rate_hz == pytest.approx(62.5, rel=1e-4)
    assert recording.meta["corrupt_frames"] == 0
