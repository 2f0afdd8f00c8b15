"""Base class of tasks: a model, an optimizer with its schedule, and the logging of losses."""

from collections.abc import Mapping
from typing import Any

import lightning.pytorch as lightning
from torch import Tensor, nn

from crossmodal.tasks.optimization import Optimization


class Task(lightning.LightningModule):
    """A model trained by one optimizer, whose schedule spans the whole run.

    A subclass sets `model`, which a run saves, and computes losses. Only the trainer clips gradients, by its
    ``gradient_clip_val``.

    Args:
        optimization: the optimizer and its schedule.
    """

    model: nn.Module

    def __init__(self, optimization: Optimization) -> None:
        super().__init__()
        self.optimization = optimization

    @property
    def learner(self) -> nn.Module:
        """The module whose parameters the optimizer updates, by default the model."""
        return self.model

    def configure_optimizers(self) -> Any:
        """Return the optimizer of all trainable parameters, and its schedule."""
        return self.optimization.configure(self.learner, max(int(self.trainer.estimated_stepping_batches), 1))

    def log_values(self, stage: str, values: Mapping[str, Tensor | float], batch_size: int = 1) -> None:
        """Log losses and metrics of a batch, or of a whole epoch, as ``stage/name``.

        Those of the stage ``validation`` are averaged over batches, weighted by ``batch_size``, and over processes.
        """
        named = {f"{stage}/{name}": v.detach() if isinstance(v, Tensor) else v for name, v in values.items()}
        self.log_dict(named, batch_size=batch_size, sync_dist=stage == "validation")
