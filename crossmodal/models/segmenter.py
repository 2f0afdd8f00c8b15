"""A small U-Net that predicts the class of every pixel, with its confusion matrix."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.simulation.scenes import OUTDOOR_CLASSES

_CHUNK = 256


class Segmenter(nn.Module):
    """Predict the class of every pixel of an image.

    Args:
        classes: names of the classes.
        width: channels at full resolution; they double with every halving of the side.
        levels: number of resolutions, including the full one.

    Raises:
        ValueError: there are fewer than two classes, or no level or channel.

    References:
        Ronneberger et al., "U-Net: convolutional networks for biomedical image segmentation", MICCAI 2015.
    """

    #: int64 (classes, classes), true by predicted: pixels of held-out images, to propagate the error of the masks.
    #: Set by training; zeros before.
    confusion: Tensor

    def __init__(self, classes: Sequence[str] = OUTDOOR_CLASSES.names, width: int = 16, levels: int = 3) -> None:
        super().__init__()
        if len(classes) < 2 or width < 1 or levels < 1:
            raise ValueError(
                f"need at least two classes, one channel and one level, got {classes=}, {width=}, {levels=}"
            )
        self.arguments: dict[str, Any] = {"classes": list(classes), "width": width, "levels": levels}
        self.classes = tuple(classes)
        channels = [width << level for level in range(levels)]
        self.down = nn.ModuleList(_convolutions(a, b) for a, b in zip([3, *channels], channels, strict=False))
        self.up = nn.ModuleList(
            _convolutions(low + high, high) for low, high in zip(channels[:0:-1], channels[-2::-1], strict=True)
        )
        self.read = nn.Conv2d(width, len(classes), 1)
        self.register_buffer("confusion", torch.zeros(len(classes), len(classes), dtype=torch.int64))

    def features(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the finest maps (n, channels, height, width) and the coarsest (n, channels, rows, columns).

        Images (n, 3, height, width) are uint8, or float in 0 to 1.
        """
        if images.dtype == torch.uint8:
            images = images.to(self.read.weight.dtype) / 255
        maps, skips = (4.0 * images - 2.0).contiguous(memory_format=torch.channels_last), []
        for level, convolutions in enumerate(self.down):
            maps = convolutions(F.max_pool2d(maps, 2) if level else maps)
            skips.append(maps)
        coarsest = skips.pop()
        for convolutions in self.up:
            skip = skips.pop()
            maps = convolutions(torch.cat([F.interpolate(maps, size=skip.shape[-2:]), skip], dim=1))
        return maps, coarsest

    def forward(self, images: Tensor) -> Tensor:
        """Compute the logits of all classes at every pixel: (n, classes, height, width)."""
        scores: Tensor = self.read(self.features(images)[0])
        return scores

    @torch.no_grad()
    def segment(self, images: Tensor) -> Tensor:
        """Return the most probable class of every pixel: uint8 (n, height, width)."""
        parts = [images[start : start + _CHUNK] for start in range(0, len(images), _CHUNK)]
        return torch.cat([self(part).argmax(dim=1).to(torch.uint8) for part in parts])

    def predictor(self) -> Callable[[Tensor], Tensor]:
        """Return the function for evaluations: from images to masks."""
        return self.segment


def _convolutions(in_channels: int, out_channels: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before in (in_channels, out_channels):
        layers += [nn.Conv2d(before, out_channels, 3, padding=1, bias=False), nn.BatchNorm2d(out_channels), nn.ReLU()]
    return nn.Sequential(*layers)
