"""The statistical processes done plainly: whole spectra, pixels between all steps, one channel at a time, float64."""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from crossmodal.noise.statistical import process as statistical
from crossmodal.noise.statistical.colour_model import colour_models, sheet_grains

Plane = NDArray[np.float64]

_BAND_VALUES = np.arange(-200.0, 200.25, 0.5)


def recursive_pyramid(whole: Plane, scales: int) -> list[Plane]:
    """Filter, take every second pixel, and start again: the pyramid as it is defined, for sides of powers of two."""
    radius, _ = _polar_grid(len(whole))
    bands = [_filtered(whole, np.sqrt(1.0 - _lowpass(radius) ** 2))]
    rest = _filtered(whole, _lowpass(radius))
    for _ in range(scales):
        radius, _ = _polar_grid(len(rest))
        bands += [_filtered(rest, lobe) for lobe in _lobes(len(rest))]
        # Twice, so that a quarter of the pixels holds the energy.
        rest = 2.0 * _filtered(rest, _lowpass(2.0 * radius))[::2, ::2]
    return [*bands, rest]


def rebuilt(bands: list[Plane]) -> Plane:
    """Undo `recursive_pyramid`: from coarse to fine, fill in zeros, filter and add."""
    rest = bands[-1]
    for scale in reversed(range((len(bands) - 2) // 4)):
        oriented = bands[1 + 4 * scale : 5 + 4 * scale]
        side = len(oriented[0])
        radius, _ = _polar_grid(side)
        spread = np.zeros((side, side))
        spread[::2, ::2] = 2.0 * rest
        rest = _filtered(spread, _lowpass(2.0 * radius))
        for band, lobe in zip(oriented, _lobes(side), strict=True):
            rest += _filtered(band, lobe.conj())
    radius, _ = _polar_grid(len(rest))
    return _filtered(bands[0], np.sqrt(1.0 - _lowpass(radius) ** 2)) + _filtered(rest, _lowpass(radius))


def plainly_matched(values: Plane, weights: Plane, low: float, step: float) -> Plane:
    """Match values by cumulative histograms and linear interpolation, as Heeger & Bergen describe."""
    bins = len(weights)
    counts, edges = np.histogram(values, bins)
    shares = np.concatenate([[0.0], np.cumsum(counts) / values.size])
    weights = weights + weights.mean() * 1e-8
    cumulative = np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])
    cumulative[-1] = 1.0
    return np.interp(values, edges, np.interp(shares, cumulative, low + step * np.arange(bins + 1)))


def band_weights(shape: float, times_smaller: float) -> tuple[Plane, float]:
    """The asked histogram of a band on -200, -199.5, ... 200, and its standard deviation."""
    weights = np.exp(-((np.abs(_BAND_VALUES) / 4.0**times_smaller) ** shape))
    return weights, math.sqrt(np.average(_BAND_VALUES**2, weights=weights))


def with_spectrum(channel: Plane, along_x: float, along_y: float) -> Plane:
    """Keep the phase, replace the magnitude, restore mean and standard deviation."""
    frequency = np.abs(np.fft.fftfreq(len(channel)))
    magnitude = frequency[None] ** along_x + frequency[:, None] ** along_y
    magnitude = np.divide(1.0, magnitude, where=magnitude > 0.0, out=np.zeros_like(magnitude))
    made = np.fft.ifft2(np.exp(1j * np.angle(np.fft.fft2(channel))) * magnitude).real
    return (made - made.mean()) / made.std() * channel.std() + channel.mean()


def with_marginals(channel: Plane, shapes: Plane) -> Plane:
    """Standardize each band, match its histogram, standardize again, rebuild."""
    bands = recursive_pyramid(channel, (len(shapes) - 1) // 4)
    for k, shape in enumerate(shapes):
        weights, deviation = band_weights(shape, len(channel) / len(bands[k]))
        matched = plainly_matched(bands[k] / bands[k].std() * deviation, weights, -200.25, 0.5)
        bands[k] = (matched - matched.mean()) / matched.std() * deviation
    return rebuilt(bands)


def plain_image(
    process: "statistical._Statistical", draws: statistical.StatisticalDraws, turns: int
) -> NDArray[np.float64]:
    """Make the one image of ``draws`` from the noise and the colour model that the process uses."""
    stream, cpu = f"noise/{process.name}", torch.device("cpu")
    channels = list(statistical._uniform_noise(draws, f"{stream}/pixels", cpu)[0].double().numpy())
    grains = sheet_grains(draws.seed, stream, draws.indices, draws.size, cpu)
    model = colour_models(draws.palettes, grains, process.palette_noise)
    for _ in range(turns):
        for k in range(3):
            if draws.exponents is not None:
                channels[k] = with_spectrum(channels[k], *draws.exponents[0].tolist())
            if draws.shapes is not None:
                channels[k] = with_marginals(channels[k], draws.shapes[0, k].double().numpy())
            if "colour" in process.name:
                counts, edges = np.histogram(model.channels[0, k].double().numpy(), 256)
                channels[k] = plainly_matched(channels[k], counts.astype(float), edges[0], edges[1] - edges[0])
    rgb = np.einsum("rc,chw->rhw", model.basis[0].numpy(), channels) + model.mean[0].numpy()[:, None, None]
    return np.round((rgb - rgb.min()) / (rgb.max() - rgb.min()) * 255.0)


def _filtered(plane: Plane, filters: NDArray[np.generic]) -> Plane:
    return np.fft.ifft2(np.fft.fft2(plane) * filters).real


def _lobes(side: int) -> list[NDArray[np.complex128]]:
    radius, angle = _polar_grid(side)
    high = np.sqrt(1.0 - _lowpass(2.0 * radius) ** 2)
    return [high * math.sqrt(0.8) * 1j * np.cos(angle - k * math.pi / 4.0) ** 3 for k in range(4)]


def _polar_grid(side: int) -> tuple[Plane, Plane]:
    frequency = np.fft.fftfreq(side)
    return np.hypot(frequency[:, None], frequency), np.arctan2(frequency[:, None], frequency)


def _lowpass(radius: Plane) -> Plane:
    """1 up to a quarter of the sampling rate, 0 from a half on."""
    octave = np.log2(np.maximum(2.0 * radius, 1e-9))
    return np.where(octave >= 0.0, 0.0, np.cos(0.5 * math.pi * np.clip(octave + 1.0, 0.0, 1.0)))
