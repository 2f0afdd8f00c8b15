"""Tests of images against the published statistics of their process, with a stated false-alarm rate."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from torch import Tensor

from crossmodal.interval import Interval
from crossmodal.noise.checks.diagnostics import (
    ColourHistogram,
    Floats,
    RegionSizes,
    SpectralSlope,
    colour_histogram,
    region_sizes,
    spectral_slope,
    wavelet_kurtosis,
)
from crossmodal.noise.process import Indices, Process
from crossmodal.noise.statistical.steerable_pyramid import ORIENTATIONS, steerable_pyramid

#: False-alarm rate of each test.
FALSE_ALARM = 1e-4
_ALARM_DEVIATIONS = float(stats.norm.isf(FALSE_ALARM / 2))
_INTERVAL_DEVIATIONS = float(stats.norm.isf(0.025))
# Radii are tested on the first leaves of the first images.
_LISTED, _FIRST_LEAVES = 100, 100
_EXPECTED_TOGETHER = 20
_LEAST_SIDE_FOR_SIZES = 64


@dataclass(frozen=True)
class Finding:
    """A statistic of images and, if the process has an expected value for it, the result of the test.

    Attributes:
        figure: name of the statistic.
        interval: value over all images with its 95 % interval, if there is one.
        law: the expected value; empty if there is none.
        holds: whether the test passes at the false-alarm rate `FALSE_ALARM`; None without a test.
    """

    figure: str
    interval: Interval
    law: str = ""
    holds: bool | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; the interval has the keys ``value``, ``low`` and ``high``."""
        return {"figure": self.figure, **self.interval._asdict(), "law": self.law, "holds": self.holds}


class Evidence:
    """Images of a process with their draws, and their statistics, which are computed on first use."""

    def __init__(
        self, process: Process[Any], indices: Indices, size: int | tuple[int, int], seed: int, device: str = "cpu"
    ) -> None:
        self.process = process
        self.draws = process.sample(indices, size, seed)
        self.images: Tensor = process.render(self.draws, device).cpu()

    @cached_property
    def slopes(self) -> SpectralSlope:
        """The spectral slope of each image."""
        return spectral_slope(self.images)

    @cached_property
    def kurtosis(self) -> Floats:
        """The kurtosis of the Haar bands of each image."""
        return wavelet_kurtosis(self.images)

    @cached_property
    def regions(self) -> RegionSizes:
        """The regions of equal colour."""
        return region_sizes(self.images)

    @cached_property
    def colours(self) -> ColourHistogram:
        """Grey levels and colours."""
        return colour_histogram(self.images)


def mean_finding(figure: str, values: ArrayLike, law: str = "", within: tuple[float, float] | None = None) -> Finding:
    """Return the mean of one number per image with its interval; test that the expected mean is ``within`` a range.

    The test fails if the mean is outside the range by more than the deviation at `FALSE_ALARM`. NaNs are ignored.
    """
    kept = np.asarray(values, dtype=np.float64)
    kept = kept[np.isfinite(kept)]
    if not len(kept):
        return Finding(figure, Interval(math.nan), law)
    error = float(kept.std(ddof=1)) / math.sqrt(len(kept)) if len(kept) > 1 else math.nan
    return _finding(figure, float(kept.mean()), error, law, within)


def _finding(figure: str, value: float, error: float, law: str, within: tuple[float, float] | None) -> Finding:
    holds = None
    if within is not None and math.isfinite(value):
        margin = _ALARM_DEVIATIONS * (error if math.isfinite(error) else 0.0)
        holds = within[0] - margin <= value <= within[1] + margin
    reach = _INTERVAL_DEVIATIONS * error
    return Finding(figure, Interval(value, value - reach, value + reach), law, holds)


def _test_finding(figure: str, p_value: float, law: str) -> Finding:
    return Finding(f"{figure} (p)", Interval(p_value), law, holds=p_value >= FALSE_ALARM)


def _uniform_finding(figure: str, values: Floats, low: float, high: float) -> Finding:
    """Test values against a uniform distribution, or against a single value if low == high."""
    if low == high:
        return mean_finding(figure, values, f"all {low:g}", (low - 1e-6, high + 1e-6))
    return _test_finding(
        figure,
        float(stats.kstest(values, stats.uniform(low, high - low).cdf).pvalue),
        (f"uniform on {low:g} to {high:g}"),
    )


