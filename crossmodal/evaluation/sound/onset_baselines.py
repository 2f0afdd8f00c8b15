"""Baselines of onsets: peaks of motion energy, and random times at the rate of training hits."""

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray

from crossmodal.audio import FEATURE_RATE_HZ
from crossmodal.errors import DatasetError
from crossmodal.evaluation.sound.measure import TOLERANCES_MS
from crossmodal.evaluation.sound.prediction import (
    Sample,
    SoundDataset,
    SoundPrediction,
    hits_by_video,
    require_whole_videos,
)
from crossmodal.metrics import match_onsets
from crossmodal.randomness import generator

Floats = NDArray[np.float64]

#: The clock of space-time images.
TICK_RATE_HZ = 30.0
_CONTRASTS = (0.0, 0.3, 0.6)
_SMOOTHINGS_TICKS = (0.0, 0.7)
_GAPS_TICKS = (9, 10, 11, 12, 13, 14)
_DELAYS_TICKS = (-1, 0, 1, 2)
_THRESHOLD_QUANTILES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_CONTRAST_TICKS = 2
_CHUNK_TICKS = 256


class Motion(NamedTuple):
    """Change of images at each tick, in grey values (0 to 255), shape (ticks,) each."""

    #: Mean over pixels of |current - previous|.
    energy: Floats
    #: Change of the change; negative where motion is steady.
    abruptness: Floats


@dataclass(frozen=True)
class PeakOptions:
    """Parameters of the detection of onsets in motion; fitted on training videos.

    Attributes:
        contrast: factor on the mean energy two ticks before and after, which is subtracted from the abruptness.
        smoothing_ticks: standard deviation of a Gaussian; 0 for no smoothing.
        gap_ticks: minimum distance of two peaks.
        delay_ticks: delay from a peak to its onset.
        threshold: minimum height of a peak, relative to the 90th percentile of the curve of the video.
    """

    contrast: float = 0.6
    smoothing_ticks: float = 0.0
    gap_ticks: int = 12
    delay_ticks: int = 1
    threshold: float = 0.45


class MotionEnergyOnsets:
    """Onsets where the motion between frames changes abruptly: peaks of `measure_motion`.

    A curve is divided by its 90th percentile, so one threshold fits still and shaky cameras. The `PeakOptions` are
    those with the best mean F1 over the three tolerances on the training videos. `predict` does not use the hits.
    """

    def __init__(self, options: PeakOptions | None = None) -> None:
        """Set the options; `fit` replaces them."""
        self.options = options if options is not None else PeakOptions()

    def fit(self, train: SoundDataset) -> Self:
        """Select the options on whole training videos.

        Raises:
            DatasetError: the videos have no hit.
        """
        _require_hits(train)
        hits = hits_by_video(train)
        motions = [measure_motion(train[index]) for index in range(len(train))]
        true_s = [np.array([hit.time_s for hit in hits[video]]) for video in train.ids]
        best = -1.0
        for contrast, smoothing, gap in product(_CONTRASTS, _SMOOTHINGS_TICKS, _GAPS_TICKS):
            peaks = [find_peaks(_curve(motion, contrast, smoothing), gap) for motion in motions]
            heights = np.concatenate([height for _, height in peaks])
            thresholds = np.quantile(heights, _THRESHOLD_QUANTILES) if heights.size else np.zeros(1)
            for delay, threshold in product(_DELAYS_TICKS, thresholds):
                score = _mean_f1(peaks, true_s, delay, float(threshold))
                if score > best:
                    best, self.options = score, PeakOptions(contrast, smoothing, gap, delay, float(threshold))
        return self

    def predict(self, sample: Sample) -> SoundPrediction:
        """Predict the onsets of a whole video from its images; no cochleagram."""
        options = self.options
        curve = _curve(measure_motion(sample), options.contrast, options.smoothing_ticks)
        ticks, heights = find_peaks(curve, options.gap_ticks)
        return SoundPrediction(
            onset_times_s=np.maximum(ticks + options.delay_ticks, 0) / TICK_RATE_HZ,
            onset_scores=heights,
            onset_threshold=options.threshold,
        )

    __call__ = predict


