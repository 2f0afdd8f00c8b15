"""Saved files: recordings are read back exactly from .npz and Parquet."""

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from crossmodal.errors import FormatError, OutputError
from crossmodal.tactile.reading import read
from crossmodal.tactile.recording import InsoleRecording, PressureRecording, Recording
from crossmodal.tactile.saving import save
from tests.fakes.pressure_other import insole_recording, pressure_recording, write_stepup

SUFFIXES = (".npz", ".parquet")


def _assert_equal(found: Recording, expected: Recording) -> None:
    assert type(found) is type(expected)
    for name in ("sensor", "source", "meta"):
        assert getattr(found, name) == getattr(expected, name)
    np.testing.assert_array_equal(found.times_s, expected.times_s)
    np.testing.assert_array_equal(found.valid, expected.valid)
    if isinstance(expected, PressureRecording):
        assert isinstance(found, PressureRecording)
        np.testing.assert_array_equal(found.pressure, expected.pressure)
        np.testing.assert_array_equal(found.pitch_mm, expected.pitch_mm)
        assert (found.side, found.origin_mm) == (expected.side, expected.origin_mm)
    else:
        assert isinstance(found, InsoleRecording)
        np.testing.assert_array_equal(found.values, expected.values)
        np.testing.assert_array_equal(found.positions_mm, expected.positions_mm)
        np.testing.assert_array_equal(found.areas_mm2, expected.areas_mm2)
        assert (found.sides, found.quantity) == (expected.sides, expected.quantity)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("recording", [pressure_recording(), insole_recording()], ids=["pressure", "insole"])
def test_a_recording_comes_back_exactly(recording: Recording, suffix: str, tmp_path: Path) -> None:
    save(recording, tmp_path / f"walk{suffix}")
    _assert_equal(read(tmp_path / f"walk{suffix}"), recording)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frames_in_a_file_are_saved_block_by_block(suffix: str, tmp_path: Path) -> None:
    trial = read(write_stepup(tmp_path, count=600))
    save(trial, tmp_path / f"walk{suffix}")
    _assert_equal(read(tmp_path / f"walk{suffix}"), trial)


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"must be \.npz or \.parquet, found '\.csv'"):
        save(pressure_recording(), tmp_path / "walk.csv")


def test_meta_that_is_not_json_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    recording = insole_recording()
    broken = InsoleRecording(**{**recording.__dict__, "meta": {"array": np.zeros(2)}})
    with pytest.raises(ValueError, match="cannot be written as JSON"):
        save(broken, tmp_path / "walk.npz")
    assert not list(tmp_path.iterdir())


def test_a_save_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    trial = write_stepup(tmp_path)
    recording = read(trial)
    save(pressure_recording(), tmp_path / "walk.npz")
    trial.write_bytes(trial.read_bytes()[:-30])
    with pytest.raises(FormatError):
        save(recording, tmp_path / "walk.npz")
    _assert_equal(read(tmp_path / "walk.npz"), pressure_recording())


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(pressure_recording(), tmp_path / "walk.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(FormatError, match=r'pip install "crossmodal\[parquet\]"'):
        read(tmp_path / "walk.parquet")
    with pytest.raises(OutputError, match=r'pip install "crossmodal\[parquet\]"'):
        save(pressure_recording(), tmp_path / "other.parquet")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("version", 2, "written as version 2"),
        ("kind", "glove", "kind 'glove'"),
        ("side", "middle", "damaged"),
        ("shape", [12, 600000, 400000], r"values: expected \(12, 600000, 400000\), found"),
        ("shape", [12, 4], "damaged"),
        ("sensor", {"quantum_kpa": "much"}, "damaged"),
        ("pitch_mm", [1.0], "damaged"),
        ("meta", [], "damaged"),
    ],
)
def test_a_changed_description_is_refused(key: str, value: object, message: str, tmp_path: Path) -> None:
    path = tmp_path / "walk.npz"
    save(pressure_recording(), path)
    with np.load(path) as file:
        arrays = dict(file)
    description = json.loads(arrays["recording"].tobytes())
    arrays["recording"] = np.frombuffer(json.dumps(description | {key: value}).encode(), np.uint8)
    np.savez(path, **arrays)
    with pytest.raises(FormatError, match=message):
        read(path)


def test_objects_in_an_npz_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "walk.npz"
    with zipfile.ZipFile(path, "w") as archive, archive.open("recording.npy", "w") as stream:
        np.lib.format.write_array(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(FormatError, match="expected an array of plain numbers"):
        read(path)
