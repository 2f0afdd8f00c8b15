"""A machine that is lost in the middle of a run."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
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


class CopyBefore(Callback):
    """Copies the run before the backward pass of each step."""

    def __init__(self, copy: Callable[[str], None]) -> None:
        self.copy = copy

    def on_before_backward(self, trainer: Any, pl_module: Any, loss: Any) -> None:
        self.copy(f"step {trainer.global_step + 1}")


def copy_runs_where_they_may_be_lost(run: Path, copies: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Copy the files of a run at every moment at which its machine could be lost, until the patch is undone.

    The moments are inside of each step (``"step N"``) and right after each checkpoint (``"checkpoint N"``). A copy
    holds what a lost machine would leave: nothing that was not yet written. A moment at which every file is as it was
    at an earlier one shares its copy: the resumed run would be the same.

    Returns:
        The folder of each moment; it fills while the run goes on.
    """
    build, save = preparing.make_trainer, AtomicCheckpoints.save_checkpoint
    seen: dict[str, Path] = {}
    moments: dict[str, Path] = {}

    def copy(moment: str) -> None:
        files = sorted(path for path in run.rglob("*") if path.is_file())
        digest = hashlib.sha256()
        for path in files:
            digest.update(f"{path.relative_to(run)} {path.stat().st_size}\n".encode() + path.read_bytes())
        if digest.hexdigest() not in seen:
            seen[digest.hexdigest()] = shutil.copytree(run, copies / moment)
        moments[moment] = seen[digest.hexdigest()]

    def with_copier(*args: Any) -> Any:
        trainer, *others = build(*args)
        trainer.callbacks.insert(0, CopyBefore(copy))
        return trainer, *others

    def save_and_copy(self: AtomicCheckpoints, checkpoint: dict[str, Any], path: Any, **options: Any) -> None:
        save(self, checkpoint, path, **options)
        copy(f"checkpoint {checkpoint['global_step']}")

    monkeypatch.setattr(preparing, "make_trainer", with_copier)
    monkeypatch.setattr(AtomicCheckpoints, "save_checkpoint", save_and_copy)
    return moments
