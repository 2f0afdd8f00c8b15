"""Pose and identity from touch: training steps, recipes on tiny data, and interrupted runs."""

import warnings
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import pytest
import torch
from safetensors.torch import load_file

from crossmodal import hub
from crossmodal import recipe as recipes
from crossmodal.data import IntelligentCarpetDataModule, StepUpDataModule
from crossmodal.models import IdentityFromTouch, PoseFromTouch
from crossmodal.objectives import bone_limits
from crossmodal.run import train
from crossmodal.tasks import IdentityFromTouchTask, PoseFromTouchTask
from tests.fakes.carpet import tiny_intelligent_carpet, write_packed_carpet
from tests.fakes.lost_machine import copy_runs_where_they_may_be_lost
from tests.fakes.step_up import tiny_step_up, write_step_up

pytestmark = pytest.mark.usefixtures("without_curves")

RECIPES = {"intelligent_carpet/pose_from_touch": tiny_intelligent_carpet, "step_up/identity_from_touch": tiny_step_up}


def fit(task: lightning.LightningModule, data: lightning.LightningDataModule, steps: int) -> dict[str, float]:
    quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lightning's advice on workers, loggers and accelerators
        trainer = lightning.Trainer(
            max_steps=steps, accelerator="cpu", num_sanity_val_steps=0, limit_val_batches=0, **quiet
        )
        trainer.fit(task, datamodule=data)
    return {name: float(value) for name, value in trainer.callback_metrics.items()}


@pytest.fixture(scope="module")
def carpet(tmp_path_factory: pytest.TempPathFactory) -> IntelligentCarpetDataModule:
    root = tmp_path_factory.mktemp("carpet")
    write_packed_carpet(root / "d", [("ann", 12), ("bob", 12)])
    return IntelligentCarpetDataModule(
        str(root / "d"), test=["bob"], validation=0, window=3, batch_size=4, cache=str(root / "cache")
    )


@pytest.fixture(scope="module")
def step_up(tmp_path_factory: pytest.TempPathFactory) -> StepUpDataModule:
    root = tmp_path_factory.mktemp("step_up")
    write_step_up(root / "d", people=6, steps=6, frames=9)
    return StepUpDataModule(
        str(root / "d"), test=0.3, validation=0, phases=3, people_per_batch=4, footsteps_each=3, cache=str(root / "c")
    )


def pose_task(**options: Any) -> PoseFromTouchTask:
    torch.manual_seed(0)
    return PoseFromTouchTask(PoseFromTouch(width=0.1, features=24, window=3), **({"learning_rate": 3e-3} | options))


def identity_task(**options: Any) -> IdentityFromTouchTask:
    torch.manual_seed(0)
    return IdentityFromTouchTask(IdentityFromTouch(width=0.1, features=24, phases=3), **options)


def test_the_pose_error_falls_in_a_few_steps(carpet: IntelligentCarpetDataModule) -> None:
    before = fit(pose_task(), carpet, steps=1)["train/mpjpe_mm"]
    after = fit(pose_task(), carpet, steps=50)["train/mpjpe_mm"]
    assert after < 0.4 * before


def test_people_are_separated_in_a_few_steps(step_up: StepUpDataModule) -> None:
    before = fit(identity_task(), step_up, steps=1)["train/loss"]
    after = fit(identity_task(), step_up, steps=40)["train/loss"]
    # Two others of a person among eleven others: log 11 at first, log 2 once all of them are separated.
    assert after < 0.5 * (before + 0.69)


def test_limits_of_bones_are_those_of_the_training_people(carpet: IntelligentCarpetDataModule) -> None:
    task = pose_task()
    assert not torch.isfinite(task.limits[1]).any()
    fit(task, carpet, steps=1)
    torch.testing.assert_close(task.limits, bone_limits(carpet.training_keypoints()))


def test_weights_of_the_losses_are_used(carpet: IntelligentCarpetDataModule) -> None:
    plain = fit(pose_task(link_weight=0, place_weight=0), carpet, steps=1)
    assert plain["train/loss"] == pytest.approx(plain["train/heat_map_loss"])
    both = fit(pose_task(link_weight=2, place_weight=3), carpet, steps=1)
    distance = both["train/mpjpe_mm"] / 1900
    assert both["train/loss"] == pytest.approx(
        both["train/heat_map_loss"] + 2 * both["train/link_loss"] + 3 * distance, rel=1e-4
    )


@pytest.mark.parametrize("name", RECIPES)
def test_the_recipe_runs_and_its_weights_load(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    recipe = recipes.read(name)
    assert recipe["about"]["status"] == "unmeasured"
    changes = RECIPES[name](recipe, request) | {"trainer.max_steps": 2, "trainer.accelerator": "cpu"}
    recipe = recipes.override(recipe, changes)
    recipes.check(recipe, name)
    result = train(recipe, tmp_path / "run", name=name)
    (figures,) = result.metrics.values()
    assert recipe["about"]["expected"]["metric"] in figures
    assert any(key.startswith(("baseline_", "persistence_")) for key in figures)
    model = hub.load_model(tmp_path / "run" / "weights")
    assert type(model).__name__ == recipe["task"]["init_args"]["model"]["class_path"]
    header = (tmp_path / "run" / "metrics.csv").read_text().splitlines()[0]
    assert "validation/" in header


@pytest.mark.parametrize("name", RECIPES)
def test_an_interrupted_run_has_the_same_result(
    name: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipes.read(name)
    changes = RECIPES[name](recipe, request) | {"trainer.max_steps": 4, "trainer.accelerator": "cpu"}
    recipe = recipes.override(recipe, changes | {"checkpoint_every_n_steps": 1, "evaluations": []})
    with monkeypatch.context() as patched:
        moments = copy_runs_where_they_may_be_lost(tmp_path / "whole", tmp_path / "lost", patched)
        train(recipe, tmp_path / "whole")
    torch.rand(7)  # another process would not have this process's random state
    lost = moments["step 3"]
    train(recipe, lost, resume=True)
    whole, resumed = (load_file(run / "weights" / "model.safetensors") for run in (tmp_path / "whole", lost))
    assert [key for key in whole if not torch.equal(whole[key], resumed[key])] == []
