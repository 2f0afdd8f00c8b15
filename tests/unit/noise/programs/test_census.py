"""Programs meet the criteria of the census, and its measures are right."""

import numpy as np
import pytest

from crossmodal.noise.programs import Programs
from crossmodal.noise.programs.census import (
    LEAST_DISTANCE,
    describe_image,
    measure_image,
    nearest_distances,
    take_census,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def as_bytes(grey):
    return np.broadcast_to(np.clip(255 * grey, 0, 255).astype(np.uint8), (3, *grey.shape))


def test_a_random_sample_of_programs_meets_all_criteria():
    """300 of 21,000. A census of all found no failure, so with the same arithmetic there is no false alarm."""
    labels = np.random.default_rng(20).choice(21_000, 300, replace=False)
    census = take_census(Programs(), labels.tolist())
    assert census.failures.tolist() == []
    assert census.texts == 300
    assert census.structures >= 295


def test_programs_look_about_as_rough_as_photographs():
    """Photographs have a power spectrum of f^-2; the median of programs is close to it, with some on both sides."""
    census = take_census(Programs(), range(1000, 1150))
    assert 1.5 < np.median(census.slope) < 3.0
    assert (census.slope < 2.0).mean() > 0.15
    assert (census.slope > 2.0).mean() > 0.15


def test_white_noise_is_flat_and_uncorrelated(rng):
    deviation, _, correlation, flatness, slope = measure_image(as_bytes(rng.random((128, 128))))
    assert deviation == pytest.approx(12**-0.5, rel=0.02)
    assert abs(correlation) < 0.03
    assert flatness == pytest.approx(np.exp(-np.euler_gamma), abs=0.03)
    assert abs(slope) < 0.1


def test_the_slope_of_a_spectrum_is_found(rng):
    rate = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.rfftfreq(128))
    rate[0, 0] = np.inf
    noise = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(128, 128))) / rate)
    *_, slope = measure_image(as_bytes(0.5 + 0.12 * noise / noise.std()))
    assert slope == pytest.approx(2.0, abs=0.15)


def test_the_commonest_colour_is_measured():
    grey = np.full((128, 128), 0.5)
    grey[:8] = 0.9
    _, commonest, *_ = measure_image(as_bytes(grey))
    assert commonest == pytest.approx(1 - 8 / 128)
    assert measure_image(as_bytes(np.zeros((128, 128))))[0] == 0.0


def test_distances_measure_how_different_two_images_look(rng):
    one = as_bytes(np.kron(rng.random((16, 16)), np.ones((8, 8))))
    other = as_bytes(np.kron(rng.random((16, 16)), np.ones((8, 8))))
    nearly = one + (rng.random(one.shape) < 0.02).astype(np.uint8) * (one < 255)
    found = nearest_distances(np.array([describe_image(image) for image in (one, nearly, other)]))
    assert found[0] == pytest.approx(found[1])
    assert found[0] < LEAST_DISTANCE < 0.1 < found[2]


def test_brightness_is_a_distance():
    black, white = (describe_image(as_bytes(np.full((128, 128), level))) for level in (0.0, 1.0))
    assert nearest_distances(np.array([black, white]))[0] == pytest.approx(1.0)
