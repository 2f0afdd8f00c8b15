"""A small convolutional generator of images with named layers."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.randomness import normals, uniforms

_WIDEST, _NARROWEST = 128, 16
_LATENTS, _LABELS = "small generator: latents", "small generator: labels"


def stage_channels(size: int, width: float = 1.0) -> list[int]:
    """Return the channels of each stage from 4 x 4 to ``size``: halved with every doubling, 16 at the end, at most 128.

    Raises:
        ValueError: the size is not a power of two from 8 to 512, or the width leaves no channel.
    """
    if size not in (8, 16, 32, 64, 128, 256, 512):
        raise ValueError(f"size must be a power of two from 8 to 512, got {size}")
    stages = size.bit_length() - 2
    channels = [round(width * min(_WIDEST, _NARROWEST << (stages - 1 - stage))) for stage in range(stages)]
    if min(channels) < 1:
        raise ValueError(f"width must leave at least one channel, got {width}")
    return channels


class PixelNorm(nn.Module):
    """Scale the vector of channels at every pixel to a mean square of 1; it has no parameters.

    References:
        Karras et al., "Progressive growing of GANs", ICLR 2018, section 4.2.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Normalise features (n, channels, ...)."""
        return features * torch.rsqrt(features.square().mean(dim=1, keepdim=True) + 1e-8)


class SmallGenerator(nn.Module):
    """Generate square images from latent vectors.

    ``layer1`` maps the latent vector to 4 x 4 maps, every further layer doubles the side (nearest neighbour, 3 x 3
    convolution, leaky ReLU, pixel norm), ``picture`` maps the last maps to RGB. No layer depends on other images of
    the batch, so an image can be edited by itself. At 32 pixels the layers have 128, 64, 32 and 16 units.

    Args:
        size: side of the images, a power of two from 8 to 512.
        latent: length of a latent vector.
        width: factor on all channels.
        classes: number of classes; 0 for an unconditional generator.

    Raises:
        ValueError: the size is not a power of two from 8 to 512, or the width leaves no channel.

    References:
        Karras et al., ICLR 2018, appendix A (layers of this kind); Radford et al., "Unsupervised representation
        learning with deep convolutional GANs", ICLR 2016.
    """

    #: Frequencies of the labels in training: `labels` draws them in these proportions.
    label_counts: Tensor

    def __init__(self, size: int = 32, latent: int = 64, width: float = 1.0, classes: int = 0) -> None:
        super().__init__()
        self.arguments: dict[str, Any] = {"size": size, "latent": latent, "width": width, "classes": classes}
        self.size, self.latent, self.classes = size, latent, classes
        channels = stage_channels(size, width)
        self.label = nn.Embedding(classes, latent) if classes else None
        self.register_buffer("label_counts", torch.ones(classes, dtype=torch.int64))
        in_features = latent * (2 if classes else 1)
        self.layer_names = tuple(f"layer{number + 1}" for number in range(len(channels)))
        first = [nn.Linear(in_features, channels[0] * 16), nn.Unflatten(1, (channels[0], 4, 4))]
        self.layer1 = nn.Sequential(*first, nn.LeakyReLU(0.2), PixelNorm())
        for name, narrow, wide in zip(self.layer_names[1:], channels[1:], channels, strict=False):
            grow = [nn.Upsample(scale_factor=2.0), nn.Conv2d(wide, narrow, 3, padding=1)]
            self.add_module(name, nn.Sequential(*grow, nn.LeakyReLU(0.2), PixelNorm()))
        # The weights files have this name.
        self.picture = nn.Conv2d(channels[-1], 3, 3, padding=1)
        _initialise(self)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate images, float (n, 3, size, size) in 0 to 1, from latents (n, latent) and labels (n,) if conditional.

        Raises:
            ValueError: labels are missing or superfluous.
        """
        if (labels is None) == bool(self.classes):
            raise ValueError(f"a generator of {self.classes} classes {'needs' if self.classes else 'takes no'} labels")
        features = _unit(latents)
        if self.label is not None:
            features = torch.cat([features, _unit(self.label(labels))], dim=1)
        for name in self.layer_names:
            features = self.get_submodule(name)(features)
        images: Tensor = 0.5 + 0.5 * torch.tanh(self.picture(features))
        return images

    def latents(self, indices: Sequence[int], seed: int = 0) -> Tensor:
        """Draw the latent vectors (n, latent) of indices, standard normal, on the device of the generator."""
        return normals(seed, _LATENTS, indices, self.latent).to(self.picture.weight.device)

    def labels(self, indices: Sequence[int], seed: int = 0) -> Tensor | None:
        """Draw the labels of indices, int64 (n,), in the proportions of training; None without classes."""
        if not self.classes:
            return None
        bounds = (self.label_counts / self.label_counts.sum()).cumsum(0)[:-1].float()
        drawn = uniforms(seed, _LABELS, indices, 1).to(bounds.device)
        labels: Tensor = (drawn >= bounds).sum(dim=1)
        return labels

    @torch.no_grad()
    def draw(self, indices: Sequence[int], seed: int = 0) -> Tensor:
        """Generate the images of indices: uint8 (n, 3, size, size); image i depends only on the seed and i."""
        drawn = []
        # One by one: convolutions of a batch round differently from those of a single image.
        for index in indices:
            images = self(self.latents([index], seed), self.labels([index], seed))
            drawn.append((255.0 * images).round().to(torch.uint8))
        return torch.cat(drawn)

    def predictor(self) -> Callable[[Sequence[int]], Tensor]:
        """Return the function for evaluations: from indices to images."""
        return self.draw


def _unit(vectors: Tensor) -> Tensor:
    """Scale vectors (n, features) to a mean square of 1."""
    scaled: Tensor = F.normalize(vectors, dim=1) * vectors.shape[1] ** 0.5
    return scaled


def _initialise(network: nn.Module) -> None:
    """Initialise weights so that layers keep the variance (He et al., ICCV 2015, leaky ReLU of slope 0.2)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, a=0.2)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
