"""emed movies: pages with the loaded window of a plate."""

from pathlib import Path

import numpy as np
import pytest

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.emed import matches, read
from tests.fakes.damage import read_damaged
from tests.fakes.pressure_vendor_grids import make_foot, write_emed


def test_a_movie_comes_back_at_its_position_on_the_plate(tmp_path: Path) -> None:
    recording = read(write_emed(tmp_path / "a.lst", make_foot(), first=(30, 26)))
    np.testing.assert_array_equal(recording.pressure, make_foot())
    np.testing.assert_allclose(recording.times_s, 0.01 * np.arange(5))
    assert recording.pitch_mm == (5.0, 5.0)
    assert recording.origin_mm == (29 * 5.0, 25 * 5.0)
    assert recording.valid.all()
    assert recording.side is None
    assert recording.source == "emed"
    assert recording.meta["Matrix"] == "64x95"


def test_different_windows_of_pages_are_combined(tmp_path: Path) -> None:
    movie = make_foot(3, 8, 4)
    windows = [(slice(4, 8), slice(0, 4)), (slice(2, 7), slice(1, 3)), (slice(1, 4), slice(1, 4))]
    expected = np.zeros_like(movie)
    for shown, frame, window in zip(expected, movie, windows, strict=True):
        shown[window] = frame[window]
    recording = read(write_emed(tmp_path / "a.lst", movie, first=(11, 21), windows=windows))
    np.testing.assert_array_equal(recording.pressure, expected[:, 1:8])
    assert recording.origin_mm == (11 * 5.0, 20 * 5.0)


def test_the_page_of_the_maxima_is_not_a_frame(tmp_path: Path) -> None:
    assert read(write_emed(tmp_path / "a.lst", make_foot(), maximum=True)).shape == (5, 8, 4)


def test_pages_without_forces(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read(write_emed(tmp_path / "a.lst", make_foot(), forces=False)).pressure, make_foot())


def test_the_unit_is_derived_from_the_forces(tmp_path: Path) -> None:
    recording = read(write_emed(tmp_path / "a.lst", make_foot(), newtons=1.0))
    np.testing.assert_array_equal(recording.pressure, make_foot() * 10)


def test_forces_of_no_known_unit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"forces of 0\.5 N per unit of pressure"):
        read(write_emed(tmp_path / "a.lst", make_foot(), newtons=0.5))


def test_an_empty_plate_is_read(tmp_path: Path) -> None:
    recording = read(write_emed(tmp_path / "a.lst", np.zeros((2, 3, 4))))
    assert recording.shape == (2, 3, 4)
    assert recording.sensor.quantum_kpa is None


def test_quantum_and_floor_are_set_if_the_values_agree(tmp_path: Path) -> None:
    sensor = read(write_emed(tmp_path / "a.lst", make_foot(step=5.0))).sensor
    assert (sensor.quantum_kpa, sensor.floor_kpa) == (5.0, 10.0)
    sensor = read(write_emed(tmp_path / "b.lst", make_foot(step=2.5))).sensor
    assert (sensor.quantum_kpa, sensor.floor_kpa) == (None, None)


def test_a_cell_with_only_its_area_is_square(tmp_path: Path) -> None:
    path = write_emed(tmp_path / "a.lst", make_foot())
    path.write_bytes(path.read_bytes().replace(b"Sensor size", b"Sensor"))
    assert read(path).pitch_mm == (5.0, 5.0)


def test_a_truncated_file_gives_its_complete_frames(tmp_path: Path) -> None:
    path = write_emed(tmp_path / "a.lst", make_foot())
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"Force\t") - 20])
    recording = read(path)
    assert recording.shape == (4, 8, 4)
    assert recording.meta["truncated"] is True


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Matrix:", "Size:", "no 'Matrix: 64x95' in the header"),
        ("Time/picture:10.0 ms", "Time/picture:0 ms", "no frame period"),
        ("Sensor area: 0.25 cm²\t", "", None),
        ("Pict-No.: 4", "Pict-No.: 3", "has a row twice"),
        ("Pict-No.: 5", "Pict-No.: 0", r"a.lst:\d+: Pict-No. 0 is after a larger one"),
        ("\n30\t", "\n3000\t", r"a.lst:\d+: a row outside a plate of 95 rows"),
        ("\n30\t", "\n31\t", "has a row twice"),
        ("\t26\t27", "\t26\t26", r"a.lst:\d+: column numbers that repeat"),
        ("\t26\t", "\t999999\t", r"a.lst:\d+: column numbers that repeat or are outside"),
        ("\t10.00\t", "\t-10.00\t", r"a.lst:\d+: an impossible value, -10, in cell"),
        ("\t10.00\t", "\tten\t", r"a.lst:\d+: cell \d+: expected a number, found 'ten'"),
        ("\t10.00\t", "\t\t", r"a.lst:\d+: an empty cell"),
        ("\n33\t", "\nthree\t", r"a.lst:\d+: .*expected a row of cells"),
        ("\t10.00\t", "\t", r"a.lst:\d+: 5 cells in the row, expected 6"),
    ],
)
def test_faults_are_named_with_their_line(tmp_path: Path, old: str, new: str, message: str | None) -> None:
    path = write_emed(tmp_path / "a.lst", make_foot())
    text = path.read_text(encoding="latin-1")
    assert old in text
    path.write_text(text.replace(old, new, -1 if old == "Matrix:" else 1), encoding="latin-1")
    if message is None:
        read(path)
    else:
        with pytest.raises(FormatError, match=message):
            read(path)


def test_windows_that_would_fill_the_memory_are_refused(tmp_path: Path) -> None:
    windows = [(slice(0, 1), slice(0, 1)), (slice(9000, 9001), slice(9000, 9001))]
    movie = np.broadcast_to(np.float64(10), (2, 9001, 9001))
    path = write_emed(tmp_path / "a.lst", movie, first=(1, 1), plate=(9999, 9999), windows=windows)
    with pytest.raises(FormatError, match="far more than the numbers in the file"):
        read(path)


def test_damaged_files_are_refused_or_read_correctly(tmp_path: Path) -> None:
    refused, taken = read_damaged(read, write_emed(tmp_path / "a.lst", make_foot()))
    assert refused > 30
    assert taken > 30


def test_it_is_detected_by_content(tmp_path: Path) -> None:
    assert matches(tmp_path, write_emed(tmp_path / "a.txt", make_foot()).read_bytes())
    assert not matches(tmp_path, b"")


def test_a_real_stance(real_data: Path) -> None:
    recording = read(real_data / "touch/emed_footscan_xsensor_pedar/emed_test.lst")
    arrays = np.load(real_data / "touch/permissive_real.npz", allow_pickle=False)
    np.testing.assert_array_equal(recording.pressure, arrays["emed_kPa_100Hz"])
    assert recording.shape == (106, 54, 22)
    assert recording.rate_hz == pytest.approx(100)
    assert recording.pressure.max() == 370
    assert recording.force_n().max() == pytest.approx(819, abs=1)
    assert (recording.sensor.quantum_kpa, recording.sensor.floor_kpa) == (5.0, 10.0)
