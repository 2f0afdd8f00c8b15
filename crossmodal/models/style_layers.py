"""What StyleGAN2 and StyleGAN3 share: equalised layers, the mapping network, modulated convolutions, resampling.

Parameters are called as in the published files, so that these load name by name.
"""

from abc import abstractmethod
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.models.numbered_generator import NumberedGenerator

#: A leaky ReLU of slope 0.2 is followed by this gain; it keeps the variance of its input, nearly.
GAIN = 2**0.5


class EqualisedLinear(nn.Module):
    """A linear layer whose weights are scaled when they are used, so that all learn at one rate.

    Args:
        inputs: length of the vectors that go in.
        outputs: length of those that come out.
        active: ends in a leaky ReLU.
        rate: factor on the learning rate.
        bias: where biases start.

    References:
        Karras et al., "Progressive growing of GANs", ICLR 2018, section 4.1.
    """

    def __init__(
        self, inputs: int, outputs: int, *, active: bool = False, rate: float = 1.0, bias: float = 0.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias))
        self._active, self._rate = active, rate

    def forward(self, vectors: Tensor) -> Tensor:
        """Map vectors (n, inputs) to (n, outputs)."""
        scale = self._rate * self.weight.shape[1] ** -0.5
        out = F.linear(vectors, self.weight * scale, self.bias * self._rate)
        return F.leaky_relu(out, 0.2) * GAIN if self._active else out


class StyleMapping(nn.Module):
    """The mapping network: from a latent vector, and a label if there are classes, to a style vector w.

    References:
        Karras et al., "A style-based generator architecture for generative adversarial networks", CVPR 2019, section
        2 (mapping) and appendix B (truncation).
    """

    #: The mean of w over training, which truncation draws styles towards.
    w_avg: Tensor

    def __init__(self, latent: int, classes: int, style: int, layers: int) -> None:
        super().__init__()
        self.embed = EqualisedLinear(classes, style) if classes else None
        self._classes, self._names = classes, [f"fc{number}" for number in range(layers)]
        widths = [latent + (style if classes else 0), *[style] * layers]
        for name, (inputs, outputs) in zip(self._names, pairwise(widths), strict=True):
            self.add_module(name, EqualisedLinear(inputs, outputs, active=True, rate=0.01))
        self.register_buffer("w_avg", torch.zeros(style))

    def forward(self, latents: Tensor, labels: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        """Give the styles (n, style) of latents (n, latent) and labels (n,); ``truncation`` 0 is the mean style."""
        vectors = _unit(latents)
        if self.embed is not None and labels is not None:
            chosen = F.one_hot(labels, self._classes).to(vectors.dtype)
            vectors = torch.cat([vectors, _unit(self.embed(chosen))], dim=1)
        for name in self._names:
            vectors = self.get_submodule(name)(vectors)
        return self.w_avg.lerp(vectors, truncation)


class StyledGenerator(NumberedGenerator):
    """A generator whose latent vectors become styles first: ``mapping`` makes them, ``draw_styles`` their images."""

    mapping: StyleMapping
    truncation: float

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Draw images, float (n, 3, size, size), black at 0 and white at 1 (they may leave that range a little).

        Takes latents (n, latent) and, if conditional, labels (n,).

        Raises:
            ValueError: labels are missing, or there is no use for them.
        """
        self._refuse_labels(labels)
        return self.draw_styles(self.mapping(latents, labels, self.truncation))

    @abstractmethod
    def draw_styles(self, styles: Tensor) -> Tensor:
        """Draw the images of styles (n, style), or of one style a layer."""


def modulated_convolution(
    maps: Tensor, weight: Tensor, styles: Tensor, *, demodulate: bool = True, padding: int = 0, double: bool = False
) -> Tensor:
    """Convolve maps (n, in, rows, columns) with weights (out, in, k, k) whose inputs each image scales by its styles.

    Scaling the maps before and after the convolution is the same as scaling the weights of each image, and needs
    no copy of them. ``double`` puts zeros between the cells: (2 rows + k - 2, 2 columns + k - 2) come out.

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
    """Put ``up`` - 1 zeros after every cell, pad, filter, and keep every ``down``-th cell, in rows and in columns.

    ``kernel`` (k,) filters along both axes, (k, k) at once, None not at all; it is symmetric, and its sum is the gain.
    Maps are (n, units, rows, columns); padding is (before, after), in cells after the enlargement, and may be negative.
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
    """Scale vectors (n, numbers) to a mean square of 1."""
    return vectors * torch.rsqrt(vectors.square().mean(dim=1, keepdim=True) + 1e-8)
