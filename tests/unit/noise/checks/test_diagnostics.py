"""Statistics of images, each for images with a known value."""

import numpy as np
import pytest
import torch

from crossmodal.noise.checks.diagnostics import (
    RegionSizes,
    colour_histogram,
    distinct_fraction,
    region_sizes,
    spectral_slope,
    wavelet_kurtosis,
)

draws = np.random.default_rng(0)


def power_law_images(exponent, count=12, size=(128, 128), rounded=True):
    """Random phases under an amplitude spectrum frequency ** -exponent, stretched to the full range."""
    radius = np.hypot(np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1])[None])
    radius[0, 0] = np.inf
    fields = np.fft.irfft2(np.fft.rfft2(draws.standard_normal((count, 3, *size))) * radius**-exponent, s=size)
    low, high = fields.min(axis=(1, 2, 3), keepdims=True), fields.max(axis=(1, 2, 3), keepdims=True)
    return torch.from_numpy(np.rint(255 * (fields - low) / (high - low)).astype(np.uint8))


def grey(values):
    return torch.from_numpy(np.repeat(np.asarray(values, dtype=np.uint8)[:, None], 3, axis=1))


class TestSpectralSlope:
    @pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 2.0, 3.0])
    @pytest.mark.parametrize("size", [(128, 128), (96, 160)])
    def test_finds_the_exponent(self, exponent, size):
        """Within 0.1: a Hann window makes steep spectra a little steeper, see `spectral_slope`."""
        found = spectral_slope(power_law_images(exponent, size=size))
        assert abs(found.exponents.mean() - exponent) < 0.1

    def test_its_standard_error_is_right(self):
        """Slopes of 200 white images over their errors have a variance of 1: 0.6 to 1.6, false alarm 1e-4."""
        white = torch.from_numpy(draws.integers(0, 256, (200, 3, 64, 64)).astype(np.uint8))
        found = spectral_slope(white)
        assert 0.6 < np.var(found.exponents / found.standard_errors) < 1.6

    def test_rounding_to_grey_levels_does_not_flatten_it(self):
        """The rounding fills the upper half of a spectrum as steep as this; those rings are left out."""
        steep = power_law_images(3.5)
        assert abs(spectral_slope(steep).exponents.mean() - 3.5) < 0.25

    def test_flat_and_small_images_have_none(self):
        assert np.isnan(spectral_slope(torch.full((1, 3, 64, 64), 9, dtype=torch.uint8)).exponents).all()
        assert np.isnan(spectral_slope(power_law_images(1, 1, size=(20, 20))).exponents).all()
        assert spectral_slope(torch.empty(0, 3, 64, 64, dtype=torch.uint8)).exponents.shape == (0,)


class TestWaveletKurtosis:
    def test_of_gaussian_noise_is_three(self):
        """Every band within 5 standard errors of the mean of 100 images."""
        found = wavelet_kurtosis(grey(np.clip(np.rint(draws.normal(128, 30, (100, 64, 64))), 0, 255)))
        assert (np.abs(found.mean(axis=0) - 3) < 5 * found.std(axis=0) / 10).all()

    def test_of_sparse_points_is_large(self):
        points = np.zeros((1, 64, 64))
        points[0, 11, 20] = points[0, 40, 7] = 255
        assert wavelet_kurtosis(grey(points))[0, 0].min() > 100

    def test_bands_separate_directions(self):
        stripes = np.tile(draws.integers(0, 256, 64), (1, 64, 1))  # upright: grey levels change only across
        found = wavelet_kurtosis(grey(stripes))
        assert np.isfinite(found[0, :, 0]).all()
        assert np.isnan(found[0, :, 1:]).all()

    def test_against_haar_by_hand(self):
        image = draws.integers(0, 256, (8, 8)).astype(float)
        a, b, c, d = image[::2, ::2], image[::2, 1::2], image[1::2, ::2], image[1::2, 1::2]
        across = (a - b + c - d) / 2
        by_hand = ((across - across.mean()) ** 4).mean() / across.var() ** 2
        assert wavelet_kurtosis(grey(image[None]), scales=1)[0, 0, 0] == pytest.approx(by_hand)

    def test_odd_sides_and_bands_that_are_too_small(self):
        found = wavelet_kurtosis(grey(draws.integers(0, 256, (2, 17, 23))), scales=4)
        assert found.shape == (2, 4, 3)
        assert np.isfinite(found[:, :2]).all()
        assert np.isnan(found[:, 2:]).all()


class TestRegions:
    def test_of_an_image_drawn_by_hand(self):
        image = torch.tensor([[1, 1, 2, 2], [1, 3, 3, 2], [4, 3, 1, 2]], dtype=torch.uint8)
        found = region_sizes(torch.stack([image, image, image])[None])
        regions = sorted(zip(found.colours[:, 0].tolist(), found.areas.tolist(), strict=True))
        assert regions == [(1, 1), (1, 3), (2, 4), (3, 3), (4, 1)]
        assert found.pixels == 12

    def test_colours_differ_when_one_channel_does(self):
        images = torch.zeros(2, 3, 2, 2, dtype=torch.uint8)
        images[1, 2, 0, 0] = 1
        found = region_sizes(images)
        assert found.areas.tolist() == [4, 1, 3]
        assert found.images.tolist() == [0, 1, 1]

    def test_survival_counts_regions_at_least_as_large(self):
        areas = np.array([1, 2, 2, 10])
        found = RegionSizes(areas, np.zeros((4, 3), np.uint8), np.zeros(4, np.int64), 100)
        assert found.survival(np.array([1, 2, 3, 11])).tolist() == [1.0, 0.75, 0.25, 0.0]

    @pytest.mark.parametrize("exponent", [0.5, 1.0, 1.5])
    def test_exponent_of_a_power_law(self, exponent):
        """Areas of one seed, within 5 standard errors."""
        pixels = 10**8
        areas = (1e4 * draws.uniform(size=40_000) ** (-1 / exponent)).astype(np.int64)
        found = RegionSizes(areas, np.zeros((len(areas), 3), np.uint8), np.zeros(len(areas), np.int64), pixels)
        value, error = found.exponent(least=2e-3, most=0.2)
        assert abs(value - exponent) < 5 * error
        assert error < 0.1

    def test_few_regions_have_no_exponent(self):
        assert np.isnan(region_sizes(torch.zeros(1, 3, 8, 8, dtype=torch.uint8)).exponent()).all()


def test_colours_are_counted():
    images = torch.zeros(2, 3, 16, 16, dtype=torch.uint8)
    images[1] = torch.arange(256).reshape(16, 16)
    found = colour_histogram(images)
    assert found.distinct_colours.tolist() == [1, 256]
    assert found.frequencies[:, 0].tolist() == [257 / 512] * 3
    assert found.distance_to_uniform == pytest.approx([257 / 512 - 1 / 256] * 3)


def test_repeated_images_are_counted():
    images = torch.zeros(4, 3, 2, 2, dtype=torch.uint8)
    images[0], images[3] = 1, 2
    assert distinct_fraction(images) == 0.5


@pytest.mark.parametrize("figure", [spectral_slope, wavelet_kurtosis, region_sizes, colour_histogram])
def test_other_tensors_are_refused(figure):
    with pytest.raises(ValueError, match="need images uint8"):
        figure(torch.zeros(1, 3, 8, 8))
    with pytest.raises(ValueError, match="need images uint8"):
        figure(torch.zeros(3, 8, 8, dtype=torch.uint8))
