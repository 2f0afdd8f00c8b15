"""XSENSOR exports: two insoles in every frame."""

from pathlib import Path

import numpy as np
import pytest

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.xsensor import matches, read
from tests.fakes.damage import read_damaged
from tests.fakes.pressure_vendor_grids import make_foot, write_xsensor

LEFT = make_foot(5, 6, 4, most=2000)
RIGHT = LEFT[::-1, :, ::-1] * 0.5


@pytest.mark.parametrize("padded", [True, False])
def test_both_feet_come_back_and_regions_are_left_out(tmp_path: Path, padded: bool) -> None:
    recording = read(write_xsensor(tmp_path / "a.csv", LEFT, RIGHT, padded=padded))
    expected = np.concatenate([LEFT.reshape(5, -1), RIGHT.reshape(5, -1)], axis=1) * 0.1333224
    np.testing.assert_allclose(recording.values, expected, rtol=1e-5)
    assert recording.quantity == "pressure_kpa"
    assert recording.sides == ("left",) * 24 + ("right",) * 24
    assert recording.areas_mm2.tolist() == pytest.approx([73.96] * 48)
    assert recording.valid.all()
    assert recording.sensor.floor_kpa == pytest.approx(51.72 * 0.1333224)
    assert recording.meta["grids"] == {"left": [6, 4], "right": [6, 4]}
    assert recording.source == "xsensor"
    assert recording.force_n("left")[0] == pytest.approx(LEFT[0].sum() * 0.1333224 * 0.07396, rel=1e-5)


def test_positions_are_from_the_heel_and_the_medial_border(tmp_path: Path) -> None:
    recording = read(write_xsensor(tmp_path / "a.csv", LEFT, RIGHT))
    left, right = recording.positions_mm[:24].reshape(6, 4, 2), recording.positions_mm[24:].reshape(6, 4, 2)
    np.testing.assert_allclose(left[5, 3], [4.3, 4.3])
    np.testing.assert_allclose(right[5, 0], [4.3, 4.3])
    np.testing.assert_allclose(left[0, 0], [5.5 * 8.6, 3.5 * 8.6])
    np.testing.assert_allclose(left, right[:, ::-1])


def test_one_insole_is_enough(tmp_path: Path) -> None:
    assert set(read(write_xsensor(tmp_path / "a.csv", None, RIGHT)).sides) == {"right"}


def test_a_constant_rate_is_used_if_it_agrees_with_the_rounded_times(tmp_path: Path) -> None:
    recording = read(write_xsensor(tmp_path / "a.csv", np.repeat(LEFT, 10, axis=0), None))
    assert recording.rate_hz == pytest.approx(75, rel=0.002)
    np.testing.assert_allclose(np.diff(recording.times_s), 1 / recording.rate_hz)


def test_an_irregular_clock_is_kept(tmp_path: Path) -> None:
    clock_s = np.array([0, 0.013, 0.5, 0.513, 0.526])
    np.testing.assert_allclose(
        read(write_xsensor(tmp_path / "a.csv", LEFT, None, clock_s=100 + clock_s)).times_s, clock_s
    )


def test_times_continue_over_midnight(tmp_path: Path) -> None:
    recording = read(write_xsensor(tmp_path / "a.csv", LEFT, None, clock_s=[86399.98, 86399.99, 0.0, 0.01, 0.02]))
    np.testing.assert_allclose(recording.times_s, [0, 0.01, 0.02, 0.03, 0.04], atol=1e-9)


def test_raw_values_are_marked_as_raw(tmp_path: Path) -> None:
    recording = read(write_xsensor(tmp_path / "a.csv", LEFT, RIGHT, units="raw"))
    assert recording.quantity == "raw"
    assert not recording.sensor.calibrated
    np.testing.assert_allclose(recording.values[:, :24], LEFT.reshape(5, -1))


