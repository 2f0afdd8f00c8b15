"""Evaluation of sound predicted from silent video: loudness, centroid, material and onsets over whole videos.

Conventions:

- Loudness and centroid are compared at labelled impacts, in windows of 45 steps (0.5 s) centred on the *true* time and
  cut from the predicted and from the true cochleagram of the same video.
- Material is classified from the same windows by a linear classifier trained on the true sound of other videos.
- True onsets are all hits of the video, labelled or not; all videos are pooled.
- Intervals contain 95 % of resamples over videos; nan is undefined (a constant prediction, or no prediction).
- Videos without sound count for onsets only.

References:
    Owens et al., "Visually indicated sounds", CVPR 2016, section 6.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from crossmodal.audio import FEATURE_RATE_HZ
from crossmodal.evaluation.sound.prediction import (
    Hit,
    Predict,
    Sample,
    SoundDataset,
    SoundPrediction,
    has_sound,
    hits_by_video,
    is_labelled,
    require_whole_videos,
)
from crossmodal.interval import Interval, bootstrap_weights, percentile_interval
from crossmodal.metrics import (
    MaterialClassifier,
    OnsetCounts,
    PooledOnsets,
    class_averaged_accuracy,
    count_onsets,
    cut_impact_windows,
    impact_scores,
    loudness,
    spectral_centroid,
)

Floats = NDArray[np.float64]

#: The tolerances of onset scores, in milliseconds.
TOLERANCES_MS = (50, 100, 300)
#: Steps of an impact window: half a second.
WINDOW_STEPS = 45
_IMPACT_COLUMNS = 4


@dataclass(frozen=True, eq=False)
class VideoMeasurement:
    """Measurements of one video.

    Attributes:
        video: id of the video.
        impacts: (labelled impacts, 4): loudness predicted and true, centroid predicted and true; no rows if the
            predictor returns no cochleagram or the video has no sound.
        materials: (impacts with a known material, 2): class predicted and true.
        onsets: counts by tolerance in milliseconds; empty if the predictor returns no onsets.
        hits: number of labelled hits of the video, measured or not.
        onset_total: number of all hits of the video.
    """

    video: str
    impacts: Floats
    materials: NDArray[np.str_]
    onsets: Mapping[int, OnsetCounts]
    hits: int
    onset_total: int


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Scores of one predictor on one set of videos.

    Attributes:
        values: point estimates by key.
        resamples: (samples,) bootstrap values of each key. Evaluations of the same videos with the same seed share
            their resamples.
        counts: ``videos``, labelled ``hits`` and ``onsets`` (all hits).
        videos: ids, in the order of the resampling.
    """

    values: Mapping[str, float]
    resamples: Mapping[str, Floats]
    counts: Mapping[str, float]
    videos: tuple[str, ...]

    def flat(self) -> dict[str, float]:
        """Return all figures in one dictionary: ``key``, ``key_low`` and ``key_high`` of each score, and the counts."""
        flat: dict[str, float] = {}
        for key, value in self.values.items():
            flat |= percentile_interval(value, self.resamples[key]).named(key)
        return flat | dict(self.counts)

    def difference(self, other: "Evaluation", key: str) -> Interval:
        """Return the difference of ``key`` to that of ``other``, with the interval of the paired resamples.

        Raises:
            ValueError: the two differ in their videos or in their resamples.
        """
        mine, theirs = self.resamples[key], other.resamples[key]
        if self.videos != other.videos or mine.shape != theirs.shape:
            raise ValueError("the two evaluations must be of the same videos with the same resamples")
        return percentile_interval(self.values[key] - other.values[key], mine - theirs)


