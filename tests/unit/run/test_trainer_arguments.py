"""Every argument of Lightning's Trainer: it works, or is refused by its name before anything starts."""

import csv
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import pytest
import torch
from lightning.pytorch.callbacks import Timer

from crossmodal import recipe as recipes
from crossmodal.errors import RecipeError
from crossmodal.progress import Progress
from crossmodal.recipe.trainer_section import REFUSED
from crossmodal.run import rehearse, train
from crossmodal.run.directory import RunDirectory
from crossmodal.run.preparing import prepare
from crossmodal.run.surroundings import quiet, restored_flags
from tests.fakes import tiny

Trainer = lightning.Trainer
WATCH = {"class_path": "tests.fakes.tiny.TinyWatch"}
CPU: dict[str, Any] = {"accelerator": "cpu", "max_steps": 4}

#: Arguments that take effect as soon as the Trainer is made: the section, and what is then true of it.
BUILT: dict[str, tuple[dict[str, Any], Callable[[Trainer], bool]]] = {
    "accelerator": ({}, lambda made: type(made.accelerator).__name__ == "CPUAccelerator"),
    "benchmark": ({"benchmark": True}, lambda _: torch.backends.cudnn.benchmark),
    "detect_anomaly": ({"detect_anomaly": True}, lambda made: made._detect_anomaly),
    "deterministic": ({"deterministic": True}, lambda _: torch.are_deterministic_algorithms_enabled()),
    "devices": ({"devices": 2, "strategy": "ddp"}, lambda made: made.world_size == 2),
    "num_nodes": ({"num_nodes": 3, "devices": 1, "strategy": "ddp"}, lambda made: made.world_size == 3),
    "plugins": (
        {"plugins": [{"class_path": "lightning.pytorch.plugins.precision.DoublePrecision"}]},
        lambda made: made.precision == "64-true",
    ),
    "precision": ({"precision": "64-true"}, lambda made: made.precision == "64-true"),
    "strategy": ({"strategy": "ddp"}, lambda made: type(made.strategy).__name__ == "DDPStrategy"),
    "sync_batchnorm": ({"sync_batchnorm": True}, lambda made: made.world_size == 1),
}


