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
    detect_onsets_in_features,
    pick_onsets,
    synthesize_exemplar,
    synthesize_parametric,
    write_waveform,
)
from crossmodal.audio.cochleagram import FEATURE_RATE_HZ
from crossmodal.errors import WeightsError
from crossmodal.evaluation.prediction import Sample, SoundPrediction
from crossmodal.models import SoundFromVideo, SoundOutput
from crossmodal.plot import figure_prediction, save_figure
from crossmodal.video import Clip, mux_sound, read_clip
from crossmodal.video.spacetime import CLOCK_RATE_HZ

Synthesis = Literal["parametric", "exemplar"]

# Below this probability a peak is no candidate, not even for the end of a precision-recall curve.
_LEAST_SCORE = 0.02


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

    def write_figure(
        self,
        out: str | os.PathLike[str],
        true_cochleagram: Tensor | None = None,
        true_onsets_s: NDArray[np.float64] | None = None,
    ) -> None:
        """Draw frames, predicted (and true) cochleagram, onsets and waveform into a PNG.

        Raises:
            OutputError: ``out`` cannot be written.
        """
        figure = figure_prediction(
            self.clip.colour,
            self.clip.times_s[self.clip.colour_index],
            true_cochleagram,
            self.cochleagram,
            true_onsets_s,
            self.onset_times_s,
            waveform=self.waveform,
            waveform_rate_hz=self.rate_hz,
        )
        save_figure(figure, out)

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
    heard = model.hear_video(clip.spacetime, clip.ticks, lambda tick: clip.colour_at(tick / CLOCK_RATE_HZ))
    prediction = as_prediction(model, heard)
    features = cast(Tensor, prediction.cochleagram)
    times_s, scores = _certain(prediction)
    if bank is not None:
        waveform = synthesize_exemplar(features, bank, times_s.tolist(), rate_hz, clip.seconds)
    else:
        waveform = synthesize_parametric(features, rate_hz, clip.seconds, passes=passes, seed=seed)
    return PredictedSound(Path(video), waveform, rate_hz, features, times_s, scores, clip)


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
        heard = model.hear_video(
            lambda first, ticks: spacetime[first : first + ticks], len(spacetime), lambda _: sample["colour"]
        )
        return as_prediction(model, heard)

    return predict


def _certain(prediction: SoundPrediction) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    times_s, scores = np.asarray(prediction.onset_times_s), np.asarray(prediction.onset_scores)
    kept = scores >= prediction.onset_threshold
    return times_s[kept], scores[kept]
