"""Training of `SoundFromVideo`: the sound of silent video."""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.audio import pick_onsets
from crossmodal.metrics import count_onsets
from crossmodal.metrics.onset import PooledOnsets
from crossmodal.models import SoundFromVideo, SoundOutput
from crossmodal.objectives import impact_weights, onset_loss, robust_feature_loss, squared_feature_loss
from crossmodal.spelling import suggestion
from crossmodal.tasks.base import Task
from crossmodal.tasks.optimization import Optimization

_STEP_RATE_HZ = 90.0
_TOLERANCE_S = 0.1
_MAX_BASIS_STEPS = 200_000


class _TrainingSound(Protocol):
    """What the task needs from a data module: cochleagrams of the training data, for the principal basis."""

    def training_cochleagrams(self, max_steps: int) -> Tensor: ...


class SoundFromVideoTask(Task):
    """Train `SoundFromVideo` on windows of video with their cochleagrams and onsets.

    Batches contain ``spacetime`` (batch, ticks, 3, height, width), ``colour`` (batch, 3, height, width),
    ``cochleagram`` (batch, 42, steps) and ``onset`` (batch, steps), as `crossmodal.data.GreatestHits` returns them. The
    learning rate rises over the first tenth of the run and falls along a cosine to its end.

    Args:
        model: the network.
        learning_rate: peak of the schedule (AdamW).
        backbone_rate: factor on the learning rate of the backbone.
        frozen: submodules of the model that are not trained, including batch statistics, such as ``backbone``.
        weight_decay: weight decay of AdamW, on matrices and kernels only.
        feature_loss: ``squared`` (predicts the conditional mean, with weighted impacts) or ``robust`` (as published).
        impact_weight: weight of the steps of an impact in the squared loss; other steps have weight 1.
        onset_weight: weight of the onset loss relative to the feature loss.
        onset_spread_steps: standard deviation of the smoothed onset labels, in steps of 1/90 s.
        positive_weight: weight of steps near an onset relative to the others.

    Raises:
        ValueError: an unknown ``feature_loss``, or a submodule in ``frozen`` that the model does not have.
    """

    model: SoundFromVideo

    def __init__(
        self,
        model: SoundFromVideo,
        learning_rate: float = 1e-3,
        backbone_rate: float = 1.0,
        frozen: Sequence[str] = (),
        weight_decay: float = 0.05,
        feature_loss: str = "squared",
        impact_weight: float = 8.0,
        onset_weight: float = 1.0,
        onset_spread_steps: float = 3.0,
        positive_weight: float = 5.0,
    ) -> None:
        super().__init__(Optimization.one_cycle(learning_rate, backbone_rate, weight_decay))
        self.model = model
        if feature_loss not in {"squared", "robust"}:
            raise ValueError(f"feature_loss must be 'squared' or 'robust', got {feature_loss!r}")
        self.feature_loss = feature_loss
        self.impact_weight = impact_weight
        self.onset_weight = onset_weight
        self.onset_spread_steps = onset_spread_steps
        self.positive_weight = positive_weight
        self._onsets: list[tuple[Tensor, Tensor]] = []
        self._predicted: list[tuple[Tensor, Tensor, Tensor]] = []
        self._frozen = [_part(model, name) for name in frozen]
        for part in self._frozen:
            part.requires_grad_(False)

    def on_fit_start(self) -> None:
        """Fit the principal basis on the training sound, unless the model has one, which its weights are trained for.

        A resumed run loads its basis from the checkpoint, which Lightning restores after this hook.
        """
        if self.model.basis_fitted:
            return
        data: _TrainingSound = self.trainer.datamodule  # type: ignore[attr-defined]
        self.model.fit_basis(data.training_cochleagrams(_MAX_BASIS_STEPS).to(self.device))

    def on_train_batch_start(self, batch: Any, batch_index: int) -> None:
        """Keep the batch statistics of frozen submodules."""
        # At every batch, because a run that is resumed within an epoch does not start that epoch again.
        for part in self._frozen:
            part.eval()

    def training_step(self, batch: dict[str, Tensor], batch_index: int) -> Tensor:
        """Compute the loss of a batch."""
        losses = self._losses(self.model(batch["spacetime"], batch["colour"]), batch)
        self.log_values("train", losses, len(batch["onset"]))
        return losses["loss"]

    def validation_step(self, batch: dict[str, Tensor], batch_index: int) -> None:
        """Log the losses of held-out windows and collect their predictions."""
        output: SoundOutput = self.model(batch["spacetime"], batch["colour"])
        self.log_values("validation", self._losses(output, batch), len(batch["onset"]))
        if output.onset_logits is not None:
            self._onsets.append((output.onset_logits.sigmoid().cpu(), batch["onset"].cpu()))
        self._predicted.append((output.components, batch["cochleagram"], batch["onset"]))

    def on_validation_epoch_end(self) -> None:
        """Set the contrast, and the onset threshold with the best F1 (+-100 ms), from the held-out windows."""
        parts = [torch.cat(part) for part in zip(*self._predicted, strict=True)]
        self._predicted.clear()
        if parts:
            self.model.contrast.fill_(best_contrast(self.model, *parts))
        if not self._onsets:
            return
        curves = torch.cat([curve for curve, _ in self._onsets])
        marks = torch.cat([mark for _, mark in self._onsets])
        self._onsets.clear()
        threshold, f1 = best_onset_threshold(curves, marks)
        self.model.onset_threshold.fill_(threshold)
        self.log_values("validation", {"onset_f1_100ms": f1})

    def _losses(self, output: SoundOutput, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        target = self.model.project(batch["cochleagram"])
        if self.feature_loss == "robust":
            sound = robust_feature_loss(output.components, target)
        else:
            sound = squared_feature_loss(output.components, target, impact_weights(batch["onset"], self.impact_weight))
        if output.onset_logits is None:
            return {"loss": sound, "sound_loss": sound}
        onset = onset_loss(output.onset_logits, batch["onset"], self.onset_spread_steps, self.positive_weight)
        return {"loss": sound + self.onset_weight * onset, "sound_loss": sound, "onset_loss": onset}


def _part(model: SoundFromVideo, name: str) -> nn.Module:
    parts = dict(model.named_children())
    if name not in parts:
        raise ValueError(f"frozen: the model has no submodule {name!r}{suggestion(name, parts)}")
    return parts[name]


def best_contrast(model: SoundFromVideo, components: Tensor, target: Tensor, onset: Tensor) -> float:
    """Return the contrast whose impacts are closest to the true ones in loudness (squared error).

    ``components`` (windows, components, steps) are predicted, ``target`` (windows, 42, steps) the true cochleagrams and
    ``onset`` (windows, steps) marks impacts. The result is one of 1.0, 1.1 … 3.0; 1 without impacts.
    """

    def loudness(cochleagrams: Tensor) -> Tensor:
        # The largest norm of a step within 0.25 s of the impact, as in the evaluation.
        norms = cochleagrams.norm(dim=1)[:, None]
        return F.max_pool1d(norms, kernel_size=45, stride=1, padding=22)[:, 0][onset > 0]

    if not bool((onset > 0).any()):
        return 1.0
    true = loudness(target)
    errors = {
        contrast: float((loudness(model.unproject(contrast * components)) - true).square().mean())
        for contrast in torch.arange(10, 31).div(10).tolist()
    }
    return float(min(errors, key=lambda contrast: errors[contrast]))


def best_onset_threshold(curves: Tensor, marks: Tensor) -> tuple[float, float]:
    """Return the threshold on onset probability with the best F1 at +-100 ms, and this F1.

    ``curves`` are probabilities and ``marks`` true onsets (0 or 1), both (windows, steps). The threshold is one of
    0.05, 0.10 … 0.95; the result is 0.3 and 0 if no threshold gives a match.
    """
    picked = [pick_onsets(curve.numpy(), _STEP_RATE_HZ, threshold=0.05) for curve in curves]
    true_s = [mark.nonzero()[:, 0].numpy() / _STEP_RATE_HZ for mark in marks]
    best = (0.3, 0.0)
    for threshold in torch.arange(1, 20).div(20).tolist():
        counts = [
            count_onsets(times_s, true, _TOLERANCE_S, scores=scores, threshold=threshold)
            for (times_s, scores), true in zip(picked, true_s, strict=True)
        ]
        f1 = PooledOnsets(counts).scores().f1
        if f1 > best[1]:
            best = (threshold, f1)
    return best
