"""A machine that is lost in the middle of a run."""

from typing import Any

import pytest
from lightning.pytorch.callbacks import Callback

from crossmodal.run import preparing
from crossmodal.run.checkpoints import AtomicCheckpoints


class KilledError(Exception):
    """Stands in for a lost machine: nothing gets the chance to save."""


class KillAt(Callback):
    """Dies in the training step after so many were done."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def on_before_backward(self, trainer: Any, pl_module: Any, loss: Any) -> None:
        if trainer.global_step == self.steps:
            raise KilledError


def kill_runs_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every run of this process die after so many steps, until the patch is undone."""
    build = preparing.make_trainer

    def with_killer(*args: Any) -> Any:
        trainer, *others = build(*args)
        trainer.callbacks.insert(0, KillAt(steps))
        return trainer, *others

    monkeypatch.setattr(preparing, "make_trainer", with_killer)


def kill_runs_with_the_checkpoint_of(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every run of this process die as soon as the checkpoint of a step is written."""
    save = AtomicCheckpoints.save_checkpoint

    def save_and_die(self: AtomicCheckpoints, checkpoint: dict[str, Any], path: Any, **options: Any) -> None:
        save(self, checkpoint, path, **options)
        if checkpoint["global_step"] == step:
            raise KilledError

    monkeypatch.setattr(AtomicCheckpoints, "save_checkpoint", save_and_die)
