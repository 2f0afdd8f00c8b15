"""Stop a run at the first loss or gradient that is not finite, before it reaches the weights."""

from typing import Any

import lightning.pytorch as lightning
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from crossmodal.data.sampling import StepLoader
from crossmodal.errors import TrainingError

_SAMPLE_KEYS = ("id", "ids", "video", "start_step", "index")


class FiniteGuard(Callback):
    """Raises an error with the step and the samples of a batch whose loss or gradient is NaN or infinite.

    Gradients are not checked in mixed float16, where infinite ones are usual and the loss scaler skips them.
    """

    def __init__(self) -> None:
        self._batch: Any = None

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Keep the batch, so that an error can name its samples."""
        self._batch = batch

    def on_before_backward(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, loss: Tensor
    ) -> None:
        """Check the loss.

        Raises:
            TrainingError: it is not finite.
        """
        if not torch.isfinite(loss).all():
            raise self._error(trainer, f"the loss is {loss.detach().float().mean().item()}")

    def on_before_optimizer_step(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        """Check the gradients.

        Raises:
            TrainingError: a gradient is not finite; names the first such parameter.
        """
        if trainer.precision == "16-mixed":
            return
        gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if not gradients or torch.isfinite(torch.nn.utils.get_total_norm(gradients)):
            return
        for name, parameter in pl_module.named_parameters():
            if parameter.grad is not None and not torch.isfinite(parameter.grad).all():
                raise self._error(trainer, f"the gradient of {name} is not finite")

    def _error(self, trainer: lightning.Trainer, what: str) -> TrainingError:
        step = trainer.global_step + 1
        return TrainingError(
            f"step {step}: {what}; the batch contained {self._samples(trainer)}. The weights are those of step "
            f"{step - 1}. Try a smaller learning rate or trainer.gradient_clip_val, or check these samples"
        )

    def _samples(self, trainer: lightning.Trainer) -> str:
        named: list[str] = []
        if isinstance(self._batch, dict):
            for key in _SAMPLE_KEYS:
                if key in self._batch:
                    value = self._batch[key]
                    named.append(f"{key} {value.tolist() if isinstance(value, Tensor) else value}")
        loader = trainer.train_dataloader
        if isinstance(loader, StepLoader):
            drawn = loader.steps.batch(loader.steps.step - 1)
            named.append(f"samples {[entry[1] if isinstance(entry, tuple) else entry for entry in drawn]}")
        return ", ".join(named) or "samples without identifiers"
