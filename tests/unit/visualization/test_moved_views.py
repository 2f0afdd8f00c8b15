"""Images as spectra, and views of them."""

import math

import pytest
import torch

from crossmodal.visualization.fourier_images import fourier_images, spectrum_shape
from crossmodal.visualization.moved_views import NUMBERS_A_VIEW, moved_views

STILL = torch.tensor([[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.0]])


@pytest.mark.parametrize("size", [(1, 1), (5, 8), (32, 17)])
def test_an_empty_spectrum_is_grey_and_others_are_images(size):
    shape = spectrum_shape(size)
    assert torch.equal(fourier_images(torch.zeros(1, *shape), size), torch.full((1, 3, *size), 0.5))
    images = fourier_images(torch.randn(4, *shape, generator=torch.Generator().manual_seed(0)), size)
    assert images.shape == (4, 3, *size)
    assert 0 < images.min() < images.max() < 1


def test_amplitude_falls_with_frequency_and_colours_are_weaker_than_brightness():
    def deviation(plane, column):
        spectrum = torch.zeros(1, *spectrum_shape((32, 32)))
        spectrum[0, plane, 0, column, 0] = 0.01
        return (fourier_images(spectrum, (32, 32)) - 0.5).square().mean().sqrt()

    assert deviation(0, 1) / deviation(0, 4) == pytest.approx(4, rel=1e-3)
    assert deviation(0, 2) > deviation(1, 2) > deviation(2, 2) > 0


def test_a_view_that_does_not_move_shows_the_image_inside_a_grey_border():
    image = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    view = moved_views(image, STILL, least_side=32)
    # A border of 12 on each side, less what the two shifts take.
    assert view.shape == (1, 3, 268, 268)
    assert torch.allclose(view[..., 6:-6, 6:-6], image, atol=1e-4)
    assert torch.allclose(view[..., :5, :], torch.tensor(0.5))


def place_of(view):
    """Centre of brightness beyond grey, (down, across) from the view's centre."""
    weight = (view[0, 0] - 0.5).clamp_min(0)
    rows, columns = weight.shape
    down = (weight.sum(dim=1) * (torch.arange(rows) - (rows - 1) / 2)).sum() / weight.sum()
    across = (weight.sum(dim=0) * (torch.arange(columns) - (columns - 1) / 2)).sum() / weight.sum()
    return float(down), float(across)


@pytest.mark.parametrize("shape", [(256, 256), (256, 384)])
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, (0, 50)),
        ({0: 1.0}, (0, 46)),  # the first shift, of up to 4 pixels either way, moves the view to the right
        ({3: 1.0}, (-2, 50)),  # the second, of up to 2, moves it down
        ({4: 1.0}, (0, 55)),
        ({4: 0.0}, (0, 45)),
        ({5: 1.0, 6: 0.9}, (-50 * math.sin(math.radians(10)), 50 * math.cos(math.radians(10)))),
        ({5: 1.0, 6: 0.1}, (0, 50)),  # no rotation with probability 0.2
    ],
)
def test_a_spot_is_shifted_scaled_and_turned(shape, changed, expected):
    """A bright square 50 pixels to the right of the centre."""
    image = torch.full((1, 3, *shape), 0.5)
    down, across = shape[0] // 2, shape[1] // 2 + 50
    image[..., down - 2 : down + 2, across - 2 : across + 2] = 1
    numbers = STILL.clone()
    for place, number in changed.items():
        numbers[0, place] = number
    assert place_of(moved_views(image, numbers, least_side=32)) == pytest.approx(expected, abs=0.3)


@pytest.mark.parametrize("size", [(1, 1), (4, 9), (20, 50)])
def test_small_images_are_enlarged_to_the_least_size(size):
    numbers = torch.rand(2, NUMBERS_A_VIEW, generator=torch.Generator().manual_seed(0))
    view = moved_views(torch.ones(2, 3, *size), numbers, least_side=32)
    assert min(view.shape[2:]) == 32
    assert view.amax() <= 1 + 1e-6
