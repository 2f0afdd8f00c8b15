"""The statistics of pink noise and of its envelopes."""

import numpy as np
import pytest
import torch

from crossmodal.noise.untrained_generator.pink_noise import (
    lanczos_enlargement,
    pink_maps,
    smooth_envelopes,
    standardized,
    white_coefficients,
)
from crossmodal.randomness import normals


def draw(size, exponents, seed=0):
    exponents = torch.as_tensor(exponents, dtype=torch.float32)
    return pink_maps(normals(seed, "pink", range(len(exponents)), white_coefficients(size)), exponents, size)


@pytest.mark.parametrize("size", [(64, 64), (32, 96), (4, 5), (7, 4)])
def test_maps_have_zero_mean_and_unit_deviation(size):
    maps = draw(size, [0.5, 1.0, 1.5])
    assert maps.shape == (3, *size)
    assert maps.mean(dim=(1, 2)).abs().max() < 1e-5
    assert (maps.std(dim=(1, 2), correction=0) - 1).abs().max() < 1e-5


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.5])
def test_amplitude_falls_as_the_power_of_frequency(exponent):
    """The slope of log power over log frequency, fitted to one map.

    Logarithms of exponential numbers scatter by pi / sqrt(6), whence the slope's standard error; six of these are
    passed once in 5e8 times.
    """
    spectrum = torch.fft.fft2(draw((128, 128), [exponent])[0].double()).abs().numpy()
    frequency = np.fft.fftfreq(128)
    distance = np.hypot(frequency[:, None], frequency)
    # One of each pair of mirror images.
    kept = (distance > 0) & (distance < 0.5) & (np.arange(128) < 64)
    position = np.log(distance[kept])
    slope = np.polyfit(position, np.log(spectrum[kept] ** 2), 1)[0]
    error = np.pi / np.sqrt(6) / np.sqrt(((position - position.mean()) ** 2).sum())
    assert abs(slope + 2 * exponent) < 6 * error


def test_white_noise_is_as_strong_at_frequencies_that_are_their_own_mirror_image():
    """Mean power of 4,000 maps at each kind of frequency: within six standard errors of 1 (1 in 5e8)."""
    maps = draw((8, 8), [0.0] * 4000)
    power = torch.fft.rfft2(maps.double(), norm="ortho").abs().square().mean(dim=0)
    # The 64 degrees of freedom less the mean's share the variance 1.
    power = power * 63 / 64
    power[0, 0] = 1
    assert (power - 1).abs().max() < 6 * (2 / 4000) ** 0.5


def test_enlarging_keeps_constants_and_hits_the_coarse_values():
    matrix = lanczos_enlargement(4, 12)
    assert matrix.shape == (12, 4)
    assert (matrix.sum(dim=1) - 1).abs().max() < 1e-6
    # Thirds of a cell: the middle one of three lies on the coarse value.
    assert (matrix[1::3] - torch.eye(4)).abs().max() < 1e-6
    assert torch.allclose(lanczos_enlargement(5, 5), torch.eye(5), atol=1e-6)


def test_envelopes_enlarge_along_both_axes():
    values = torch.arange(12.0).reshape(1, 3, 4)
    envelope = smooth_envelopes(values, (9, 20))
    assert envelope.shape == (1, 9, 20)
    expected = lanczos_enlargement(3, 9) @ values[0] @ lanczos_enlargement(4, 20).T
    assert torch.allclose(envelope[0], expected)


def test_a_constant_map_is_standardised_to_zero():
    assert torch.equal(standardized(torch.full((1, 1), 3.0)), torch.zeros(1, 1))
