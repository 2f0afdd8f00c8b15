"""Base class of image encoders: feature maps, a pooled vector, and input normalisation."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class ImageNormalization(NamedTuple):
    """Mean and standard deviation of each input channel, in units of full scale (0 to 1)."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


#: For images of unknown statistics, such as procedural ones.
NEUTRAL = ImageNormalization((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
#: Statistics of ImageNet photographs, which torchvision's weights expect.
IMAGENET = ImageNormalization((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class Backbone(nn.Module):
    """An image encoder: ``maps`` returns feature maps, calling it returns one pooled vector per image.

    Subclasses set ``channels`` (of the feature maps), ``trunk``, and the constructor's ``arguments``.
    """

    arguments: dict[str, Any]
    channels: int
    trunk: nn.Module
    _mean: Tensor
    _std: Tensor

    def __init__(self, normalization: ImageNormalization) -> None:
        super().__init__()
        self.normalization = normalization
        self.register_buffer("_mean", torch.tensor(normalization.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("_std", torch.tensor(normalization.std).view(1, 3, 1, 1), persistent=False)

    def normalize(self, images: Tensor) -> Tensor:
        """Normalise images (n, 3, height, width), uint8 or float in 0 to 1, for the trunk."""
        if images.dtype == torch.uint8:
            images = images.to(self._mean.dtype) / 255
        return (images - self._mean) / self._std

    def maps(self, images: Tensor) -> Tensor:
        """Compute the feature maps (n, channels, rows, columns) of images (n, 3, height, width)."""
        return self.encode(self.normalize(images))

    def encode(self, inputs: Tensor) -> Tensor:
        """Compute the feature maps of normalised images."""
        # Channels last halves the time of convolutions on a CPU and costs nothing elsewhere.
        features: Tensor = self.trunk(inputs.contiguous(memory_format=torch.channels_last))
        return features

    def forward(self, images: Tensor) -> Tensor:
        """Compute the pooled vector (n, channels): the mean of the feature maps over the image."""
        return self.maps(images).mean(dim=(2, 3))