def evaluate(
    predict: Predict,
    dataset: SoundDataset,
    *,
    train: SoundDataset | None = None,
    seed: int = 0,
    bootstrap: int = 1000,
) -> dict[str, float]:
    """Evaluate a predictor on whole videos (a data set with ``windows="videos"``).

    ``train`` contains other videos, on whose true sound the material classifier is trained; without it
    ``material_accuracy`` is nan.

    Returns a flat dictionary: ``loudness_r``, ``loudness_error``, ``centroid_r``, ``centroid_error``,
    ``material_accuracy`` and, for 50, 100 and 300 ms, ``onset_f1_50ms``, ``onset_precision_50ms``,
    ``onset_recall_50ms`` and ``onset_ap_50ms``, each with ``_low`` and ``_high`` (95 %, nan with a single video);
    ``videos``, ``hits`` (labelled) and ``onsets`` (all hits).

    Raises:
        ValueError: a prediction does not have the shape of the video's cochleagram or is not finite, or an item of the
            data set is not a whole video.
    """
    classifier = fit_material_classifier(train) if train is not None else None
    measured = measure({"": predict}, dataset, classifier)
    return summarise(measured[""], seed=seed, bootstrap=bootstrap).flat()


def fit_material_classifier(train: SoundDataset) -> MaterialClassifier | None:
    """Train the material classifier on the true sound of labelled impacts; None if no impact has a material."""
    require_whole_videos(train)
    windows: list[NDArray[np.float32]] = []
    materials: list[str] = []
    hits = hits_by_video(train)
    for index, video in enumerate(train.ids):
        known, true_materials = _with_material(hits[video])
        sample = train[index]
        if known and has_sound(sample):
            windows.append(_cut_at(_array(sample["cochleagram"]), [hits[video][i] for i in known]))
            materials += true_materials
    return MaterialClassifier().fit(np.concatenate(windows), materials) if windows else None


def measure(
    predictors: Mapping[str, Predict], dataset: SoundDataset, classifier: MaterialClassifier | None = None
) -> dict[str, list[VideoMeasurement]]:
    """Measure the predictions of every predictor for every video.

    Each video is read once. Measurements of several data sets (folds) can be concatenated before `summarise`.

    Raises:
        ValueError: as `evaluate`.
    """
    require_whole_videos(dataset)
    hits = hits_by_video(dataset)
    measured: dict[str, list[VideoMeasurement]] = {name: [] for name in predictors}
    for index, video in enumerate(dataset.ids):
        sample = dataset[index]
        for name, predict in predictors.items():
            measured[name].append(measure_video(predict(sample), sample, video, hits[video], classifier))
    return measured


def measure_video(
    prediction: SoundPrediction,
    sample: Sample,
    video: str,
    hits: Sequence[Hit],
    classifier: MaterialClassifier | None = None,
) -> VideoMeasurement:
    """Compare the prediction for one video with its sound and its hits.

    Raises:
        ValueError: as `evaluate`; the message names the video.
    """
    labelled = [hit for hit in hits if is_labelled(hit)]
    impacts = np.zeros((0, _IMPACT_COLUMNS))
    materials = np.zeros((0, 2), dtype=np.str_)
    if prediction.cochleagram is not None and has_sound(sample) and labelled:
        truth = _array(sample["cochleagram"])
        predicted = _checked_cochleagram(prediction.cochleagram, truth.shape, video)
        windows = [_cut_at(features, labelled) for features in (predicted, truth)]
        columns = [quantity(cut) for quantity in (loudness, spectral_centroid) for cut in windows]
        impacts = np.stack(columns, axis=1)
        known, true_materials = _with_material(labelled)
        if classifier is not None and known:
            predicted_materials = classifier.predict(windows[0][known])
            materials = np.stack([predicted_materials, np.array(true_materials)], axis=1).astype(np.str_)
    return VideoMeasurement(video, impacts, materials, _count_onsets(prediction, hits, video), len(labelled), len(hits))


def summarise(measured: Sequence[VideoMeasurement], *, seed: int = 0, bootstrap: int = 1000) -> Evaluation:
    """Compute the scores of one predictor with bootstrap resamples over videos.

    Videos are sorted by id first, so the result does not depend on the order of folds.
    """
    videos = sorted(measured, key=lambda measurement: measurement.video)
    pooled = _PooledVideos(videos)
    values = pooled.scores(np.ones(len(videos)))
    weights = bootstrap_weights(len(videos), bootstrap, seed=seed) if len(videos) > 1 else np.zeros((0, len(videos)))
    rows = [pooled.scores(row) for row in weights]
    resamples = {key: np.array([row[key] for row in rows], dtype=np.float64) for key in values}
    counts = {
        "videos": float(len(videos)),
        "hits": float(sum(video.hits for video in videos)),
        "onsets": float(sum(video.onset_total for video in videos)),
    }
    return Evaluation(values, resamples, counts, tuple(video.video for video in videos))


