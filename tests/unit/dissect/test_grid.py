"""Positions of cells: equal parts of a generated image, centres of receptive fields in an input image."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from crossmodal import backbones
from crossmodal.dissect import centred_grid, find_layer, trace_grid, upsample


def interpolate_slowly(maps, size):
    """Bilinear interpolation at pixel centres, pixel by pixel."""
    rows, columns = maps.shape
    result = torch.zeros(size)
    for y in range(size[0]):
        for x in range(size[1]):
            v = min(max((y + 0.5) * rows / size[0] - 0.5, 0), rows - 1)
            u = min(max((x + 0.5) * columns / size[1] - 0.5, 0), columns - 1)
            top, left = int(v), int(u)
            below, right = min(top + 1, rows - 1), min(left + 1, columns - 1)
            upper = (1 - (u - left)) * maps[top, left] + (u - left) * maps[top, right]
            lower = (1 - (u - left)) * maps[below, left] + (u - left) * maps[below, right]
            result[y, x] = (1 - (v - top)) * upper + (v - top) * lower
    return result


@pytest.mark.parametrize(
    ("cells", "size"), [((4, 6), (12, 15)), ((1, 1), (3, 3)), ((5, 3), (5, 3)), ((7, 7), (64, 48))]
)
def test_equal_parts_are_bilinear_at_pixel_centres(cells, size):
    maps = torch.randn(2, 3, *cells, generator=torch.Generator().manual_seed(1))
    found = upsample(maps, size)
    torch.testing.assert_close(found[0, 0], interpolate_slowly(maps[0, 0], size), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(
        found, F.interpolate(maps, size, mode="bilinear", align_corners=False), atol=1e-5, rtol=1e-5
    )


def test_a_finer_image_keeps_the_positions():
    grid = centred_grid((4, 4), (16, 16))
    maps = torch.randn(1, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(upsample(maps, (32, 32), grid), upsample(maps, (32, 32)))


def centre_of_field(model, layer, size, row):
    """The middle of all input rows that a cell depends on, from gradients in a network of ones."""
    images = torch.zeros(1, 3, size, size, requires_grad=True)
    kept = []
    handle = layer.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    model(images)
    handle.remove()
    kept[0][0, :, row, kept[0].shape[3] // 2].sum().backward()
    rows = images.grad.abs().sum(dim=(0, 1, 3)).nonzero()[:, 0]
    return (rows.min() + rows.max()).item() / 2 + 0.5


class Averaging(nn.Module):
    """Convolutions and pools with and without padding, whose cells depend on their whole field."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 4, 5, stride=2), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.AvgPool2d(3, 2),
            nn.Conv2d(4, 4, 3, padding=1), nn.Identity(), nn.Conv2d(4, 4, (3, 3), stride=1, dilation=2),
        )  # fmt: skip
        for layer in self.body:
            if isinstance(layer, nn.Conv2d):
                nn.init.ones_(layer.weight)
                nn.init.ones_(layer.bias)

    def forward(self, images):
        return self.body(2 * images + 1)


@pytest.mark.parametrize("number", [0, 2, 3, 4, 6])
def test_traced_positions_are_centres_of_receptive_fields(number):
    model = Averaging().eval()
    layer = model.body[number]
    grid = trace_grid(model, layer, torch.zeros(1, 3, 64, 64))
    for row in (3, 5):
        assert grid.first[0] + row * grid.step[0] == centre_of_field(model, layer, 64, row)


def test_small_alexnet_pools_without_padding():
    model = backbones.create("small_alexnet", width=0.1).eval()
    grid = trace_grid(model, find_layer(model, "conv5"), torch.zeros(1, 3, 64, 64))
    # Three poolings of 3 by 2: centres of pixels 7, 15, ... 55, and the centre of pixel 7 is at 7.5.
    assert (grid.first, grid.step) == ((7.5, 7.5), (8.0, 8.0))


def test_residual_branches_agree():
    model = backbones.create("resnet18").eval()
    grid = trace_grid(model, find_layer(model, "layer2"), torch.zeros(1, 3, 64, 64))
    assert (grid.first, grid.step) == ((0.5, 0.5), (8.0, 8.0))


def test_paths_that_cannot_be_traced():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Upsample(scale_factor=2), nn.Conv2d(4, 4, 3))
    assert trace_grid(model, model[0], torch.zeros(1, 3, 16, 16)) is not None
    assert trace_grid(model, model[2], torch.zeros(1, 3, 16, 16)) is None
