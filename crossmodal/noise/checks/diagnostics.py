"""Statistics of images: spectral slope, wavelet kurtosis, sizes of regions, colours.

All functions take images of any origin, uint8 (n, 3, height, width). The expected values for the processes are in
`crossmodal.noise.checks.law`.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

Floats = NDArray[np.float64]

#: Haar bands of a scale: differences between columns, between rows, and between both.
ORIENTATIONS = ("across", "down", "diagonal")
#: Range of the fit of the spectrum: from cycles per shorter side to cycles per pixel.
LOWEST_CYCLES, HIGHEST_FREQUENCY = 4, 0.25
_FEWEST_RINGS = 3
# With a Hann window neighbouring rings are correlated: slopes of white images (64 and 128 pixels) have a standard
# deviation larger by this factor than those of independent rings.
_RINGS_SHARED = 1.95
# Rounding to integer grey levels adds this variance to each pixel; rings with less than this factor times its power are
# not used.
_ROUNDING_VARIANCE, _ABOVE_ROUNDING = 1 / 12, 4.0
# Limit of the exponent: it diverges if all regions have the least or the greatest area of the fit.
_STEEPEST = 100.0


@dataclass(frozen=True)
class SpectralSlope:
    """Exponents of the amplitude spectra of images: amplitude proportional to frequency ** -exponent.

    Attributes:
        exponents: float64 (n,); NaN where fewer than three rings can be fitted (flat or too small images).
        standard_errors: float64 (n,), of the fit.
    """

    exponents: Floats
    standard_errors: Floats


def spectral_slope(images: Tensor) -> SpectralSlope:
    """Fit the exponent of the radially averaged amplitude spectrum of each image.

    The means of the channels are subtracted and a Hann window is applied. The power is averaged in rings with a width
    of one cycle per shorter side, from 4 cycles per shorter side to 0.25 cycles per pixel (half the Nyquist frequency).
    A straight line is fitted to the logarithms of amplitude (square root of the power) and radius, with equal weights.
    The first ring whose power may be due to rounding to integer grey levels is not used, nor are those beyond it.

    Raises:
        ValueError: not images.
    """
    stack = _as_images(images)
    height, width = stack.shape[-2:]
    window = np.outer(_hann(height), _hann(width))
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    radius = np.hypot(down, across)
    ring = np.rint(radius * min(height, width)).astype(np.int64)
    rings = np.arange(LOWEST_CYCLES, int(HIGHEST_FREQUENCY * min(height, width)) + 1)
    # Columns of the half spectrum count twice, except the first (and the last of an even width).
    twice = np.where((across == 0) | (across == 0.5), 1.0, 2.0) * np.ones_like(radius)
    members = np.bincount(ring.ravel(), twice.ravel())
    mean_radius = np.bincount(ring.ravel(), (twice * radius).ravel()) / members
    rounding = 3 * _ROUNDING_VARIANCE * float((window**2).sum())
    exponents, errors = np.full(len(stack), np.nan), np.full(len(stack), np.nan)
    for i, image in enumerate(stack):
        free = image - image.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
        power = (np.abs(np.fft.rfft2(free * window)) ** 2).sum(axis=0)
        mean_power = (np.bincount(ring.ravel(), (twice * power).ravel()) / members)[rings]
        above = np.cumprod(mean_power > _ABOVE_ROUNDING * rounding).astype(bool)
        if above.sum() >= _FEWEST_RINGS:
            exponents[i], errors[i] = _line(np.log(mean_radius[rings][above]), -0.5 * np.log(mean_power[above]))
    return SpectralSlope(exponents, _RINGS_SHARED * errors)


def wavelet_kurtosis(images: Tensor, scales: int = 3) -> Floats:
    """Compute the kurtosis of Haar bands: the fourth moment over the squared second moment, 3 for a Gaussian.

    The bands are those of the grey image (mean of the channels); each scale has half the size of the previous one.

    Returns:
        float64 (n, scales, 3): scales from fine to coarse, bands as in `ORIENTATIONS`; NaN for bands of fewer than 16
        values or without variance.

    Raises:
        ValueError: not images, or no scales.
    """
    if scales < 1:
        raise ValueError(f"scales must be at least 1, got {scales}")
    grey = _as_images(images).mean(axis=1)
    found = np.full((len(grey), scales, len(ORIENTATIONS)), np.nan)
    for scale in range(scales):
        rows, columns = grey.shape[1] // 2, grey.shape[2] // 2
        if rows * columns < 16:
            break
        even = grey[:, : 2 * rows, : 2 * columns].reshape(len(grey), rows, 2, columns, 2)
        (a, b), (c, d) = (even[:, :, i, :].transpose(3, 0, 1, 2) for i in range(2))
        for band, values in enumerate(((a - b + c - d) / 2, (a + b - c - d) / 2, (a - b - c + d) / 2)):
            found[:, scale, band] = _kurtosis(values.reshape(len(grey), -1))
        grey = (a + b + c + d) / 2
    return found


@dataclass(frozen=True)
class RegionSizes:
    """Regions of equal colour: pixels of one colour that touch along their sides.

    Attributes:
        areas: int64 (regions,), in pixels, of all images.
        colours: uint8 (regions, 3).
        images: int64 (regions,), positions of the images of the regions.
        pixels: number of pixels of an image.
    """

    areas: NDArray[np.int64]
    colours: NDArray[np.uint8]
    images: NDArray[np.int64]
    pixels: int

    def survival(self, areas: NDArray[np.int64]) -> Floats:
        """Return the fraction of regions with at least each of ``areas``: float64."""
        ordered = np.sort(self.areas)
        return 1.0 - np.searchsorted(ordered, areas, side="left") / max(len(ordered), 1)

    def exponent(self, least: float = 0.002, most: float = 0.2) -> tuple[float, float]:
        """Fit the exponent of the survival function, P(area >= A) proportional to A ** -exponent; with standard error.

        The fit is by maximum likelihood, over the regions with a fraction of ``least`` to ``most`` of the image's area.
        Leaves whose radii have the density r ** -3 give an exponent near 1. (NaN, NaN) for fewer than 10 regions.

        References:
            Clauset, Shalizi & Newman, "Power-law distributions in empirical data", 2009, section 3.
        """
        low, high = least * self.pixels, most * self.pixels
        inside = self.areas[(self.areas >= low) & (self.areas <= high)]
        if len(inside) < 10:
            return math.nan, math.nan
        return _truncated_pareto(np.log(inside / low), math.log(high / low))


def region_sizes(images: Tensor) -> RegionSizes:
    """Return the regions of equal colour of all images.

    Raises:
        ValueError: not images.
    """
    stack = _as_images(images)
    height, width = stack.shape[-2:]
    numbers = np.arange(height * width).reshape(height, width)
    areas, colours, owners = [np.zeros(0, np.int64)], [np.zeros((0, 3), np.uint8)], [np.zeros(0, np.int64)]
    for i, image in enumerate(stack):
        across = (image[:, :, 1:] == image[:, :, :-1]).all(axis=0)
        down = (image[:, 1:] == image[:, :-1]).all(axis=0)
        first = np.concatenate([numbers[:, :-1][across], numbers[:-1][down]])
        second = np.concatenate([numbers[:, 1:][across], numbers[1:][down]])
        links = coo_array((np.ones(len(first), np.int8), (first, second)), shape=(height * width,) * 2)
        count, region = connected_components(links, directed=False)
        representative = np.zeros(count, np.int64)
        representative[region] = numbers.ravel()
        areas.append(np.bincount(region, minlength=count))
        colours.append(image.reshape(3, -1).T[representative])
        owners.append(np.full(count, i))
    return RegionSizes(np.concatenate(areas), np.concatenate(colours), np.concatenate(owners), height * width)


@dataclass(frozen=True)
class ColourHistogram:
    """Frequencies of grey levels and colours.

    Attributes:
        frequencies: float64 (3, 256), relative frequency of each level in each channel, over all images.
        distance_to_uniform: float64 (3,), total variation distance to the uniform distribution, 0 to 1.
        distinct_colours: int64 (n,), number of colours in each image.
    """

    frequencies: Floats
    distance_to_uniform: Floats
    distinct_colours: NDArray[np.int64]


def colour_histogram(images: Tensor) -> ColourHistogram:
    """Count grey levels and distinct colours.

    Raises:
        ValueError: not images.
    """
    stack = _as_images(images)
    counts = np.stack([np.bincount(stack[:, channel].ravel(), minlength=256) for channel in range(3)])
    frequencies = counts / max(int(counts[0].sum()), 1)
    weights = np.array([1, 256, 65536])
    distinct = np.array([len(np.unique(np.tensordot(weights, image, 1))) for image in stack], dtype=np.int64)
    return ColourHistogram(frequencies, 0.5 * np.abs(frequencies - 1 / 256).sum(axis=1), distinct)


def distinct_fraction(images: Tensor) -> float:
    """Return the fraction of images that are not equal to any other image."""
    counts: dict[bytes, int] = {}
    for image in _as_images(images):
        content = image.tobytes()
        counts[content] = counts.get(content, 0) + 1
    return sum(count == 1 for count in counts.values()) / max(sum(counts.values()), 1)


def _as_images(images: Tensor) -> NDArray[np.uint8]:
    stack = torch.as_tensor(images).cpu()
    if stack.ndim != 4 or stack.shape[1] != 3 or stack.dtype != torch.uint8:
        raise ValueError(f"need images uint8 (n, 3, height, width), got {stack.dtype} {tuple(stack.shape)}")
    return np.asarray(stack.numpy())


def _hann(side: int) -> Floats:
    # Sampled at the centres of pixels, so that no pixel has weight 0.
    return np.asarray(np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2)


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    """Fit y = a x + b by least squares; return a and its standard error."""
    centred = x - x.mean()
    spread = float((centred**2).sum())
    slope = float((centred * y).sum()) / spread
    residual = y - y.mean() - slope * centred
    return slope, math.sqrt(float((residual**2).sum()) / (len(x) - 2) / spread)


def _kurtosis(values: Floats) -> Floats:
    centred = values - values.mean(axis=1, keepdims=True)
    second, fourth = (centred**2).mean(axis=1), (centred**4).mean(axis=1)
    # By rounding, a flat band has a variance of about 1e-20.
    return np.where(second > 1e-12, fourth / np.where(second > 1e-12, second, 1.0) ** 2, np.nan)


def _truncated_pareto(logs: Floats, highest: float) -> tuple[float, float]:
    """Fit a in the density exp(-a t) on 0 to ``highest`` by maximum likelihood; return a and its standard error."""

    def moments(rate: float) -> tuple[float, float]:
        """Return mean and variance of the density; near a = 0 by series, where the formulas lose precision."""
        reach = rate * highest
        if abs(reach) < 1e-4:
            return highest * (0.5 - reach / 12), highest**2 / 12
        tail = highest / math.expm1(reach)
        return 1 / rate - tail, 1 / rate**2 - tail * (tail + highest)

    furthest = _STEEPEST / highest
    mean = min(max(float(logs.mean()), moments(furthest)[0]), moments(-furthest)[0])
    rate = float(brentq(lambda rate: moments(rate)[0] - mean, -furthest, furthest))
    return rate, 1 / math.sqrt(moments(rate)[1] * len(logs))
