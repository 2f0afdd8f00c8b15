"""Colour augmentation of batches of images (n, 3, rows, columns) in 0 to 1, with separate parameters for each image.

Every operation rounds once and works on one pixel, or sums integers, so an image is bit-identical in every batch.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.data.views.transfer import to_device

#: The operations of `jitter`, in the order of its factors.
JITTER_OPERATIONS = ("brightness", "contrast", "saturation", "hue")
_HUE = JITTER_OPERATIONS.index("hue")


def luma(images: Tensor) -> Tensor:
    """Return 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601), (n, 1, rows, columns)."""
    red, green, blue = images[:, 0:1], images[:, 1:2], images[:, 2:3]
    return (0.299 * red).add_(0.587 * green).add_(0.114 * blue)


def jitter(images: Tensor, factors: NDArray[np.float64], order: NDArray[np.int64]) -> Tensor:
    """Change brightness, contrast, saturation and hue of each image in a separate order, in place.

    Brightness, contrast and saturation blend the image with black, with its mean grey and with the grey of each pixel:
    factor * image + (1 - factor) * grey, clipped to 0 to 1. The hue is shifted by a fraction of the circle, -0.5 to
    0.5.

    Args:
        images: float32 (n, 3, rows, columns) in 0 to 1; modified in place.
        factors: (n, 4), in the order of `JITTER_OPERATIONS`; (1, 1, 1, 0) is the identity.
        order: (n, 4), indices in `JITTER_OPERATIONS`, in order of application.
    """
    shifted = factors[:, _HUE] != 0
    blends = order[order != _HUE].reshape(len(order), 3)
    hue_slot = np.argmax(order == _HUE, axis=1)
    for slot in range(4):
        rows = np.flatnonzero(shifted & (hue_slot == slot))
        if len(rows):
            chosen = to_device(rows, images.device)
            shifts = to_device(factors[rows, _HUE].astype(np.float32), images.device)
            images.index_copy_(0, chosen, shift_hue(images[chosen], shifts))
        if slot < 3:
            kind = blends[:, slot]
            _blend(images, np.take_along_axis(factors, kind[:, None], axis=1)[:, 0], kind)
    return images


def shift_hue(images: Tensor, shifts: Tensor) -> Tensor:
    """Shift the hues of images (n, 3, rows, columns) by fractions (n,) of the hue circle; greys do not change.

    References:
        Smith, "Color gamut transform pairs", SIGGRAPH 1978 (the hexcone model, HSV).
    """
    red, green, blue = images.unbind(dim=1)
    highest, lowest = images.amax(dim=1), images.amin(dim=1)
    chroma = highest - lowest
    divisor = torch.where(chroma == 0, 1.0, chroma)
    # Sectors of the circle, -1 to 5: red is 0, green 2, blue 4.
    hue = torch.where(
        highest == red,
        (green - blue) / divisor,
        torch.where(highest == green, (blue - red) / divisor + 2, (red - green) / divisor + 4),
    )
    hue = hue + 6 * shifts[:, None, None]
    hue = hue - 6 * (hue / 6).floor()
    ramps = ((hue - 3).abs() - 1, 2 - (hue - 2).abs(), 2 - (hue - 4).abs())
    return torch.stack([lowest + chroma * ramp.clamp_(0, 1) for ramp in ramps], dim=1)


def make_grey(images: Tensor, chosen: NDArray[np.bool_]) -> Tensor:
    """Replace the chosen (n,) images by their luma, in place."""
    if chosen.any():
        rows = to_device(np.flatnonzero(chosen), images.device)
        images.index_copy_(0, rows, luma(images[rows]).expand(-1, 3, -1, -1))
    return images


def solarize(images: Tensor, chosen: NDArray[np.bool_]) -> Tensor:
    """Invert the values of 0.5 and above in the chosen (n,) images, in place."""
    if chosen.any():
        rows = to_device(np.flatnonzero(chosen), images.device)
        bright = images[rows]
        images.index_copy_(0, rows, torch.where(bright >= 0.5, 1 - bright, bright))
    return images


def _blend(images: Tensor, factors: NDArray[np.float64], kind: NDArray[np.int64]) -> None:
    grey = luma(images)
    # A sum of integers is exact in any order.
    levels = (grey * 255).round_().to(torch.int32).sum(dim=(1, 2, 3), keepdim=True)
    mean = levels / (255 * grey[0].numel())
    keep, to_mean, to_grey = _columns([factors, (1 - factors) * (kind == 1), (1 - factors) * (kind == 2)], images)
    images.mul_(keep).add_(grey.mul_(to_grey).add_(to_mean * mean)).clamp_(0, 1)


def _columns(values: Sequence[NDArray[np.float64]], like: Tensor) -> Tensor:
    """Return k arrays (n,) as float32 (k, n, 1, 1, 1), to broadcast over images."""
    return to_device(np.stack(values).astype(np.float32), like.device)[..., None, None, None]
