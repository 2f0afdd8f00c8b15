"""The sound of a silent video, from a file to a played file."""

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

#: The tolerance at which `PredictedSound.compare` calls a predicted onset right, in seconds.
TOLERANCE_S = 0.1
# Height and width of the frames in a figure.
_SHOWN_SIZE = (108, 192)
# Below this probability a peak is no candidate, not even for the end of a precision-recall curve.
_LEAST_SCORE = 0.02


@dataclass(frozen=True, eq=False)
class TrueSound:
    """How a video really sounds, to compare a prediction with.

    Attributes:
        cochleagram: float32 (42, steps) at 90 Hz.
        onset_times_s: (onsets,) where its labels say that impacts begin; None without labels.
    """

    cochleagram: Tensor
    onset_times_s: NDArray[np.float64] | None


@dataclass(frozen=True, eq=False)
class PredictedSound:
    """The predicted sound of a video.

    Attributes:
        video: the file.
        waveform: float32 (time,) in [-1, 1], as long as the picture.
        rate_hz: its rate.
        cochleagram: float32 (42, steps) at 90 Hz.
        onset_times_s: (onsets,) where impacts begin.
        onset_scores: (onsets,) how probable each is, 0 to 1.
        clip: the pictures that the model saw.
    """

    video: Path
    waveform: Tensor
    rate_hz: int
    cochleagram: Tensor
    onset_times_s: NDArray[np.float64]
    onset_scores: NDArray[np.float64]
    clip: Clip

    def write_video(self, out: str | os.PathLike[str]) -> str:
        """Write the video with the predicted sound, its picture ``copied`` or, where it must be, ``re-encoded``.

        Raises:
            OutputError: ``out`` cannot be written.
        """
        return mux_sound(self.video, self.waveform, self.rate_hz, out)

    def write_waveform(self, out: str | os.PathLike[str]) -> None:
        """Write the sound alone, as a 16-bit wav.

        Raises:
            OutputError: ``out`` cannot be written.
        """
        write_waveform(out, self.waveform, self.rate_hz)

    def write_figure(self, out: str | os.PathLike[str], truth: TrueSound | None = None) -> None:
        """Draw frames, predicted (and true) cochleagram, onsets and waveform into a PNG.

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
        """Count the true onsets and how many of them are met within `TOLERANCE_S`; empty without labels."""
        if truth.onset_times_s is None:
            return {}
        met = match_onsets(self.onset_times_s, truth.onset_times_s, TOLERANCE_S)
        return {
            "true_onsets": len(truth.onset_times_s),
            f"true_onsets_met_within_{round(1000 * TOLERANCE_S)}_ms": len(met),
            "true_onset_times_s": [round(float(time_s), 3) for time_s in truth.onset_times_s],
        }

    def _frames_at(self, moments_s: NDArray[np.float64]) -> tuple[Tensor, list[float]]:
        """Read the frames nearest to some moments, or a few evenly spaced ones, larger than the model sees them."""
        wanted_s = moments_s if len(moments_s) else np.linspace(0.0, self.clip.seconds, 9)
        distance_s = np.full(len(wanted_s), np.inf)
        nearest: dict[int, tuple[float, Tensor]] = {}
        for time_s, frame in iterate_frames(self.video, _SHOWN_SIZE):
            nearer = np.abs(wanted_s - time_s) < distance_s
            distance_s[nearer] = np.abs(wanted_s - time_s)[nearer]
            nearest.update(dict.fromkeys(np.flatnonzero(nearer).tolist(), (time_s, frame)))
        shown = dict(nearest.values())
        times_s = sorted(shown)
        return torch.stack([shown[time_s] for time_s in times_s]), times_s

    def summary(self) -> dict[str, Any]:
        """Give the sound's numbers: length, level, peak and onsets."""
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
    """Predict the sound of a silent video of any length, size and frame rate; its own sound is not looked at.

    Args:
        video: the file.
        weights: a weights folder, a name that ships with the package, or a model; None: the model that ships.
        synthesis: ``parametric`` shapes noise by the predicted cochleagram; ``exemplar`` lays recorded impacts, which
            come with the weights, at the predicted onsets.
        passes: 1 or 3 passes of parametric synthesis.
        rate_hz: rate of the waveform.
        seed: of the noise.

    Raises:
        FormatError: no readable video.
        WeightsError: no such weights, another model's, or no exemplars with them.
    """
    named = hub.DEFAULT_SOUND_WEIGHTS if weights is None else weights
    model = named if isinstance(named, SoundFromVideo) else load_sound_model(named)
    clip = read_clip(video, model.size)
    bank = None
    if synthesis == "exemplar":
        if isinstance(named, SoundFromVideo):
            raise WeightsError("synthesis by exemplar needs a weights folder with exemplars, not a bare model")
        bank = hub.load_exemplars(named)
    heard = model.predict_video(clip.spacetime, clip.ticks, lambda tick: clip.colour_at(tick / CLOCK_RATE_HZ))
    prediction = as_prediction(model, heard)
    features = cast(Tensor, prediction.cochleagram)
    times_s, scores = _certain(prediction)
    if bank is not None:
        waveform = synthesize_exemplar(features, bank, times_s.tolist(), rate_hz, clip.seconds)
    else:
        waveform = synthesize_parametric(features, rate_hz, clip.seconds, passes=passes, seed=seed)
    return PredictedSound(Path(video), waveform, rate_hz, features, times_s, scores, clip)


