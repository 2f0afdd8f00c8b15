"""Baselines of sound: they lay the sound of training impacts at the true hits of a video.

This is the published protocol: a method is told where the impacts are and has to say how they sound. The baselines
therefore look at ``onset`` of a sample, which a method under test must not.

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
    """Lays one training impact, or a mixture, at each true hit; subclasses choose which.

    Between two hits that are closer than a window each step belongs to the nearer hit; far from all hits it is silent.
    """

    def __init__(self) -> None:
        self._windows: Windows | None = None

    def fit(self, train: SoundDataset) -> Self:
        """Collect the impacts of whole training videos with their sound.

        Raises:
            DatasetError: the videos hold no impact with sound.
        """
        require_whole_videos(train)
        windows, looks = [], []
        for index in range(len(train)):
            sample = train[index]
            steps = hit_steps(sample)
            if has_sound(sample) and len(steps):
                windows.append(cut_impact_windows(np.asarray(sample["cochleagram"]), steps, WINDOW_STEPS))
                looks.append(self._look(sample, steps))
        if not windows:
            raise DatasetError(
                f"no impact with sound in the {len(train)} training videos: a baseline has nothing to choose from; "
                "name videos that have sound and hits"
            )
        self._windows = np.concatenate(windows)
        self._learn(np.concatenate(looks))
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
        return SoundPrediction(cochleagram=lay_windows(chosen, steps, channels, total))

    __call__ = predict

    def _look(self, sample: Sample, steps: NDArray[np.intp]) -> NDArray[np.float32]:
        """Describe the images at each hit, shape (hits, values); nothing by default."""
        return np.zeros((len(steps), 0), dtype=np.float32)

    def _learn(self, looks: NDArray[np.float32]) -> None:  # noqa: B027
        """Take in the descriptions of all training impacts; nothing by default."""

    @abstractmethod
    def _choose(self, windows: Windows, sample: Sample, steps: NDArray[np.intp]) -> Windows:
        """Give the sound of each hit, shape (hits, channels, WINDOW_STEPS)."""


class RandomImpact(ImpactBaseline):
    """A random training impact at each hit; the draw depends on the seed and the video's place in the data set."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.seed = seed

    def _choose(self, windows: Windows, sample: Sample, steps: NDArray[np.intp]) -> Windows:
        draws = generator(self.seed, "evaluation/random-impact", int(sample["video"]))
        return windows[draws.integers(len(windows), size=len(steps))]


class MeanSound(ImpactBaseline):
    """The mean of all training impacts at each hit; its correlations are undefined because it never changes.

    Pooled over folds it does change, against the truth: the mean of the other videos is lower where a video is higher.
    A negative correlation over folds means just this.
    """

    def _choose(self, windows: Windows, sample: Sample, steps: NDArray[np.intp]) -> Windows:
        return np.broadcast_to(windows.mean(axis=0), (len(steps), *windows.shape[1:]))


class ImageMatch(ImpactBaseline):
    """The training impact whose images are nearest, by Euclidean distance of small images.

    ``image`` compares what is seen at the hit (a small current frame and the colours of the opening frame),
    ``spacetime`` how it moves (small differences of successive frames around the hit), ``both`` their sum. No learnt
    features: the published baselines use a network trained on labelled images instead.
    """

    def __init__(self, by: Literal["image", "spacetime", "both"] = "both") -> None:
        super().__init__()
        if by not in ("image", "spacetime", "both"):
            raise ValueError(f"by must be image, spacetime or both, got {by!r}")
        self.by = by
        self._looks = np.zeros((0, 0), dtype=np.float32)

    def _look(self, sample: Sample, steps: NDArray[np.intp]) -> NDArray[np.float32]:
        return np.concatenate(self._parts(sample, steps), axis=1)

    def _learn(self, looks: NDArray[np.float32]) -> None:
        self._looks = looks

    def _choose(self, windows: Windows, sample: Sample, steps: NDArray[np.intp]) -> Windows:
        looks = self._look(sample, steps)
        # |a - b|^2 = |a|^2 + |b|^2 - 2 a.b, without the part that is the same for all candidates
        distances = (self._looks**2).sum(axis=1) - 2.0 * looks @ self._looks.T
        return windows[np.argmin(distances, axis=1), ...]

    def _parts(self, sample: Sample, steps: NDArray[np.intp]) -> list[NDArray[np.float32]]:
        parts = []
        if self.by in ("image", "both"):
            parts.append(describe_image(sample, steps))
        if self.by in ("spacetime", "both"):
            parts.append(describe_motion(sample, steps))
        return parts


class TrueSound:
    """No baseline but the ceiling: the true cochleagram and the onsets that a detector hears in it."""

    def predict(self, sample: Sample) -> SoundPrediction:
        """Give the true sound of a whole video; nothing where it has none."""
        if not has_sound(sample):
            return SoundPrediction()
        features = torch.as_tensor(sample["cochleagram"])
        times_s, strengths = detect_onsets_in_features(features, FEATURE_RATE_HZ)
        return SoundPrediction(features, times_s, strengths)

    __call__ = predict


def lay_windows(windows: Windows, steps: NDArray[np.intp], channels: int, total: int) -> NDArray[np.float32]:
    """Lay windows (hits, channels, width) centred on sorted ``steps`` into a silent cochleagram (channels, total).

    Where windows overlap, each step takes the window of the nearer hit.
    """
    laid = np.zeros((channels, total), dtype=np.float32)
    width = windows.shape[-1]
    middles = (steps[:-1] + steps[1:] + 1) // 2
    starts = np.maximum(steps - width // 2, np.append(0, middles))
    stops = np.minimum(steps - width // 2 + width, np.append(middles, total))
    for window, step, start, stop in zip(windows, steps, starts, stops, strict=True):
        offset = width // 2 - step
        laid[:, start:stop] = window[:, start + offset : stop + offset]
    return laid
