"""Colour changes of batches of images (n, 3, rows, columns) in 0 to 1, each image by its own amount.

Every operation rounds once and works on one pixel, or sums whole numbers, so images come out the same bit for bit in
every batch.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.data.views.transfer import to_device

#: The changes of `jitter`, in the order of its factors.
CHANGES = ("brightness", "contrast", "saturation", "hue")
_HUE = CHANGES.index("hue")


def luma(images: Tensor) -> Tensor:
    """Weigh red, green and blue by 0.299, 0.587 and 0.114 (ITU-R BT.601): (n, 1, rows, columns)."""
    red, green, blue = images[:, 0:1], images[:, 1:2], images[:, 2:3]
    return (0.299 * red).add_(0.587 * green).add_(0.114 * blue)


def jitter(images: Tensor, factors: NDArray[np.float64], order: NDArray[np.int64]) -> Tensor:
    """Change brightness, contrast, saturation and hue of each image in its own order; writes ``images``.

    Brightness, contrast and saturation move colours away from, or towards, black, the image's mean grey and the
    pixel's own grey: factor * image + (1 - factor) * that, held within 0 to 1. A hue is turned by a part of the
    circle, -0.5 to 0.5.

    Args:
        images: float32 (n, 3, rows, columns) in 0 to 1.
        factors: (n, 4), as in `CHANGES`; (1, 1, 1, 0) changes nothing.
        order: (n, 4), places in `CHANGES`, the first change first.
    """
    turned = factors[:, _HUE] != 0
    blends = order[order != _HUE].reshape(len(order), 3)
    hue_slot = np.argmax(order == _HUE, axis=1)
    for slot in range(4):
        rows = np.flatnonzero(turned & (hue_slot == slot))
        if len(rows):
            chosen = to_device(rows, images.device)
            turns = to_device(factors[rows, _HUE].astype(np.float32), images.device)
            images.index_copy_(0, chosen, turn_hue(images[chosen], turns))
        if slot < 3:
            kind = blends[:, slot]
            _blend(images, np.take_along_axis(factors, kind[:, None], axis=1)[:, 0], kind)
    return images


def turn_hue(images: Tensor, turns: Tensor) -> Tensor:
    """Turn the hues of images (n, 3, rows, columns) by parts (n,) of the circle of colours; greys stay as they are.

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
    hue = hue + 6 * turns[:, None, None]
    hue = hue - 6 * (hue / 6).floor()
    shares = ((hue - 3).abs() - 1, 2 - (hue - 2).abs(), 2 - (hue - 4).abs())
    return torch.stack([lowest + chroma * share.clamp_(0, 1) for share in shares], dim=1)


def make_grey(images: Tensor, chosen: NDArray[np.bool_]) -> Tensor:
    """Replace the chosen (n,) images by their luma; writes ``images``."""
    if chosen.any():
        rows = to_device(np.flatnonzero(chosen), images.device)
        images.index_copy_(0, rows, luma(images[rows]).expand(-1, 3, -1, -1))
    return images


def solarize(images: Tensor, chosen: NDArray[np.bool_]) -> Tensor:
    """Invert the brighter half of the range in the chosen (n,) images; writes ``images``."""
    if chosen.any():
        rows = to_device(np.flatnonzero(chosen), images.device)
        bright = images[rows]
        images.index_copy_(0, rows, torch.where(bright >= 0.5, 1 - bright, bright))
    return images


def _blend(images: Tensor, factors: NDArray[np.float64], kind: NDArray[np.int64]) -> None:
    grey = luma(images)
    # A mean of whole levels is exact in any order of the sum.
    levels = (grey * 255).round_().to(torch.int32).sum(dim=(1, 2, 3), keepdim=True)
    mean = levels / (255 * grey[0].numel())
    keep, to_mean, to_grey = _columns([factors, (1 - factors) * (kind == 1), (1 - factors) * (kind == 2)], images)
    images.mul_(keep).add_(grey.mul_(to_grey).add_(to_mean * mean)).clamp_(0, 1)


def _columns(values: Sequence[NDArray[np.float64]], like: Tensor) -> Tensor:
    """Put k arrays (n,) beside images: float32 (k, n, 1, 1, 1)."""
    return to_device(np.stack(values).astype(np.float32), like.device)[..., None, None, None]
