"""Accuracies of probes with confidence intervals."""

import numpy as np
import numpy.typing as npt

from crossmodal.interval import Interval, percentile_interval
from crossmodal.randomness import generator

#: (fits, test images): True where a fit classifies an image correctly.
Right = npt.NDArray[np.bool_]


def score(right: Right, *, samples: int = 1000, seed: int = 0) -> Interval:
    """Return the mean accuracy of fits, 0 to 1, with its interval.

    The interval is a percentile bootstrap over test images and, for several fits (random starts, draws of shots), over
    fits.

    References:
        Efron & Tibshirani, "An introduction to the bootstrap", 1993, section 13.3.
    """
    return percentile_interval(right.mean(), _resampled(right, [right.shape[0]], samples, seed)[0])


def ratio(right: Right, other: Right, *, samples: int = 1000, seed: int = 0) -> Interval:
    """Return the ratio of the mean accuracy of fits to that of others; resamples share their test images.

    It is NaN if the accuracy of the others is 0.
    """
    above, below = _paired(right, other, samples, seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(np.float64(right.mean()) / other.mean())
        return percentile_interval(value if np.isfinite(value) else np.nan, above / below)


def difference(right: Right, other: Right, *, samples: int = 1000, seed: int = 0) -> Interval:
    """Return the mean accuracy of fits minus that of others; resamples share their test images."""
    first, second = _paired(right, other, samples, seed)
    return percentile_interval(right.mean() - other.mean(), first - second)


def _paired(right: Right, other: Right, samples: int, seed: int) -> list[npt.NDArray[np.float64]]:
    return _resampled(np.concatenate([right, other]), [len(right), len(other)], samples, seed)


def _resampled(right: Right, sizes: list[int], samples: int, seed: int) -> list[npt.NDArray[np.float64]]:
    """Return mean accuracies (samples,) of each group of fits for resampled test images and fits."""
    draws = generator(seed, "probe/bootstrap")
    # Images that the same fits classify correctly are interchangeable, so only their counts are drawn.
    kinds, counts = np.unique(right, axis=1, return_counts=True)
    drawn = draws.multinomial(right.shape[1], counts / right.shape[1], size=samples)
    accuracies = drawn @ kinds.T / right.shape[1]
    means, first = [], 0
    for size in sizes:
        chosen = first + draws.integers(size, size=(samples, size))
        means.append(np.take_along_axis(accuracies, chosen, axis=1).mean(axis=1))
        first += size
    return means
