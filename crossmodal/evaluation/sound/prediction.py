"""What is predicted, from what, and by whom: the contract between predictors and evaluations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: A whole video, as `crossmodal.data.GreatestHits` with ``windows="videos"`` gives it.
Sample = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class SoundPrediction:
    """The sound predicted for one video; a part that a predictor does not predict is None.

    Attributes:
        cochleagram: (channels, steps) compressed envelopes at 90 Hz, or None.
        onset_times_s: (onsets,) candidate onsets in seconds from the start of the video, or None.
        onset_scores: (onsets,) how sure each is, comparable between videos; None: all alike.
        onset_threshold: candidates that score at least this are the onsets predicted (precision, recall, F1); the
            others only complete the precision-recall curve (average precision).
    """

    cochleagram: ArrayLike | None = None
    onset_times_s: ArrayLike | None = None
    onset_scores: ArrayLike | None = None
    onset_threshold: float = -np.inf


class Hit(Protocol):
    """An impact of a video, labelled or not."""

    @property
    def video(self) -> str:
        """The id of the video."""

    @property
    def time_s(self) -> float:
        """Seconds from the start of the video."""

    @property
    def material(self) -> str | None:
        """What is struck, None where nobody said."""

    @property
    def action(self) -> str | None:
        """Hit or scratch, None where nobody said."""

    @property
    def reaction(self) -> str | None:
        """How it moves, None where nobody said."""


class SoundDataset(Protocol):
    """Whole videos with their sound and their hits: item *i* is the video ``ids[i]``."""

    @property
    def ids(self) -> Sequence[str]:
        """The videos in order."""

    @property
    def hits(self) -> Sequence[Hit]:
        """All hits of all videos."""

    def __len__(self) -> int:
        """The number of videos."""

    def __getitem__(self, index: int, /) -> Sample:
        """One whole video."""


#: Predicts the sound of a video from its images (baselines of the published protocol also look at ``onset``).
Predict = Callable[[Sample], SoundPrediction]


def hits_by_video(dataset: SoundDataset) -> dict[str, list[Hit]]:
    """The hits of each video in order of time; a video without hits has an empty list."""
    grouped: dict[str, list[Hit]] = {video: [] for video in dataset.ids}
    for hit in dataset.hits:
        if hit.video in grouped:
            grouped[hit.video].append(hit)
    return {video: sorted(hits, key=lambda hit: hit.time_s) for video, hits in grouped.items()}


def require_whole_videos(dataset: SoundDataset) -> None:
    """Make sure that items are videos.

    Raises:
        ValueError: there are more or fewer items than videos.
    """
    if len(dataset) != len(dataset.ids):
        raise ValueError(
            f"items must be whole videos, got {len(dataset)} items of {len(dataset.ids)} videos; "
            'make the data set with windows="videos"'
        )


def is_labelled(hit: Hit) -> bool:
    """Whether somebody said anything about the hit."""
    return any(label is not None for label in (hit.material, hit.action, hit.reaction))


def has_sound(sample: Sample) -> bool:
    """Whether the video came with sound, so that its cochleagram means something."""
    return bool(sample.get("has_sound", True))


def hit_steps(sample: Sample) -> NDArray[np.intp]:
    """The feature steps of a sample at which hits stand, from its ``onset`` (steps,)."""
    return np.flatnonzero(np.asarray(sample["onset"]) > 0.5)
