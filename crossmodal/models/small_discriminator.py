"""The discriminator of the small generator: it classifies true and generated images."""

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.models.small_generator import stage_channels


class SmallDiscriminator(nn.Module):
    """Score images by residual blocks that halve the side down to 4 x 4, the spread of the batch, and a linear layer.

    Args:
        size: side of the images, a power of two from 8 to 512.
        width: factor on all channels.
        classes: number of classes; 0 for an unconditional discriminator.

    Raises:
        ValueError: the size is not a power of two from 8 to 512, or the width leaves no channel.

    References:
        Karras et al., "Progressive growing of GANs", ICLR 2018, section 3 (spread of the batch); Miyato & Koyama,
        "cGANs with projection discriminator", ICLR 2018, equation 3 (labels).
    """

    def __init__(self, size: int = 32, width: float = 1.0, classes: int = 0) -> None:
        super().__init__()
        self.arguments: dict[str, Any] = {"size": size, "width": width, "classes": classes}
        self.classes = classes
        channels = stage_channels(size, width)[::-1]
        self.image = nn.Conv2d(3, channels[0], 3, padding=1)
        self.blocks = nn.Sequential(*(_Halve(a, b) for a, b in pairwise(channels)))
        self.last = nn.Conv2d(channels[-1] + 1, channels[-1], 3, padding=1)
        self.score = nn.Linear(16 * channels[-1], 1)
        self.label = nn.Embedding(classes, 16 * channels[-1]) if classes else None
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, a=0.2)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        if self.label is not None:
            nn.init.normal_(self.label.weight, std=(16 * channels[-1]) ** -0.5)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Score images (n, 3, size, size) in 0 to 1, with labels (n,) if conditional: (n,), high for true images.

        Raises:
            ValueError: labels are missing or superfluous.
        """
        if (labels is None) == bool(self.classes):
            raise ValueError(
                f"a discriminator of {self.classes} classes {'needs' if self.classes else 'takes no'} labels"
            )
        features = self.blocks(F.leaky_relu(self.image(2.0 * images - 1.0), 0.2))
        vectors = F.leaky_relu(self.last(_with_spread(features)), 0.2).flatten(1)
        scores: Tensor = self.score(vectors)[:, 0]
        if self.label is not None:
            scores = scores + (self.label(labels) * vectors).sum(dim=1)
        return scores


class _Halve(nn.Module):
    """A residual block of two convolutions that halves the side by averaging."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(in_channels, in_channels, 3, padding=1)
        self.second = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.past = nn.Conv2d(in_channels, out_channels, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        inner = F.leaky_relu(self.second(F.leaky_relu(self.first(features), 0.2)), 0.2)
        # Halving the variance keeps it from growing from block to block.
        halved: Tensor = (F.avg_pool2d(inner, 2) + self.past(F.avg_pool2d(features, 2))) * 0.5**0.5
        return halved


def _with_spread(features: Tensor) -> Tensor:
    """Add a channel with the mean standard deviation of the features over the batch: it reveals mode collapse."""
    centred = features - features.mean(dim=0, keepdim=True)
    spread = (centred.square().mean(dim=0) + 1e-8).sqrt().mean()
    return torch.cat([features, spread.expand_as(features[:, :1])], dim=1)
