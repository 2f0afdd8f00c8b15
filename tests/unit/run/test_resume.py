"""A run that is killed at any step and resumed has the same result, bit for bit."""

from pathlib import Path
from typing import Any

import pytest
import torch

from crossmodal.errors import OutputError, TrainingError
from crossmodal.run import train
from crossmodal.run.checkpoints import random_state, restore_random_state
from tests.fakes import tiny
from tests.fakes.lost_machine import KilledError, copy_runs_where_they_may_be_lost, kill_runs_after

pytestmark = pytest.mark.usefixtures("without_curves")


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
def test_a_run_killed_at_any_step_has_the_same_result_bit_for_bit(
    shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tiny.tiny_recipe(**SHAPES[shape])
    with monkeypatch.context() as patched:
        lost = copy_runs_where_they_may_be_lost(tmp_path / "whole", tmp_path / "lost", patched)
        steps = train(recipe, tmp_path / "whole").steps
    whole, whole_metrics = ending(tmp_path / "whole")
    batches = list(tiny.BATCHES)
    assert [moment for moment in lost if moment.startswith("step")] == [f"step {n + 1}" for n in range(steps)]
    assert any(moment.startswith("checkpoint") for moment in lost)
    for folder in dict.fromkeys(lost.values()):
        torch.rand(7)  # another process would not have this process's random state
        tiny.BATCHES.clear()
        train(recipe, folder, resume=True)
        weights, metrics = ending(folder)
        after = tiny.BATCHES
        assert after == batches[len(batches) - len(after) :], f"other batches when lost at {folder.name}"
        for name, value in whole.items():
            assert torch.equal(weights[name], value), f"{name} differs when lost at {folder.name}"
        assert metrics == whole_metrics, f"metrics.csv differs when lost at {folder.name}"


@pytest.mark.parametrize("killed_after", [0, 4, 5, 11])
def test_a_run_that_ends_with_an_error_resumes_too(
    killed_after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tiny.tiny_recipe()
    train(recipe, tmp_path / "whole")
    with monkeypatch.context() as patched:
        kill_runs_after(killed_after, patched)
        with pytest.raises(KilledError):
            train(recipe, tmp_path / "killed")
    torch.rand(7)
    train(recipe, tmp_path / "killed", resume=True)
    (weights, metrics), (whole, whole_metrics) = ending(tmp_path / "killed"), ending(tmp_path / "whole")
    assert [name for name, value in whole.items() if not torch.equal(weights[name], value)] == []
    assert metrics == whole_metrics


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


def test_a_pickle_in_place_of_a_checkpoint_is_not_loaded(tmp_path: Path) -> None:
    recipe = tiny.tiny_recipe(trainer__max_steps=2)
    train(recipe, tmp_path / "run")
    (tmp_path / "run" / "weights" / "model.safetensors").unlink()
    torch.save({"global_step": KilledError}, tmp_path / "run" / "checkpoints" / "last.ckpt")
    with pytest.raises(TrainingError, match=r"last\.ckpt: not a readable checkpoint"):
        train(recipe, tmp_path / "run", resume=True)


def test_non_empty_directory_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="not empty"):
        train(tiny.tiny_recipe(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
