"""Shared layers of StyleGAN2 and StyleGAN3: equalised layers, the mapping network, modulated convolutions, resampling.

Parameters have the names of the published files, which load without renaming.
"""

from abc import abstractmethod
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.models.numbered_generator import NumberedGenerator

#: Gain after a leaky ReLU of slope 0.2, which nearly keeps the variance of its input.
GAIN = 2**0.5


class EqualisedLinear(nn.Module):
    """A linear layer whose weights are scaled at run time, for equal learning rates in all layers.

    Args:
        in_features: length of the input vectors.
        out_features: length of the output vectors.
        active: apply a leaky ReLU.
        rate: factor on the learning rate.
        bias: initial value of the biases.

    References:
        Karras et al., "Progressive growing of GANs", ICLR 2018, section 4.1.
    """

    def __init__(
        self, in_features: int, out_features: int, *, active: bool = False, rate: float = 1.0, bias: float = 0.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features) / rate)
        self.bias = nn.Parameter(torch.full((out_features,), bias))
        self._active, self._rate = active, rate

    def forward(self, vectors: Tensor) -> Tensor:
        """Map vectors (n, in_features) to (n, out_features)."""
        scale = self._rate * self.weight.shape[1] ** -0.5
        out = F.linear(vectors, self.weight * scale, self.bias * self._rate)
        return F.leaky_relu(out, 0.2) * GAIN if self._active else out


class StyleMapping(nn.Module):
    """The mapping network from a latent vector, and a label if there are classes, to a style vector w.

    References:
        Karras et al., "A style-based generator architecture for generative adversarial networks", CVPR 2019, section
        2 (mapping) and appendix B (truncation).
    """

    #: Mean of w over training; truncation interpolates styles towards it.
    w_avg: Tensor

    def __init__(self, latent: int, classes: int, style: int, layers: int) -> None:
        super().__init__()
        self.embed = EqualisedLinear(classes, style) if classes else None
        self._classes, self._names = classes, [f"fc{number}" for number in range(layers)]
        widths = [latent + (style if classes else 0), *[style] * layers]
        for name, (before, after) in zip(self._names, pairwise(widths), strict=True):
            self.add_module(name, EqualisedLinear(before, after, active=True, rate=0.01))
        self.register_buffer("w_avg", torch.zeros(style))

    def forward(self, latents: Tensor, labels: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        """Compute the styles (n, style) of latents (n, latent) and labels (n,); ``truncation`` 0 is the mean style."""
        vectors = _unit(latents)
        if self.embed is not None and labels is not None:
            chosen = F.one_hot(labels, self._classes).to(vectors.dtype)
            vectors = torch.cat([vectors, _unit(self.embed(chosen))], dim=1)
        for name in self._names:
            vectors = self.get_submodule(name)(vectors)
        return self.w_avg.lerp(vectors, truncation)


class StyledGenerator(NumberedGenerator):
    """A generator that maps latent vectors to styles (``mapping``), and styles to images (``draw_styles``)."""

    mapping: StyleMapping
    truncation: float

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate images, float (n, 3, size, size), from latents (n, latent) and, if conditional, labels (n,).

        Black is 0 and white is 1; values can be slightly outside this range.

        Raises:
            ValueError: labels are missing or superfluous.
        """
        self._check_labels(labels)
        return self.draw_styles(self.mapping(latents, labels, self.truncation))

    @abstractmethod
    def draw_styles(self, styles: Tensor) -> Tensor:
        """Generate the images of styles (n, style), or of one style per layer."""


def modulated_convolution(
    maps: Tensor, weight: Tensor, styles: Tensor, *, demodulate: bool = True, padding: int = 0, double: bool = False
) -> Tensor:
    """Convolve maps (n, in, rows, columns) with weights (out, in, k, k), scaled by the styles (n, in) of each image.

    Scaling the maps before and after the convolution is equivalent to scaling the weights for each image, and needs
    no copies of them. ``double`` inserts zeros between cells: the output has 2 rows + k - 2 and 2 columns + k - 2.

    References:
        Karras et al., "Analyzing and improving the image quality of StyleGAN", CVPR 2020, section 2.2, equations 1
        and 3.
    """
    scaled = maps * styles[:, :, None, None]
    if double:
        out = F.conv_transpose2d(scaled, weight.transpose(0, 1), stride=2)
    else:
        out = F.conv2d(scaled, weight, padding=padding)
    if not demodulate:
        return out
    power = F.linear(styles.square(), weight.square().sum(dim=(2, 3)))
    return out * torch.rsqrt(power + 1e-8)[:, :, None, None]


def resample(
    maps: Tensor, kernel: Tensor | None, *, up: int = 1, down: int = 1, padding: tuple[int, int] = (0, 0)
) -> Tensor:
    """Upsample maps (n, units, rows, columns) with zeros, pad, filter, and keep every ``down``-th row and column.

    A ``kernel`` (k,) filters along both axes, (k, k) in two dimensions; None is no filter. It is symmetric, and its sum
    is the gain. ``up`` - 1 zeros are inserted after every cell; ``padding`` is (before, after) in cells after
    upsampling, and may be negative.
    """
    n, units, rows, columns = maps.shape
    if up > 1:
        spread = maps.new_zeros(n, units, rows, up, columns, up)
        spread[:, :, :, 0, :, 0] = maps
        maps = spread.reshape(n, units, rows * up, columns * up)
    if any(padding):
        maps = F.pad(maps, (*padding, *padding))
    if kernel is None:
        return maps[:, :, ::down, ::down]
    lone = maps.reshape(n * units, 1, *maps.shape[2:])
    if kernel.ndim == 1:
        lone = F.conv2d(lone, kernel[None, None, None, :], stride=(1, down))
        lone = F.conv2d(lone, kernel[None, None, :, None], stride=(down, 1))
    else:
        lone = F.conv2d(lone, kernel[None, None], stride=down)
    return lone.reshape(n, units, *lone.shape[2:])


def _unit(vectors: Tensor) -> Tensor:
    """Scale vectors (n, features) to a mean square of 1."""
    return vectors * torch.rsqrt(vectors.square().mean(dim=1, keepdim=True) + 1e-8)