def test_cells_that_are_always_empty_are_invalid(tmp_path: Path) -> None:
    sensed = np.ones((6, 4), dtype=bool)
    sensed[0, 0] = sensed[5, 2:] = False
    path = write_xsensor(tmp_path / "a.csv", np.where(sensed, LEFT, 12345), None, groups=False)
    path.write_text(path.read_text(encoding="utf-8").replace("12345", ""), encoding="utf-8")
    recording = read(path)
    np.testing.assert_array_equal(recording.valid, sensed.ravel())
    np.testing.assert_allclose(recording.values, (LEFT * sensed).reshape(5, -1) * 0.1333224, rtol=1e-5)


def test_a_truncated_file_gives_its_complete_frames(tmp_path: Path) -> None:
    path = write_xsensor(tmp_path / "a.csv", LEFT, RIGHT)
    data = path.read_bytes()
    last = data.index(b"FRAME,1468")
    for cut in (last + 3, data.index(b"SENSELS", last) + 50, data.rindex(b"SENSOR,") + 20):
        path.write_bytes(data[:cut])
        recording = read(path)
        assert len(recording.values) == 4
        assert recording.meta["truncated"] is True


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Rows,6", "Rows,100000000000", "no complete frame|other insoles|expected"),
        ("Rows,6", "Rows,many", r"a.csv:\d+: an insole without Rows, Columns"),
        ("Columns,4", "Columns,3", r"a.csv:\d+: a row of more than 3 cells"),
        ("Columns,4", "Columns,100000000000", r"a.csv:\d+: "),
        ("Sensel Width (cm),0.86", "Sensel Width (cm),0", r"a.csv:\d+: an insole without"),
        ("M11-DFM-LF", "PX100", r"a.csv:\d+: .*expected the name of an insole with LF or RF"),
        ("M11-DFM-LF", "M11-DFM-RF", r"a.csv:\d+: two insoles of the same foot"),
        ("FRAME,1466", "FRAME,next", r"a.csv:\d+: 'next', expected the number of a frame"),
        ("Time, 08:21:18.009", "Time, noon", r"a.csv:\d+: ' noon', expected a time"),
        ("Time, 08:21:18.009", "Time, 08:20:18.009", r"a.csv:\d+: a frame earlier than"),
        ("Time, 08:21:18.009", "Tome", r"a.csv:\d+: a frame without a Time"),
        ("FRAME", "FROME", "no complete frame"),
        ("\n0,", "\n-3,", r"a.csv:\d+: an impossible value, -3, in cell 1"),
        ("\n0,", "\nx,", r"a.csv:\d+: cell 1: expected a number, found 'x'"),
    ],
)
def test_faults_are_named_with_their_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = write_xsensor(tmp_path / "a.csv", LEFT, RIGHT)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, -1 if old in {"FRAME", "Columns,4"} else 1), encoding="utf-8")
    with pytest.raises(FormatError, match=message):
        read(path)


def test_damaged_files_are_refused_or_read_correctly(tmp_path: Path) -> None:
    refused, taken = read_damaged(read, write_xsensor(tmp_path / "a.csv", LEFT, RIGHT))
    assert refused > 30
    assert taken > 30


def test_it_is_detected_by_content(tmp_path: Path) -> None:
    assert matches(tmp_path, write_xsensor(tmp_path / "a.txt", LEFT, RIGHT).read_bytes())
    assert not matches(tmp_path, b"")


def test_a_real_pair_of_insoles(real_data: Path) -> None:
    recording = read(real_data / "touch/emed_footscan_xsensor_pedar/xsensor_data.csv")
    arrays = np.load(real_data / "touch/permissive_real.npz", allow_pickle=False)["xsensor_LR_kPa_75Hz"]
    np.testing.assert_allclose(recording.values.reshape(101, 2, 31, 11).swapaxes(0, 1), arrays, rtol=1e-5)
    assert recording.rate_hz == pytest.approx(75, abs=0.5)
    assert recording.values.max() == pytest.approx(394, abs=0.5)
    # The big toe presses on the medial side of both feet.
    for side in ("left", "right"):
        cells = recording.cells_of(side) & (recording.positions_mm[:, 0] > 210)
        peaks = recording.values[:, cells].max(axis=0)
        assert recording.positions_mm[cells][peaks.argmax(), 1] < 30
