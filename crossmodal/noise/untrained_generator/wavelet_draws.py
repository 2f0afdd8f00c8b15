"""Draws of the wavelet variants of the untrained generator."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from crossmodal.noise.untrained_generator.filters import high_frequency_bank, sparse_bank
from crossmodal.noise.untrained_generator.pink_noise import (
    pink_maps,
    smooth_envelopes,
    standardized,
    white_coefficients,
)
from crossmodal.noise.untrained_generator.source import Source
from crossmodal.noise.untrained_generator.stages import LATENT, Stage
from crossmodal.noise.untrained_generator.wavelets import WaveletLayer, WaveletLevel, WaveletNetwork

_FEWEST_FILTERS = 5
_EXPONENTS = (0.5, 1.5)
_STRONGEST_NOISE = 0.3
#: Half the step between uniform numbers; added to keep logarithms finite.
_HALF_STEP = 2.0**-25


@dataclass(frozen=True)
class WaveletVariant:
    """The distributions of filters, noise and biases of a variant.

    Args:
        bank: returns the filters (40, 3, 3) from which kernels are chosen.
        subset: whether each layer chooses from 5 to 40 of the filters, instead of all.
        enveloped: whether the noise has an envelope.
        one_map: whether all layers of an image share one map of noise, averaged to their sizes.
        bias: biases are uniform in -bias to bias.
    """

    bank: Callable[[], Tensor]
    subset: bool = True
    enveloped: bool = True
    one_map: bool = False
    bias: float = 0.2


WAVELET_VARIANTS = {
    "high_frequency": WaveletVariant(high_frequency_bank, subset=False, enveloped=False, bias=0.0),
    "sparse": WaveletVariant(sparse_bank),
    "oriented": WaveletVariant(sparse_bank, one_map=True),
}


def draw_wavelets(variant: WaveletVariant, stages: Sequence[Stage], source: Source) -> WaveletNetwork:
    """Draw the networks of images, one for each image."""
    return _Drawer(variant, stages, source).network()


class _Drawer:
    def __init__(self, variant: WaveletVariant, stages: Sequence[Stage], source: Source) -> None:
        self.variant = variant
        self.stages = stages
        self.source = source
        self.bank = variant.bank().to(source.device).flatten(1)
        rows, columns = stages[-1].size
        self.map = self.noise_map((2 * rows, 2 * columns), "all") if variant.one_map else None

    def network(self) -> WaveletNetwork:
        size, inputs = self.stages[0]
        (constant,) = self.source.normals("constant", inputs * size[0] * size[1])
        levels = []
        for level, stage in enumerate(self.stages):
            first = self.layer(inputs, stage, f"{level}/0")
            # The coarsest stage has one layer.
            layers = (first,) if level == 0 else (first, self.layer(stage.channels, stage, f"{level}/1"))
            levels.append(WaveletLevel(layers, self.colours(stage.channels, f"{level}")))
            inputs = stage.channels
        return WaveletNetwork(constant.reshape(-1, self.stages[0].channels, *size), tuple(levels))

    def layer(self, inputs: int, stage: Stage, part: str) -> WaveletLayer:
        count = len(self.bank)
        styles = draw_styles(*self.source.normals(f"styles/{part}", LATENT, inputs))
        subset, strength, order, chosen, signs, biases = self.source.uniforms(
            f"kernels/{part}", 1, 1, count, inputs, stage.channels, stage.channels
        )
        filters = choose_filters(subset, order, chosen) if self.variant.subset else (chosen * count).long()
        noise = self.noise_map(stage.size, part) if self.map is None else _averaged(self.map, stage.size)
        return WaveletLayer(
            filters=self.bank[filters] * styles[..., None],
            # Demodulation cancels a normal gain except for its sign.
            signs=torch.where(signs < 0.5, -1.0, 1.0),
            biases=self.variant.bias * (2 * biases - 1),
            noise=_STRONGEST_NOISE * strength[..., None] * noise,
        )

    def colours(self, channels: int, part: str) -> Tensor:
        latents, styles, weights = self.source.normals(f"colours/{part}", LATENT, channels, 3 * channels)
        scale = draw_styles(latents, styles) / math.sqrt(channels)
        return scale[..., None] * weights.reshape(-1, channels, 3)

    def noise_map(self, size: tuple[int, int], part: str) -> Tensor:
        coarse = self.stages[0].size
        exponents, envelope = self.source.uniforms(f"envelope/{part}", 1, coarse[0] * coarse[1])
        (white,) = self.source.normals(f"noise/{part}", white_coefficients(size))
        least, most = _EXPONENTS
        maps = pink_maps(white, least + (most - least) * exponents[:, 0], size)
        if not self.variant.enveloped:
            return maps
        return standardized(maps * smooth_envelopes(_laplace(envelope).reshape(-1, *coarse), size))


def choose_filters(subset: Tensor, order: Tensor, chosen: Tensor) -> Tensor:
    """Choose filters, from 5 of them up to all, by uniform numbers.

    Args:
        subset: (n, 1), for the number of available filters.
        order: (n, filters), for the choice of available filters.
        chosen: (n, channels), for the filter of each channel.

    Returns:
        The indices of the filters (n, channels).
    """
    available = _FEWEST_FILTERS + (subset * (order.shape[1] + 1 - _FEWEST_FILTERS)).long()
    return order.argsort(dim=1).gather(1, (chosen * available).long())


def draw_styles(latents: Tensor, numbers: Tensor) -> Tensor:
    """Draw styles 1 + A w / sqrt(512) for a latent w = leaky_relu(normal numbers) and a normal matrix A.

    Given w, this product is normal with variance |w|^2 / 512, so that the matrix need not be drawn.

    Args:
        latents: normal numbers (n, 512).
        numbers: normal numbers, one for each style (n, channels).
    """
    return 1 + F.leaky_relu(latents, 0.2).square().mean(dim=1, keepdim=True).sqrt() * numbers


def _laplace(numbers: Tensor) -> Tensor:
    centred = numbers + _HALF_STEP - 0.5
    return -centred.sign() * torch.log1p(-2 * centred.abs())


def _averaged(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Average maps (n, rows, columns) to ``size``, which divides their sides."""
    return F.avg_pool2d(maps[:, None], maps.shape[1] // size[0])[:, 0]
