"""How pretraining descends: an optimizer, and the course of its learning rate over a run."""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

_KINDS = ("sgd", "adamw")
_SCHEDULES = ("constant", "cosine", "steps")


@dataclass(frozen=True, kw_only=True)
class Optimization:
    """SGD with momentum or AdamW, with a learning rate that rises, then falls or stays; a run is from 0 to 1.

    The defaults are those of the published small-scale recipe, whose rate of 0.12 for 256 images is 0.36 for its 768.

    Args:
        kind: ``sgd`` (momentum 0.9), or ``adamw``.
        learning_rate: the highest of the run.
        weight_decay: of all parameters under ``sgd``, as published; under ``adamw`` of matrices and kernels alone.
        schedule: ``steps`` (times ``factor`` at every milestone), ``cosine`` (half a cosine, to 0) or ``constant``.
        milestones: of ``steps``, shares of the run.
        factor: of ``steps``.
        warm_up: share of the run in which the rate rises from 0 in a line.
        clip_norm: largest gradient norm; None for any.

    Raises:
        ValueError: an unknown kind or schedule, or a number out of range.

    References:
        Baradad et al., "Learning to see by looking at noise", NeurIPS 2021, section 4: a tenth at epochs 155, 170 and
        185 of 200.
    """

    kind: str = "sgd"
    learning_rate: float = 0.36
    weight_decay: float = 1e-4
    schedule: str = "steps"
    milestones: tuple[float, ...] = (0.775, 0.85, 0.925)
    factor: float = 0.1
    warm_up: float = 0.0
    clip_norm: float | None = None

    def __post_init__(self) -> None:
        for name, value, known in (("kind", self.kind, _KINDS), ("schedule", self.schedule, _SCHEDULES)):
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")
        if not (self.learning_rate > 0 and self.weight_decay >= 0 and 0 <= self.warm_up < 1):
            raise ValueError(
                "learning_rate must be positive, weight_decay not negative and warm_up in 0 to below 1, got "
                f"{self.learning_rate}, {self.weight_decay}, {self.warm_up}"
            )
        if self.clip_norm is not None and not self.clip_norm > 0:
            raise ValueError(f"clip_norm must be positive, or null, got {self.clip_norm}")

    def share(self, done: float) -> float:
        """Tell the share of the highest rate at a share of the run done, each 0 to 1."""
        if done < self.warm_up:
            return done / self.warm_up
        if self.schedule == "cosine":
            return (1 + math.cos(math.pi * min((done - self.warm_up) / (1 - self.warm_up), 1.0))) / 2
        if self.schedule == "steps":
            return self.factor ** sum(done >= milestone for milestone in self.milestones)
        return 1.0

    def configure(self, module: nn.Module, steps: int) -> dict[str, Any]:
        """Make the optimizer of a module's parameters that learn, and the schedule over so many steps.

        Returns:
            What Lightning's ``configure_optimizers`` may return.
        """
        learning = [parameter for parameter in module.parameters() if parameter.requires_grad]
        optimizer: torch.optim.Optimizer
        if self.kind == "sgd":
            optimizer = torch.optim.SGD(
                learning, lr=self.learning_rate, momentum=0.9, weight_decay=self.weight_decay, foreach=True
            )
        else:
            groups = [
                {"params": [p for p in learning if p.ndim > 1], "weight_decay": self.weight_decay},
                {"params": [p for p in learning if p.ndim <= 1], "weight_decay": 0.0},
            ]
            optimizer = torch.optim.AdamW(groups, lr=self.learning_rate)
        # The first step of a warm-up moves the weights already, and the last of a cosine does so still.
        offset = 1 if self.warm_up else 0
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, partial(self._share_of_step, steps=steps, offset=offset)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _share_of_step(self, step: int, steps: int, offset: int) -> float:
        return self.share((step + offset) / (steps + offset))
