"""Display of training on the progress line."""

from typing import Any

import lightning.pytorch as lightning
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from crossmodal.progress import Progress


class ShowProgress(Callback):
    """Report steps, loss and the values that the task logs with ``prog_bar=True`` to a `Progress`."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Report the first step, so that the rate counts only the steps of this process."""
        if trainer.is_global_zero:
            self.progress(trainer.global_step, _total_steps(trainer), "steps")

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Report the step and its metrics."""
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        if trainer.is_global_zero:
            shown = trainer.progress_bar_metrics
            parts = [f"{name} {value:.4g}" for name, value in shown.items() if isinstance(value, float)]
            if isinstance(loss, Tensor) and "loss" not in shown:
                parts.insert(0, f"loss {loss.detach().float().mean().item():.4g}")
            self.progress(trainer.global_step, _total_steps(trainer), "  ".join(parts))

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Write the metrics of a validation on a separate line."""
        if not trainer.is_global_zero or trainer.sanity_checking:
            return
        metrics = {k: v.item() for k, v in trainer.callback_metrics.items() if k.startswith("val")}
        if metrics:
            text = "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())
            self.progress.say(f"step {trainer.global_step}: {text}")

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """End the progress line."""
        self.progress.close()


def _total_steps(trainer: lightning.Trainer) -> int | None:
    if trainer.max_steps > 0:
        return trainer.max_steps
    if not trainer.max_epochs or trainer.max_epochs < 0 or trainer.num_training_batches == float("inf"):
        return None
    per_epoch = -(-int(trainer.num_training_batches) // trainer.accumulate_grad_batches)
    return per_epoch * trainer.max_epochs
