"""MotionPRO and MIP: mats as .npz, distinguished by the arrays beside the pressure."""

from pathlib import Path

import numpy as np
import pytest

from crossmodal.errors import FormatError
from crossmodal.tactile.readers import motionpro, presstrack
from tests.fakes.pressure_other import FRAMES, frames, write_motionpro, write_presstrack


def test_motionpro_is_a_fraction_of_full_scale(tmp_path: Path) -> None:
    recording = motionpro.read(write_motionpro(tmp_path))
    np.testing.assert_allclose(recording.pressure, np.rint(frames(8, 5)) / 255, rtol=1e-6)
    assert recording.pressure.max() <= 1
    assert not recording.sensor.calibrated
    assert np.isnan(recording.pitch_mm).all()
    assert recording.meta["clock"] == "unknown"


def test_motionpro_of_other_numbers_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "pressure.npz", pressure=frames(8, 5))
    assert not motionpro.matches(tmp_path / "pressure.npz", b"PK")
    with pytest.raises(FormatError, match="expected uint8, found float32"):
        motionpro.read(tmp_path / "pressure.npz")


def test_presstrack_has_a_pitch_of_a_centimetre_and_names_its_annotations(tmp_path: Path) -> None:
    recording = presstrack.read(write_presstrack(tmp_path))
    np.testing.assert_array_equal(recording.pressure, frames(8, 5))
    assert recording.pitch_mm == (10.0, 10.0)
    assert recording.meta["annotations"] == ["box", "pose"]
    assert not recording.sensor.calibrated
    assert len(recording.times_s) == FRAMES


def test_each_reader_matches_only_its_format(tmp_path: Path) -> None:
    one, other = write_motionpro(tmp_path), write_presstrack(tmp_path)
    assert motionpro.matches(one, b"PK")
    assert not presstrack.matches(one, b"PK")
    assert presstrack.matches(other, b"PK")
    assert not motionpro.matches(other, b"PK")
