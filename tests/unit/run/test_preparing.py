"""Everything is built before anything is written, and `check` reports the mistakes found by building."""

from pathlib import Path
from typing import Any

import pytest
import torch

from crossmodal.cli import main
from crossmodal.errors import DatasetError, OutputError, RecipeError, TrainingError, WeightsError
from crossmodal.recipe import write
from crossmodal.run import rehearse, train
from crossmodal.run.directory import RunDirectory
from tests.fakes import tiny

EVALUATED = {"evaluations": [{"class_path": "tests.fakes.tiny.tiny_error"}]}
MODEL = {"class_path": "tests.fakes.tiny.TinyModel"}
MANUAL = {"task": {"class_path": "tests.fakes.tiny.TinyManualTask", "init_args": {"model": MODEL}}}

#: Recipes whose mistake the signatures do not show: the changes, and what is errors.
BUILT: dict[str, tuple[dict[str, Any], str]] = {
    "value": ({"task__model__width": 0}, "task.init_args.model: tests.fakes.tiny.TinyModel: width must be at least 1"),
    "memory": (
        {"task__model__width": 10**12},
        "task.init_args.model: tests.fakes.tiny.TinyModel: needs 24,000.0 GB of contiguous memory",
    ),
    "data": ({"data__batch_size": 0}, "data: tests.fakes.tiny.TinyData: batch_size must be at least 1, got 0"),
    "no evaluation data": (
        EVALUATED | {"data": {"class_path": "tests.fakes.tiny.TinyDataWithoutEvaluation"}},
        "evaluations: TinyDataWithoutEvaluation has no data for evaluation",
    ),
    "no model": (
        {"task": {"class_path": "lightning.pytorch.demos.boring_classes.BoringModel"}},
        "task: BoringModel has no module called `model`",
    ),
    "clipping by hand": (
        MANUAL | {"trainer__gradient_clip_val": 1.0},
        "trainer.gradient_clip_val: has no effect, because TinyManualTask steps its optimizers itself",
    ),
    "accumulating by hand": (
        MANUAL | {"trainer__accumulate_grad_batches": 2},
        "trainer.accumulate_grad_batches: has no effect, because TinyManualTask steps its optimizers itself",
    ),
    "init_from": ({"init_from": "nowhere"}, "init_from: nowhere: no weights"),
}


