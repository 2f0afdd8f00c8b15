"""The generator of BigGAN-deep, written from its paper; its layers have the names of the published files."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.models.numbered_generator import NumberedGenerator, check_ranges
from crossmodal.randomness import uniforms

#: Units between blocks, in multiples of the width; every second block doubles the side.
_UNITS = {
    128: (16, 16, 16, 16, 8, 8, 4, 4, 2, 2, 1),
    256: (16, 16, 16, 16, 8, 8, 8, 8, 4, 4, 2, 2, 1),
    512: (16, 16, 16, 16, 8, 8, 8, 8, 4, 4, 2, 2, 1, 1, 1),
}
#: The attention is before this block, at 64 x 64 cells.
_ATTENTION = 8
_EPSILON = 1e-4


class BigGenerator(NumberedGenerator):
    """The class-conditional generator of square images of BigGAN-deep.

    ``generator.gen_z`` maps the latent vector and the class to 4 x 4 maps; ``generator.layers.0`` ... are residual
    blocks with bottlenecks (every second doubles the side) and one attention; latent and class set the scales of all
    normalisations. Spectral normalisation is used in training only: the weights here are already normalised.

    Args:
        size: side of the images: 128, 256 or 512.
        width: units of the last block (published: 128), a multiple of 4.
        latent: length of a latent vector.
        embedding: length of the vector of a class.
        classes: number of classes.
        statistics: number of truncations, evenly spaced from 0 to 1, with stored means and variances.
        truncation: factor on latents, which are drawn from a normal distribution truncated at +-2; means and variances
            are interpolated between stored truncations.

    Raises:
        ValueError: the size, the width, the truncation or another number is out of range.

    References:
        Brock et al., "Large scale GAN training for high fidelity natural image synthesis", ICLR 2019, section 3.1
        (truncation) and appendix B (figure 16, tables 7 to 9: BigGAN-deep).
    """

    def __init__(
        self,
        size: int = 128,
        width: int = 128,
        latent: int = 128,
        embedding: int = 128,
        classes: int = 1000,
        statistics: int = 51,
        truncation: float = 1.0,
    ) -> None:
        arguments: dict[str, Any] = {
            "size": size,
            "width": width,
            "latent": latent,
            "embedding": embedding,
            "classes": classes,
            "statistics": statistics,
            "truncation": truncation,
        }
        if size not in _UNITS:
            raise ValueError(f"size must be 128, 256 or 512, got {size}")
        if width < 4 or width % 4:
            raise ValueError(f"width must be a multiple of 4, got {width}")
        if not 0 < truncation <= 1:
            raise ValueError(f"truncation must be above 0 and at most 1, got {truncation}")
        check_ranges(arguments, latent=(1, 65536), embedding=(1, 65536), classes=(1, 65536), statistics=(2, 65536))
        super().__init__(arguments, latent, classes)
        self.size, self.truncation = size, truncation
        self.embeddings = nn.Linear(classes, embedding, bias=False)
        self.generator = _Trunk([width * factor for factor in _UNITS[size]], latent + embedding, statistics)
        blocks = range(len(self.generator.layers))
        self.layer_names = tuple(f"generator.layers.{number}" for number in blocks)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate images, float (n, 3, size, size) in 0 to 1, from latents (n, latent) and labels (n,).

        Raises:
            ValueError: the labels are missing.
        """
        self._check_labels(labels)
        assert labels is not None
        condition = torch.cat([latents, self.embeddings.weight.T[labels]], dim=1)
        images: Tensor = 0.5 + 0.5 * torch.tanh(self.generator(condition, self.truncation))
        return images

    def latents(self, indices: Sequence[int], seed: int = 0) -> Tensor:
        """Draw the latent vectors (n, latent) of indices: normal, truncated at +-2, times ``truncation``."""
        drawn = uniforms(seed, "BigGenerator: latents", indices, self.latent).double()
        below = torch.special.ndtr(torch.tensor(-2.0, dtype=torch.float64))
        normal: Tensor = torch.special.ndtri(below + drawn * (1 - 2 * below))
        return (self.truncation * normal).float().to(self._device())


