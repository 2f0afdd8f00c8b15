"""The filter bank: equally spaced on the ERB scale, half overlapping, and complete."""

import numpy as np
import pytest
import torch

from crossmodal.audio import erb_scale, erb_scale_to_hz, filter_bank, filter_cutoffs
from tests.unit.audio.full_rate_twin import erb_number, half_cosine_filters


def test_the_erb_scale_is_that_of_glasberg_and_moore():
    frequency_hz = torch.tensor([0.0, 20.0, 1000.0, 10_000.0], dtype=torch.float64)
    np.testing.assert_allclose(erb_scale(frequency_hz), erb_number(frequency_hz.numpy()), rtol=1e-12)
    np.testing.assert_allclose(erb_scale_to_hz(erb_scale(frequency_hz)), frequency_hz, rtol=1e-12)


def test_cutoffs_are_equally_spaced_from_20_hz_to_10_khz():
    cutoffs_hz = filter_cutoffs()
    assert len(cutoffs_hz) == 42
    np.testing.assert_allclose(cutoffs_hz[[0, -1]], [20, 10_000])
    np.testing.assert_allclose(np.diff(erb_number(cutoffs_hz), n=2), 0, atol=1e-9)


@pytest.mark.parametrize(("bands", "low_hz", "high_hz"), [(40, 20.0, 10_000.0), (1, 0.0, 500.0), (12, 100.0, 4000.0)])
def test_squared_gains_sum_to_one_up_to_the_highest_cutoff_and_nothing_passes_above(bands, low_hz, high_hz):
    frequency_hz = torch.linspace(0, 1.5 * high_hz, 20_001, dtype=torch.float64)
    power = filter_bank(frequency_hz, bands=bands, low_hz=low_hz, high_hz=high_hz).square().sum(dim=0)
    np.testing.assert_allclose(power[frequency_hz <= high_hz], 1, atol=1e-9)
    assert float(power[frequency_hz > high_hz].abs().max()) == 0


def test_gains_are_those_written_down_in_the_twin():
    frequency_hz = np.linspace(0, 10_000, 5001)
    np.testing.assert_allclose(
        filter_bank(torch.from_numpy(frequency_hz)), half_cosine_filters(frequency_hz), atol=1e-7
    )


@pytest.mark.parametrize(("bands", "low_hz", "high_hz"), [(0, 20.0, 100.0), (4, 100.0, 100.0), (4, -1.0, 100.0)])
def test_limits_that_make_no_filters_are_refused(bands, low_hz, high_hz):
    with pytest.raises(ValueError, match="must"):
        filter_cutoffs(bands, low_hz, high_hz)