@pytest.mark.parametrize("mistake", BUILT)
def test_check_dry_run_and_training_report_the_same_mistakes_and_write_nothing(
    mistake: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes, message = BUILT[mistake]
    path = tmp_path / "mine.yaml"
    write(tiny.tiny_recipe(**changes), path)
    run = str(tmp_path / "run")
    errors = []
    for arguments in (["check", str(path)], ["train", str(path), "--out", run, "--dry-run"]):
        assert main(arguments) == 2
        errors.append(capsys.readouterr().err)
    assert message in errors[0]
    assert errors[0] == errors[1]
    assert main(["train", str(path), "--out", run]) == (1 if mistake == "init_from" else 2)
    assert message in capsys.readouterr().err
    assert not Path(run).exists()


@pytest.mark.parametrize(
    "error", ["TypeError", "OverflowError", "RuntimeError", "KeyError", "MisconfigurationException"]
)
def test_errors_of_constructors_are_sentences_with_the_key(error: str) -> None:
    model = {"class_path": "tests.fakes.tiny.TinyRefusal", "init_args": {"error": error}}
    with pytest.raises(RecipeError) as raised:
        rehearse(tiny.tiny_recipe(task__model=model))
    (line,) = str(raised.value).splitlines()[1:]
    assert line.strip().startswith("task.init_args.model: tests.fakes.tiny.TinyRefusal: ")
    assert f"no {error} today" in line


def test_a_bug_keeps_its_traceback() -> None:
    model = {"class_path": "tests.fakes.tiny.TinyRefusal", "init_args": {"error": "AttributeError"}}
    with pytest.raises(AttributeError, match="no AttributeError today"):
        rehearse(tiny.tiny_recipe(task__model=model))


def test_mistakes_of_all_sections_are_listed_at_once() -> None:
    recipe = tiny.tiny_recipe(data__batch_size=0, task__model__width=0, trainer__devices=0, init_from="nowhere")
    with pytest.raises(RecipeError) as raised:
        rehearse(recipe, "mine")
    lines = str(raised.value).splitlines()
    assert lines[0] == "mine: 3 mistakes"
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["data", "task.init_args.model", "trainer"]


def test_parameters_are_counted_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert rehearse(tiny.tiny_recipe(**EVALUATED)) == 71
    assert list(tmp_path.iterdir()) == []
    assert tiny.BATCHES == []


def test_the_corrected_command_runs_in_the_same_directory(tmp_path: Path) -> None:
    with pytest.raises(RecipeError):
        train(tiny.tiny_recipe(task__model__width=0), tmp_path / "run")
    with pytest.raises(TrainingError, match="there is no run to resume"):
        train(tiny.tiny_recipe(), tmp_path / "run", resume=True)
    assert train(tiny.tiny_recipe(trainer__max_steps=1), tmp_path / "run").steps == 1


def test_unreadable_data_leave_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(self: tiny.TinyData, stage: str) -> None:
        raise DatasetError("there is no such folder")

    with monkeypatch.context() as patched:
        patched.setattr(tiny.TinyData, "setup", missing)
        with pytest.raises(DatasetError):
            train(tiny.tiny_recipe(), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert train(tiny.tiny_recipe(trainer__max_steps=1), tmp_path / "run").steps == 1


def test_a_resumed_run_keeps_its_files_until_its_first_step(tmp_path: Path) -> None:
    def files() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}

    train(tiny.tiny_recipe(trainer__max_steps=3), tmp_path / "run")
    (tmp_path / "run" / "weights" / "model.safetensors").unlink()
    before = files()
    with pytest.raises(TrainingError, match="started with another recipe"):
        train(tiny.tiny_recipe(trainer__max_steps=4), tmp_path / "run", resume=True)
    assert files() == before


def test_a_dry_run_refuses_a_directory_that_is_not_empty(tmp_path: Path) -> None:
    train(tiny.tiny_recipe(trainer__max_steps=1), tmp_path / "run")
    with pytest.raises(OutputError, match="the directory is not empty"):
        train(tiny.tiny_recipe(), tmp_path / "run", dry_run=True)
    with pytest.raises(TrainingError, match="there is no run to resume"):
        train(tiny.tiny_recipe(), tmp_path / "other", dry_run=True, resume=True)
    assert not (tmp_path / "other").exists()


def test_of_two_runs_in_the_same_directory_one_starts(tmp_path: Path) -> None:
    first, second = (RunDirectory(tmp_path / "run") for _ in range(2))
    for directory in (first, second):
        directory.check_free()
    first.begin(tiny.tiny_recipe())
    with pytest.raises(OutputError, match="another run has started in it"):
        second.begin(tiny.tiny_recipe(seed=4))
    assert "seed: 3" in first.recipe.read_text()


def test_an_impossible_directory_is_found_before_the_data_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file/run: cannot be written"):
        train(tiny.tiny_recipe(), tmp_path / "file" / "run", dry_run=True)


def test_initial_weights_that_do_not_fit_are_a_mistake_of_the_recipe(tmp_path: Path) -> None:
    train(tiny.tiny_recipe(trainer__max_steps=1), tmp_path / "first")
    other = tiny.tiny_recipe(task__model__width=8, init_from=str(tmp_path / "first"))
    with pytest.raises(RecipeError, match=r"shape of layers\.0\.weight: \(5, 6\), the model has \(8, 6\)"):
        rehearse(other)
    with pytest.raises(WeightsError, match="does not fit the model"):
        train(other, tmp_path / "second")
    assert not (tmp_path / "second").exists()


def test_a_run_killed_before_its_first_checkpoint_starts_from_its_initial_weights(tmp_path: Path) -> None:
    train(tiny.tiny_recipe(trainer__max_steps=3), tmp_path / "first")
    still = tiny.tiny_recipe(trainer__max_steps=1, task__learning_rate=0.0, init_from=str(tmp_path / "first"))
    RunDirectory(tmp_path / "second").begin(still)
    train(still, tmp_path / "second", resume=True)
    first, second = (torch.load(tmp_path / n / "weights" / "model.safetensors") for n in ("first", "second"))
    assert all(torch.equal(first[name], second[name]) for name in first)