def rows(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def validated(run: Path) -> list[int]:
    return [int(row["step"]) for row in rows(run) if row.get("val_loss")]


def steps(_: Path) -> int:
    return tiny.TRAINERS[0].global_step


STOPPING = {
    "class_path": "EarlyStopping",
    "init_args": {"monitor": "train_loss", "stopping_threshold": 1e9, "check_on_train_epoch_end": True},
}

#: Arguments whose effect a run of 5 batches an epoch shows: the section, and what is then true of run and directory.
RUN: dict[str, tuple[dict[str, Any], Callable[[Path], bool]]] = {
    "accumulate_grad_batches": ({"accumulate_grad_batches": 3}, lambda _: len(tiny.BATCHES) == 10),
    "callbacks": ({"max_steps": 3}, lambda run: steps(run) == 3),
    "check_val_every_n_epoch": (
        {"max_steps": 12, "check_val_every_n_epoch": None, "val_check_interval": 3},
        lambda run: validated(run) == [3, 6, 9, 12],
    ),
    "gradient_clip_algorithm": (
        {"gradient_clip_val": 1e-4, "gradient_clip_algorithm": "value"},
        lambda _: all(largest == pytest.approx(1e-4) and norm > 2e-4 for norm, largest in tiny.NORMS),
    ),
    "gradient_clip_val": (
        {"gradient_clip_val": 1e-4},
        lambda _: [norm for norm, _ in tiny.NORMS] == pytest.approx([1e-4] * 4, rel=0.02),
    ),
    "limit_train_batches": ({"limit_train_batches": 2, "max_epochs": 1}, lambda run: steps(run) == 2),
    "limit_val_batches": ({"limit_val_batches": 0, "max_steps": 6}, lambda run: validated(run) == []),
    "log_every_n_steps": (
        {"log_every_n_steps": 2, "limit_val_batches": 0},
        lambda run: [row["step"] for row in rows(run)] == ["2", "4"],
    ),
    "max_epochs": ({"max_steps": -1, "max_epochs": 2}, lambda run: steps(run) == 10),
    "max_steps": ({"max_steps": 7}, lambda run: steps(run) == 7),
    "max_time": ({"max_steps": 10**6, "max_time": {"milliseconds": 300}}, lambda run: 0 < steps(run) < 10**6),
    "min_epochs": (
        {"max_steps": 30, "min_epochs": 3, "callbacks": [WATCH, STOPPING]},
        lambda run: steps(run) == 15,
    ),
    "min_steps": ({"max_steps": 30, "min_steps": 8, "callbacks": [WATCH, STOPPING]}, lambda run: 8 <= steps(run) < 30),
    "profiler": ({"profiler": "simple"}, lambda run: "optimizer_step" in (run / "fit-profile.txt").read_text()),
    "val_check_interval": ({"max_steps": 5, "val_check_interval": 2}, lambda run: validated(run) == [2, 4]),
}


def recipe(section: dict[str, Any]) -> dict[str, Any]:
    return tiny.tiny_recipe(trainer=CPU | {"callbacks": [WATCH]} | section)


def test_every_argument_is_here() -> None:
    known = set(inspect.signature(inspect.unwrap(Trainer.__init__)).parameters) - {"self"}
    assert known == {*BUILT, *RUN, *REFUSED}
    assert len(BUILT) + len(RUN) + len(REFUSED) == len(known)


@pytest.mark.parametrize("key", BUILT)
def test_an_argument_reaches_the_trainer(key: str) -> None:
    section, is_so = BUILT[key]
    with quiet(), restored_flags():
        made = prepare(recipe(section), "tiny", RunDirectory(Path("run")), Progress()).trainer
        assert is_so(made)
    assert not torch.are_deterministic_algorithms_enabled()
    assert not torch.backends.cudnn.benchmark


@pytest.mark.parametrize("key", RUN)
def test_an_argument_works(key: str, tmp_path: Path) -> None:
    section, is_so = RUN[key]
    train(recipe(section), tmp_path / "run")
    assert is_so(tmp_path / "run")


@pytest.mark.parametrize("key", REFUSED)
def test_an_argument_is_refused_by_its_name(key: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=rf"trainer\.{key}: a recipe cannot set it: "):
        train(recipe({key: None}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"accumulate_grad_batches": 0}, "trainer.accumulate_grad_batches: a whole number of at least 1 was expected"),
        ({"check_val_every_n_epoch": 0}, "trainer.check_val_every_n_epoch: a whole number of at least 1, or null,"),
        ({"gradient_clip_val": 0.0}, "trainer.gradient_clip_val: a positive number, or null, was expected, found 0.0"),
        ({"gradient_clip_val": float("nan")}, "trainer.gradient_clip_val: a positive number"),
        ({"gradient_clip_val": -1}, "trainer.gradient_clip_val: a positive number"),
        ({"gradient_clip_val": 1.0, "gradient_clip_algorithm": "norms"}, "norm or value was expected, found 'norms'"),
        ({"gradient_clip_algorithm": "norm"}, "gradient_clip_algorithm: has no effect without gradient_clip_val"),
        ({"limit_train_batches": 0}, "trainer.limit_train_batches: a whole number of at least 1"),
        ({"limit_train_batches": 1.5}, "trainer.limit_train_batches: a whole number of at least 1"),
        ({"limit_val_batches": -1}, "trainer.limit_val_batches: a whole number of at least 0"),
        ({"log_every_n_steps": 0}, "trainer.log_every_n_steps: a whole number of at least 1"),
        ({"max_epochs": 0}, "trainer.max_epochs: a whole number of at least 1"),
        ({"max_steps": 0}, "trainer.max_steps: a whole number of at least 1"),
        ({"max_steps": -7}, "trainer.max_steps: a whole number of at least 1"),
        ({"max_steps": 10**400}, "trainer.max_steps: a whole number of at least 1"),
        ({"max_steps": -1}, "trainer: the run has no end: set max_steps or max_epochs"),
        ({"max_steps": -1, "max_epochs": -1}, "trainer: the run has no end"),
        ({"max_steps": -1, "max_time": "00:01:00:00"}, "trainer: the run has no end"),
        ({"max_time": "soon"}, "trainer.max_time: a duration 'DD:HH:MM:SS', in quotes"),
        ({"max_time": "00:00:00:00"}, "trainer.max_time: a duration"),
        ({"max_time": 216000}, "trainer.max_time: a duration"),
        ({"max_time": {"hour": 1}}, "trainer.max_time: a duration"),
        ({"max_time": {"hours": -1}}, "trainer.max_time: a duration"),
        ({"max_time": {"days": 10**12}}, "trainer.max_time: a duration"),
        ({"min_steps": 5}, "trainer.min_steps: at most max_steps (4) was expected, found 5"),
        ({"min_steps": -1}, "trainer.min_steps: a whole number of at least 1"),
        ({"min_epochs": 0}, "trainer.min_epochs: a whole number of at least 1"),
        ({"num_nodes": 0}, "trainer.num_nodes: a whole number of at least 1"),
        ({"profiler": "xla"}, "trainer.profiler: simple, advanced, pytorch or a class_path was expected"),
        ({"val_check_interval": 0}, "trainer.val_check_interval: a whole number of batches, or a fraction of an epoch"),
        ({"val_check_interval": 0.0}, "trainer.val_check_interval: a whole number of batches"),
        ({"val_check_interval": 1.5}, "trainer.val_check_interval: a whole number of batches"),
        ({"val_check_interval": "00:00:10:00"}, "trainer.val_check_interval: a whole number of batches"),
        ({"val_check_interval": 0.5, "check_val_every_n_epoch": None}, "it counts batches across epochs"),
        ({"devices": 0}, "trainer: "),
        ({"devices": -5}, "trainer: "),
        ({"devices": "many"}, "trainer: "),
        ({"accelerator": "tpu"}, "trainer: "),
        ({"accelerator": "gpux"}, "trainer: "),
        ({"strategy": "nope"}, "trainer: "),
        ({"strategy": "fsdp"}, "trainer: "),
        ({"precision": "16-true", "plugins": [{"class_path": "AsyncCheckpointIO"}]}, "trainer: "),
        ({"callbacks": [{"class_path": "TQDMProgressBar"}]}, "trainer: "),
        (
            {"devices": 2, "sync_batchnorm": True},
            "trainer.sync_batchnorm: torch synchronizes batch statistics only on GPUs",
        ),
        (
            {"max_time": "00:01:00:00", "callbacks": [{"class_path": "Timer", "init_args": {"duration": None}}]},
            "trainer.max_time: the callbacks already contain a Timer",
        ),
        (
            {"callbacks": [{"class_path": "Timer", "init_args": {"duration": "soon"}}]},
            "trainer.callbacks.0: Timer: `Timer(duration='soon')` is not a valid duration",
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_value_that_cannot_work_is_a_mistake(section: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as raised:
        rehearse(recipe(section), "tiny")
    lines = str(raised.value).splitlines()
    assert lines[0] == "tiny: 1 mistake"
    assert lines[1].startswith("  trainer")
    assert message in lines[1]
    assert len(lines) == 2
    with pytest.raises(RecipeError):
        train(recipe(section), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU, so that asking for one is no mistake")
def test_a_missing_gpu() -> None:
    with pytest.raises(RecipeError, match="trainer: "):
        rehearse(recipe({"accelerator": "gpu"}))


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"val_check_interval": 100}, r"`val_check_interval` \(100\) must be less than or equal to the number"),
        (
            {"max_steps": 12, "callbacks": [{"class_path": "EarlyStopping", "init_args": {"monitor": "loss"}}]},
            "Early stopping conditioned on metric `loss` which is not available",
        ),
    ],
    ids=["validation after the end of an epoch", "metric that is not logged"],
)
def test_mistakes_that_depend_on_the_data_are_sentences(section: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=rf"tiny: 1 mistake\n  trainer: {message}"):
        train(recipe(section), tmp_path / "run", name="tiny")


