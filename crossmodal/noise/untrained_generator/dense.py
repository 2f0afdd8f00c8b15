"""A generator with random dense kernels: style-modulated, demodulated convolutions.

Styles scale the input channels of a layer and demodulation its output channels, so that all images of a network share
one set of kernels: convolve(inputs * styles) * demodulation.
"""

import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from crossmodal.noise.untrained_generator.source import Source
from crossmodal.noise.untrained_generator.stages import BINOMIAL, LATENT, RECTIFIED_GAIN, Stage, enlarged
from crossmodal.noise.untrained_generator.winograd import WORTHWHILE_SIDE, convolve_tiles, tile_kernels


class DenseLayer(NamedTuple):
    """Maps (n, inputs, rows, columns) to (n, outputs, ...), with styles (n, inputs) computed from latents (n, 512)."""

    convolve: Callable[[Tensor], Tensor]
    energies: Tensor
    """Sums of squares of the kernels (inputs, outputs)."""
    styles: Tensor
    """The matrix that maps latents to styles (inputs, 512)."""


class DenseLevel(NamedTuple):
    """The layers of one stage, and the weights (3, channels) and styles (channels, 512) of its part of the image."""

    layers: tuple[DenseLayer, ...]
    colours: Tensor
    styles: Tensor


class DenseNetwork(NamedTuple):
    """The coarsest maps (channels, rows, columns), and the levels from coarse to fine."""

    constant: Tensor
    levels: tuple[DenseLevel, ...]

    @property
    def latents(self) -> int:
        """The number of latent vectors of an image: one per layer, and one per level for its colours."""
        return sum(len(level.layers) + 1 for level in self.levels)


# Two, so that training and validation images can alternate; at the published widths each takes 200 MB.
@lru_cache(maxsize=2)
def dense_network(seed: int, stream: str, number: int, stages: tuple[Stage, ...], device: torch.device) -> DenseNetwork:
    """Draw network ``number``: standard normal weights, no biases, no noise."""
    source = Source(seed, stream, np.array([number]), device)
    size, inputs = stages[0]
    (constant,) = source.normals("constant", inputs * size[0] * size[1])
    levels = []
    for level, stage in enumerate(stages):
        if level == 0:
            layers = [_layer(source, inputs, stage, _convolution, "0/0")]
        else:
            finer = _tiled if device.type == "cpu" and min(stage.size) >= WORTHWHILE_SIDE else _convolution
            layers = [
                _layer(source, inputs, stage, _doubling, f"{level}/0"),
                _layer(source, stage.channels, stage, finer, f"{level}/1"),
            ]
        colours, styles = source.normals(f"colours/{level}", 3 * stage.channels, stage.channels * LATENT)
        levels.append(DenseLevel(tuple(layers), colours.reshape(3, -1), styles.reshape(-1, LATENT)))
        inputs = stage.channels
    return DenseNetwork(constant.reshape(-1, *size), tuple(levels))


def evaluate_dense(network: DenseNetwork, numbers: Tensor) -> Tensor:
    """Return images (n, 3, rows, columns), of arbitrary scale, for normal numbers (n, network.latents, 512)."""
    latents = iter(F.leaky_relu(numbers, 0.2).unbind(dim=1))
    # Channels last: a third faster on a CPU.
    maps = network.constant.repeat(len(numbers), 1, 1, 1).contiguous(memory_format=torch.channels_last)
    image: Tensor | None = None
    for level in network.levels:
        for layer in level.layers:
            styles = _styles(next(latents), layer.styles)
            demodulation = RECTIFIED_GAIN * (styles.square() @ layer.energies).rsqrt()
            drive = layer.convolve(maps.mul_(styles[..., None, None]))
            maps = drive.mul_(demodulation[..., None, None]).relu_()
        weights = level.colours * _styles(next(latents), level.styles)[:, None] / math.sqrt(len(level.styles))
        colours = torch.einsum("nchw,nkc->nkhw", maps, weights)
        image = colours if image is None else enlarged(image) + colours
    assert image is not None
    return image


def _layer(
    source: Source, inputs: int, stage: Stage, convolution: Callable[[Tensor], Callable[[Tensor], Tensor]], part: str
) -> DenseLayer:
    kernels, styles = source.normals(f"layer/{part}", inputs * stage.channels * 9, inputs * LATENT)
    kernels = kernels.reshape(inputs, stage.channels, 3, 3)
    # The copy frees the kernels, which are in the same storage as the styles.
    return DenseLayer(convolution(kernels), kernels.square().sum(dim=(2, 3)), styles.reshape(inputs, LATENT).clone())


def _styles(latents: Tensor, matrix: Tensor) -> Tensor:
    return 1 + latents @ matrix.T / math.sqrt(LATENT)


# The following functions take kernels (inputs, outputs, 3, 3) and return functions of maps (n, inputs, rows, columns).


def _convolution(kernels: Tensor) -> Callable[[Tensor], Tensor]:
    return partial(F.conv_transpose2d, weight=kernels.clone(), padding=1)


def _doubling(kernels: Tensor) -> Callable[[Tensor], Tensor]:
    outputs = kernels.shape[1]
    binomial = torch.tensor(BINOMIAL, device=kernels.device)
    low_pass = torch.outer(binomial, binomial).expand(outputs, 1, 4, 4).contiguous()
    kernels = kernels.clone()

    def convolve(maps: Tensor) -> Tensor:
        # Zeros between the pixels, the kernels, then the low-pass filter.
        spread = F.conv_transpose2d(maps, kernels, stride=2)
        return F.conv2d(spread, low_pass, padding=1, groups=outputs)

    return convolve


def _tiled(kernels: Tensor) -> Callable[[Tensor], Tensor]:
    # Transposed convolutions flip their kernels.
    tiles = tile_kernels(kernels.transpose(0, 1).flip(2, 3))

    def convolve(maps: Tensor) -> Tensor:
        return convolve_tiles(maps.permute(0, 2, 3, 1), tiles).permute(0, 3, 1, 2)

    return convolve