def read_truth(recording: str | os.PathLike[str]) -> TrueSound:
    """Read how a recording really sounds: its own sound, and the labels of Greatest Hits where they lie beside it.

    ``<id>_denoised.mp4``, any other variant or ``<id>_denoised.wav`` has its labels in ``<id>_times.txt``.

    Raises:
        FormatError: no readable sound.
        DatasetError: the labels have broken lines.
    """
    features = cochleagram(*read_waveform(recording))
    labels = _labels_beside(Path(recording))
    if labels is None:
        return TrueSound(features, None)
    hits = read_hits(labels, labels.name)
    return TrueSound(features, np.array([hit.time_s for hit in hits], dtype=np.float64))


def load_sound_model(named: str | os.PathLike[str]) -> SoundFromVideo:
    """Load the weights of a model that hears video.

    Raises:
        WeightsError: no such weights, or those of another kind of model.
    """
    model = hub.load_model(named)
    if not isinstance(model, SoundFromVideo):
        raise WeightsError(f"{os.fspath(named)}: holds a {type(model).__name__}; predicting sound needs SoundFromVideo")
    return model


def as_prediction(model: SoundFromVideo, heard: SoundOutput) -> SoundPrediction:
    """Turn what the model heard in one video into a cochleagram and onset candidates."""
    features = heard.cochleagram[0].cpu()
    if heard.onset_logits is None:
        # Without an onset head, a rise of the predicted energy is an onset.
        times_s, scores = detect_onsets_in_features(features)
        return SoundPrediction(features, times_s, scores)
    curve = heard.onset_logits[0].sigmoid().cpu().numpy()
    times_s, scores = pick_onsets(curve, FEATURE_RATE_HZ, threshold=_LEAST_SCORE)
    return SoundPrediction(features, times_s, scores, float(model.onset_threshold))


def predictor(model: torch.nn.Module) -> Callable[[Sample], SoundPrediction]:
    """Return a model that hears video as an evaluation wants it: a function of a whole video's sample.

    Raises:
        WeightsError: another kind of model.
    """
    if not isinstance(model, SoundFromVideo):
        raise WeightsError(f"a {type(model).__name__} predicts no sound from video; SoundFromVideo does")

    def predict(sample: Sample) -> SoundPrediction:
        spacetime = sample["spacetime"]
        heard = model.predict_video(
            lambda first, ticks: spacetime[first : first + ticks], len(spacetime), lambda _: sample["colour"]
        )
        return as_prediction(model, heard)

    return predict


def _labels_beside(recording: Path) -> Path | None:
    """Find ``<id>_times.txt``; the id is the name, or what is left of it without parts such as ``_denoised``."""
    words = recording.stem.split("_")
    names = ("_".join(words[:count]) for count in range(len(words), 0, -1))
    candidates = (recording.with_name(f"{name}_times.txt") for name in names)
    return next((path for path in candidates if path.is_file()), None)


def _certain(prediction: SoundPrediction) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    times_s, scores = np.asarray(prediction.onset_times_s), np.asarray(prediction.onset_scores)
    kept = scores >= prediction.onset_threshold
    return times_s[kept], scores[kept]
