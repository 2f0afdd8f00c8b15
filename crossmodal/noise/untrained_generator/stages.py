"""The resolutions and widths of an untrained generator, and the doubling of its images."""

import math
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

#: Rows of the coarsest stage, on the shorter side.
COARSEST = 4
#: Length of the latent vector of a layer.
LATENT = 512
#: The gain that restores the second moment of a rectified normal number.
RECTIFIED_GAIN = 2**0.5
#: The low-pass filter after zeros are inserted between pixels: weights 1, 3, 3, 1.
BINOMIAL = (0.25, 0.75, 0.75, 0.25)


class Stage(NamedTuple):
    """One resolution: two convolutions (the coarsest has one) to ``channels`` maps of ``size`` (rows, columns)."""

    size: tuple[int, int]
    channels: int


def stages_for(size: tuple[int, int], channel_base: int, channel_most: int) -> tuple[Stage, ...]:
    """Return the stages for an image of ``size``, from coarse to fine.

    The shorter side of the finest stage is the least power of two that covers that of the image, and at least 4. Along
    the longer side, the coarsest stage has more cells, in proportion to the aspect ratio. A stage of shorter side s has
    channel_base / s channels, at least 1 and at most ``channel_most``.
    """
    shorter = min(size)
    coarse = [math.ceil(COARSEST * side / shorter) for side in size]
    doublings = max(0, math.ceil(math.log2(shorter / COARSEST)))
    return tuple(
        Stage(
            size=(coarse[0] << level, coarse[1] << level),
            channels=max(1, min(channel_base // (COARSEST << level), channel_most)),
        )
        for level in range(doublings + 1)
    )


def enlarged(images: Tensor) -> Tensor:
    """Double the sides of images (n, c, rows, columns) by bilinear interpolation."""
    return F.interpolate(images, scale_factor=2, mode="bilinear")


def fitted(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Reduce images (n, c, rows, columns) to ``size``: crop to its aspect ratio, then average."""
    scale = min(images.shape[2:]) / min(size)
    rows, columns = (round(side * scale) for side in size)
    images = images[..., :rows, :columns]
    return images if (rows, columns) == size else F.interpolate(images, size, mode="bilinear", antialias=True)
