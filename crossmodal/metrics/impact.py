"""Loudness and spectral centroid of impacts; error and correlation of predicted and true values.

Conventions: an impact is a window of a cochleagram, shape (channels, steps), with the impact at step ``steps // 2``.
Both quantities are computed on the compressed envelopes.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# The centroid is taken over one video frame: 1/30 s at 90 steps per second.
STEPS_PER_FRAME = 3
# Below this ratio of spread to magnitude, values count as constant: the rest is float32 rounding.
_CONSTANT = 1e-6


class ImpactScores(NamedTuple):
    """Mean squared error and Pearson's r over impacts, and the number of impacts."""

    error: float
    r: float
    impacts: int


def cut_impact_windows(cochleagram: ArrayLike, impact_steps: ArrayLike, steps: int = 45) -> NDArray[np.float32]:
    """Cut a window around each impact out of a recording's cochleagram (channels, total steps).

    Returns shape (impacts, channels, steps), with the impact at step ``steps // 2``. Steps outside the recording are
    zero. 45 steps are half a second.

    Raises:
        ValueError: the cochleagram does not have two axes.

    References:
        Owens et al., "Visually indicated sounds", CVPR 2016, section 4 (0.5 s around each impact).
    """
    features = np.asarray(cochleagram, dtype=np.float32)
    if features.ndim != 2:
        raise ValueError(f"cochleagram must have shape (channels, steps), got {features.shape}")
    padded = np.pad(features, ((0, 0), (steps, steps)))
    starts = np.asarray(impact_steps, dtype=np.int64).reshape(-1) - steps // 2 + steps
    reached = np.clip(starts, 0, features.shape[1] + steps)[:, None] + np.arange(steps)
    return np.ascontiguousarray(padded[:, reached].transpose(1, 0, 2))


def loudness(windows: ArrayLike) -> Floats:
    """Return the loudness of each window, the maximum L2 norm over channels: (..., channels, steps) to (...).

    The unit is that of the compressed envelope; silence is 0.

    References:
        Owens et al., CVPR 2016, section 6.1.
    """
    norms = np.linalg.norm(np.asarray(windows, dtype=np.float64), axis=-2)
    return np.asarray(norms.max(axis=-1))


def spectral_centroid(windows: ArrayLike, impact_step: int | None = None) -> Floats:
    """Return the spectral centroid at the impact, in channels: (..., channels, steps) to (...).

    It is the mean channel index, 0 to ``channels - 1``, weighted by the envelopes summed over the `STEPS_PER_FRAME`
    steps centred on ``impact_step`` (by default the middle of the window). NaN where these steps are silent.

    References:
        Owens et al., CVPR 2016, section 6.1 (one frame, about 0.03 s, at the impact).
    """
    features = np.asarray(windows, dtype=np.float64)
    middle = features.shape[-1] // 2 if impact_step is None else impact_step
    start = max(middle - STEPS_PER_FRAME // 2, 0)
    mass = features[..., start : start + STEPS_PER_FRAME].sum(axis=-1)
    total = mass.sum(axis=-1)
    moment = mass @ np.arange(features.shape[-2], dtype=np.float64)
    return np.asarray(np.divide(moment, total, out=np.full_like(moment, np.nan), where=total > 0))


def pearson_r(predicted: ArrayLike, true: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Return Pearson's correlation of paired values, each pair counted ``weights`` times.

    NaN for fewer than two pairs with nonzero weight, or if either side is constant up to rounding.
    """
    x, y = np.asarray(predicted, dtype=np.float64), np.asarray(true, dtype=np.float64)
    w = np.ones_like(x) if weights is None else np.asarray(weights, dtype=np.float64)
    if np.count_nonzero(w) < 2:
        return float("nan")
    x_off, y_off = x - np.average(x, weights=w), y - np.average(y, weights=w)
    x_spread, y_spread = np.sqrt(np.average(x_off**2, weights=w)), np.sqrt(np.average(y_off**2, weights=w))
    if x_spread <= _CONSTANT * np.abs(x).max() or y_spread <= _CONSTANT * np.abs(y).max():
        return float("nan")
    r = np.average(x_off * y_off, weights=w) / (x_spread * y_spread)
    return float(np.clip(r, -1.0, 1.0))


def impact_scores(predicted: ArrayLike, true: ArrayLike, weights: ArrayLike | None = None) -> ImpactScores:
    """Compute mean squared error and Pearson's r of a quantity of impacts (loudness or centroid), (impacts,) each.

    Pairs with a NaN (the centroid of silence) are left out; ``impacts`` counts the others. Both numbers are NaN without
    any pair.

    Raises:
        ValueError: the shapes differ.

    References:
        Owens et al., CVPR 2016, section 6.1 and table 1.
    """
    x, y = np.asarray(predicted, dtype=np.float64), np.asarray(true, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"predicted and true must have one axis and one length, got {x.shape} and {y.shape}")
    w = np.ones_like(x) if weights is None else np.asarray(weights, dtype=np.float64)
    kept = np.isfinite(x) & np.isfinite(y) & (w > 0)
    if not kept.any():
        return ImpactScores(float("nan"), float("nan"), 0)
    x, y, w = x[kept], y[kept], w[kept]
    error = float(np.average((x - y) ** 2, weights=w))
    return ImpactScores(error, pearson_r(x, y, w), int(kept.sum()))
