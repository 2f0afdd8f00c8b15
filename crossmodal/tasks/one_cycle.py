"""The optimizer of the tasks on touch: AdamW and one rise and fall of the learning rate over the whole run."""

from typing import Any

import lightning.pytorch as lightning
import torch
from torch import nn


def one_cycle(
    trainer: lightning.Trainer, model: nn.Module, learning_rate: float, backbone_rate: float, weight_decay: float
) -> dict[str, Any]:
    """Make AdamW with decay on matrices and kernels alone, and its schedule; as ``configure_optimizers`` returns it.

    ``backbone_rate`` is a factor on the learning rate of parameters whose name begins with ``backbone.``. The rate
    rises over the first tenth of the run and falls along a cosine to its end.
    """
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((name.startswith("backbone."), parameter.ndim > 1), []).append(parameter)
    rates = [learning_rate * (backbone_rate if backbone else 1.0) for backbone, _ in groups]
    optimizer = torch.optim.AdamW(
        [
            {"params": parameters, "lr": rate, "weight_decay": weight_decay if decays else 0.0}
            for ((_, decays), parameters), rate in zip(groups.items(), rates, strict=True)
        ]
    )
    steps = max(int(trainer.estimated_stepping_batches), 2)
    # A rise that ended with the very first step would divide by its own length.
    rise = max(0.1, 1.5 / steps)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=rates, total_steps=steps, pct_start=rise)
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
