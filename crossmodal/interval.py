"""Confidence intervals by the percentile bootstrap.

Resampled items are the independent units of a study (videos, walks, people, images), not single measurements within
them.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossmodal.randomness import generator

Floats = NDArray[np.float64]


class Interval(NamedTuple):
    """A value with the bounds of its confidence interval (95 % unless stated).

    The bounds are NaN where they are undefined. ``f"{interval:.2f}"`` gives ``0.51 [0.42, 0.60]``.
    """

    value: float
    low: float = math.nan
    high: float = math.nan

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        return f"{self.value:{spec}} [{self.low:{spec}}, {self.high:{spec}}]"

    def scaled(self, factor: float) -> "Interval":
        """Return the interval in other units, all three numbers multiplied by a factor."""
        return Interval(factor * self.value, factor * self.low, factor * self.high)

    def named(self, key: str) -> dict[str, float]:
        """Return the numbers as ``{key: value, key_low: low, key_high: high}``."""
        return {key: self.value, f"{key}_low": self.low, f"{key}_high": self.high}


def percentile_interval(value: float, resampled: Floats, *, confidence_level: float = 0.95) -> Interval:
    """Return a value with the central interval of its bootstrap values.

    Args:
        value: the statistic of the data themselves.
        resampled: (resamples,) the statistic of each resample; NaN and infinity mean undefined, and do not count.
        confidence_level: fraction of the bootstrap values within the interval, between 0 and 1.

    Returns:
        The interval; its bounds are NaN when fewer than half of the resamples, or none, are defined.

    References:
        Efron and Tibshirani, "An introduction to the bootstrap", 1993, section 13.3 (percentile interval).
    """
    defined = resampled[np.isfinite(resampled)]
    if defined.size == 0 or 2 * defined.size < resampled.size:
        return Interval(float(value))
    tail = (1.0 - confidence_level) / 2.0
    low, high = np.quantile(defined, [tail, 1.0 - tail])
    return Interval(float(value), float(low), float(high))


def bootstrap_weights(items: int, resamples: int, *, seed: int = 0) -> Floats:
    """Draw resamples of items with replacement: (resamples, items), how often each item occurs; rows sum to ``items``.

    The same seed and number of items give the same resamples, so two methods measured on the same items can be
    compared resample by resample (a paired interval of their difference).

    Raises:
        ValueError: ``items`` is less than 1, or ``resamples`` negative.
    """
    if items < 1 or resamples < 0:
        raise ValueError(f"need at least one item and no negative count, got items={items}, resamples={resamples}")
    draws = generator(seed, "metrics/bootstrap").multinomial(items, np.full(items, 1.0 / items), size=resamples)
    return draws.astype(np.float64)


def bootstrap_values(
    statistic: Callable[[Floats], float], items: int, *, resamples: int = 2000, seed: int = 0
) -> Floats:
    """Compute a statistic of each resample: (resamples,).

    ``statistic`` takes the weight of each item, (items,), and returns a number; NaN where it is undefined for these
    weights (a constant prediction, nothing drawn).

    Raises:
        ValueError: as `bootstrap_weights`.
    """
    weights = bootstrap_weights(items, resamples, seed=seed)
    return np.array([statistic(row) for row in weights], dtype=np.float64)


def bootstrap_interval(
    statistic: Callable[[Floats], float],
    items: int,
    *,
    resamples: int = 2000,
    seed: int = 0,
    confidence_level: float = 0.95,
) -> Interval:
    """Compute a statistic of all items and its bootstrap interval; see `bootstrap_values` and `percentile_interval`.

    The bounds are NaN for a single item.

    Raises:
        ValueError: ``confidence_level`` is not between 0 and 1, or as `bootstrap_weights`.
    """
    if not 0.0 < confidence_level < 1.0:
        raise ValueError(f"confidence_level must be between 0 and 1, got {confidence_level}")
    resampled = bootstrap_values(statistic, items, resamples=resamples, seed=seed)
    interval = percentile_interval(statistic(np.ones(items)), resampled, confidence_level=confidence_level)
    return interval if items > 1 else Interval(interval.value)


def poisson_weights(indices: NDArray[np.int64], resamples: int, *, seed: int = 0) -> Floats:
    """Draw bootstrap weights for one batch of a stream of images: (1 + resamples, n); the first row is 1.

    Each weight is an independent Poisson(1) number, so that batches can be weighted without knowing their number. The
    draws depend on the seed and the first index of the batch.

    References:
        Chamandy et al., "Estimating uncertainty for massive data streams", Google technical report 2012.
    """
    drawn = generator(seed, "dissect/resamples", int(indices[0])).poisson(1.0, size=(resamples, len(indices)))
    return np.concatenate([np.ones((1, len(indices))), drawn])
