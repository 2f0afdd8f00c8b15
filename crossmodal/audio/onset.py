"""Onset detection of impacts, in sound or in predicted features."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.audio.cochlea import FEATURE_RATE_HZ, cochleagram

# Every impact takes this long to rise, even with a shorter attack, since sampling smooths the features.
_RISE_S = 4 / 90


def detect_onsets(
    waveform: Tensor,
    rate_hz: float,
    *,
    min_gap_s: float = 0.25,
    threshold: float = 0.2,
    min_rise: float = 0.02,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the onsets of impacts in a sound.

    Args:
        waveform: shape (time,) or (channels, time); channels are averaged.
        rate_hz: samples per second.
        min_gap_s: see `detect_onsets_in_features`.
        threshold: see `detect_onsets_in_features`.
        min_rise: see `detect_onsets_in_features`.

    Returns:
        Times in seconds, increasing, and strengths, both of shape (onsets,).

    Raises:
        ValueError: the waveform has another shape (see also `cochleagram`).
    """
    if waveform.ndim not in (1, 2):
        raise ValueError(f"waveform must have shape (time,) or (channels, time), got {tuple(waveform.shape)}")
    mono = waveform.detach().reshape(-1, waveform.shape[-1]).mean(dim=0)
    return detect_onsets_in_features(
        cochleagram(mono, rate_hz),
        min_gap_s=min_gap_s,
        threshold=threshold,
        min_rise=min_rise,
    )


def detect_onsets_in_features(
    features: Tensor,
    frame_rate_hz: float = FEATURE_RATE_HZ,
    *,
    min_gap_s: float = 0.25,
    threshold: float = 0.2,
    min_rise: float = 0.02,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the onsets of impacts in a cochleagram, true or predicted.

    The strength of an onset is the rise of the mean compressed amplitude over the 44 ms before a peak of that rise.
    Its time is that of the steepest step within these 44 ms. Non-maximum suppression keeps the strongest of onsets
    that are closer than ``min_gap_s``.

    Args:
        features: shape (channels, frames).
        frame_rate_hz: steps per second.
        min_gap_s: minimum time between two onsets; the labels of Greatest Hits keep 0.25 s.
        threshold: minimum strength of an onset, as a fraction of the strongest.
        min_rise: minimum strength of an onset in units of the features, so that noise alone has no onsets.

    Returns:
        Times in seconds, increasing, and strengths, both of shape (onsets,); empty for silence.

    Raises:
        ValueError: the features have another shape.

    References:
        Owens et al., "Visually indicated sounds", CVPR 2016, appendix (the detector of the data set, which uses the
        gradient of the denoised amplitude with non-maximum suppression).
    """
    if features.ndim != 2:
        raise ValueError(f"features must have shape (channels, frames), got {tuple(features.shape)}")
    level = features.detach().to("cpu").double().mean(dim=0).numpy()
    lag = max(1, round(_RISE_S * frame_rate_hz))
    # Half of the first step is the silence before the recording. It gets the level of the second step, and so do the
    # steps before it, so that the start of a recording is not an onset.
    if len(level) > 1:
        level[0] = level[1]
    before = np.concatenate([np.full(lag, level[:1].sum()), level])
    rise = np.maximum(level - before[: len(level)], 0.0)
    # Zeros at both ends allow a peak at the first and at the last step.
    padded = np.concatenate([[0.0], rise, [0.0]])
    peaks = np.flatnonzero((rise >= padded[:-2]) & (rise > padded[2:]))
    peaks = peaks[rise[peaks] >= max(min_rise, threshold * rise.max(initial=0.0))]
    peaks = peaks[_suppress_neighbours(peaks / frame_rate_hz, rise[peaks], min_gap_s)]
    steps = np.diff(before[lag - 1 :])
    steepest = [max(0, peak - lag) + int(np.argmax(steps[max(0, peak - lag) : peak + 1])) for peak in peaks]
    # A step between two values happens halfway between them.
    times_s = np.maximum((np.array(steepest, dtype=np.float64) - 0.5) / frame_rate_hz, 0.0)
    return times_s, rise[peaks]


def pick_onsets(
    curve: NDArray[np.floating[Any]],
    frame_rate_hz: float = FEATURE_RATE_HZ,
    *,
    min_gap_s: float = 0.25,
    threshold: float = 0.5,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the onsets in a curve of onset probability: its peaks after non-maximum suppression.

    Args:
        curve: shape (frames,).
        frame_rate_hz: steps per second.
        min_gap_s: minimum time between two onsets.
        threshold: minimum value of a peak.

    Returns:
        Times in seconds, increasing, and the values of the curve there, both of shape (onsets,).
    """
    values = np.asarray(curve, dtype=np.float64)
    padded = np.concatenate([[-np.inf], values, [-np.inf]])
    peaks = np.flatnonzero((values >= padded[:-2]) & (values > padded[2:]) & (values >= threshold))
    peaks = peaks[_suppress_neighbours(peaks / frame_rate_hz, values[peaks], min_gap_s)]
    return peaks / frame_rate_hz, values[peaks]


def _suppress_neighbours(
    times_s: NDArray[np.float64], strengths: NDArray[np.float64], min_gap_s: float
) -> NDArray[np.int64]:
    """Return the increasing indices that non-maximum suppression keeps, from the strongest onset to the weakest."""
    suppressed = np.zeros(len(times_s), dtype=bool)
    kept: list[int] = []
    for index in np.argsort(-strengths, kind="stable"):
        if not suppressed[index]:
            kept.append(int(index))
            suppressed |= np.abs(times_s - times_s[index]) < min_gap_s
    return np.array(sorted(kept), dtype=np.int64)