def test_too_many_batches_between_validations_leave_no_run(tmp_path: Path) -> None:
    with pytest.raises(RecipeError):
        train(recipe({"val_check_interval": 100}), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    train(recipe({"val_check_interval": 5}), tmp_path / "run")


def test_a_run_ended_by_max_time_is_finished_and_includes_the_time_before_a_resume(tmp_path: Path) -> None:
    limited = recipe({"max_steps": 10**6, "max_time": {"milliseconds": 200}})
    train(limited, tmp_path / "run")
    assert (tmp_path / "run" / "weights" / "model.safetensors").is_file()
    done = steps(tmp_path)
    assert rows(tmp_path / "run")[-1]["step"] == str(done)
    (tmp_path / "run" / "weights" / "model.safetensors").unlink()
    tiny.BATCHES.clear()
    assert train(limited, tmp_path / "run", resume=True).steps == done
    assert tiny.BATCHES == []


def test_many_steps_are_counted(tmp_path: Path) -> None:
    train(recipe({"max_steps": 2**63 - 1, "max_time": {"milliseconds": 100}}), tmp_path / "run")
    assert steps(tmp_path) > 0


def test_a_check_adds_no_second_timer() -> None:
    section = {"callbacks": [{"class_path": "Timer", "init_args": {"duration": "00:01:00:00"}}]}
    made = prepare(recipe(section), "tiny", RunDirectory(Path("run")), Progress()).trainer
    assert len([one for one in made.callbacks if isinstance(one, Timer)]) == 1


def test_shipped_recipes_clip_gradients_in_the_trainer_section() -> None:
    clipped = {name: recipes.read(name)["trainer"].get("gradient_clip_val") for name in recipes.names()}
    labelled = [name for name in clipped if not name.startswith(("noise_pretraining/", "scenes/"))]
    assert {clipped[name] for name in labelled} == {1.0}
    assert {clipped[name] for name in clipped if name.startswith("scenes/generator")} == {30.0}
    assert clipped["noise_pretraining/dino_small_vit"] == 3.0