def laws_of(process: Process[Any]) -> tuple[Callable[[Evidence], Finding], ...]:
    """Return the tests of a process; empty for a process without published statistics."""
    return _LAWS.get(process.name, ())


def _full_range(evidence: Evidence) -> Finding:
    """Test that each image has the full range of 0 to 255."""
    levels = evidence.images.flatten(1)
    fraction = ((levels.amin(1) == 0) & (levels.amax(1) == 255)).double().mean().item()
    return Finding("images from level 0 to 255", Interval(fraction), "all", holds=fraction == 1.0)


# Dead leaves


def _leaves_are_plain(evidence: Evidence) -> bool:
    return evidence.process.describe()["options"].get("texture") is None


def _leaf_cover(evidence: Evidence) -> Finding:
    """Test that no pixel is uncovered; no leaf is black."""
    black = (evidence.images == 0).all(dim=1).double().mean().item()
    plain = _leaves_are_plain(evidence)
    return Finding("black pixels", Interval(black), "none" if plain else "", holds=black == 0.0 if plain else None)


def _leaf_radii(evidence: Evidence) -> Finding:
    """Test the radii of the first leaves of each image by chi-square.

    The last leaves are not used: painting stops with a leaf that covers the last uncovered pixel, and these leaves are
    larger on average.
    """
    from crossmodal.noise.dead_leaves.law import pixel_radii
    from crossmodal.noise.dead_leaves.process import list_leaves, radius_law

    draws = evidence.draws
    positions = range(min(len(draws.indices), _LISTED))
    radii = np.concatenate([list_leaves(draws, position).radius_px[:_FIRST_LEAVES] for position in positions])
    expected = len(radii) * np.bincount(pixel_radii(draws.size), radius_law()[1])
    found = np.bincount(radii, minlength=len(expected))
    # Rare radii, which are the large ones, are pooled.
    _, group = np.unique(np.cumsum(expected[::-1]) // _EXPECTED_TOGETHER, return_inverse=True)
    p_value = stats.chisquare(np.bincount(group, found[::-1]), np.bincount(group, expected[::-1])).pvalue
    return _test_finding("radii of leaves", float(p_value), "density r^-3 - 1")


def _leaf_sizes(evidence: Evidence) -> Finding:
    """Test the sizes of regions: radii with density r^-3 give areas with P(area >= A) ~ 1 / A.

    This is exact without limits of the radius. For radii of 0.03 to 1, at 64 pixels or more, the three shapes have
    exponents of 0.9 to 1.15.
    """
    figure = "exponent of region areas"
    if not _leaves_are_plain(evidence):
        return Finding(figure, Interval(math.nan), "(not tested: textured leaves)")
    exponent, error = evidence.regions.exponent()
    if min(evidence.images.shape[2:]) < _LEAST_SIDE_FOR_SIZES:
        return _finding(figure, exponent, error, "(not tested: too few pixels)", None)
    return _finding(figure, exponent, error, "1 for radii as r^-3 (0.85 to 1.25)", (0.85, 1.25))


def _leaf_colours(evidence: Evidence) -> Finding:
    """Test that the colours of leaves are floor(255 U) in each channel, by chi-square."""
    if not _leaves_are_plain(evidence):
        return Finding("colours of leaves", Interval(math.nan), "(not tested: textured leaves)")
    regions = evidence.regions
    leaves = np.unique(np.column_stack([regions.images, regions.colours]), axis=0)[:, 1:]
    counts = [np.bincount(leaves[:, channel], minlength=256) for channel in range(3)]
    p_values = [0.0 if count[255] else float(stats.chisquare(count[:255]).pvalue) for count in counts]
    return _test_finding("colours of leaves", min(1.0, 3 * min(p_values)), "uniform on levels 0 to 254")


# Power spectra


def _drawn_exponents(evidence: Evidence) -> Floats:
    drawn: Tensor = evidence.draws.exponents
    return np.asarray(drawn.double().mean(dim=1))


def _drawn_slopes(evidence: Evidence) -> Finding:
    """Test that drawn slopes are uniform; the slope is the mean of the exponents of the two axes."""
    low, high = evidence.process.describe()["options"]["slope"]
    return _uniform_finding("drawn slopes", _drawn_exponents(evidence), low, high)


def _slopes_as_drawn(evidence: Evidence) -> Finding:
    """Test that measured slopes are the drawn ones; the Hann window makes steep ones steeper by 0.1."""
    excess = evidence.slopes.exponents - _drawn_exponents(evidence)
    return mean_finding("spectral slope - drawn slope", excess, "0, within 0.15", (-0.15, 0.15))


def _gentle_slopes_as_drawn(evidence: Evidence) -> Finding:
    """Test the same for slopes below 1.5: in steeper spectra, palettes of few colours add edges."""
    drawn = _drawn_exponents(evidence)
    excess = np.where(drawn < 1.5, evidence.slopes.exponents - drawn, np.nan)
    return mean_finding("spectral slope - drawn slope, below 1.5", excess, "0, within 0.15", (-0.15, 0.15))


def _gaussian_bands(evidence: Evidence) -> Finding:
    """Test that random phases give Gaussian bands; steep spectra have few waves, so the kurtosis is slightly lower."""
    finest = evidence.kurtosis[:, 0].mean(axis=1)
    return mean_finding("kurtosis of the finest Haar bands", finest, "3 (2.5 to 3.2)", (2.5, 3.2))


# Wavelet marginals


def _drawn_shapes(evidence: Evidence) -> Finding:
    low, high = evidence.process.describe()["options"]["shape"]
    shapes: Tensor = evidence.draws.shapes
    return _uniform_finding("drawn shapes of bands", shapes.double().numpy().ravel(), low, high)


def _generalized_gaussian_bands(evidence: Evidence) -> Finding:
    """Test the pyramid bands of the decorrelated channels against their generalized Gaussians.

    Only the finest oriented bands are used; coarser ones have too few values in their tails. Matching other bands
    afterwards reduces the tails, so the fit is not exact.
    """
    channels: Tensor = evidence.process.channels(evidence.draws)  # type: ignore[attr-defined]  # the statistical ones
    bands = steerable_pyramid(channels).oriented[0].flatten(-2).double()
    centred = bands - bands.mean(dim=-1, keepdim=True)
    found = (centred**4).mean(-1) / (centred**2).mean(-1) ** 2
    expected = _generalized_gaussian_kurtosis(evidence.draws.shapes[:, :, 1 : 1 + ORIENTATIONS].double().numpy())
    ratios = (found.numpy() / expected).mean(axis=(1, 2))
    return mean_finding("kurtosis of pyramid bands, measured / expected", ratios, "1 (0.8 to 1.15)", (0.8, 1.15))


def _generalized_gaussian_kurtosis(shape: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the kurtosis of the density exp(-|x / 4|^r) on -200 to 200, in steps of 0.5."""
    values = torch.arange(-200.0, 200.5, 0.5, dtype=torch.float64).numpy()
    weights = np.exp(-((np.abs(values) / 4.0) ** shape[..., None]))
    second, fourth = (np.asarray((weights * values**power).sum(-1) / weights.sum(-1)) for power in (2, 4))
    return np.asarray(fourth / second**2)


# Untrained generators


def _channel_means(evidence: Evidence) -> Finding:
    """Test the mean level of images; clipping to 0 to 255 moves it slightly towards the middle."""
    levels = evidence.images.double().mean(dim=(1, 2, 3)) / 255
    expected = sum(_PHOTOGRAPHS) / len(_PHOTOGRAPHS)
    law = f"{expected:.3f}, as in photographs, within 0.03"
    return mean_finding("mean level (0 to 1)", levels.numpy(), law, (expected - 0.03, expected + 0.03))


# Mean red, green and blue, see `crossmodal.noise.untrained_generator.process`.
_PHOTOGRAPHS = (0.483, 0.455, 0.401)


_LAWS: dict[str, tuple[Callable[[Evidence], Finding], ...]] = {
    "dead_leaves": (_leaf_cover, _leaf_radii, _leaf_sizes, _leaf_colours),
    "spectrum": (_full_range, _drawn_slopes, _slopes_as_drawn, _gaussian_bands),
    "wmm": (_full_range, _drawn_shapes, _generalized_gaussian_bands),
    "spectrum_colour": (_full_range, _drawn_slopes, _gentle_slopes_as_drawn),
    # The bands are imposed after the spectrum, and their variances determine the slope of the image.
    "spectrum_colour_wmm": (_full_range, _drawn_slopes, _drawn_shapes),
    "untrained_generator": (_channel_means,),
    "feature_visualization": (_full_range,),
}
