"""A run that is killed at any step and resumed ends as if nothing had happened, bit for bit."""

from pathlib import Path
from typing import Any

import pytest
import torch

from crossmodal.errors import OutputError, TrainingError
from crossmodal.run import train
from crossmodal.run.checkpoints import random_state, restore_random_state
from tests.fakes import tiny
from tests.fakes.lost_machine import KilledError, kill_runs_after, kill_runs_with_the_checkpoint_of


def ending(folder: Path) -> tuple[dict[str, torch.Tensor], str]:
    return torch.load(folder / "weights" / "model.safetensors", weights_only=True), (folder / "metrics.csv").read_text()


SHAPES = {
    "epochs by steps": {"trainer__max_steps": 12},
    "epochs by epochs": {"trainer__max_steps": -1, "trainer__max_epochs": 2},
    "rare checkpoints": {"checkpoint_every_n_steps": 3},
    "one step an epoch": {"data__steps": 1, "trainer__max_steps": 6},
    "no validation": {"trainer__limit_val_batches": 0},
    "no validation, epochs": {"trainer__limit_val_batches": 0, "trainer__max_steps": -1, "trainer__max_epochs": 2},
    "validation inside of epochs": {"trainer__val_check_interval": 2},
    "validation across epochs": {"trainer__val_check_interval": 3, "trainer__check_val_every_n_epoch": None},
    "accumulated gradients": {"trainer__accumulate_grad_batches": 2, "trainer__max_steps": 6, "data__steps": 4},
    "shortened epochs": {"trainer__limit_train_batches": 3},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_resumed_run_is_the_same_bit_for_bit(shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = tiny.tiny_recipe(**SHAPES[shape])
    steps = train(recipe, tmp_path / "whole").steps
    whole = ending(tmp_path / "whole")
    batches = list(tiny.BATCHES)
    for killed_after in range(steps):
        folder = tmp_path / f"killed{killed_after}"
        tiny.BATCHES.clear()
        with monkeypatch.context() as patched:
            kill_runs_after(killed_after, patched)
            with pytest.raises(KilledError):
                train(recipe, folder)
        torch.rand(7)  # another process would not have this process's random state
        resumed_from = len(tiny.BATCHES)
        train(recipe, folder, resume=True)
        weights, metrics = ending(folder)
        after = tiny.BATCHES[resumed_from:]
        assert after == batches[len(batches) - len(after) :], f"other batches after step {killed_after}"
        for name, value in whole[0].items():
            assert torch.equal(weights[name], value), f"{name} differs when killed after step {killed_after}"
        assert metrics == whole[1], f"metrics.csv differs when killed after step {killed_after}"


@pytest.mark.parametrize("shape", SHAPES)
def test_run_lost_right_after_a_checkpoint_keeps_its_metrics(
    shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tiny.tiny_recipe(**SHAPES[shape])
    steps = train(recipe, tmp_path / "whole").steps
    whole = ending(tmp_path / "whole")[1]
    lost = 0
    for step in range(1, steps + 1):
        folder = tmp_path / f"lost{step}"
        with monkeypatch.context() as patched:
            kill_runs_with_the_checkpoint_of(step, patched)
            try:
                train(recipe, folder)
                continue  # this step has no checkpoint
            except KilledError:
                lost += 1
        train(recipe, folder, resume=True)
        assert ending(folder)[1] == whole, f"metrics.csv differs when lost with the checkpoint of step {step}"
    assert lost > 0


def test_random_state_survives_a_checkpoint() -> None:
    state = random_state()
    first = torch.rand(3)
    restore_random_state(state)
    assert torch.equal(torch.rand(3), first)


def test_run_stopped_during_its_evaluation_only_evaluates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise KilledError

    from crossmodal.run import training

    recipe = tiny.tiny_recipe(trainer__val_check_interval=2)
    with monkeypatch.context() as patched:
        patched.setattr(training, "run_evaluations", fail)
        with pytest.raises(KilledError):
            train(recipe, tmp_path / "run")
    tiny.BATCHES.clear()
    result = train(recipe, tmp_path / "run", resume=True)
    assert result.steps == 12
    assert tiny.BATCHES == []


def test_finished_run_cannot_be_resumed(tmp_path: Path) -> None:
    recipe = tiny.tiny_recipe(trainer__max_steps=2)
    train(recipe, tmp_path / "run")
    with pytest.raises(TrainingError, match="finished"):
        train(recipe, tmp_path / "run", resume=True)


def test_resume_with_another_recipe_lists_the_differences(tmp_path: Path) -> None:
    train(tiny.tiny_recipe(trainer__max_steps=2), tmp_path / "run")
    with pytest.raises(TrainingError) as raised:
        train(tiny.tiny_recipe(trainer__max_steps=3, seed=4), tmp_path / "run", resume=True)
    assert "seed: 3 -> 4" in str(raised.value)
    assert "trainer.max_steps: 2 -> 3" in str(raised.value)
    assert "init_from" in str(raised.value)


def test_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no run to resume"):
        train(tiny.tiny_recipe(), tmp_path / "nowhere", resume=True)


def test_checkpoint_of_foreign_make_is_not_unpickled(tmp_path: Path) -> None:
    recipe = tiny.tiny_recipe(trainer__max_steps=2)
    train(recipe, tmp_path / "run")
    (tmp_path / "run" / "weights" / "model.safetensors").unlink()
    torch.save({"global_step": KilledError}, tmp_path / "run" / "checkpoints" / "last.ckpt")
    with pytest.raises(TrainingError, match=r"last\.ckpt: not a checkpoint"):
        train(recipe, tmp_path / "run", resume=True)


def test_non_empty_directory_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="not empty"):
        train(tiny.tiny_recipe(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
