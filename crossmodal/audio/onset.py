"""Onsets of impacts, in sound or in predicted features."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.audio.cochlea import FEATURE_RATE_HZ, cochleagram

# An impact rises within this time, however short its attack: features are smoothed by their own sampling.
_RISE_S = 4 / 90


def detect_onsets(
    waveform: Tensor,
    rate_hz: float,
    *,
    smallest_gap_s: float = 0.25,
    threshold: float = 0.2,
    smallest_rise: float = 0.02,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the onsets of impacts in a sound.

    Args:
        waveform: shape (time,) or (channels, time); channels are averaged.
        rate_hz: samples a second.
        smallest_gap_s: see `detect_onsets_in_features`, as for the other options.
        threshold: see there.
        smallest_rise: see there.

    Returns:
        Times in seconds, increasing, and strengths, both of shape (onsets,).

    Raises:
        ValueError: a waveform of another shape (see also `cochleagram`).
    """
    if waveform.ndim not in (1, 2):
        raise ValueError(f"waveform must have shape (time,) or (channels, time), got {tuple(waveform.shape)}")
    mono = waveform.detach().reshape(-1, waveform.shape[-1]).mean(dim=0)
    return detect_onsets_in_features(
        cochleagram(mono, rate_hz),
        smallest_gap_s=smallest_gap_s,
        threshold=threshold,
        smallest_rise=smallest_rise,
    )


def detect_onsets_in_features(
    features: Tensor,
    frame_rate_hz: float = FEATURE_RATE_HZ,
    *,
    smallest_gap_s: float = 0.25,
    threshold: float = 0.2,
    smallest_rise: float = 0.02,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the onsets of impacts in a cochleagram, true or predicted.

    The strength of an onset is the rise of the mean compressed amplitude over the 44 ms before a peak of that rise; its
    time is that of the steepest step within them. Of onsets that are closer than ``smallest_gap_s`` the strongest stay.

    Args:
        features: shape (channels, frames).
        frame_rate_hz: steps a second.
        smallest_gap_s: least time between two onsets; the labels of Greatest Hits keep 0.25 s.
        threshold: strength that an onset needs, as a part of the strongest one's.
        smallest_rise: strength that an onset needs in any case, in units of the features, so that noise alone has none.

    Returns:
        Times in seconds, increasing, and strengths, both of shape (onsets,); empty for silence.

    Raises:
        ValueError: features of another shape.

    References:
        Owens et al., "Visually indicated sounds", CVPR 2016, appendix (the detector of the data set, which works on the
        gradient of the denoised amplitude with non-maximum suppression).
    """
    if features.ndim != 2:
        raise ValueError(f"features must have shape (channels, frames), got {tuple(features.shape)}")
    level = features.detach().to("cpu").double().mean(dim=0).numpy()
    lag = max(1, round(_RISE_S * frame_rate_hz))
    # The first step of a recording lies half in the silence before it: its level, and any before it, is taken to be
    # that of the second, so that switching on is no onset.
    if len(level) > 1:
        level[0] = level[1]
    before = np.concatenate([np.full(lag, level[:1].sum()), level])
    rise = np.maximum(level - before[: len(level)], 0.0)
    # Zeros at both ends let a rise that the recording begins or ends with be a peak.
    padded = np.concatenate([[0.0], rise, [0.0]])
    peaks = np.flatnonzero((rise >= padded[:-2]) & (rise > padded[2:]))
    peaks = peaks[rise[peaks] >= max(smallest_rise, threshold * rise.max(initial=0.0))]
    peaks = peaks[_strongest_apart(peaks / frame_rate_hz, rise[peaks], smallest_gap_s)]
    steps = np.diff(before[lag - 1 :])
    steepest = [max(0, peak - lag) + int(np.argmax(steps[max(0, peak - lag) : peak + 1])) for peak in peaks]
    # A step between two values happens halfway between them.
    times_s = np.maximum((np.array(steepest, dtype=np.float64) - 0.5) / frame_rate_hz, 0.0)
    return times_s, rise[peaks]


def pick_onsets(
    curve: NDArray[np.floating[Any]],
    frame_rate_hz: float = FEATURE_RATE_HZ,
    *,
    smallest_gap_s: float = 0.25,
    threshold: float = 0.5,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the onsets in a curve of onset probability: its peaks, the strongest of those too close to each other.

    Args:
        curve: shape (frames,).
        frame_rate_hz: steps a second.
        smallest_gap_s: least time between two onsets.
        threshold: value that a peak needs.

    Returns:
        Times in seconds, increasing, and the curve's values there, both of shape (onsets,).
    """
    values = np.asarray(curve, dtype=np.float64)
    padded = np.concatenate([[-np.inf], values, [-np.inf]])
    peaks = np.flatnonzero((values >= padded[:-2]) & (values > padded[2:]) & (values >= threshold))
    peaks = peaks[_strongest_apart(peaks / frame_rate_hz, values[peaks], smallest_gap_s)]
    return peaks / frame_rate_hz, values[peaks]


def _strongest_apart(
    times_s: NDArray[np.float64], strengths: NDArray[np.float64], smallest_gap_s: float
) -> NDArray[np.int64]:
    """Indices, increasing, of the onsets left when each, from the strongest on, silences its neighbours."""
    silenced = np.zeros(len(times_s), dtype=bool)
    kept: list[int] = []
    for index in np.argsort(-strengths, kind="stable"):
        if not silenced[index]:
            kept.append(int(index))
            silenced |= np.abs(times_s - times_s[index]) < smallest_gap_s
    return np.array(sorted(kept), dtype=np.int64)
