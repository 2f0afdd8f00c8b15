"""The base class of tasks: optimizer, clipping and logging."""

import inspect
import warnings
from typing import Any

import lightning.pytorch as lightning
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn
from torch.utils.data import DataLoader

from crossmodal import tasks
from crossmodal.tasks.base import Task
from crossmodal.tasks.optimization import Optimization

ALL = [kind for kind in vars(tasks).values() if isinstance(kind, type) and issubclass(kind, lightning.LightningModule)]


class Line(Task):
    """Linear regression with a given optimization."""

    def __init__(self, optimization: Optimization) -> None:
        super().__init__(optimization)
        torch.manual_seed(0)
        self.model = nn.Linear(3, 2)

    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        loss = 100 * (self.model(batch) - 1).square().mean()
        self.log_values("train", {"loss": loss, "size": float(len(batch))}, len(batch))
        return loss

    def validation_step(self, batch: Tensor, batch_index: int) -> None:
        self.log_values("validation", {"first": batch.mean()}, len(batch))


class Norms(Callback):
    """Records the norm of all gradients at every optimizer step."""

    def __init__(self) -> None:
        self.norms: list[float] = []
        self.largest: list[float] = []

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        gradients = [p.grad for p in pl_module.learner.parameters() if p.grad is not None]
        self.norms.append(float(torch.nn.utils.get_total_norm(gradients)))
        self.largest.append(max(float(gradient.abs().max()) for gradient in gradients))


def fit(task: Task, **options: Any) -> tuple[lightning.Trainer, Norms]:
    points = torch.arange(15.0).reshape(5, 3)
    watch = Norms()
    quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lightning's advice on workers and loggers
        trainer = lightning.Trainer(
            max_epochs=1, accelerator="cpu", num_sanity_val_steps=0, callbacks=[watch], **(quiet | options)
        )
        trainer.fit(task, DataLoader(points, batch_size=2), DataLoader(points, batch_size=2))
    return trainer, watch


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_task_is_a_subclass_of_the_base_task(kind: type[Task]) -> None:
    assert issubclass(kind, Task)
    assert kind.configure_optimizers is Task.configure_optimizers
    assert kind.log_values is Task.log_values
    assert "clip_norm" not in inspect.signature(kind).parameters


def test_gradients_are_clipped_by_the_trainer_only() -> None:
    optimization = Optimization(learning_rate=1e-6, schedule="constant")
    _, free = fit(Line(optimization))
    _, by_norm = fit(Line(optimization), gradient_clip_val=0.5)
    _, by_value = fit(Line(optimization), gradient_clip_val=0.5, gradient_clip_algorithm="value")
    assert min(free.norms) > 10
    assert by_norm.norms == pytest.approx([0.5] * 3, rel=1e-4)
    assert by_value.largest == pytest.approx([0.5] * 3)
    assert min(by_value.norms) > 0.6


def test_values_of_the_validation_are_the_mean_over_samples() -> None:
    trainer, _ = fit(Line(Optimization()))
    # The last batch holds one item of five; as a mean of batches this would be 7.67.
    assert float(trainer.callback_metrics["validation/first"]) == pytest.approx(7.0)
    assert float(trainer.callback_metrics["train/size"]) == 1.0
    assert not trainer.callback_metrics["train/loss"].requires_grad


def test_the_backbone_has_a_separate_group_if_it_has_a_rate() -> None:
    network = nn.ModuleDict({"backbone": nn.Linear(2, 3), "head": nn.Linear(3, 1)})

    def groups(**options: Any) -> list[tuple[float, float, int]]:
        optimization = Optimization(learning_rate=0.1, weight_decay=0.3, **options)
        made = optimization.configure(network, 5)["optimizer"].param_groups
        return [(round(group["lr"], 6), group["weight_decay"], len(group["params"])) for group in made]

    assert groups(schedule="constant") == [(0.1, 0.3, 4)]
    assert groups(schedule="constant", kind="adamw") == [(0.1, 0.3, 2), (0.1, 0.0, 2)]
    with_rate = groups(schedule="constant", kind="adamw", backbone_rate=0.5)
    assert with_rate == [(0.05, 0.3, 1), (0.05, 0.0, 1), (0.1, 0.3, 1), (0.1, 0.0, 1)]


def test_frozen_parameters_are_left_out() -> None:
    network = nn.Linear(2, 3)
    network.weight.requires_grad_(False)
    (group,) = Optimization(kind="adam").configure(network, 5)["optimizer"].param_groups
    assert group["params"] == [network.bias]


def test_the_relative_rate_of_one_cycle_needs_the_number_of_steps() -> None:
    with pytest.raises(ValueError, match="depends on the number of steps"):
        Optimization.one_cycle(1e-3, 1.0, 0.1).relative_rate(0.5)
