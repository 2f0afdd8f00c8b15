"""What images look like in numbers: spectral slope, wavelet kurtosis, sizes of regions, colours.

Everything here looks at images alone, uint8 (n, 3, height, width), wherever they come from. What the processes
promise about these numbers stands in `crossmodal.noise.checks.law`.
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
#: The spectrum is fitted from so many cycles over the shorter side to so many cycles a pixel.
LOWEST_CYCLES, HIGHEST_FREQUENCY = 4, 0.25
_FEWEST_RINGS = 3
# Under a Hann window neighbouring rings share waves: slopes of white images (64 and 128 pixels) spread so many times
# as far as those of independent rings would.
_RINGS_SHARED = 1.95
# Rounding to whole grey levels adds this variance to every pixel; where the spectrum is not above it by this factor of
# power, it says nothing of the image.
_ROUNDING_VARIANCE, _ABOVE_ROUNDING = 1 / 12, 4.0
# Regions that are all as small, or as large, as is looked at have an exponent beyond what can be fitted.
_STEEPEST = 100.0


@dataclass(frozen=True)
class SpectralSlope:
    """How fast the amplitude spectrum of each image falls: amplitude proportional to frequency ** -exponent.

    Attributes:
        exponents: float64 (n,); NaN where fewer than three rings can be fitted (flat or too small images).
        standard_errors: float64 (n,), of the fit.
    """

    exponents: Floats
    standard_errors: Floats


def spectral_slope(images: Tensor) -> SpectralSlope:
    """Fit the exponent of the radially averaged amplitude spectrum, each image for itself.

    The channels, free of their means and under a Hann window, give the mean power in rings one cycle over the shorter
    side wide, from 4 cycles over that side to 0.25 cycles a pixel (half of what pixels can hold). A straight line is
    fitted to the logarithms of amplitude (root of the power) and radius, all rings alike. Rings that rounding to whole
    grey levels could have filled are left out, and what lies beyond the first of them.

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
    # A column of the half spectrum stands for itself and its mirror, but for the first (and the last of an even width).
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
    """Measure how heavy the tails of Haar bands are: fourth moment over squared second, 3 for a Gaussian.

    The bands are those of the grey image (mean of the channels), each scale at half the size of the one before.

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
        images: int64 (regions,), which image each is of.
        pixels: of an image.
    """

    areas: NDArray[np.int64]
    colours: NDArray[np.uint8]
    images: NDArray[np.int64]
    pixels: int

    def survival(self, areas: NDArray[np.int64]) -> Floats:
        """Tell the share of regions that are at least so large: float64, one for each of ``areas``."""
        ordered = np.sort(self.areas)
        return 1.0 - np.searchsorted(ordered, areas, side="left") / max(len(ordered), 1)

    def exponent(self, least: float = 0.002, most: float = 0.2) -> tuple[float, float]:
        """Fit the exponent of the survival function, P(area >= A) proportional to A ** -exponent, with standard error.

        By maximum likelihood, over the regions that take ``least`` to ``most`` of their image. Leaves whose radii
        have the density r ** -3 make an exponent near 1. (NaN, NaN) for fewer than 10 regions.

        References:
            Clauset, Shalizi & Newman, "Power-law distributions in empirical data", 2009, section 3.
        """
        low, high = least * self.pixels, most * self.pixels
        inside = self.areas[(self.areas >= low) & (self.areas <= high)]
        if len(inside) < 10:
            return math.nan, math.nan
        return _truncated_pareto(np.log(inside / low), math.log(high / low))


def region_sizes(images: Tensor) -> RegionSizes:
    """Find the regions of equal colour of all images.

    Raises:
        ValueError: not images.
    """
    stack = _as_images(images)
    height, width = stack.shape[-2:]
    places = np.arange(height * width).reshape(height, width)
    areas, colours, owners = [np.zeros(0, np.int64)], [np.zeros((0, 3), np.uint8)], [np.zeros(0, np.int64)]
    for i, image in enumerate(stack):
        across = (image[:, :, 1:] == image[:, :, :-1]).all(axis=0)
        down = (image[:, 1:] == image[:, :-1]).all(axis=0)
        first = np.concatenate([places[:, :-1][across], places[:-1][down]])
        second = np.concatenate([places[:, 1:][across], places[1:][down]])
        links = coo_array((np.ones(len(first), np.int8), (first, second)), shape=(height * width,) * 2)
        count, region = connected_components(links, directed=False)
        representative = np.zeros(count, np.int64)
        representative[region] = places.ravel()
        areas.append(np.bincount(region, minlength=count))
        colours.append(image.reshape(3, -1).T[representative])
        owners.append(np.full(count, i))
    return RegionSizes(np.concatenate(areas), np.concatenate(colours), np.concatenate(owners), height * width)


