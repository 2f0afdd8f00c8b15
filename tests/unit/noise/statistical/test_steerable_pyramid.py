"""The steerable pyramid: exact at any size, tight, and equal to its recursive definition."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from crossmodal.noise.statistical.steerable_pyramid import ORIENTATIONS, default_scales, steerable_pyramid
from crossmodal.randomness import generator
from tests.fakes.statistical_twin import rebuilt, recursive_pyramid

SIZES = [(128, 128), (64, 64), (100, 37), (31, 64), (255, 129), (17, 23), (3, 5), (2, 2), (1, 9), (9, 1), (1, 1)]


def image(*shape: int) -> NDArray[np.float64]:
    return generator(1, "tests/pyramid").uniform(0.0, 256.0, shape)


@pytest.mark.parametrize("size", SIZES)
def test_images_are_reconstructed_and_bands_have_their_energy(size: tuple[int, int]) -> None:
    images = image(2, 3, *size)
    pyramid = steerable_pyramid(images)
    np.testing.assert_allclose(pyramid.reconstruct().numpy(), images, atol=256e-6)
    energy = sum(float(band.double().square().sum()) for band in (pyramid.highpass, *pyramid.oriented, pyramid.lowpass))
    assert energy == pytest.approx(np.sum(images**2), rel=1e-5)


def test_filters_are_the_recursive_definition() -> None:
    whole = image(64, 64)
    pyramid = steerable_pyramid(whole, scales=3)
    ours = [pyramid.highpass, *(band for scale in pyramid.oriented for band in scale), pyramid.lowpass]
    for band, expected in zip(ours, recursive_pyramid(whole, 3), strict=True):
        np.testing.assert_allclose(band.numpy(), expected, atol=1e-3)
    np.testing.assert_allclose(rebuilt(recursive_pyramid(whole, 3)), whole)


def test_bands_halve_and_scales_follow_the_shorter_side() -> None:
    assert [default_scales(side, side) for side in (1, 16, 64, 128, 200, 256, 512)] == [1, 1, 2, 3, 3, 4, 5]
    assert default_scales(600, 128) == 3
    pyramid = steerable_pyramid(torch.zeros(7, 129, 200), scales=2)
    assert pyramid.highpass.shape == (7, 129, 200)
    assert [tuple(band.shape) for band in pyramid.oriented] == [(7, ORIENTATIONS, 129, 200), (7, ORIENTATIONS, 65, 100)]
    assert pyramid.lowpass.shape == (7, 33, 50)


def test_an_orientation_responds_to_waves_across_it() -> None:
    x = np.arange(64)
    energies = (
        steerable_pyramid(np.cos(2.0 * math.pi * 12 / 64 * x)[None].repeat(64, 0)).oriented[0].square().sum((1, 2))
    )
    assert energies.argmax() == 0
    assert energies[2] < 1e-6 * energies[0]  # the orthogonal one does not respond


def test_bands_have_no_mean_and_a_constant_image_has_none() -> None:
    flat = steerable_pyramid(torch.full((32, 32), 100.0))
    assert max(float(band.abs().max()) for band in (flat.highpass, *flat.oriented)) < 1e-3
    bands = steerable_pyramid(image(48, 32))
    assert max(float(band.mean((-2, -1)).abs().max()) for band in (bands.highpass, *bands.oriented)) < 1e-4


@pytest.mark.parametrize(("shape", "scales"), [((5,), None), ((8, 8), 0)])
def test_other_shapes_are_refused(shape: tuple[int, ...], scales: int | None) -> None:
    with pytest.raises(ValueError, match=r"\(\.\.\., height, width\)"):
        steerable_pyramid(torch.zeros(shape), scales)
