"""Figures with their 95 % intervals, by resamples over images."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossmodal.metrics.interval import percentile_interval
from crossmodal.randomness import generator

_BATCH = 16


class Estimate(NamedTuple):
    """A figure and the ends of its 95 % interval, which are NaN where too few resamples define it."""

    value: float
    low: float
    high: float


def estimate(value: float, resampled: NDArray[np.float64]) -> Estimate:
    """Put the percentile interval of resamples beside a value."""
    interval = percentile_interval(resampled)
    return Estimate(float(value), interval.low, interval.high)


def image_batches(count: int) -> Iterator[NDArray[np.int64]]:
    """Go over the numbers of images, a batch at a time."""
    for first in range(0, count, _BATCH):
        yield np.arange(first, min(first + _BATCH, count))


def poisson_weights(seed: int, indices: NDArray[np.int64], resamples: int) -> NDArray[np.float64]:
    """How often each image of a batch occurs in each resample: (1 + resamples, n); once each in the first row.

    References:
        Chamandy et al., "Estimating uncertainty for massive data streams", Google technical report 2012.
    """
    drawn = generator(seed, "dissect/resamples", int(indices[0])).poisson(1.0, size=(resamples, len(indices)))
    return np.concatenate([np.ones((1, len(indices))), drawn])
