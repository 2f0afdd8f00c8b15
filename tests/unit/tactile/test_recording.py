"""Pressure recordings: values, their unit, and pressures in kPa."""

from dataclasses import replace

import numpy as np
import pytest

from crossmodal.errors import FormatError
from crossmodal.tactile.recording import ArrayFrames, PressureRecording, Sensor


@pytest.fixture
def recording() -> PressureRecording:
    frames = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    return PressureRecording(
        frames=ArrayFrames(frames), times_s=np.array([0.0, 0.01]), pitch_mm=(5.0, 5.0), valid=np.ones((2, 3), bool)
    )


def test_a_calibrated_recording_has_pressures_in_kpa(recording: PressureRecording) -> None:
    assert recording.unit == "kPa"
    np.testing.assert_array_equal(recording.pressure_kpa(), recording.pressure)
    assert recording.pressure.shape == (2, 2, 3)


def test_a_recording_that_is_not_calibrated_has_values_in_its_unit_alone(recording: PressureRecording) -> None:
    raw = replace(recording, sensor=Sensor(calibrated=False, unit="raw"))
    assert raw.unit == "raw"
    np.testing.assert_array_equal(raw.pressure, recording.pressure)
    with pytest.raises(FormatError, match=r"not calibrated \(its unit: raw\).*use \.pressure"):
        raw.pressure_kpa()
