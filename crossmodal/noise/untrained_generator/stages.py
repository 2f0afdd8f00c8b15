"""The resolutions and widths of an untrained generator, and how it doubles its images."""

import math
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

#: Rows of the coarsest stage, on the shorter side.
COARSEST = 4
#: Numbers in the latent vector that each layer has of its own.
LATENT = 512
#: What gives a normal number, rectified, its second moment back.
RECTIFIED_GAIN = 2**0.5
#: The low-pass after zeros have been put between samples: weights 1, 3, 3, 1.
BINOMIAL = (0.25, 0.75, 0.75, 0.25)


class Stage(NamedTuple):
    """One resolution: two convolutions (the coarsest has one) to ``channels`` maps of ``size`` (rows, columns)."""

    size: tuple[int, int]
    channels: int


def stages_for(size: tuple[int, int], channel_base: int, channel_most: int) -> tuple[Stage, ...]:
    """Plan the stages whose finest is the least power of two, on the shorter side, that covers an image of ``size``.

    On the longer side the coarsest stage has as many more cells as the image is longer. A stage of shorter side s has
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
    """Double the sides of images (n, c, rows, columns) with the weights 1 to 3 of a pixel's two nearest."""
    return F.interpolate(images, scale_factor=2, mode="bilinear")


def fitted(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Bring images (n, c, rows, columns) to a ``size`` below theirs: cut to its shape, then averaged."""
    scale = min(images.shape[2:]) / min(size)
    rows, columns = (round(side * scale) for side in size)
    images = images[..., :rows, :columns]
    return images if (rows, columns) == size else F.interpolate(images, size, mode="bilinear", antialias=True)
