"""Limiting: nothing exceeds the peak, nothing is clipped, and what was within it stays as it was."""

import pytest
import torch

from crossmodal.audio import limit_peak, limit_peaks_locally

RATE_HZ = 44_100


def test_a_waveform_within_the_peak_is_returned_as_it_is():
    sound = torch.tensor([0.5, -1.0])
    assert limit_peak(sound) is sound
    assert limit_peaks_locally(sound, RATE_HZ) is sound
    assert len(limit_peak(torch.zeros(0))) == len(limit_peaks_locally(torch.zeros(0), RATE_HZ)) == 0


def test_limiting_a_whole_waveform_scales_it():
    torch.testing.assert_close(
        limit_peak(torch.tensor([[1.0, -4.0], [2.0, 0.0]])), torch.tensor([[0.25, -1], [0.5, 0]])
    )


@pytest.mark.parametrize("samples", [10, 1000, 44_101, 200_003])
@pytest.mark.parametrize("seed", [0, 1])
def test_limiting_locally_never_exceeds_nor_clips(samples, seed):
    draws = torch.Generator().manual_seed(seed)
    sound = torch.randn(samples, generator=draws) * (1 + 3 * torch.rand(1, generator=draws))
    limited = limit_peaks_locally(sound, RATE_HZ)
    assert limited.shape == sound.shape
    assert float(limited.abs().max()) <= 1
    # A clipper would leave many samples at exactly 1; the gain alone leaves only the highest of a neighbourhood there.
    assert int((limited.abs() == 1).sum()) <= 1 + samples // (0.02 * RATE_HZ)


def test_the_gain_is_smooth_and_acts_around_the_peak_alone():
    tone = 0.5 * torch.sin(2 * torch.pi * 997 * torch.arange(RATE_HZ) / RATE_HZ)
    burst = slice(20_000, 22_000)
    sound = tone.clone()
    sound[burst] *= 6
    limited = limit_peaks_locally(sound, RATE_HZ)
    reach = round(0.045 * RATE_HZ)
    assert torch.equal(limited[: 20_000 - reach], sound[: 20_000 - reach])
    assert torch.equal(limited[22_000 + reach :], sound[22_000 + reach :])
    assert float(limited[burst].abs().max()) == pytest.approx(1, abs=0.01)
    audible = sound.abs() > 0.05
    gain = limited[audible] / sound[audible]
    assert float(gain.diff().abs().max()) < 0.02


# Vector instructions treat the last samples of a row apart, so the exactness is held at many lengths and places.
@pytest.mark.parametrize("samples", [4_410, 8_191, 8_192, 8_193, 10_007, 10_016, 13_333])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_gain_is_exactly_one_out_of_reach_of_every_peak(samples, dtype):
    draws = torch.Generator().manual_seed(samples)
    quiet = torch.rand(samples, generator=draws, dtype=dtype) * 2 - 1
    reach = round(0.045 * RATE_HZ)
    for peak_at in [*range(17), *range(samples // 3, samples, samples // 7), samples - 1]:
        sound = quiet.clone()
        sound[peak_at] = 3.7
        limited = limit_peaks_locally(sound, RATE_HZ)
        away = (torch.arange(samples) - peak_at).abs() > reach
        assert torch.equal(limited[away], sound[away])
        assert float(limited.abs().max()) <= 1
        assert float(limited[peak_at]) == pytest.approx(1, abs=1e-6)
