"""Zebris footprints: maxima under one foot, and their position on the mat."""

from pathlib import Path

import numpy as np
import pytest

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.zebris import matches, read
from tests.fakes.damage import read_damaged
from tests.fakes.pressure_vendor_grids import make_foot, write_zebris

PRINT = make_foot(5, 8, 4, step=0.5, most=30).max(axis=0)


def test_a_footprint_comes_back_as_one_frame_at_its_position(tmp_path: Path) -> None:
    recording = read(write_zebris(tmp_path / "a.apd", PRINT, start=(233, 8)))
    np.testing.assert_allclose(recording.pressure, PRINT[None] * 10)
    assert recording.pitch_mm == (8.46591, 8.46591)
    assert recording.origin_mm == pytest.approx((233 * 8.46591, 8 * 8.46591))
    assert recording.valid.all()
    assert recording.side is None
    assert recording.times_s.tolist() == [0.0]
    assert recording.meta["mat_cells"] == [353, 64]
    assert recording.meta["maximum_over_time"] is True


def test_the_name_of_the_person_is_dropped(tmp_path: Path) -> None:
    assert "Doe" not in str(read(write_zebris(tmp_path / "a.apd", PRINT)).meta)


def test_an_unknown_unit_is_kept(tmp_path: Path) -> None:
    recording = read(write_zebris(tmp_path / "a.apd", PRINT, unit="counts"))
    np.testing.assert_allclose(recording.pressure[0], PRINT)
    assert not recording.sensor.calibrated
    assert recording.sensor.unit == "counts"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("SensCountX=8", "SensCountX=9", r"a.apd:\d+: 8 complete rows after \[Data\], expected 9"),
        ("SensCountX=8", "SensCountX=10000000000", "is not on the mat"),
        ("SensCountX=8", "SensCountX=0", "is not on the mat"),
        ("SensCountY=4", "SensCountY=5", r"a.apd:\d+: 4 cells in the row, expected 5"),
        ("MaxSensorsX=353", "", "MaxSensorsX and MaxSensorsY are missing"),
        ("StartSensX=233", "StartSensX=-1", "StartSensX and StartSensY are missing or not counts"),
        ("LDistX=8.46591", "LDistX=0", "expected the size of a cell"),
        ("UnitDistance=mm", "UnitDistance=ell", "expected the size of a cell"),
        ("[Data]", "[Dada]", r"no section \[Data\]"),
        ("25.0", "-2", r"a.apd:\d+: an impossible value, -2, in cell 2"),
    ],
)
def test_faults_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = write_zebris(tmp_path / "a.apd", PRINT)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(FormatError, match=message):
        read(path)


def test_damaged_files_are_refused_or_read_correctly(tmp_path: Path) -> None:
    refused, taken = read_damaged(read, write_zebris(tmp_path / "a.apd", PRINT))
    assert refused > 30
    assert taken > 10


def test_it_is_detected_by_content(tmp_path: Path) -> None:
    assert matches(tmp_path, write_zebris(tmp_path / "a.txt", PRINT).read_bytes())
    assert not matches(tmp_path, b"")


def test_a_real_walkway(real_data: Path) -> None:
    mat = np.zeros((353, 64))
    centres_mm = []
    for path in (real_data / "touch/zebris_walkway").glob("*.apd"):
        recording = read(path)
        row, column = np.rint(np.array(recording.origin_mm) / 8.46591).astype(int)
        _, rows, columns = recording.shape
        mat[row : row + rows, column : column + columns] += recording.pressure[0]
        along, across = np.indices((rows, columns))
        weights = recording.pressure[0]
        position = [(weights * grid).sum() / weights.sum() * 8.46591 for grid in (along, across)]
        centres_mm.append(np.array(position) + recording.origin_mm)
    expected = np.load(real_data / "touch/permissive_real.npz", allow_pickle=False)["zebris_walkway_maxkPa"]
    np.testing.assert_array_equal(mat, expected)
    assert mat.max() == 365
    steps = np.diff(sorted(centre[0] for centre in centres_mm))
    np.testing.assert_allclose(steps, [584, 633, 744, 628], atol=25)
