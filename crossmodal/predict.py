"""Predict the sound of a silent video, from a video file to a video file with sound."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal import hub
from crossmodal.audio import (
    cochleagram,
    detect_onsets_in_features,
    pick_onsets,
    read_waveform,
    synthesize_exemplar,
    synthesize_parametric,
    write_waveform,
)
from crossmodal.audio.cochlea import FEATURE_RATE_HZ
from crossmodal.data.greatest_hits.files import read_hits
from crossmodal.errors import WeightsError
from crossmodal.evaluation.sound.prediction import Sample, SoundPrediction
from crossmodal.metrics import match_onsets
from crossmodal.models import SoundFromVideo, SoundOutput
from crossmodal.video import Clip, iterate_frames, mux_sound, read_clip
from crossmodal.video.spacetime import CLOCK_RATE_HZ

Synthesis = Literal["parametric", "exemplar"]

#: Tolerance within which `PredictedSound.compare` matches predicted to true onsets, in seconds.
TOLERANCE_S = 0.1
# Height and width of the frames in a figure.
_FIGURE_FRAME_SIZE = (108, 192)
# Peaks below this probability are not onset candidates, not even for the end of a precision-recall curve.
_MIN_SCORE = 0.02


@dataclass(frozen=True, eq=False)
class TrueSound:
    """The true sound of a video, to compare a prediction with.

    Attributes:
        cochleagram: float32 (42, steps) at 90 Hz.
        onset_times_s: (onsets,) labelled onset times of impacts in seconds; None without labels.
    """

    cochleagram: Tensor
    onset_times_s: NDArray[np.float64] | None


@dataclass(frozen=True, eq=False)
class PredictedSound:
    """The predicted sound of a video.

    Attributes:
        video: the file.
        waveform: float32 (time,) in [-1, 1], as long as the video stream.
        rate_hz: samples per second of the waveform.
        cochleagram: float32 (42, steps) at 90 Hz.
        onset_times_s: (onsets,) onset times of impacts in seconds.
        onset_scores: (onsets,) probability of each onset, 0 to 1.
        clip: the frames that the model was given.
    """

    video: Path
    waveform: Tensor
    rate_hz: int
    cochleagram: Tensor
    onset_times_s: NDArray[np.float64]
    onset_scores: NDArray[np.float64]
    clip: Clip

    def write_video(self, out: str | os.PathLike[str]) -> str:
        """Write the video with the predicted sound, and return whether the video stream was copied or re-encoded.

        Returns:
            "copied" or "re-encoded", see `crossmodal.video.mux_sound`.

        Raises:
            OutputError: ``out`` cannot be written.
        """
        return mux_sound(self.video, self.waveform, self.rate_hz, out)

    def write_waveform(self, out: str | os.PathLike[str]) -> None:
        """Write the sound as a 16-bit wav file.

        Raises:
            OutputError: ``out`` cannot be written.
        """
        write_waveform(out, self.waveform, self.rate_hz)

    def write_figure(self, out: str | os.PathLike[str], truth: TrueSound | None = None) -> None:
        """Draw frames, predicted (and true) cochleagram, onsets and waveform, and write a PNG file.

        Raises:
            OutputError: ``out`` cannot be written.
        """
        from crossmodal.plot import figure_prediction, save_figure  # matplotlib, which most predictions do without

        true_onsets_s = None if truth is None else truth.onset_times_s
        marked_s = self.onset_times_s if true_onsets_s is None else true_onsets_s
        frames, times_s = self._frames_at(marked_s)
        figure = figure_prediction(
            frames,
            times_s,
            None if truth is None else truth.cochleagram,
            self.cochleagram,
            true_onsets_s,
            self.onset_times_s,
            waveform=self.waveform,
            waveform_rate_hz=self.rate_hz,
        )
        save_figure(figure, out)

    def compare(self, truth: TrueSound) -> dict[str, Any]:
        """Count the true onsets and those that match a predicted one within `TOLERANCE_S`; empty without labels."""
        if truth.onset_times_s is None:
            return {}
        matches = match_onsets(self.onset_times_s, truth.onset_times_s, TOLERANCE_S)
        return {
            "true_onsets": len(truth.onset_times_s),
            f"true_onsets_met_within_{round(1000 * TOLERANCE_S)}_ms": len(matches),
            "true_onset_times_s": [round(float(time_s), 3) for time_s in truth.onset_times_s],
        }

    def _frames_at(self, moments_s: NDArray[np.float64]) -> tuple[Tensor, list[float]]:
        """Read the frames nearest to some moments, or nine evenly spaced ones, larger than the input of the model."""
        target_s = moments_s if len(moments_s) else np.linspace(0.0, self.clip.seconds, 9)
        distance_s = np.full(len(target_s), np.inf)
        nearest: dict[int, tuple[float, Tensor]] = {}
        for time_s, frame in iterate_frames(self.video, _FIGURE_FRAME_SIZE):
            nearer = np.abs(target_s - time_s) < distance_s
            distance_s[nearer] = np.abs(target_s - time_s)[nearer]
            nearest.update(dict.fromkeys(np.flatnonzero(nearer).tolist(), (time_s, frame)))
        shown = dict(nearest.values())
        times_s = sorted(shown)
        return torch.stack([shown[time_s] for time_s in times_s]), times_s

    def summary(self) -> dict[str, Any]:
        """Return the length, level, peak and onsets of the sound."""
        level = float(self.waveform.square().mean().sqrt()) if self.waveform.numel() else 0.0
        peak = float(self.waveform.abs().amax()) if self.waveform.numel() else 0.0
        return {
            "video": str(self.video),
            "seconds": round(len(self.waveform) / self.rate_hz, 3),
            "rate_hz": self.rate_hz,
            "level_dbfs": round(20 * float(np.log10(max(level, 1e-6))), 1),
            "peak": round(peak, 4),
            "onsets": len(self.onset_times_s),
            "onset_times_s": [round(float(time_s), 3) for time_s in self.onset_times_s],
        }


def predict_sound(
    video: str | os.PathLike[str],
    weights: str | os.PathLike[str] | SoundFromVideo | None = None,
    synthesis: Synthesis = "parametric",
    *,
    passes: Literal[1, 3] = 1,
    rate_hz: int = 44_100,
    seed: int = 0,
) -> PredictedSound:
    """Predict the sound of a silent video of any length, size and frame rate; its own sound is ignored.

    Args:
        video: the file.
        weights: a weights folder, the name of weights that ship, or a model; None for the default of those that ship.
        synthesis: ``parametric`` shapes noise by the predicted cochleagram; ``exemplar`` places recorded impacts, which
            are stored with the weights, at the predicted onsets.
        passes: number of passes of parametric synthesis, 1 or 3.
        rate_hz: rate of the waveform.
        seed: seed of the noise.

    Raises:
        FormatError: the video cannot be read.
        WeightsError: the weights do not exist, are of another model, or have no exemplars.
    """
    named = hub.DEFAULT_SOUND_WEIGHTS if weights is None else weights
    model = named if isinstance(named, SoundFromVideo) else load_sound_model(named)
    clip = read_clip(video, model.size)
    bank = None
    if synthesis == "exemplar":
        if isinstance(named, SoundFromVideo):
            raise WeightsError(
                "exemplar synthesis needs a weights folder with exemplars, found a model; "
                "pass the folder, or synthesis='parametric'"
            )
        bank = hub.load_exemplars(named)
    output = model.predict_video(clip.spacetime, clip.ticks, lambda tick: clip.colour_at(tick / CLOCK_RATE_HZ))
    prediction = as_prediction(model, output)
    features = cast(Tensor, prediction.cochleagram)
    times_s, scores = _onsets_above_threshold(prediction)
    if bank is not None:
        waveform = synthesize_exemplar(features, bank, times_s.tolist(), rate_hz, clip.seconds)
    else:
        waveform = synthesize_parametric(features, rate_hz, clip.seconds, passes=passes, seed=seed)
    return PredictedSound(Path(video), waveform, rate_hz, features, times_s, scores, clip)


def read_truth(recording: str | os.PathLike[str]) -> TrueSound:
    """Read the true sound of a recording, and its Greatest Hits labels if they are in the same folder.

    The labels of ``<id>_denoised.mp4``, of any other variant and of ``<id>_denoised.wav`` are in ``<id>_times.txt``.

    Raises:
        FormatError: the sound cannot be read.
        DatasetError: the labels have invalid lines.
    """
    features = cochleagram(*read_waveform(recording))
    labels = _labels_beside(Path(recording))
    if labels is None:
        return TrueSound(features, None)
    hits = read_hits(labels, labels.name)
    return TrueSound(features, np.array([hit.time_s for hit in hits], dtype=np.float64))


def load_sound_model(named: str | os.PathLike[str]) -> SoundFromVideo:
    """Load a model that predicts sound from video.

    Raises:
        WeightsError: the weights do not exist, or are of another kind of model.
    """
    model = hub.load_model(named)
    if not isinstance(model, SoundFromVideo):
        raise WeightsError(f"{os.fspath(named)}: holds a {type(model).__name__}; predicting sound needs SoundFromVideo")
    return model


def as_prediction(model: SoundFromVideo, output: SoundOutput) -> SoundPrediction:
    """Convert the output of the model for one video to a cochleagram and onset candidates."""
    features = output.cochleagram[0].cpu()
    if output.onset_logits is None:
        # Without an onset head, onsets are rises of the predicted energy.
        times_s, scores = detect_onsets_in_features(features)
        return SoundPrediction(features, times_s, scores)
    curve = output.onset_logits[0].sigmoid().cpu().numpy()
    times_s, scores = pick_onsets(curve, FEATURE_RATE_HZ, threshold=_MIN_SCORE)
    return SoundPrediction(features, times_s, scores, float(model.onset_threshold))


def predictor(model: torch.nn.Module) -> Callable[[Sample], SoundPrediction]:
    """Return a model as the prediction function of an evaluation, which takes the sample of a whole video.

    Raises:
        WeightsError: the model is not a `SoundFromVideo`.
    """
    if not isinstance(model, SoundFromVideo):
        raise WeightsError(f"predicting sound from video needs a SoundFromVideo, found a {type(model).__name__}")

    def predict(sample: Sample) -> SoundPrediction:
        spacetime = sample["spacetime"]
        output = model.predict_video(
            lambda first, ticks: spacetime[first : first + ticks], len(spacetime), lambda _: sample["colour"]
        )
        return as_prediction(model, output)

    return predict


def _labels_beside(recording: Path) -> Path | None:
    """Find ``<id>_times.txt``; the id is the file name without its ending, or without parts such as ``_denoised``."""
    parts = recording.stem.split("_")
    names = ("_".join(parts[:count]) for count in range(len(parts), 0, -1))
    candidates = (recording.with_name(f"{name}_times.txt") for name in names)
    return next((path for path in candidates if path.is_file()), None)


def _onsets_above_threshold(prediction: SoundPrediction) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    times_s, scores = np.asarray(prediction.onset_times_s), np.asarray(prediction.onset_scores)
    kept = scores >= prediction.onset_threshold
    return times_s[kept], scores[kept]
