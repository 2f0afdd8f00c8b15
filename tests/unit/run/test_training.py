"""A recipe becomes a run directory."""

import csv
import errno
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from crossmodal import recipe as recipes
from crossmodal.errors import OutputError, RecipeError, TrainingError, WeightsError
from crossmodal.progress import Progress
from crossmodal.run import evaluate_run, train
from tests.fakes import tiny

EVALUATED = {"evaluations": [{"class_path": "tests.fakes.tiny.tiny_error"}]}


def test_run_directory_is_complete(tmp_path: Path) -> None:
    recipe = tiny.tiny_recipe(**EVALUATED)
    result = train(recipe, tmp_path / "run", name="tiny")
    run = tmp_path / "run"
    assert recipes.read(run / "recipe.yaml") == recipe
    assert (run / "command.txt").read_text().startswith("crossmodal")
    versions = json.loads((run / "versions.json").read_text())
    assert versions[0]["packages"]["torch"] == torch.__version__.split("+")[0] or versions[0]["packages"]["torch"]
    assert (run / "checkpoints" / "last.ckpt").is_file()
    assert (run / "figures" / "metrics.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((run / "metrics.json").read_text()) == result.metrics
    assert result.metrics["tiny_error"]["items"] == 6
    assert result.metrics["tiny_error"]["trained_on"] == 10
    card = (run / "weights" / "README.md").read_text()
    assert "A tiny regressor." in card
    assert "max_steps: 12" in card
    assert result.steps == 12
    assert result.parameters == 71


def test_metrics_file_has_a_row_for_every_step(tmp_path: Path) -> None:
    train(tiny.tiny_recipe(), tmp_path / "run")
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(1, 13))
    assert [int(row["step"]) for row in rows if row["val_loss"]] == [5, 10]
    assert all(float(row["train_loss"]) > 0 for row in rows)


def test_same_seed_same_weights_other_seed_others(tmp_path: Path) -> None:
    def weights(seed: int, name: str) -> torch.Tensor:
        train(tiny.tiny_recipe(seed=seed, trainer__max_steps=3), tmp_path / name)
        saved = torch.load(tmp_path / name / "weights" / "model.safetensors", weights_only=True)
        return nn.utils.parameters_to_vector(saved.values())

    assert torch.equal(weights(1, "a"), weights(1, "b"))
    assert not torch.equal(weights(1, "c"), weights(2, "d"))


def test_dry_run_writes_nothing(tmp_path: Path) -> None:
    result = train(tiny.tiny_recipe(), tmp_path / "run", dry_run=True)
    assert result.parameters == 71
    assert not (tmp_path / "run").exists()
    assert tiny.BATCHES == []


