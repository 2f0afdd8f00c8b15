"""The generator of StyleGAN3, written from its paper; its layers have the names of the published files."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import signal, special
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


class StyleGenerator3(StyledGenerator):
    """The generator of StyleGAN3: Fourier features, and layers with low-pass filters around their nonlinearity.

    The output of a layer is a band-limited signal, so a translation of the input translates the image by the same
    distance, including fractions of a pixel. ``mapping`` maps a latent vector to a style, ``synthesis.input`` returns
    the first maps, ``synthesis.L<number>_<side>_<units>`` are the layers (sides include a margin), the last one returns
    RGB. The defaults are configuration T; configuration R, which is also equivariant to rotation, has ``kernel`` 1,
    ``radial`` filters, ``channel_base`` 65536 and ``channel_max`` 1024.

    Args:
        size: side of the images.
        latent: length of a latent vector.
        classes: number of classes; 0 for an unconditional generator.
        style: length of a style vector.
        channel_base: a layer has ``channel_base`` / (2 x its cutoff) units ...
        channel_max: ... but at most this many.
        mapping_layers: depth of the mapping network.
        layers: number of layers of the synthesis network, without the RGB layer.
        critical: number of last layers that are critically sampled.
        first_cutoff: cutoff of the first layer, in cycles per image.
        first_stopband: stop band of the first layer, in cycles per image.
        last_stopband: stop band of the last layers, as a multiple of their cutoff.
        margin: cells beyond each border of the image.
        kernel: side of the convolution kernels.
        filter_taps: taps of the low-pass filters per resampling factor.
        oversampling: oversampling factor of a leaky ReLU.
        radial: use radially symmetric filters, except in the critically sampled layers.
        clamp: maximum absolute value after a layer; None for no limit.
        output_scale: factor on the output of the RGB layer.
        truncation: 1 for images as in training, 0 for the mean image.

    Raises:
        ValueError: an argument is out of range.

    References:
        Karras et al., "Alias-free generative adversarial networks", NeurIPS 2021, section 3, figure 4 and appendix C
        (filters).
    """

    def __init__(
        self,
        size: int = 256,
        latent: int = 512,
        classes: int = 0,
        style: int = 512,
        channel_base: int = 32768,
        channel_max: int = 512,
        mapping_layers: int = 2,
        layers: int = 14,
        critical: int = 2,
        first_cutoff: float = 2.0,
        first_stopband: float = 2**2.1,
        last_stopband: float = 2**0.3,
        margin: int = 10,
        kernel: int = 3,
        filter_taps: int = 6,
        oversampling: int = 2,
        radial: bool = False,
        clamp: float | None = 256.0,
        output_scale: float = 0.25,
        truncation: float = 1.0,
    ) -> None:
        arguments: dict[str, Any] = {key: value for key, value in locals().items() if key not in ("self", "__class__")}
        check_ranges(arguments, size=(16, 4096), layers=(1, 64))
        if size & (size - 1):
            raise ValueError(f"size must be a power of two, got {size}")
        if not 0 <= critical < layers:
            raise ValueError(f"critical must be from 0 to layers - 1 ({layers - 1}), got {critical}")
        check_ranges(arguments, latent=(1, 65536), classes=(0, 65536), style=(1, 65536), channel_max=(1, 65536))
        check_ranges(arguments, channel_base=(1, 2**24), mapping_layers=(1, 64), margin=(0, 1024), kernel=(1, 15))
        check_ranges(arguments, filter_taps=(1, 64), oversampling=(1, 16))
        super().__init__(arguments, latent, classes)
        self.size, self.truncation, self._output_scale = size, truncation, output_scale
        bands = plan_bands(size, layers, critical, first_cutoff, first_stopband, last_stopband, margin)
        units = [max(1, round(min(channel_base / 2 / band.cutoff, channel_max))) for band in bands]
        units[-1] = 3
        self.mapping = StyleMapping(latent, classes, style, mapping_layers)
        self.synthesis = nn.Module()
        self.synthesis.add_module("input", FourierInput(units[0], style, bands[0]))
        names = []
        for number, band in enumerate(bands):
            before = max(number - 1, 0)
            layer = _AliasFreeLayer(
                (units[before], units[number]),
                (bands[before], band),
                style=style,
                last=number == layers,
                kernel=1 if number == layers else kernel,
                taps=filter_taps,
                oversampling=oversampling,
                radial=radial and number < layers - critical,
                clamp=clamp,
            )
            names.append(f"L{number}_{band.side}_{units[number]}")
            self.synthesis.add_module(names[-1], layer)
        self.layer_names = tuple(f"synthesis.{name}" for name in ("input", *names[:-1]))
        self._layers = tuple(names)

    def draw_styles(self, styles: Tensor) -> Tensor:
        """Generate the images of styles (n, style), or of one style per layer (n, layers + 2, style)."""
        if styles.ndim == 2:
            styles = styles[:, None].expand(-1, len(self._layers) + 1, -1)
        maps = self.synthesis.get_submodule("input")(styles[:, 0])
        for number, name in enumerate(self._layers):
            maps = self.synthesis.get_submodule(name)(maps, styles[:, number + 1])
        images: Tensor = 0.5 + 0.5 * self._output_scale * maps
        return images

    @torch.no_grad()
    def move(self, right: float = 0.0, down: float = 0.0) -> None:
        """Translate generated images, in units of the side of an image (0.5 is half an image)."""
        transform = self.synthesis.get_submodule("input").get_buffer("transform")
        transform.copy_(torch.eye(3))
        transform[:2, 2] = -torch.tensor([right, down])


@dataclass(frozen=True)
class Band:
    """Frequency band of the output of a layer; frequencies in cycles per image."""

    cutoff: float
    #: Distance from the cutoff to the stop band, or to half the sampling rate if that is greater.
    half_width: float
    #: Cells along the side of an image.
    rate: int
    #: Cells along the side of the maps, including margins.
    side: int


def plan_bands(
    size: int,
    layers: int,
    critical: int,
    first_cutoff: float,
    first_stopband: float,
    last_stopband: float,
    margin: int,
) -> list[Band]:
    """Return the band of each layer and, last, of the RGB layer: cutoffs rise geometrically up to ``size`` / 2.

    References:
        Karras et al., NeurIPS 2021, section 3.2 and figure 4c.
    """
    progress = np.minimum(np.arange(layers + 1) / (layers - critical), 1)
    highest = size / 2
    cutoffs = first_cutoff * (highest / first_cutoff) ** progress
    stopbands = first_stopband * (highest * last_stopband / first_stopband) ** progress
    rates = 2 ** np.ceil(np.log2(np.minimum(2 * stopbands, size))).astype(int)
    half_widths = np.maximum(stopbands, rates / 2) - cutoffs
    sides = rates + 2 * margin
    sides[-2:] = size  # the last layers need no margin: no filter follows
    columns = zip(cutoffs.tolist(), half_widths.tolist(), rates.tolist(), sides.tolist(), strict=True)
    return [Band(*column) for column in columns]


class FourierInput(nn.Module):
    """Fourier features of random frequencies below the first cutoff, rotated and translated by the style.

    References:
        Karras et al., NeurIPS 2021, section 3.1 (Fourier features) and 3.2 (transformed by the style).
    """

    freqs: Tensor
    phases: Tensor
    #: Transform set by the user, applied after that of the style: 3 x 3, homogeneous.
    transform: Tensor

    def __init__(self, units: int, style: int, band: Band) -> None:
        super().__init__()
        self._band = band
        directions = torch.randn(units, 2)
        radii = directions.square().sum(dim=1, keepdim=True).sqrt()
        # This maps a normal vector to one that is nearly uniform in the disc.
        self.register_buffer("freqs", band.cutoff * directions / (radii * radii.square().exp() ** 0.25))
        self.register_buffer("phases", torch.rand(units) - 0.5)
        self.register_buffer("transform", torch.eye(3))
        self.weight = nn.Parameter(torch.randn(units, units))
        self.affine = EqualisedLinear(style, 4)
        with torch.no_grad():
            self.affine.weight.zero_()
            self.affine.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0]))

    def forward(self, styles: Tensor) -> Tensor:
        """Compute the maps (n, units, side, side) of styles (n, style)."""
        turn = self.affine(styles)
        turn = turn / turn[:, :2].norm(dim=1, keepdim=True)
        cosine, sine, right, down = turn.unbind(dim=1)
        zero, one = torch.zeros_like(cosine), torch.ones_like(cosine)
        rotation = torch.stack([cosine, -sine, zero, sine, cosine, zero, zero, zero, one], dim=1).reshape(-1, 3, 3)
        shift = torch.stack([one, zero, -right, zero, one, -down, zero, zero, one], dim=1).reshape(-1, 3, 3)
        placed = rotation @ shift @ self.transform
        phases = self.phases + (self.freqs @ placed[:, :2, 2:])[..., 0]
        freqs = self.freqs @ placed[:, :2, :2]
        # The transform can move frequencies beyond the cutoff: amplitudes fall to 0 at half the sampling rate.
        excess = (freqs.norm(dim=2) - self._band.cutoff) / (self._band.rate / 2 - self._band.cutoff)
        amplitudes = (1 - excess).clamp(0, 1)
        side = self._band.side
        positions = (torch.arange(side, device=freqs.device) + 0.5 - side / 2) / self._band.rate
        x, y = (freqs[:, :, axis, None] * positions for axis in (0, 1))
        waves = torch.sin(2 * torch.pi * (x[:, :, None, :] + y[:, :, :, None] + phases[:, :, None, None]))
        mixing = self.weight * self.weight.shape[1] ** -0.5
        return torch.einsum("nuyx,vu->nvyx", waves * amplitudes[:, :, None, None], mixing)


class _AliasFreeLayer(nn.Module):
    """A modulated convolution, then a leaky ReLU at a higher sampling rate between two low-pass filters."""

    magnitude_ema: Tensor
    up_filter: Tensor | None
    down_filter: Tensor | None

    def __init__(
        self,
        units: tuple[int, int],
        bands: tuple[Band, Band],
        *,
        style: int,
        last: bool,
        kernel: int,
        taps: int,
        oversampling: int,
        radial: bool,
        clamp: float | None,
    ) -> None:
        super().__init__()
        before, band = bands
        self._last, self._kernel, self._clamp = last, kernel, clamp
        self.affine = EqualisedLinear(style, units[0], bias=1.0)
        self.weight = nn.Parameter(torch.randn(units[1], units[0], kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(units[1]))
        self.register_buffer("magnitude_ema", torch.ones([]))
        rate = max(before.rate, band.rate) * (1 if last else oversampling)
        self._up, self._down = rate // before.rate, rate // band.rate
        up_taps = taps * self._up if self._up > 1 and not last else 1
        down_taps = taps * self._down if self._down > 1 and not last else 1
        up_filter = design_low_pass(up_taps, before.cutoff, 2 * before.half_width, rate)
        down_filter = design_low_pass(down_taps, band.cutoff, 2 * band.half_width, rate, radial=radial)
        self.register_buffer("up_filter", up_filter, persistent=False)
        self.register_buffer("down_filter", down_filter, persistent=False)
        # The padding at the higher rate is split evenly between both sides.
        missing = (band.side - 1) * self._down + 1 - (before.side + kernel - 1) * self._up
        missing += up_taps + down_taps - 2
        left = (missing + self._up) // 2
        self._padding = (left, missing - left)

    def forward(self, maps: Tensor, styles: Tensor) -> Tensor:
        scales = self.affine(styles)
        if self._last:
            scales = scales * (maps.shape[1] * self._kernel**2) ** -0.5
        maps = maps * self.magnitude_ema.rsqrt()
        maps = modulated_convolution(maps, self.weight, scales, demodulate=not self._last, padding=self._kernel - 1)
        maps = maps + self.bias[:, None, None]
        up_filter = None if self.up_filter is None else self.up_filter * self._up
        maps = resample(maps, up_filter, up=self._up, padding=self._padding)
        if not self._last:
            maps = F.leaky_relu(maps, 0.2) * GAIN
        if self._clamp is not None:
            maps = maps.clamp(-self._clamp, self._clamp)
        return resample(maps, self.down_filter, down=self._down)


def design_low_pass(taps: int, cutoff: float, width: float, rate: float, *, radial: bool = False) -> Tensor | None:
    """Design a low-pass filter with a Kaiser window: (taps,), or (taps, taps) if ``radial``; None for a single tap.

    ``cutoff``, ``width`` of the transition band and the sampling ``rate`` have the same unit; the sum of taps is 1.

    References:
        Karras et al., NeurIPS 2021, appendix C.1 (the ideal filters sinc and jinc) and C.2 (Kaiser window).
    """
    if taps == 1:
        return None
    kernel: NDArray[np.float64]
    if radial:
        positions = (np.arange(taps) - (taps - 1) / 2) / rate
        radius = np.hypot(positions[:, None], positions)
        kernel = special.j1(2 * np.pi * cutoff * radius) / (np.pi * radius)
        beta = signal.kaiser_beta(signal.kaiser_atten(taps, width / (rate / 2)))
        window = np.kaiser(taps, beta)
        kernel = kernel * window[:, None] * window
        kernel = kernel / kernel.sum()
    else:
        kernel = signal.firwin(taps, cutoff, width=width, fs=rate)
    return torch.tensor(kernel, dtype=torch.float32)