@dataclass(frozen=True)
class ColourHistogram:
    """How grey levels and colours are used.

    Attributes:
        shares: float64 (3, 256), of each level in each channel, over all images.
        distance_to_uniform: float64 (3,), total variation distance to all levels alike, 0 to 1.
        distinct_colours: int64 (n,), in each image.
    """

    shares: Floats
    distance_to_uniform: Floats
    distinct_colours: NDArray[np.int64]


def colour_histogram(images: Tensor) -> ColourHistogram:
    """Count grey levels and distinct colours.

    Raises:
        ValueError: not images.
    """
    stack = _as_images(images)
    counts = np.stack([np.bincount(stack[:, channel].ravel(), minlength=256) for channel in range(3)])
    shares = counts / max(int(counts[0].sum()), 1)
    weights = np.array([1, 256, 65536])
    distinct = np.array([len(np.unique(np.tensordot(weights, image, 1))) for image in stack], dtype=np.int64)
    return ColourHistogram(shares, 0.5 * np.abs(shares - 1 / 256).sum(axis=1), distinct)


def distinct_share(images: Tensor) -> float:
    """Tell how many of the images are like no other, byte for byte, as a share of all."""
    seen: dict[bytes, int] = {}
    for image in _as_images(images):
        content = image.tobytes()
        seen[content] = seen.get(content, 0) + 1
    return sum(count == 1 for count in seen.values()) / max(sum(seen.values()), 1)


def _as_images(images: Tensor) -> NDArray[np.uint8]:
    stack = torch.as_tensor(images).cpu()
    if stack.ndim != 4 or stack.shape[1] != 3 or stack.dtype != torch.uint8:
        raise ValueError(f"need images uint8 (n, 3, height, width), got {stack.dtype} {tuple(stack.shape)}")
    return np.asarray(stack.numpy())


def _hann(side: int) -> Floats:
    # Its middle lies in the middle of the pixels, so that no pixel has weight 0.
    return np.asarray(np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2)


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    """Fit y = a x + b by least squares: a and its standard error."""
    centred = x - x.mean()
    spread = float((centred**2).sum())
    slope = float((centred * y).sum()) / spread
    residual = y - y.mean() - slope * centred
    return slope, math.sqrt(float((residual**2).sum()) / (len(x) - 2) / spread)


def _kurtosis(values: Floats) -> Floats:
    centred = values - values.mean(axis=1, keepdims=True)
    second, fourth = (centred**2).mean(axis=1), (centred**4).mean(axis=1)
    # Rounding of sums leaves a variance of 1e-20 or so in a flat band.
    return np.where(second > 1e-12, fourth / np.where(second > 1e-12, second, 1.0) ** 2, np.nan)


def _truncated_pareto(logs: Floats, highest: float) -> tuple[float, float]:
    """Fit a to the density exp(-a t) on 0 to ``highest`` by maximum likelihood: a and its standard error."""

    def moments(rate: float) -> tuple[float, float]:
        """Mean and variance of the density; near a = 0, where the formulas lose their digits, by their series."""
        reach = rate * highest
        if abs(reach) < 1e-4:
            return highest * (0.5 - reach / 12), highest**2 / 12
        tail = highest / math.expm1(reach)
        return 1 / rate - tail, 1 / rate**2 - tail * (tail + highest)

    furthest = _STEEPEST / highest
    mean = min(max(float(logs.mean()), moments(furthest)[0]), moments(-furthest)[0])
    rate = float(brentq(lambda rate: moments(rate)[0] - mean, -furthest, furthest))
    return rate, 1 / math.sqrt(moments(rate)[1] * len(logs))
