"""Tiled convolutions against torch's."""

import pytest
import torch
import torch.nn.functional as F

from crossmodal.noise.untrained_generator.winograd import convolve_tiles, tile_kernels


@pytest.fixture(scope="module")
def numbers():
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (8, 20), (68, 12), (132, 8)])
@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (3, 7), (40, 33)])
def test_tiles_give_what_a_plain_convolution_gives(numbers, rows, columns, inputs, outputs):
    maps = torch.randn(2, rows, columns, inputs, generator=numbers)
    kernels = torch.randn(outputs, inputs, 3, 3, generator=numbers)
    plain = F.conv2d(maps.permute(0, 3, 1, 2).double(), kernels.double(), padding=1).permute(0, 2, 3, 1)
    tiled = convolve_tiles(maps, tile_kernels(kernels))
    assert tiled.shape == (2, rows, columns, outputs)
    assert (tiled - plain).abs().max() < 1e-4 * plain.abs().max()


def test_an_images_bits_do_not_depend_on_the_others(numbers):
    maps = torch.randn(3, 16, 16, 8, generator=numbers)
    kernels = tile_kernels(torch.randn(8, 8, 3, 3, generator=numbers))
    assert torch.equal(convolve_tiles(maps, kernels)[2:], convolve_tiles(maps[2:], kernels))
