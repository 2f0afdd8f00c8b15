"""Sub-bands at low rates: exact spacing in time, and a way back."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import next_fast_len
from scipy.signal import hilbert

from crossmodal.audio import subband
from crossmodal.audio.filterbank import filter_bank
from crossmodal.audio.subband import TimeGrid, exact_rate, lowest_bins, subbands_on_grid


@settings(max_examples=60, deadline=None)
@given(
    samples=st.integers(1, 2_000_000), rate_hz=st.sampled_from([8000, 11025, 16000, 22050, 22051, 44100, 48000, 96000])
)
def test_a_grid_is_whole_in_samples_and_in_steps_and_not_much_longer(samples, rate_hz):
    seconds = Fraction(samples, rate_hz)
    grid = TimeGrid.covering(seconds, rate_hz, 90)
    assert Fraction(grid.samples, rate_hz) == Fraction(grid.steps, 90) == grid.seconds
    assert Fraction(1, 4) <= grid.seconds - seconds <= 2.3 + seconds / 8


def test_broadcast_rates_are_exact():
    assert exact_rate(30000 / 1001) == Fraction(30000, 1001)
    grid = TimeGrid.covering(Fraction(10), 44_100, 3 * 30000 / 1001)
    assert grid.steps == grid.seconds * Fraction(90000, 1001)


@pytest.mark.parametrize("rate_hz", [0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_no_rate_is_refused(rate_hz):
    with pytest.raises(ValueError, match="positive"):
        exact_rate(rate_hz)


def test_rates_that_never_meet_are_refused_with_a_remedy():
    with pytest.raises(ValueError, match="resample first"):
        TimeGrid.covering(Fraction(1), 44_100 + 1 / 997, 90 + 1 / 991)


@pytest.fixture
def noise_and_bands():
    grid = TimeGrid.covering(Fraction(1), 20_000, 90)
    noise = torch.from_numpy(np.random.default_rng(0).standard_normal(grid.samples))
    bands = subbands_on_grid(
        grid, bands=40, low_hz=20.0, high_hz=10_000.0, device=torch.device("cpu"), dtype=torch.float64
    )
    return noise, list(bands)


def test_the_magnitude_is_the_hilbert_envelope_at_a_lower_rate(noise_and_bands):
    noise, bands = noise_and_bands
    spectrum = torch.fft.rfft(noise)
    gains = filter_bank(torch.fft.rfftfreq(len(noise), 1 / 20_000, dtype=torch.float64))
    for band in (bands[0], bands[3], bands[20], bands[40]):
        envelope = np.abs(hilbert(torch.fft.irfft(spectrum * gains[band.channel], n=len(noise)).numpy()))
        low_rate = band.analytic(spectrum).abs()
        # All times on both grids.
        shared = np.gcd(len(noise), band.length)
        np.testing.assert_allclose(
            low_rate[:: band.length // shared], envelope[:: len(noise) // shared], atol=1e-9 * envelope.max()
        )


@pytest.mark.parametrize("length", [2, 3, 8, 10, 15, 90, 1000])
def test_the_lowest_bins_are_those_of_the_real_transform(length):
    signal = torch.from_numpy(np.random.default_rng(0).standard_normal((3, length)))
    every = torch.fft.rfft(signal)
    for count in {1, 2, length // 4 + 1, length // 2, length // 2 + 1}:
        torch.testing.assert_close(lowest_bins(signal, count), every[:, :count])


def test_sum_of_all_subbands_is_the_signal(noise_and_bands):
    noise, bands = noise_and_bands
    spectrum = torch.fft.rfft(noise)
    rebuilt = torch.zeros_like(spectrum)
    for band in bands:
        band.add_to_spectrum(band.analytic(spectrum), rebuilt)
    torch.testing.assert_close(rebuilt[:-1], spectrum[:-1], rtol=1e-9, atol=1e-9)


def test_fast_lengths_are_those_of_scipy():
    lengths = [*range(1, 3000), *range(2**17 - 300, 2**17 + 300), 999_999]
    assert [subband._next_fast_length(length) for length in lengths] == [next_fast_len(length) for length in lengths]
