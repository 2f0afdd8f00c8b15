"""The interface between predictors of sound and evaluations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: A whole video, as returned by `crossmodal.data.GreatestHits` with ``windows="videos"``.
Sample = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class SoundPrediction:
    """The sound predicted for one video; parts without a prediction are None.

    Attributes:
        cochleagram: (channels, steps) compressed envelopes at 90 Hz, or None.
        onset_times_s: (onsets,) candidate onsets in seconds from the start of the video, or None.
        onset_scores: (onsets,) confidence of each, comparable between videos; None if all are equal.
        onset_threshold: candidates with at least this score are the predicted onsets (precision, recall, F1); the
            others are used for the precision-recall curve only (average precision).
    """

    cochleagram: ArrayLike | None = None
    onset_times_s: ArrayLike | None = None
    onset_scores: ArrayLike | None = None
    onset_threshold: float = -np.inf


class Hit(Protocol):
    """An impact of a video, labelled or not."""

    @property
    def video(self) -> str:
        """Id of the video."""

    @property
    def time_s(self) -> float:
        """Time from the start of the video, in seconds."""

    @property
    def material(self) -> str | None:
        """Material that is struck; None if unlabelled."""

    @property
    def action(self) -> str | None:
        """Hit or scratch; None if unlabelled."""

    @property
    def reaction(self) -> str | None:
        """Motion of the object; None if unlabelled."""


class SoundDataset(Protocol):
    """Whole videos with their sound and their hits: item *i* is the video ``ids[i]``."""

    @property
    def ids(self) -> Sequence[str]:
        """Ids of the videos, in order."""

    @property
    def hits(self) -> Sequence[Hit]:
        """All hits of all videos."""

    def __len__(self) -> int:
        """Return the number of videos."""

    def __getitem__(self, index: int, /) -> Sample:
        """Return one whole video."""


#: Predicts the sound of a video from its images (baselines of the published protocol also use ``onset``).
Predict = Callable[[Sample], SoundPrediction]


def hits_by_video(dataset: SoundDataset) -> dict[str, list[Hit]]:
    """Return the hits of each video, sorted by time; the list is empty for a video without hits."""
    grouped: dict[str, list[Hit]] = {video: [] for video in dataset.ids}
    for hit in dataset.hits:
        if hit.video in grouped:
            grouped[hit.video].append(hit)
    return {video: sorted(hits, key=lambda hit: hit.time_s) for video, hits in grouped.items()}


def require_whole_videos(dataset: SoundDataset) -> None:
    """Check that the items of a data set are whole videos.

    Raises:
        ValueError: the numbers of items and of videos differ.
    """
    if len(dataset) != len(dataset.ids):
        raise ValueError(
            f"items must be whole videos, got {len(dataset)} items of {len(dataset.ids)} videos; "
            'make the data set with windows="videos"'
        )


def is_labelled(hit: Hit) -> bool:
    """Return whether the hit has a material, an action or a reaction."""
    return any(label is not None for label in (hit.material, hit.action, hit.reaction))


def has_sound(sample: Sample) -> bool:
    """Return whether the video has sound; without it, its cochleagram is not valid."""
    return bool(sample.get("has_sound", True))


def hit_steps(sample: Sample) -> NDArray[np.intp]:
    """Return the feature steps of the hits of a sample, from its ``onset`` (steps,)."""
    return np.flatnonzero(np.asarray(sample["onset"]) > 0.5)
