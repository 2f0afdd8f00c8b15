"""The generator of StyleGAN2-ADA, written from its papers; its layers have the names of the published files."""

from typing import Any

import torch
from torch import Tensor, nn

from crossmodal.models.numbered_generator import check_ranges
from crossmodal.models.style_layers import (
    GAIN,
    EqualisedLinear,
    StyledGenerator,
    StyleMapping,
    modulated_convolution,
    resample,
)

_SIZES = tuple(2**power for power in range(3, 11))


class StyleGenerator2(StyledGenerator):
    """The generator of StyleGAN2 and StyleGAN2-ADA: a learned constant, and blocks that double and style it.

    ``mapping`` maps a latent vector to a style. ``synthesis.b4`` to ``synthesis.b<size>`` are blocks of ``conv0``
    (doubles the side; not at 4 pixels), ``conv1`` and ``torgb``, whose images are summed (skip generator). The noise
    is the constant stored with the weights, so an image depends only on its latent.

    Args:
        size: side of the images, a power of two from 8 to 1024.
        latent: length of a latent vector.
        classes: number of classes; 0 for an unconditional generator.
        style: length of a style vector.
        channel_base: a block has ``channel_base`` / its side units ...
        channel_max: ... but at most this many.
        mapping_layers: depth of the mapping network.
        clamp: maximum absolute value after a layer (published: 256 for training in half precision); None for no limit.
        truncation: 1 for images as in training, 0 for the mean image.

    Raises:
        ValueError: an argument is out of range.

    References:
        Karras et al., "Analyzing and improving the image quality of StyleGAN", CVPR 2020, sections 2 and 4.1, figures
        2 and 7; Karras et al., "Training generative adversarial networks with limited data", NeurIPS 2020, appendix.
    """

    def __init__(
        self,
        size: int = 256,
        latent: int = 512,
        classes: int = 0,
        style: int = 512,
        channel_base: int = 32768,
        channel_max: int = 512,
        mapping_layers: int = 8,
        clamp: float | None = None,
        truncation: float = 1.0,
    ) -> None:
        arguments: dict[str, Any] = {
            "size": size,
            "latent": latent,
            "classes": classes,
            "style": style,
            "channel_base": channel_base,
            "channel_max": channel_max,
            "mapping_layers": mapping_layers,
            "clamp": clamp,
            "truncation": truncation,
        }
        if size not in _SIZES:
            raise ValueError(f"size must be a power of two from 8 to 1024, got {size}")
        check_ranges(arguments, latent=(1, 65536), classes=(0, 65536), style=(1, 65536), channel_max=(1, 65536))
        check_ranges(arguments, channel_base=(1, 2**24), mapping_layers=(1, 64))
        if channel_base < size:
            raise ValueError(f"channel_base must leave at least one unit at {size} pixels, got {channel_base}")
        super().__init__(arguments, latent, classes)
        self.size, self.truncation = size, truncation
        self.mapping = StyleMapping(latent, classes, style, mapping_layers)
        self.synthesis = nn.Module()
        before = 0
        names = []
        for side in (4, *(found for found in _SIZES if found <= size)):
            units = min(channel_base // side, channel_max)
            self.synthesis.add_module(f"b{side}", _Block(before, units, style, side, clamp))
            names += [f"synthesis.b{side}.{layer}" for layer in ("conv0", "conv1") if before or layer == "conv1"]
            before = units
        self.layer_names = tuple(names)

    def draw_styles(self, styles: Tensor) -> Tensor:
        """Generate the images of styles (n, style), or of one style per layer (n, layers + 1, style)."""
        if styles.ndim == 2:
            styles = styles[:, None].expand(-1, len(self.layer_names) + 1, -1)
        maps: Tensor | None = None
        image: Tensor | None = None
        first = 0
        for block in self.synthesis.children():
            assert isinstance(block, _Block)
            maps, image = block(maps, image, styles[:, first:])
            first += block.layers
        assert image is not None
        return 0.5 + 0.5 * image


class _Block(nn.Module):
    """The layers of one size: (maps, image of smaller sizes, styles) in, (maps, image) out."""

    resample_filter: Tensor

    def __init__(self, in_channels: int, units: int, style: int, side: int, clamp: float | None) -> None:
        super().__init__()
        self.layers = 2 if in_channels else 1
        self.register_buffer("resample_filter", _kernel(), persistent=False)
        if in_channels:
            self.conv0 = _StyledConvolution(in_channels, units, style, side, clamp, double=True)
        else:
            self.const = nn.Parameter(torch.randn(units, side, side))
        self.conv1 = _StyledConvolution(units, units, style, side, clamp)
        self.torgb = _ToImage(units, style, clamp)

    def forward(self, maps: Tensor | None, image: Tensor | None, styles: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.const.expand(len(styles), -1, -1, -1) if maps is None else self.conv0(maps, styles[:, 0])
        maps = self.conv1(maps, styles[:, self.layers - 1])
        drawn: Tensor = self.torgb(maps, styles[:, self.layers])
        if image is not None:
            drawn = drawn + resample(image, 4 * self.resample_filter, up=2, padding=(2, 1))
        return maps, drawn


class _StyledConvolution(nn.Module):
    """A modulated 3 x 3 convolution, which can double the side, then noise, bias and leaky ReLU."""

    noise_const: Tensor
    resample_filter: Tensor

    def __init__(
        self, in_channels: int, units: int, style: int, side: int, clamp: float | None, *, double: bool = False
    ) -> None:
        super().__init__()
        self._double, self._clamp = double, clamp
        self.register_buffer("resample_filter", _kernel(), persistent=False)
        self.affine = EqualisedLinear(style, in_channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(units, in_channels, 3, 3))
        self.register_buffer("noise_const", torch.randn(side, side))
        self.noise_strength = nn.Parameter(torch.zeros([]))
        self.bias = nn.Parameter(torch.zeros(units))

    def forward(self, maps: Tensor, styles: Tensor) -> Tensor:
        maps = modulated_convolution(maps, self.weight, self.affine(styles), padding=1, double=self._double)
        if self._double:
            maps = resample(maps, 4 * self.resample_filter, padding=(1, 1))
        maps = maps + self.noise_const * self.noise_strength + self.bias[:, None, None]
        return limited(nn.functional.leaky_relu(maps, 0.2) * GAIN, self._clamp)


class _ToImage(nn.Module):
    """A modulated 1 x 1 convolution without demodulation to RGB."""

    def __init__(self, in_channels: int, style: int, clamp: float | None) -> None:
        super().__init__()
        self._clamp = clamp
        self.affine = EqualisedLinear(style, in_channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(3, in_channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))

    def forward(self, maps: Tensor, styles: Tensor) -> Tensor:
        scaled = self.affine(styles) * maps.shape[1] ** -0.5
        out = modulated_convolution(maps, self.weight, scaled, demodulate=False)
        return limited(out + self.bias[:, None, None], self._clamp)


def limited(maps: Tensor, clamp: float | None) -> Tensor:
    """Clip values to plus and minus ``clamp``; None for no limit."""
    return maps if clamp is None else maps.clamp(-clamp, clamp)


def _kernel() -> Tensor:
    """Return the binomial low-pass filter (4, 4), with a sum of 1."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    return taps[:, None] * taps
