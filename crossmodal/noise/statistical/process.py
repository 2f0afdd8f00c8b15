"""Noise images with statistics of photographs: power spectrum, wavelet marginals, colours.

Starting from uniform noise, each of ten iterations imposes those of the following that the process has: the power
spectrum, the marginals of the wavelet bands, the colour histograms. The channels are then turned to random colour axes
and the image is stretched to the full range.

References:
    Baradad et al., "Learning to see by looking at noise", NeurIPS 2021, section 3.2; parameters of the
    published data.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.noise.process import Process
from crossmodal.noise.statistical.band_statistics import BandMarginals, impose_magnitudes, power_law_magnitudes
from crossmodal.noise.statistical.colour_model import (
    ColourModels,
    Palettes,
    colour_models,
    coloured,
    draw_palettes,
    sheet_grains,
)
from crossmodal.noise.statistical.histogram_matching import has_compiled_loops, match_histograms
from crossmodal.noise.statistical.steerable_pyramid import (
    ORIENTATIONS,
    backward,
    default_scales,
    forward,
    pyramid_filters,
)
from crossmodal.randomness import random_bits, uniforms
from crossmodal.randomness.philox import UNIFORM_STEP

# Pixels per batch on devices other than the CPU: about 1 GB of bands.
_BATCH_PIXELS = 2**21


@dataclass(frozen=True)
class StatisticalDraws:
    """Draws of the statistical processes for n images, as CPU tensors."""

    indices: NDArray[np.int64]
    size: tuple[int, int]
    seed: int
    palettes: Palettes
    #: Exponents of the magnitude spectrum along x and along y, float64 (n, 2); None without a spectrum.
    exponents: Tensor | None
    #: Exponents of the bands' generalized Gaussians, float32 (n, 3, bands); None without marginals.
    shapes: Tensor | None

    def part(self, rows: slice) -> "StatisticalDraws":
        """Return the draws of some images."""
        return StatisticalDraws(
            self.indices[rows],
            self.size,
            self.seed,
            Palettes(*(drawn[rows] for drawn in self.palettes)),
            None if self.exponents is None else self.exponents[rows],
            None if self.shapes is None else self.shapes[rows],
        )


@dataclass(frozen=True, kw_only=True)
class _Statistical(Process[StatisticalDraws]):
    """Base class of the four processes.

    Images of other devices differ by rounding, which ten rounds of histogram matching amplify where values are rare: on
    average by less than 1 of 255 at 64 pixels and 0.5 at 128. In float64 a change of the noise by 1e-5 has an effect of
    the same size.
    """

    #: Least and greatest number of colours of the colour model.
    palette_size: tuple[int, int] = (3, 22)
    #: Least and greatest side of the box filter that blurs the colour sheet, in pixels.
    palette_blur: tuple[int, int] = (1, 10)
    #: Range of the noise on the sheet: from 0 to this, of 255.
    palette_noise: float = 10.0

    _imposes_colours: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _keep_range(self, "palette_size", 1, whole=True)
        _keep_range(self, "palette_blur", 1, whole=True)
        if not 0.0 <= self.palette_noise < math.inf:
            raise ValueError(f"palette_noise must not be negative, got {self.palette_noise}")

    def channels(self, draws: StatisticalDraws, device: torch.device | str = "cpu") -> Tensor:
        """Return the decorrelated channels, before they are turned to RGB: float32 (n, 3, height, width)."""
        finished = [channels for channels, _ in self._batches(draws, torch.device(device))]
        return torch.cat(finished) if finished else torch.empty(0, 3, *draws.size, device=device)

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> StatisticalDraws:
        palettes = draw_palettes(seed, self._stream, indices, self.palette_size, self.palette_blur)
        exponents, shapes = self._draw_exponents(indices, seed), self._draw_shapes(indices, size, seed)
        return StatisticalDraws(indices, size, seed, palettes, exponents, shapes)

    def _draw_exponents(self, indices: NDArray[np.int64], seed: int) -> Tensor | None:
        return None

    def _draw_shapes(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> Tensor | None:
        return None

    def _render(self, draws: StatisticalDraws, device: torch.device) -> Tensor:
        images = torch.empty(len(draws.indices), 3, *draws.size, dtype=torch.uint8, device=device)
        done = 0
        for channels, models in self._batches(draws, device):
            images[done : done + len(channels)] = coloured(channels, models)
            done += len(channels)
        return images

    def _batches(self, draws: StatisticalDraws, device: torch.device) -> Iterator[tuple[Tensor, ColourModels]]:
        # On the CPU a transform or a sum over several images may round differently from one over a single image.
        together = 1 if has_compiled_loops(device) else max(1, _BATCH_PIXELS // math.prod(draws.size))
        for first in range(0, len(draws.indices), together):
            part = draws.part(slice(first, first + together))
            grains = sheet_grains(part.seed, self._stream, part.indices, part.size, device)
            models = colour_models(part.palettes, grains, self.palette_noise)
            yield self._iterated(part, models, device), models

    def _iterated(self, draws: StatisticalDraws, models: ColourModels, device: torch.device) -> Tensor:
        height, width = draws.size
        channels = _uniform_noise(draws, f"{self._stream}/pixels", device)
        magnitudes = marginals = None
        if draws.exponents is not None:
            magnitudes = power_law_magnitudes(draws.exponents.to(device), draws.size)
        if draws.shapes is not None:
            scales = (draws.shapes.shape[2] - 1) // ORIENTATIONS
            marginals = BandMarginals(draws.shapes.to(device), pyramid_filters(height, width, scales, device))
        colours = models.distributions() if self._imposes_colours else None
        spectrum = forward(channels)
        for turn in range(self._turns):
            if colours is not None and turn:
                spectrum = forward(channels)
            if magnitudes is not None:
                spectrum = impose_magnitudes(spectrum, magnitudes, width)
            if marginals is not None:
                spectrum = marginals.impose(spectrum)
            if colours is not None:
                rows = backward(spectrum, draws.size).reshape(-1, height * width)
                channels = match_histograms(rows, colours).reshape(channels.shape)
        return channels if colours is not None else backward(spectrum, draws.size)

    @property
    def _turns(self) -> int:
        return 1

    @property
    def _stream(self) -> str:
        return f"noise/{self.name}"


@dataclass(frozen=True, kw_only=True)
class _WithSpectrum(_Statistical):
    #: Range of the exponent s of the magnitude spectrum 1 / (|fx|^(s + d) + |fy|^(s - d)).
    slope: tuple[float, float] = (0.5, 3.5)
    #: Standard deviation of d.
    slope_difference: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        _keep_range(self, "slope", 0.0)
        if not 0.0 <= self.slope_difference < math.inf:
            raise ValueError(f"slope_difference must not be negative, got {self.slope_difference}")

    def _draw_exponents(self, indices: NDArray[np.int64], seed: int) -> Tensor:
        slope = _between(self.slope, uniforms(seed, f"{self._stream}/slope", indices, 1).double())
        uniform = uniforms(seed, f"{self._stream}/slope difference", indices, 1).double()
        difference = self.slope_difference * torch.special.ndtri(uniform + 0.5 * UNIFORM_STEP)
        return torch.cat([slope + difference, slope - difference], dim=1)


@dataclass(frozen=True, kw_only=True)
class _WithMarginals(_Statistical):
    #: Range of the exponent r of the bands' densities exp(-|x / s|^r), drawn for each band of each channel.
    shape: tuple[float, float] = (0.4, 0.8)

    def __post_init__(self) -> None:
        super().__post_init__()
        _keep_range(self, "shape", 1e-3)

    def _draw_shapes(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> Tensor:
        bands = 1 + ORIENTATIONS * default_scales(*size)
        drawn = uniforms(seed, f"{self._stream}/shape", indices, 3 * bands)
        return _between(self.shape, drawn.reshape(-1, bands, 3).transpose(1, 2))


@dataclass(frozen=True, kw_only=True)
class _Iterated(_Statistical):
    #: Number of times that the statistics are imposed in turn.
    iterations: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.iterations < 1:
            raise ValueError(f"iterations must be at least 1, got {self.iterations}")

    @property
    def _turns(self) -> int:
        return self.iterations


@dataclass(frozen=True, kw_only=True)
class Spectrum(_WithSpectrum):
    """Coloured clouds: random phases and a random power-law spectrum.

    The published process imposes the spectrum ten times. Once gives the same, since phases, mean and variance do not
    change.
    """

    name: ClassVar[str] = "spectrum"


@dataclass(frozen=True, kw_only=True)
class WaveletMarginals(_WithMarginals, _Iterated):
    """Textures whose steerable-pyramid bands have generalized Gaussian distributions, sparse like edges."""

    name: ClassVar[str] = "wmm"


@dataclass(frozen=True, kw_only=True)
class SpectrumColour(_WithSpectrum, _Iterated):
    """Clouds with a random power-law spectrum and the colours of a random palette."""

    name: ClassVar[str] = "spectrum_colour"
    _imposes_colours: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class SpectrumColourWaveletMarginals(_WithSpectrum, _WithMarginals, _Iterated):
    """Textures with a random power-law spectrum, sparse wavelet bands and the colours of a random palette."""

    name: ClassVar[str] = "spectrum_colour_wmm"
    _imposes_colours: ClassVar[bool] = True


def _uniform_noise(draws: StatisticalDraws, stream: str, device: torch.device) -> Tensor:
    """Draw noise in [0, 256), in steps of 1/256: float32 (n, 3, height, width)."""
    values = 3 * math.prod(draws.size)
    words = random_bits(draws.seed, stream, draws.indices, -(-values // 2), device)
    halves = words.int().view(torch.int16)[:, :values]
    return (halves.float() / 256.0 + 128.0).reshape(-1, 3, *draws.size)


def _between(ends: tuple[float, float], uniform: Tensor) -> Tensor:
    return ends[0] + (ends[1] - ends[0]) * uniform


def _keep_range(process: _Statistical, option: str, least: float, whole: bool = False) -> None:
    """Check an option that is a range (low, high), given as a tuple or list, and store it as a tuple."""
    given = getattr(process, option)
    numbers = (int,) if whole else (int, float)
    if not (
        isinstance(given, (tuple, list))
        and len(given) == 2
        and all(isinstance(end, numbers) and math.isfinite(end) for end in given)
        and least <= given[0] <= given[1]
    ):
        kind = "whole numbers" if whole else "numbers"
        raise ValueError(f"{option} must be two {kind}, {least} <= low <= high, got {given!r}")
    object.__setattr__(process, option, tuple(given))
