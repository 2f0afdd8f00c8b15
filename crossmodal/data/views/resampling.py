"""Cropping, resizing and blurring as two matrix products of whole numbers, the same on every device.

An image is looked at through a matrix for its rows and one for its columns. Pixels are whole levels of 0 to 255 and
weights whole multiples of 2**-15, so every product and every partial sum is exact in float32: no result depends on the
order of a sum, and with it on the batch, the number of threads or the device. Between the two products levels are
rounded, as Pillow does. (Reduced precision of matrix products, which torch lets one ask for, may move a level by one.)
"""

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.data.views.transfer import to_device

#: The ways to weigh neighbouring pixels.
INTERPOLATIONS = ("bilinear", "bicubic")

# Weights are whole multiples of 1 / _WEIGHT. Levels take 8 bits and 15 more are behind the point, which leaves one of
# float32's 24 for the overshoot of bicubic sums.
_WEIGHT = 2.0**15
# The weights before they are made to sum to 1.
_FINENESS = 2.0**14


def look_through(levels: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Resample whole levels (n, channels, height, width), float32, to whole levels (n, channels, size, size).

    Args:
        levels: whole numbers of 0 to 255.
        rows: weights (n, size, height).
        columns: weights (n, size, width).
    """
    count, channels, height, _ = levels.shape
    across = torch.bmm(levels.reshape(count, channels * height, -1), columns.mT).reshape(count, channels, height, -1)
    return _rounded(rows[:, None] @ _rounded(across))


def crop_weights(first: Tensor, length: Tensor, source: int, size: int, interpolation: str) -> Tensor:
    """Weigh the ``source`` pixels of a side for each of ``size`` pixels of a crop: float32 (n, size, source).

    A shrunk crop is antialiased: the interpolating function is as wide as the pixels that it makes. Pixels outside the
    crop have no weight.

    Args:
        first: float32 (n,), first pixel of the crop.
        length: float32 (n,), pixels of the crop.
        source: pixels of the side.
        size: pixels to make.
        interpolation: one of `INTERPOLATIONS`.
    """
    first, length = first[:, None], length[:, None]
    pixels = torch.arange(source, device=first.device)
    step = length / size
    centres = first + (torch.arange(size, device=first.device) + 0.5) * step
    distances = ((pixels + 0.5) - centres[..., None]).abs_().mul_(1 / step.clamp(min=1)[..., None])
    weights = (1 - distances).clamp_(min=0) if interpolation == "bilinear" else _cubic(distances)
    inside = (pixels >= first) & (pixels < first + length)
    return _whole(weights.mul_(inside[:, None]))


def blur_weights(sigma_px: NDArray[np.float64], size: int, device: torch.device) -> Tensor:
    """Weigh the pixels of a side by Gaussians around each of them: float32 (n, size, size).

    The image is mirrored at its edges, around the outermost pixels. A Gaussian ends where it is below 2**-15 of its
    height, at 4.6 deviations, which must be within the image.

    Args:
        sigma_px: (n,), deviations, positive.
        size: pixels of the side.
        device: of the weights.
    """
    # On the CPU and in double precision: exponentials differ in their last bits, and these are rounded off at once.
    bell = np.exp(-0.5 * (np.arange(2 * size) / sigma_px[:, None]) ** 2)
    bell[:, -1] = 0.0  # nowhere
    heights = to_device(np.rint(_FINENESS * bell).astype(np.float32), device)
    return _shares(heights[:, _mirrored_distances(size, device)].sum(dim=1))


@lru_cache(maxsize=8)
def _mirrored_distances(size: int, device: torch.device) -> Tensor:
    """Measure from every place to every pixel and to its images behind the two edges: int64 (3, size, size).

    The outermost pixels are the mirrors and have no image there; 2 * size - 1 stands for nowhere.
    """
    place, pixel = np.arange(size)[:, None], np.arange(size)
    before = np.where(pixel > 0, place + pixel, 2 * size - 1)
    behind = np.where(pixel < size - 1, 2 * (size - 1) - place - pixel, 2 * size - 1)
    return torch.from_numpy(np.stack([np.abs(place - pixel), before, behind])).to(device)


def _cubic(distances: Tensor) -> Tensor:
    """Evaluate the cubic of Keys (1981, equation 4), a = -1/2 as in Pillow, at distances from its centre."""
    near = (1.5 * distances - 2.5) * distances * distances + 1
    far = ((-0.5 * distances + 2.5) * distances - 4) * distances + 2
    return torch.where(distances < 1, near, torch.where(distances < 2, far, 0.0))


def _whole(weights: Tensor) -> Tensor:
    return _shares(weights.mul_(_FINENESS).round_())


def _shares(heights: Tensor) -> Tensor:
    """Scale whole numbers to sum to 1 along the last dimension, as multiples of 1 / _WEIGHT."""
    return heights.mul_(_WEIGHT / heights.sum(dim=-1, keepdim=True)).round_().mul_(1 / _WEIGHT)


def _rounded(levels: Tensor) -> Tensor:
    return levels.add_(0.5).floor_().clamp_(0, 255)
