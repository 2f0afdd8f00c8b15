"""Optimizers of tasks: their parameter groups and learning rate schedules."""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

_KINDS = ("sgd", "adam", "adamw")
_SCHEDULES = ("constant", "cosine", "steps", "one_cycle", "late_line")
#: Fraction of a run in which the learning rate of ``one_cycle`` rises.
_RISE = 0.1


@dataclass(frozen=True, kw_only=True)
class Optimization:
    """SGD with momentum, Adam or AdamW, with a learning rate schedule over the run.

    Positions in a run are fractions from 0 to 1. The defaults are those of the published small-scale recipe of
    pretraining, whose learning rate of 0.12 per 256 images is 0.36 for its batches of 768.

    Args:
        kind: ``sgd`` (momentum 0.9), ``adam`` or ``adamw``.
        learning_rate: highest learning rate of the run.
        weight_decay: weight decay, with ``sgd`` and ``adam`` on all parameters, with ``adamw`` on matrices and kernels
            only.
        schedule: ``steps`` (times ``factor`` at every milestone), ``cosine`` (half a cosine, to 0), ``constant``,
            ``one_cycle`` (a rise over the first tenth, then half a cosine, with cycled momentum, as `OneCycleLR`) or
            ``late_line`` (constant over the first half, then linear to 0).
        milestones: milestones of ``steps``, as fractions of the run.
        factor: factor of ``steps``.
        warm_up: fraction of the run in which the learning rate rises linearly from 0; ``one_cycle`` requires 0.
        betas: decay rates of the moments of ``adam`` and ``adamw``.
        backbone_rate: factor on the learning rate of the submodule ``backbone``; None for no separate group.

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
    betas: tuple[float, float] = (0.9, 0.999)
    backbone_rate: float | None = None

    def __post_init__(self) -> None:
        for name, value, known in (("kind", self.kind, _KINDS), ("schedule", self.schedule, _SCHEDULES)):
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")
        for name in ("learning_rate", "weight_decay", "backbone_rate"):
            value = getattr(self, name)
            least = "positive" if name == "learning_rate" else "at least 0"
            if value is not None and not (math.isfinite(value) and (value > 0 or (value == 0 and least != "positive"))):
                raise ValueError(f"{name} must be {least}, got {value}")
        if not 0 <= self.warm_up < 1:
            raise ValueError(f"warm_up must be in 0 to below 1, got {self.warm_up}")
        if self.schedule == "one_cycle" and self.warm_up:
            raise ValueError(f"warm_up must be 0 with one_cycle, which includes a rise, got {self.warm_up}")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas must be in 0 to below 1, got {self.betas}")

    @classmethod
    def one_cycle(cls, learning_rate: float, backbone_rate: float, weight_decay: float) -> "Optimization":
        """Return AdamW with the schedule ``one_cycle``, as used by all tasks on labelled data."""
        return cls(
            kind="adamw",
            schedule="one_cycle",
            learning_rate=learning_rate,
            backbone_rate=backbone_rate,
            weight_decay=weight_decay,
        )

    def relative_rate(self, done: float) -> float:
        """Return the learning rate relative to its highest value at a fraction of the run, each from 0 to 1.

        Raises:
            ValueError: the schedule is ``one_cycle``, which depends on the number of steps.
        """
        if done < self.warm_up:
            return done / self.warm_up
        if self.schedule == "cosine":
            return (1 + math.cos(math.pi * min((done - self.warm_up) / (1 - self.warm_up), 1.0))) / 2
        if self.schedule == "steps":
            return self.factor ** sum(done >= milestone for milestone in self.milestones)
        if self.schedule == "late_line":
            return min(1.0, 2.0 * (1.0 - done))
        if self.schedule == "one_cycle":
            raise ValueError("the learning rate of one_cycle depends on the number of steps; use configure")
        return 1.0

    def configure(self, module: nn.Module, steps: int) -> dict[str, Any]:
        """Return the optimizer of the trainable parameters of a module, and the schedule over ``steps``.

        Returns:
            A dict as Lightning's ``configure_optimizers`` returns it.
        """
        optimizer = self._optimizer(self._groups(module))
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": self._schedule(optimizer, steps), "interval": "step"},
        }

    def _groups(self, module: nn.Module) -> list[dict[str, Any]]:
        groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
        for name, parameter in module.named_parameters():
            if parameter.requires_grad:
                in_backbone = self.backbone_rate is not None and name.startswith("backbone.")
                decays = self.kind != "adamw" or parameter.ndim > 1
                groups.setdefault((in_backbone, decays), []).append(parameter)
        return [
            {
                "params": parameters,
                "lr": self.learning_rate
                * (self.backbone_rate if in_backbone and self.backbone_rate is not None else 1.0),
                "weight_decay": self.weight_decay if decays else 0.0,
            }
            for (in_backbone, decays), parameters in groups.items()
        ]

    def _optimizer(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        if self.kind == "sgd":
            return torch.optim.SGD(groups, lr=self.learning_rate, momentum=0.9, foreach=True)
        kind = torch.optim.Adam if self.kind == "adam" else torch.optim.AdamW
        return kind(groups, lr=self.learning_rate, betas=self.betas)

    def _schedule(self, optimizer: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
        if self.schedule == "one_cycle":
            steps = max(steps, 2)
            rates = [group["lr"] for group in optimizer.param_groups]
            # A rise that ends with the first step would divide by zero.
            rise = max(_RISE, 1.5 / steps)
            return torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=rates, total_steps=steps, pct_start=rise)
        # Neither the first step of a warm-up nor the last one of a cosine has a learning rate of 0.
        offset = 1 if self.warm_up else 0
        relative_rate = partial(self._relative_rate_at, steps=steps, offset=offset)
        return torch.optim.lr_scheduler.LambdaLR(optimizer, relative_rate)

    def _relative_rate_at(self, step: int, steps: int, offset: int) -> float:
        return self.relative_rate((step + offset) / (steps + offset))
