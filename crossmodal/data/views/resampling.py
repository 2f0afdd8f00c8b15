"""Crop, resize and blur as two exact matrix products, identical on every device.

An image is multiplied by one matrix for its rows and one for its columns. Pixels are integer levels 0 to 255 and
weights are multiples of 2**-15, so every product and every partial sum is exact in float32. No result depends on the
order of a sum, so none depends on the batch, the number of threads or the device. Levels are rounded between the two
products, as in Pillow. (Reduced precision of matrix products, an option of torch, may change a level by one.)
"""

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.data.views.transfer import to_device

#: The interpolation methods.
INTERPOLATIONS = ("bilinear", "bicubic")

# Weights are multiples of 1 / _WEIGHT. Levels take 8 bits and the fraction 15, which leaves one of the 24 bits of
# float32 for the overshoot of bicubic sums.
_WEIGHT = 2.0**15
# Resolution of the weights before normalisation.
_RESOLUTION = 2.0**14


def resample(levels: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Resample integer levels (n, channels, height, width), float32, to integer levels (n, channels, size, size).

    Args:
        levels: integers 0 to 255.
        rows: weights (n, size, height).
        columns: weights (n, size, width).
    """
    count, channels, height, _ = levels.shape
    across = torch.bmm(levels.reshape(count, channels * height, -1), columns.mT).reshape(count, channels, height, -1)
    return _rounded(rows[:, None] @ _rounded(across))


def crop_weights(first: Tensor, length: Tensor, source: int, size: int, interpolation: str) -> Tensor:
    """Return the weights of ``source`` pixels of a side for ``size`` pixels of a resized crop: (n, size, source).

    Downsampling is antialiased: the kernel is as wide as an output pixel. Pixels outside of the crop have zero weight.

    Args:
        first: float32 (n,), first pixel of the crop.
        length: float32 (n,), length of the crop in pixels.
        source: number of pixels of the side of the image.
        size: number of pixels of the result.
        interpolation: one of `INTERPOLATIONS`.
    """
    first, length = first[:, None], length[:, None]
    pixels = torch.arange(source, device=first.device)
    step = length / size
    centres = first + (torch.arange(size, device=first.device) + 0.5) * step
    distances = ((pixels + 0.5) - centres[..., None]).abs_().mul_(1 / step.clamp(min=1)[..., None])
    weights = (1 - distances).clamp_(min=0) if interpolation == "bilinear" else _cubic(distances)
    inside = (pixels >= first) & (pixels < first + length)
    return _quantize(weights.mul_(inside[:, None]))


def blur_weights(sigma_px: NDArray[np.float64], size: int, device: torch.device) -> Tensor:
    """Return Gaussian weights of the pixels of a side around each pixel: float32 (n, size, size).

    The image is reflected at its outermost pixels. A Gaussian is cut off below 2**-15 of its maximum, at 4.6 standard
    deviations, which must be within the image.

    Args:
        sigma_px: (n,), standard deviations, positive.
        size: number of pixels of the side.
        device: device of the weights.
    """
    # In double precision on the CPU: exponentials differ in their last bits, which are rounded off here.
    gaussian = np.exp(-0.5 * (np.arange(2 * size) / sigma_px[:, None]) ** 2)
    gaussian[:, -1] = 0.0  # the distance that stands for no pixel
    weights = to_device(np.rint(_RESOLUTION * gaussian).astype(np.float32), device)
    return _normalise(weights[:, _reflected_distances(size, device)].sum(dim=1))


@lru_cache(maxsize=8)
def _reflected_distances(size: int, device: torch.device) -> Tensor:
    """Return the distances of all pixels to all pixels and to their two reflections: int64 (3, size, size).

    The outermost pixels have no reflection at their edge; 2 * size - 1 marks a missing one.
    """
    centre, pixel = np.arange(size)[:, None], np.arange(size)
    before = np.where(pixel > 0, centre + pixel, 2 * size - 1)
    behind = np.where(pixel < size - 1, 2 * (size - 1) - centre - pixel, 2 * size - 1)
    return torch.from_numpy(np.stack([np.abs(centre - pixel), before, behind])).to(device)


def _cubic(distances: Tensor) -> Tensor:
    """Evaluate the cubic kernel of Keys (1981, equation 4), a = -1/2 as in Pillow, at distances from its centre."""
    near = (1.5 * distances - 2.5) * distances * distances + 1
    far = ((-0.5 * distances + 2.5) * distances - 4) * distances + 2
    return torch.where(distances < 1, near, torch.where(distances < 2, far, 0.0))


def _quantize(weights: Tensor) -> Tensor:
    return _normalise(weights.mul_(_RESOLUTION).round_())


def _normalise(weights: Tensor) -> Tensor:
    """Scale integer weights to sum to 1 along the last dimension, as multiples of 1 / _WEIGHT."""
    return weights.mul_(_WEIGHT / weights.sum(dim=-1, keepdim=True)).round_().mul_(1 / _WEIGHT)


def _rounded(levels: Tensor) -> Tensor:
    return levels.add_(0.5).floor_().clamp_(0, 255)