class _Trunk(nn.Module):
    """Maps the condition (n, features) to images (n, 3, size, size) before the tanh."""

    def __init__(self, units: list[int], condition: int, statistics: int) -> None:
        super().__init__()
        self.gen_z = nn.Linear(condition, 16 * units[0])
        layers: list[nn.Module] = [
            _Block(before, after, condition, statistics, double=number % 2 == 1)
            for number, (before, after) in enumerate(pairwise(units))
        ]
        layers.insert(_ATTENTION, _Attention(units[_ATTENTION]))
        self.layers = nn.ModuleList(layers)
        self.bn = _Normalisation(units[-1], None, statistics)
        # Of as many output channels as there are units, only the first three are used, as in the published files.
        self.conv_to_rgb = nn.Conv2d(units[-1], units[-1], 3, padding=1)

    def forward(self, condition: Tensor, truncation: float) -> Tensor:
        # The published layer has units last.
        maps = self.gen_z(condition).unflatten(1, (4, 4, -1)).permute(0, 3, 1, 2)
        for layer in self.layers:
            maps = layer(maps, condition, truncation) if isinstance(layer, _Block) else layer(maps)
        maps = F.relu(self.bn(maps, None, truncation))
        return F.conv2d(maps, self.conv_to_rgb.weight[:3], self._colours(), padding=1)

    def _colours(self) -> Tensor | None:
        return None if self.conv_to_rgb.bias is None else self.conv_to_rgb.bias[:3]


class _Block(nn.Module):
    """A residual block with a bottleneck; if the block reduces the units, the skip drops the last ones."""

    def __init__(self, before: int, after: int, condition: int, statistics: int, *, double: bool) -> None:
        super().__init__()
        middle = before // 4
        self._after, self._double = after, double
        widths, sides = (before, middle, middle, middle, after), (1, 3, 3, 1)
        for number, (in_channels, out_channels) in enumerate(pairwise(widths)):
            self.add_module(f"bn_{number}", _Normalisation(in_channels, condition, statistics))
            side = sides[number]
            self.add_module(f"conv_{number}", nn.Conv2d(in_channels, out_channels, side, padding=side // 2))

    def forward(self, maps: Tensor, condition: Tensor, truncation: float) -> Tensor:
        skip: Tensor = maps[:, : self._after]
        out = maps
        for number in range(4):
            out = F.relu(self.get_submodule(f"bn_{number}")(out, condition, truncation))
            if self._double and number == 1:
                out, skip = (F.interpolate(part, scale_factor=2.0) for part in (out, skip))
            out = self.get_submodule(f"conv_{number}")(out)
        return skip + out


class _Normalisation(nn.Module):
    """Batch normalisation by stored means and variances; scale and offset depend on the condition, if there is one."""

    running_means: Tensor
    running_vars: Tensor

    def __init__(self, units: int, condition: int | None, statistics: int) -> None:
        super().__init__()
        self.register_buffer("running_means", torch.zeros(statistics, units))
        self.register_buffer("running_vars", torch.ones(statistics, units))
        if condition is None:
            self.weight = nn.Parameter(torch.ones(units))
            self.bias = nn.Parameter(torch.zeros(units))
        else:
            self.scale = nn.Linear(condition, units, bias=False)
            self.offset = nn.Linear(condition, units, bias=False)
        self._conditional = condition is not None

    def forward(self, maps: Tensor, condition: Tensor | None, truncation: float) -> Tensor:
        position = truncation * (len(self.running_means) - 1)
        low = min(int(position), len(self.running_means) - 2)
        mean, variance = (
            stored[low].lerp(stored[low + 1], position - low) for stored in (self.running_means, self.running_vars)
        )
        if condition is not None and self._conditional:
            scale, offset = 1 + self.scale(condition), self.offset(condition)
        else:
            scale, offset = self.weight[None], self.bias[None]
        factor: Tensor = scale * torch.rsqrt(variance + _EPSILON)
        shift: Tensor = offset - mean * factor
        return maps * factor[:, :, None, None] + shift[:, :, None, None]


class _Attention(nn.Module):
    """Self-attention from every cell to maxima over 2 x 2 cells.

    References:
        Zhang et al., "Self-attention generative adversarial networks", ICML 2019, section 3.
    """

    def __init__(self, units: int) -> None:
        super().__init__()
        few = max(1, units // 8)
        self.snconv1x1_theta = nn.Conv2d(units, few, 1, bias=False)
        self.snconv1x1_phi = nn.Conv2d(units, few, 1, bias=False)
        self.snconv1x1_g = nn.Conv2d(units, units // 2, 1, bias=False)
        self.snconv1x1_o_conv = nn.Conv2d(units // 2, units, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, maps: Tensor) -> Tensor:
        query = self.snconv1x1_theta(maps).flatten(2)
        key, value = (F.max_pool2d(layer(maps), 2).flatten(2) for layer in (self.snconv1x1_phi, self.snconv1x1_g))
        weights = torch.softmax(query.transpose(1, 2) @ key, dim=-1)
        found = (value @ weights.transpose(1, 2)).reshape(len(maps), -1, *maps.shape[2:])
        return torch.addcmul(maps, self.gamma, self.snconv1x1_o_conv(found))
