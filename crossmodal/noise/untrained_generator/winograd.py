"""3x3 convolutions on a CPU with a quarter of the multiplications.

The 6 x 6 inputs of each tile of 4 x 4 outputs, and the 3x3 kernels, are transformed to 36 numbers. The convolution of a
tile then is a product of numbers, and over all channels 36 matrix products.

torch's own `conv2d` (oneDNN, direct) takes 1.1 to 2.4 times the CPU time for layers of the published widths and 1.3
times for whole images, which would break the promise of 3 images of 256 px per CPU-second. It also changes 5 bytes of
100,000 by 1, while an image of a seed must stay the same. `benchmarks/convolutions.py` measures both.

References:
    Lavin & Gray, "Fast algorithms for convolutional neural networks", CVPR 2016, section 4.3: F(4x4, 3x3).
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.compiled import compiled

#: Sides of the maps must be multiples of this.
TILE = 4
_POINTS = 6
# Rows of tiles per step, few enough to stay in the processor's cache. They are the batch of 1x1 convolutions, for which
# torch uses the faster of its two algorithms from 16 on.
_ROWS_AT_A_TIME = 16
#: The least shorter side for which tiles are faster.
WORTHWHILE_SIDE = TILE * _ROWS_AT_A_TIME
_KERNEL_TRANSFORM = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)

Maps = NDArray[np.float32]


def tile_kernels(kernels: Tensor) -> Tensor:
    """Transform kernels (outputs, inputs, 3, 3) for `convolve_tiles`: (36, outputs, inputs)."""
    transform = torch.tensor(_KERNEL_TRANSFORM)
    return torch.einsum("ai,bj,ocij->aboc", transform, transform, kernels).flatten(0, 1).contiguous()


def convolve_tiles(maps: Tensor, kernels: Tensor) -> Tensor:
    """Correlate maps (n, rows, columns, inputs), padded with zeros: (n, rows, columns, outputs).

    Agrees with `torch.nn.functional.conv2d` to within 1e-4 of the largest output. The bits of an image do not depend on
    the others. Rows and columns must be multiples of 4; kernels are those of `tile_kernels`.
    """
    results = torch.empty(*maps.shape[:3], kernels.shape[1])
    for image, result in zip(maps, results, strict=True):
        _convolve_image(image, kernels, result)
    return results


def _convolve_image(maps: Tensor, kernels: Tensor, result: Tensor) -> None:
    rows, columns, inputs = maps.shape
    outputs = kernels.shape[1]
    across = columns // TILE
    bordered = F.pad(maps, (0, 0, 1, 1, 1, 1))
    before, after = np.empty((_POINTS**2, inputs), np.float32), np.empty((_POINTS**2, outputs), np.float32)
    for first in range(0, rows, TILE * _ROWS_AT_A_TIME):
        part = bordered[first : first + TILE * _ROWS_AT_A_TIME + 2]
        tiles = torch.empty(_POINTS**2, (len(part) - 2) // TILE, across, inputs)
        _take_tiles(_pixels(part), columns + 2, across, _pixels(tiles), before)
        products = torch.stack([_product(*pair) for pair in zip(tiles, kernels, strict=True)])
        _put_tiles(_pixels(products), after, _pixels(result[first:]), columns, across)


def _product(tiles: Tensor, kernel: Tensor) -> Tensor:
    """Multiply (down, across, inputs) and (outputs, inputs)."""
    # As a 1x1 convolution of the rows: torch's matrix product does not reach the full speed of some CPUs.
    return F.conv2d(tiles.permute(0, 2, 1)[:, :, None], kernel[..., None, None])[:, :, 0].permute(0, 2, 1)


def _pixels(maps: Tensor) -> Maps:
    pixels: Maps = maps.reshape(-1, maps.shape[-1]).numpy()
    return pixels


# Arrays of the loops below have the channels of one pixel in a row, so that rows are contiguous; a first row and a step
# define the rows that are used.


@compiled
def _take_tiles(maps: Maps, width: int, across: int, tiles: Maps, half: Maps) -> None:
    count = tiles.shape[0] // _POINTS**2
    for tile in range(count):
        corner = TILE * (tile // across) * width + TILE * (tile % across)
        for j in range(_POINTS):
            _to_points(maps, corner + j, width, half, j, _POINTS)
        for i in range(_POINTS):
            _to_points(half, i * _POINTS, 1, tiles, i * _POINTS * count + tile, count)


@compiled
def _put_tiles(tiles: Maps, half: Maps, maps: Maps, width: int, across: int) -> None:
    count = tiles.shape[0] // _POINTS**2
    for tile in range(count):
        corner = TILE * (tile // across) * width + TILE * (tile % across)
        for j in range(_POINTS):
            _from_points(tiles, j * count + tile, _POINTS * count, half, j, _POINTS)
        for i in range(TILE):
            _from_points(half, i * _POINTS, 1, maps, corner + i * width, 1)


@compiled
def _to_points(source: Maps, first: int, step: int, target: Maps, start: int, stride: int) -> None:
    """Transform the six inputs of four outputs, for each channel."""
    two, four, five = np.float32(2), np.float32(4), np.float32(5)
    d0, d1, d2 = source[first], source[first + step], source[first + 2 * step]
    d3, d4, d5 = source[first + 3 * step], source[first + 4 * step], source[first + 5 * step]
    t0, t1, t2 = target[start], target[start + stride], target[start + 2 * stride]
    t3, t4, t5 = target[start + 3 * stride], target[start + 4 * stride], target[start + 5 * stride]
    for c in range(len(d0)):
        near, near_odd = d4[c] - four * d2[c], d3[c] - four * d1[c]
        far, far_odd = d4[c] - d2[c], two * (d3[c] - d1[c])
        t0[c] = four * d0[c] - five * d2[c] + d4[c]
        t1[c] = near + near_odd
        t2[c] = near - near_odd
        t3[c] = far + far_odd
        t4[c] = far - far_odd
        t5[c] = four * d1[c] - five * d3[c] + d5[c]


@compiled
def _from_points(source: Maps, first: int, step: int, target: Maps, start: int, stride: int) -> None:
    """Transform back to four outputs, for each channel."""
    two, four, eight = np.float32(2), np.float32(4), np.float32(8)
    p0, p1, p2 = source[first], source[first + step], source[first + 2 * step]
    p3, p4, p5 = source[first + 3 * step], source[first + 4 * step], source[first + 5 * step]
    t0, t1 = target[start], target[start + stride]
    t2, t3 = target[start + 2 * stride], target[start + 3 * stride]
    for c in range(len(p0)):
        near, near_odd = p1[c] + p2[c], p1[c] - p2[c]
        far, far_odd = p3[c] + p4[c], p3[c] - p4[c]
        t0[c] = p0[c] + near + far
        t1[c] = near_odd + two * far_odd
        t2[c] = near + four * far
        t3[c] = near_odd + eight * far_odd + p5[c]