class RandomOnsets:
    """Random times with the rate and the gaps of the training hits, independent of the video.

    Gaps between successive training hits are drawn with replacement, and the first gap is shortened by a random factor;
    scores are random. A draw depends on the seed and the index of the video.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._gaps_s: Floats = np.zeros(0)

    def fit(self, train: SoundDataset) -> Self:
        """Collect the gaps between successive hits of whole training videos.

        Gaps are scaled so that their mean is the mean time per hit, including the time before the first and after the
        last hit of a video.

        Raises:
            DatasetError: the videos have no hit.
        """
        _require_hits(train)
        times_s = [np.array([hit.time_s for hit in hits]) for hits in hits_by_video(train).values()]
        gaps_s = np.concatenate([np.diff(times) for times in times_s])
        total_s = sum(_seconds(train[index]) for index in range(len(train)))
        period_s = total_s / sum(len(times) for times in times_s)
        self._gaps_s = gaps_s * (period_s / gaps_s.mean()) if gaps_s.size else np.array([period_s])
        return self

    def predict(self, sample: Sample) -> SoundPrediction:
        """Draw onsets for a whole video; no cochleagram.

        Raises:
            RuntimeError: `fit` has not been called.
        """
        if not self._gaps_s.size:
            raise RuntimeError("call fit before predict")
        draws = generator(self.seed, "evaluation/random-onsets", int(sample["video"]))
        seconds = _seconds(sample)
        count = int(np.ceil(2.0 * seconds / self._gaps_s.mean())) + 8
        gaps_s = draws.choice(self._gaps_s, size=count)
        gaps_s[0] *= draws.uniform()
        times_s = np.cumsum(gaps_s)
        times_s = times_s[times_s < seconds]
        return SoundPrediction(onset_times_s=times_s, onset_scores=draws.uniform(size=len(times_s)))

    __call__ = predict


def measure_motion(sample: Sample) -> Motion:
    """Compute energy and abruptness of the motion at each tick of a whole video.

    Abruptness is the mean over pixels of ``|next - 2 current + previous|`` minus the smaller of
    ``|current - previous|`` and ``|next - current|``: steady motion changes a pixel twice by nearly the same value and
    cancels; a stick that stops or an object that starts does not.
    """
    spacetime = torch.as_tensor(sample["spacetime"])
    energy, abruptness = [], []
    for start in range(0, len(spacetime), _CHUNK_TICKS):  # a long video at once would need gigabytes of floats
        frames = spacetime[start : start + _CHUNK_TICKS].float()
        back, forth = frames[:, 1] - frames[:, 0], frames[:, 2] - frames[:, 1]
        abrupt = (forth - back).abs() - torch.minimum(back.abs(), forth.abs())
        energy.append(back.abs().mean(dim=(1, 2)).double())
        abruptness.append(abrupt.mean(dim=(1, 2)).double())
    if not energy:
        return Motion(np.zeros(0), np.zeros(0))
    return Motion(np.asarray(torch.cat(energy)), np.asarray(torch.cat(abruptness)))


def find_peaks(curve: Floats, gap_ticks: int) -> tuple[NDArray[np.intp], Floats]:
    """Return positions and heights of local maxima; of two closer than ``gap_ticks``, the higher one is kept.

    A plateau counts once, at its middle.
    """
    from scipy import signal  # takes most of a second to import, and only this baseline needs it

    padded = np.concatenate([[-np.inf], curve, [-np.inf]])  # so that the ends can be maxima
    ticks = signal.find_peaks(padded, distance=gap_ticks)[0] - 1
    return ticks, curve[ticks]


def _curve(motion: Motion, contrast: float, smoothing_ticks: float) -> Floats:
    """Return the curve with peaks at onsets, relative to its 90th percentile; shape (ticks,)."""
    if not motion.energy.size:
        return motion.energy
    around = np.pad(motion.energy, _CONTRAST_TICKS, mode="edge")
    curve = motion.abruptness - contrast * (around[: -2 * _CONTRAST_TICKS] + around[2 * _CONTRAST_TICKS :]) / 2.0
    if smoothing_ticks > 0:
        from scipy.ndimage import gaussian_filter1d

        curve = gaussian_filter1d(curve, smoothing_ticks)
    scale = float(np.quantile(curve, 0.9))
    if scale <= 0:  # almost no motion
        scale = float(curve.max())
    return curve / scale if scale > 0 else np.zeros_like(curve)


def _mean_f1(
    peaks: list[tuple[NDArray[np.intp], Floats]], true_s: list[Floats], delay_ticks: int, threshold: float
) -> float:
    kept_s = [(ticks[heights >= threshold] + delay_ticks) / TICK_RATE_HZ for ticks, heights in peaks]
    total = sum(map(len, kept_s)) + sum(map(len, true_s))
    matched = [
        sum(len(match_onsets(kept, true, tolerance / 1000)) for kept, true in zip(kept_s, true_s, strict=True))
        for tolerance in TOLERANCES_MS
    ]
    return 2.0 * float(np.mean(matched)) / total


def _seconds(sample: Sample) -> float:
    return float(np.asarray(sample["onset"]).shape[-1]) / FEATURE_RATE_HZ


def _require_hits(train: SoundDataset) -> None:
    require_whole_videos(train)
    if not any(hits_by_video(train).values()):
        raise DatasetError(
            f"no hit in the {len(train)} training videos, which an onset baseline needs; name videos with hits"
        )
