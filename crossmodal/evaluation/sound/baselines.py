"""Baselines of sound: they place the sound of training impacts at the true hits of a video.

This is the published protocol: the times of impacts are given, and their sound is predicted. The baselines therefore
use ``onset`` of a sample, which an evaluated method must not.

References:
    Owens et al., "Visually indicated sounds", CVPR 2016, section 6.1 and table 1.
"""

from abc import ABC, abstractmethod
from typing import Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray

from crossmodal.audio import FEATURE_RATE_HZ, detect_onsets_in_features
from crossmodal.errors import DatasetError
from crossmodal.evaluation.sound.image_descriptor import describe_image, describe_motion
from crossmodal.evaluation.sound.measure import WINDOW_STEPS
from crossmodal.evaluation.sound.prediction import (
    Sample,
    SoundDataset,
    SoundPrediction,
    has_sound,
    hit_steps,
    require_whole_videos,
)
from crossmodal.metrics import cut_impact_windows
from crossmodal.randomness import generator

Windows = NDArray[np.float32]


class ImpactBaseline(ABC):
    """Places one training impact, or a mixture, at each true hit; subclasses select it.

    If two hits are closer than a window, each step belongs to the nearer hit; steps far from all hits are silent.
    """

    def __init__(self) -> None:
        self._windows: Windows | None = None

    def fit(self, train: SoundDataset) -> Self:
        """Collect the impacts with sound of whole training videos.

        Raises:
            DatasetError: the videos have no impact with sound.
        """
        require_whole_videos(train)
        windows, descriptors = [], []
        for index in range(len(train)):
            sample = train[index]
            steps = hit_steps(sample)
            if has_sound(sample) and len(steps):
                windows.append(cut_impact_windows(np.asarray(sample["cochleagram"]), steps, WINDOW_STEPS))
                descriptors.append(self._describe(sample, steps))
        if not windows:
            raise DatasetError(
                f"no impact with sound in the {len(train)} training videos, which a baseline needs; "
                "name videos with sound and hits"
            )
        self._windows = np.concatenate(windows)
        self._learn(np.concatenate(descriptors))
        return self

    def predict(self, sample: Sample) -> SoundPrediction:
        """Predict the cochleagram of a whole video, given its hits; no onsets.

        Raises:
            RuntimeError: `fit` has not been called.
        """
        if self._windows is None:
            raise RuntimeError("call fit before predict")
        steps = hit_steps(sample)
        channels, total = np.asarray(sample["cochleagram"]).shape
        chosen = self._choose(self._windows, sample, steps) if len(steps) else self._windows[:0]
        return SoundPrediction(cochleagram=place_windows(chosen, steps, channels, total))

    __call__ = predict

    def _describe(self, sample: Sample, steps: NDArray[np.intp]) -> NDArray[np.float32]:
        """Describe the images at each hit, shape (hits, values); no values by default."""
        return np.zeros((len(steps), 0), dtype=np.float32)

    def _learn(self, descriptors: NDArray[np.float32]) -> None:  # noqa: B027
        """Store the descriptors of all training impacts; does nothing by default."""

    @abstractmethod
    def _choose(self, windows: Windows, sample: Sample, steps: NDArray[np.intp]) -> Windows:
        """Return the sound of each hit, shape (hits, channels, WINDOW_STEPS)."""


class RandomImpact(ImpactBaseline):
    """A random training impact at each hit; the draw depends on the seed and the index of the video."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.seed = seed

    def _choose(self, windows: Windows, sample: Sample, steps: NDArray[np.intp]) -> Windows:
        draws = generator(self.seed, "evaluation/random-impact", int(sample["video"]))
        return windows[draws.integers(len(windows), size=len(steps))]


class MeanSound(ImpactBaseline):
    """The mean of all training impacts at each hit; its correlations are undefined because it is constant.

    Pooled over folds it is not constant, and its correlation is negative: where the values of a video are high, the
    mean of the other videos is low.
    """

    def _choose(self, windows: Windows, sample: Sample, steps: NDArray[np.intp]) -> Windows:
        return np.broadcast_to(windows.mean(axis=0), (len(steps), *windows.shape[1:]))


class ImageMatch(ImpactBaseline):
    """The training impact with the nearest images, by Euclidean distance of small images.

    ``image`` compares appearance (a small frame at the hit and the colours of the first frame), ``spacetime`` motion
    (small differences of successive frames around the hit), ``both`` their sum. No features are learned: the published
    baselines use a network trained on labelled images instead.
    """

    def __init__(self, by: Literal["image", "spacetime", "both"] = "both") -> None:
        super().__init__()
        if by not in ("image", "spacetime", "both"):
            raise ValueError(f"by must be image, spacetime or both, got {by!r}")
        self.by = by
        self._descriptors = np.zeros((0, 0), dtype=np.float32)

    def _describe(self, sample: Sample, steps: NDArray[np.intp]) -> NDArray[np.float32]:
        return np.concatenate(self._parts(sample, steps), axis=1)

    def _learn(self, descriptors: NDArray[np.float32]) -> None:
        self._descriptors = descriptors

    def _choose(self, windows: Windows, sample: Sample, steps: NDArray[np.intp]) -> Windows:
        descriptors = self._describe(sample, steps)
        # |a - b|^2 = |a|^2 + |b|^2 - 2 a.b, without |b|^2, which is the same for all candidates
        distances = (self._descriptors**2).sum(axis=1) - 2.0 * descriptors @ self._descriptors.T
        return windows[np.argmin(distances, axis=1), ...]

    def _parts(self, sample: Sample, steps: NDArray[np.intp]) -> list[NDArray[np.float32]]:
        parts = []
        if self.by in ("image", "both"):
            parts.append(describe_image(sample, steps))
        if self.by in ("spacetime", "both"):
            parts.append(describe_motion(sample, steps))
        return parts


class TrueSound:
    """Upper bound instead of a baseline: the true cochleagram, and the onsets detected in it."""

    def predict(self, sample: Sample) -> SoundPrediction:
        """Return the true sound of a whole video; an empty prediction if it has none."""
        if not has_sound(sample):
            return SoundPrediction()
        features = torch.as_tensor(sample["cochleagram"])
        times_s, strengths = detect_onsets_in_features(features, FEATURE_RATE_HZ)
        return SoundPrediction(features, times_s, strengths)

    __call__ = predict


def place_windows(windows: Windows, steps: NDArray[np.intp], channels: int, total: int) -> NDArray[np.float32]:
    """Place windows (hits, channels, width) centred on sorted ``steps`` in a silent cochleagram (channels, total).

    Where windows overlap, each step has the value of the window of the nearer hit.
    """
    placed = np.zeros((channels, total), dtype=np.float32)
    width = windows.shape[-1]
    middles = (steps[:-1] + steps[1:] + 1) // 2
    starts = np.maximum(steps - width // 2, np.append(0, middles))
    stops = np.minimum(steps - width // 2 + width, np.append(middles, total))
    for window, step, start, stop in zip(windows, steps, starts, stops, strict=True):
        offset = width // 2 - step
        placed[:, start:stop] = window[:, start + offset : stop + offset]
    return placed