class _PooledVideos:
    """Measurements of all videos, pooled for scores with any multiplicities of the videos."""

    def __init__(self, videos: Sequence[VideoMeasurement]) -> None:
        index = np.arange(len(videos))
        self._impacts = np.concatenate([np.zeros((0, _IMPACT_COLUMNS)), *(video.impacts for video in videos)])
        self._impact_video = np.repeat(index, [len(video.impacts) for video in videos])
        self._materials = np.concatenate([np.zeros((0, 2), dtype=np.str_), *(video.materials for video in videos)])
        self._material_video = np.repeat(index, [len(video.materials) for video in videos])
        complete = len(videos) > 0 and all(video.onsets for video in videos)
        self._onsets = {
            tolerance: PooledOnsets([video.onsets[tolerance] for video in videos]) if complete else None
            for tolerance in TOLERANCES_MS
        }

    def scores(self, weights: Floats) -> dict[str, float]:
        """Compute all scores, with video *i* counted ``weights[i]`` times."""
        scores: dict[str, float] = {}
        impact_weights = weights[self._impact_video]
        for column, quantity in enumerate(("loudness", "centroid")):
            predicted, true = self._impacts[:, 2 * column], self._impacts[:, 2 * column + 1]
            measured = impact_scores(predicted, true, impact_weights)
            scores |= {f"{quantity}_error": measured.error, f"{quantity}_r": measured.r}
        scores["material_accuracy"] = class_averaged_accuracy(
            self._materials[:, 0], self._materials[:, 1], weights[self._material_video]
        )
        for tolerance, onsets in self._onsets.items():
            found = onsets.scores(weights) if onsets is not None else None
            scores[f"onset_f1_{tolerance}ms"] = found.f1 if found else np.nan
            scores[f"onset_precision_{tolerance}ms"] = found.precision if found else np.nan
            scores[f"onset_recall_{tolerance}ms"] = found.recall if found else np.nan
            scores[f"onset_ap_{tolerance}ms"] = found.average_precision if found else np.nan
        return scores


def _with_material(hits: Sequence[Hit]) -> tuple[list[int], list[str]]:
    """Return the indices of the hits with a material, and the materials."""
    known = [(index, hit.material) for index, hit in enumerate(hits) if hit.material is not None]
    return [index for index, _ in known], [material for _, material in known]


def _count_onsets(prediction: SoundPrediction, hits: Sequence[Hit], video: str) -> dict[int, OnsetCounts]:
    if prediction.onset_times_s is None:
        return {}
    true_s = [hit.time_s for hit in hits]
    times_s = _array(prediction.onset_times_s)
    scores = None if prediction.onset_scores is None else _array(prediction.onset_scores)
    try:
        return {
            tolerance: count_onsets(
                times_s, true_s, tolerance / 1000, scores=scores, threshold=prediction.onset_threshold
            )
            for tolerance in TOLERANCES_MS
        }
    except ValueError as error:
        raise ValueError(f"onsets predicted for {video}: {error}") from error


def _checked_cochleagram(predicted: ArrayLike, shape: tuple[int, ...], video: str) -> Floats:
    features = _array(predicted)
    if features.shape != shape:
        raise ValueError(f"cochleagram predicted for {video} has shape {features.shape}, the true one has {shape}")
    if not np.isfinite(features).all():
        raise ValueError(f"cochleagram predicted for {video} is not finite everywhere")
    return features


def _cut_at(features: Floats, hits: Sequence[Hit]) -> NDArray[np.float32]:
    """Cut impact windows at the hits; a label just after the last frame is moved to the last step."""
    steps = np.round(np.array([hit.time_s for hit in hits]) * FEATURE_RATE_HZ).astype(np.int64)
    return cut_impact_windows(features, np.minimum(steps, features.shape[1] - 1), WINDOW_STEPS)


def _array(values: Any) -> Floats:
    """Convert a tensor on any device and of any precision, or an array-like, to float64."""
    return np.asarray(torch.as_tensor(values).detach().double().cpu())