def test_mistakes_are_found_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="2 mistakes"):
        train(tiny.tiny_recipe(trainer__max_step=1, sed=1), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_value_that_the_constructor_refuses(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"tests\.fakes\.tiny\.TinyModel: width must be at least 1, got 0"):
        train(tiny.tiny_recipe(task__model__width=0), tmp_path / "run")


def test_a_loss_that_is_not_finite_names_step_and_samples(tmp_path: Path) -> None:
    recipe = tiny.tiny_recipe(data__broken=[7])
    with pytest.raises(TrainingError) as raised:
        train(recipe, tmp_path / "run")
    step = len(tiny.BATCHES)
    assert 7 in tiny.BATCHES[-1]
    assert str(raised.value).startswith(f"step {step}: the loss is nan; the batch contained index {tiny.BATCHES[-1]}")
    assert f"The weights are those of step {step - 1}" in str(raised.value)
    checkpoint = tmp_path / "run" / "checkpoints" / "last.ckpt"
    if step > 1:
        saved = torch.load(checkpoint, weights_only=True)
        assert saved["global_step"] == step - 1
        assert all(value.isfinite().all() for value in saved["state_dict"].values())


def test_gradient_that_is_not_finite_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(self: tiny.TinyTask, batch: dict[str, torch.Tensor], batch_idx: int) -> torch.Tensor:
        # The square root of zero: a loss of 0 with an infinite gradient.
        return (self.model.layers[3].bias * 0).abs().sum().sqrt()

    monkeypatch.setattr(tiny.TinyTask, "training_step", explode)
    with pytest.raises(TrainingError, match=r"step 1: the gradient of model\.layers\.3\.bias is not finite"):
        train(tiny.tiny_recipe(), tmp_path / "run")


def test_full_disk_keeps_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_bytes
    written: list[Path] = []

    def until_full(self: Path, data: Any) -> int:
        if self.suffix == ".ckpt" and len(written) == 3:
            write(self, bytes(data)[:100])
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(self)
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", until_full)
    with pytest.raises(OutputError, match=r"last\.ckpt: cannot be written: the disk is full"):
        train(tiny.tiny_recipe(), tmp_path / "run")
    monkeypatch.undo()
    folder = tmp_path / "run" / "checkpoints"
    assert [path.name for path in folder.iterdir()] == ["last.ckpt"]
    assert torch.load(folder / "last.ckpt", weights_only=True)["global_step"] == 3


def test_init_from_starts_with_old_weights(tmp_path: Path) -> None:
    train(tiny.tiny_recipe(trainer__max_steps=3), tmp_path / "first")
    still = {"trainer__max_steps": 1, "task__learning_rate": 0.0, "init_from": str(tmp_path / "first")}
    train(tiny.tiny_recipe(seed=9, **still), tmp_path / "second")
    first, second = (
        torch.load(tmp_path / n / "weights" / "model.safetensors", weights_only=True) for n in ("first", "second")
    )
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_init_from_another_model_lists_what_does_not_fit(tmp_path: Path) -> None:
    train(tiny.tiny_recipe(trainer__max_steps=1), tmp_path / "first")
    with pytest.raises(WeightsError, match=r"shape of layers\.0\.weight: \(5, 6\), the model has \(8, 6\)"):
        train(tiny.tiny_recipe(task__model__width=8, init_from=str(tmp_path / "first")), tmp_path / "second")


def test_finished_run_is_evaluated_again_with_changes(tmp_path: Path) -> None:
    train(tiny.tiny_recipe(**EVALUATED, trainer__max_steps=3), tmp_path / "run")
    once = evaluate_run(tmp_path / "run", {})["tiny_error"]["error"]
    twice = evaluate_run(tmp_path / "run", {"evaluations.0.scale": 2.0})["tiny_error"]["error"]
    assert twice == pytest.approx(2 * once)
    with pytest.raises(RecipeError, match="did you mean scale"):
        evaluate_run(tmp_path / "run", {"evaluations.0.scal": 2.0})


def test_folder_without_weights(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no weights"):
        evaluate_run(tmp_path, {"data.root": "x"})


def test_training_is_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(tiny.tiny_recipe(trainer__max_steps=2), tmp_path / "run", progress=Progress(label="tiny"))
    out, err = capfd.readouterr()
    assert out == ""
    assert all(line.startswith("tiny  ") for line in err.splitlines()), err


def test_trainer_section_reaches_the_trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from crossmodal.run import preparing

    made: list[Any] = []
    build = preparing.make_trainer
    monkeypatch.setattr(preparing, "make_trainer", lambda *args: made.extend(build(*args)) or made)
    callback = {"class_path": "LearningRateMonitor", "init_args": {"logging_interval": "step"}}
    options = {"precision": "bf16-true", "devices": 1, "num_nodes": 1, "strategy": "auto", "callbacks": [callback]}
    train(
        tiny.tiny_recipe(trainer={"max_steps": 1, "accelerator": "cpu", "gradient_clip_val": 0.5} | options),
        tmp_path / "run",
    )
    assert made[0].precision == "bf16-true"
    assert made[0].gradient_clip_val == 0.5
    assert "lr-AdamW" in (tmp_path / "run" / "metrics.csv").read_text()


def test_a_timer_of_the_recipe_is_the_only_one(tmp_path: Path) -> None:
    """Lightning refuses two; that of the recipe may end the run, and the model card states the time from it."""
    timer = {"class_path": "Timer", "init_args": {"duration": "00:01:00:00"}}
    train(tiny.tiny_recipe(trainer={"max_steps": 1, "callbacks": [timer]}), tmp_path / "run")
    assert "- training took: " in (tmp_path / "run" / "weights" / "README.md").read_text()


def test_slow_bfloat16_is_reported_and_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    train(tiny.tiny_recipe(trainer={"max_steps": 1, "precision": "bf16-mixed", "accelerator": "cpu"}), tmp_path / "run")
    assert "training in 32-true" in capsys.readouterr().err
    assert "precision 32-true" in (tmp_path / "run" / "weights" / "README.md").read_text()
