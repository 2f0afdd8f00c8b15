"""Confidence intervals by bootstrap over recordings."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossmodal.randomness import generator

Weights = NDArray[np.float64]


class Interval(NamedTuple):
    """A percentile interval and the number of resamples on which the statistic was defined."""

    low: float
    high: float
    defined: int


def bootstrap_weights(videos: int, samples: int, *, seed: int = 0) -> Weights:
    """How often each video occurs in each resample, shape (samples, videos); every row sums to ``videos``.

    The same seed and number of videos give the same resamples, so two methods measured on the same videos can be
    compared resample by resample (a paired interval of their difference).

    Raises:
        ValueError: there is no video, or a negative number of resamples is asked.
    """
    if videos < 1 or samples < 0:
        raise ValueError(f"need at least one video and no negative count, got videos={videos}, samples={samples}")
    draws = generator(seed, "metrics/bootstrap").multinomial(videos, np.full(videos, 1.0 / videos), size=samples)
    return draws.astype(np.float64)


def bootstrap_interval(
    statistic: Callable[[Weights], float],
    videos: int,
    *,
    samples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """The percentile interval of a statistic when whole videos are drawn again with replacement.

    Hits of one video share their object, light and microphone, so the video and not the hit is the unit that is drawn.
    ``statistic`` takes the multiplicity of each video, shape (videos,), and returns a number; nan says that it is not
    defined on that resample (a constant prediction, no hit drawn). Such resamples are left out and the remaining ones
    are counted in ``defined``; when fewer than half remain, or there is one video only, both bounds are nan.

    Raises:
        ValueError: ``level`` is not between 0 and 1, or there is no video.

    References:
        Efron and Tibshirani, "An introduction to the bootstrap", 1993, section 13.3 (percentile interval).
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1, got {level}")
    weights = bootstrap_weights(videos, samples, seed=seed)
    values = np.array([statistic(row) for row in weights], dtype=np.float64)
    return percentile_interval(values, level=level) if videos > 1 else Interval(np.nan, np.nan, 0)


def percentile_interval(values: NDArray[np.float64], *, level: float = 0.95) -> Interval:
    """The central interval that holds ``level`` of the defined ``values``; nan when fewer than half are defined."""
    defined = values[np.isfinite(values)]
    if defined.size == 0 or 2 * defined.size < values.size:
        return Interval(np.nan, np.nan, int(defined.size))
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(defined, [tail, 1.0 - tail])
    return Interval(float(low), float(high), int(defined.size))
