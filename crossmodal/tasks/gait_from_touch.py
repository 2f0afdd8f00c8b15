"""Training of `GaitFromTouch`: footsteps from pressure maps."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from crossmodal.data.walks.steps import targets_of
from crossmodal.models import GaitFromTouch
from crossmodal.models.gait_from_touch import event_position
from crossmodal.objectives.gait import GaitTargets, gait_losses
from crossmodal.tasks.base import Task
from crossmodal.tasks.optimization import Optimization

#: Default weights of the parts of the loss.
PARTS = {"step": 1.0, "side": 0.5, "contact": 1.0, "heel_strike": 0.5, "toe_off": 0.5, "points": 2.0, "own": 1.0}


class GaitFromTouchTask(Task):
    """Train `GaitFromTouch` on labelled footprint candidates of `WalkStepsDataModule`.

    The learning rate rises over the first tenth of the run and falls along a cosine to its end.

    Args:
        model: the network.
        learning_rate: peak of the schedule (AdamW).
        backbone_rate: factor on the learning rate of the backbone; 0 freezes it, including batch statistics.
        weight_decay: weight decay of AdamW, on matrices and kernels only.
        parts: weights of parts of the loss; the others have the weights in `PARTS`.

    Raises:
        ValueError: ``parts`` names an unknown part.
    """

    model: GaitFromTouch

    def __init__(
        self,
        model: GaitFromTouch,
        learning_rate: float = 1e-3,
        backbone_rate: float = 1.0,
        weight_decay: float = 0.01,
        parts: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(Optimization.one_cycle(learning_rate, backbone_rate, weight_decay))
        unknown = (parts or {}).keys() - PARTS.keys()
        if unknown:
            raise ValueError(f"parts: the loss has no {', '.join(sorted(unknown))}; it has: {', '.join(PARTS)}")
        self.model = model
        self.backbone_rate = backbone_rate
        self.parts = PARTS | dict(parts or {})
        if not backbone_rate:
            model.backbone.requires_grad_(False)

    def on_train_batch_start(self, batch: Any, batch_index: int) -> None:
        """Keep the batch statistics of a frozen backbone."""
        if not self.backbone_rate:
            self.model.backbone.eval()

    def training_step(self, batch: dict[str, Tensor], batch_index: int) -> Tensor:
        """Compute the loss of a batch."""
        output = self.model(batch["movie"], batch["step_s"], batch["valid"])
        losses = gait_losses(output, targets_of(batch), batch["movie"], batch["valid"])
        loss = torch.stack([self.parts[name] * value for name, value in losses.items()]).sum()
        self.log_values("train", losses | {"loss": loss}, len(batch["movie"]))
        return loss

    def validation_step(self, batch: dict[str, Tensor], batch_index: int) -> None:
        """Log the losses of held-out walkers, the errors of events and the accuracy of steps and sides."""
        output = self.model(batch["movie"], batch["step_s"], batch["valid"])
        target = targets_of(batch)
        losses = gait_losses(output, target, batch["movie"], batch["valid"])
        loss = torch.stack([self.parts[name] * value for name, value in losses.items()]).sum()
        figures = {
            "heel_strike_error_ms": _event_error_ms(output.heel_strike, target, batch, "heel_strike"),
            "toe_off_error_ms": _event_error_ms(output.toe_off, target, batch, "toe_off"),
            "step_accuracy": ((output.step > 0) == (target.step > 0.5)).float().mean(),
            "side_accuracy": ((output.side > 0) == (target.left > 0.5))[target.step > 0.5].float().mean(),
        }
        # A batch without a footstep has no side to predict.
        known = {name: value for name, value in figures.items() if bool(value.isfinite())}
        self.log_values("validation", losses | {"loss": loss} | known, len(batch["movie"]))


def _event_error_ms(logits: Tensor, target: GaitTargets, batch: dict[str, Tensor], event: str) -> Tensor:
    """Return the mean absolute error of an event in milliseconds, over the footsteps that have it."""
    true = getattr(target, event)
    error_frames = (event_position(logits) - true).abs()
    step_s = (batch["step_s"] * batch["valid"]).sum(dim=1) / batch["valid"].sum(dim=1)
    known = (target.step > 0.5) & true.isfinite()
    error_ms: Tensor = 1000.0 * (error_frames * step_s)[known].mean()
    return error_ms
