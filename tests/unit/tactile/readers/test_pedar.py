"""novel's .asc: a pair of pedar insoles, and pliance mats on their grid."""

from pathlib import Path

import numpy as np
import pytest

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.pedar import read
from crossmodal.tactile.recording import InsoleRecording, PressureRecording
from tests.fakes.pressure_other import FRAMES, cells, frames, write_pedar, write_pliance


def _insoles(path: Path) -> InsoleRecording:
    recording = read(path)
    assert isinstance(recording, InsoleRecording)
    return recording


def _mat(path: Path) -> PressureRecording:
    recording = read(path)
    assert isinstance(recording, PressureRecording)
    return recording


def test_left_insole_comes_first_then_the_right_one(tmp_path: Path) -> None:
    recording = _insoles(write_pedar(tmp_path))
    np.testing.assert_array_equal(recording.values, cells(198))
    assert recording.sides == ("left",) * 99 + ("right",) * 99
    assert recording.quantity == "pressure_kpa"
    assert recording.rate_hz == pytest.approx(100)
    assert recording.meta["scanning rate"] == 100
    assert "truncated" not in recording.meta


def test_unknown_positions_and_areas_are_noted(tmp_path: Path) -> None:
    recording = _insoles(write_pedar(tmp_path))
    assert np.isnan(recording.positions_mm).all()
    assert np.isnan(recording.areas_mm2).all()
    assert "not in the file" in recording.meta["notes"][0]


def test_newtons_per_square_centimetre_become_kilopascal(tmp_path: Path) -> None:
    np.testing.assert_allclose(_insoles(write_pedar(tmp_path, "N/cm2")).values, 10 * cells(198))


def test_an_unknown_unit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="'psi'; expected kPa"):
        read(write_pedar(tmp_path, "psi"))


def test_a_last_line_without_its_end_is_left_out(tmp_path: Path) -> None:
    path = write_pedar(tmp_path)
    path.write_bytes(path.read_bytes()[:-10])
    recording = _insoles(path)
    assert len(recording.values) == FRAMES - 1
    assert recording.meta["truncated"] is True


def test_a_recording_that_ends_before_the_total_time_is_truncated(tmp_path: Path) -> None:
    path = write_pedar(tmp_path)
    path.write_text("\n".join(path.read_text().split("\n")[:-4]) + "\n")
    assert _insoles(path).meta["truncated"] is True


@pytest.mark.parametrize("damage", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n")])
def test_byte_order_marks_and_windows_line_ends_do_not_matter(damage: object, tmp_path: Path) -> None:
    path = write_pedar(tmp_path)
    assert callable(damage)
    path.write_bytes(damage(path.read_text()).encode())
    np.testing.assert_array_equal(_insoles(path).values, cells(198))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("     0.05000", "     0.01000", "line 15: the clock runs backwards"),
        ("     0.05000\t", "     0.05000\t -5.000\t", "line 15: expected 199 numbers, found 200"),
        (" 70.000", "-70.000", "frame 4: a pressure of -70"),
        (" 70.000", "     xx", "line 15, column 2: expected a number, found 'xx'"),
    ],
)
def test_damage_is_refused_with_its_position(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = write_pedar(tmp_path)
    lines = path.read_text().split("\n")
    lines[14] = lines[14].replace(old, new, 1)
    path.write_text("\n".join(lines))
    with pytest.raises(FormatError, match=message):
        read(path)


def test_a_mat_is_arranged_by_the_centres_of_its_sensors(tmp_path: Path) -> None:
    recording = _mat(write_pliance(tmp_path))
    expected = frames(5, 4)
    # The last column has a sensor in every second row.
    expected[:, 1::2, 3] = 0
    np.testing.assert_array_equal(recording.pressure, expected)
    np.testing.assert_array_equal(recording.valid[:, 3], [True, False, True, False, True])
    assert recording.valid[:, :3].all()
    assert recording.pitch_mm == pytest.approx((10.28, 5.28))
    assert recording.origin_mm == pytest.approx((5.14, 2.64))
    assert recording.source == "pliance"


def test_a_mat_cut_before_its_geometry_keeps_its_cells_in_a_row(tmp_path: Path) -> None:
    path = write_pliance(tmp_path)
    path.write_text(path.read_text().split("sensor")[0])
    recording = _mat(path)
    assert recording.shape == (FRAMES, 1, 18)
    assert np.isnan(recording.pitch_mm).all()
    assert recording.meta["truncated"] is True


def test_sensors_beside_a_grid_stay_in_a_row(tmp_path: Path) -> None:
    path = write_pliance(tmp_path)
    path.write_text(path.read_text().replace("0.2640", "0.4000", 1))
    recording = _mat(path)
    assert recording.shape == (FRAMES, 1, 18)
    assert "regular grid" in recording.meta["notes"][0]


def test_the_real_pedar_file_is_fifteen_seconds_of_two_insoles(real_data: Path) -> None:
    recording = _insoles(real_data / "touch/emed_footscan_xsensor_pedar/pedar_example.asc")
    assert recording.values.shape == (1505, 198)
    assert recording.rate_hz == pytest.approx(100)
    assert recording.values.max() == 247.5
    assert "truncated" not in recording.meta


def test_the_real_pliance_file_has_the_forces_that_it_lists(real_data: Path) -> None:
    path = real_data / "touch/emed_footscan_xsensor_pedar/pliance_test.asc"
    recording = _mat(path)
    assert recording.shape == (281, 29, 28)
    lines = path.read_text().split("\n")
    start = next(index for index, line in enumerate(lines) if "force[N]" in line)
    listed = dict(line.split()[:2] for line in lines[start + 1 :] if len(line.split()) == 4)
    expected = [float(listed[f"{time:.5f}"]) for time in recording.times_s]
    np.testing.assert_allclose(recording.force_n(), expected, atol=0.01)
