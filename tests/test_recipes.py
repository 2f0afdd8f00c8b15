"""Every recipe in the tree is sound, and runs for two steps on a tiny stand-in for its data."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from crossmodal import recipe as recipes
from crossmodal.backbones import create
from tests.fakes import tiny
from tests.fakes.carpet import tiny_intelligent_carpet
from tests.fakes.step_up import tiny_step_up

pytestmark = pytest.mark.usefixtures("without_curves")

Recipe = dict[str, Any]
Changes = dict[str, Any]


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four short simulated videos in the layout of Greatest Hits."""
    from crossmodal.simulation.hits import make_stand_in_hits

    folder = tmp_path_factory.mktemp("stand_in")
    return make_stand_in_hits(folder, videos=4, seconds=3.0, seed=0, size=(72, 128), test_fraction=0.25)


def tiny_hits(recipe: Recipe, request: pytest.FixtureRequest) -> Changes:
    """The same networks on smaller images of simulated hits, thinner and in smaller batches."""
    folder: Path = request.getfixturevalue("stand_in")
    return {
        "data.root": str(folder),
        "data.cache": str(folder.with_name("cache")),
        "data.size": [36, 64],
        "data.batch_size": 2,
        "data.exemplars": 4,
        "task.model.size": [36, 64],
        "task.model.width": 0.1,
        "task.model.weights": None,
    }


def tiny_noise(recipe: Recipe, request: pytest.FixtureRequest) -> Changes:
    """The same process, views and objective on few small images, with thinner networks where they come thinner."""
    data, task = recipe["data"]["init_args"], recipe["task"]["init_args"]
    changes: Changes = {
        "data.size": 32,
        "data.batch_size": 8,
        "data.validation": 4,
        "data.steps_per_epoch": 2,
        "trainer.val_check_interval": 1,
        "trainer.callbacks.0.every_n_steps": 1,
    }
    if data["length"] is not None:
        changes["data.length"] = 16
    slow = {
        "untrained_generator": {"data.options.channel_most": 8},
        "feature_visualization": {"data.options.steps": 1, "data.options.width": 0.1},
    }
    changes |= slow.get(data["process"], {})
    if "texture" in data.get("options", {}):
        changes["data.options.textures"] = 4
    for place, member in enumerate(data.get("options", {}).get("processes", [])):
        if "texture" in member["options"]:
            changes[f"data.options.processes.{place}.options.textures"] = 4
    name = task["model"]["init_args"]["name"]
    thin = {"width": 0.25 if name == "small_vit" else 0.1} if name.startswith("small") else {}
    changes |= {f"task.model.{key}": value for key, value in thin.items()}
    if "head" in task:
        from crossmodal.backbones import create

        changes["task.head.in_features"] = create(name, **thin).channels
        if "out_features" in task["head"]["init_args"]:
            features = {"out_features": 16, "hidden_features": 16, "bottleneck_features": 4}
            changes |= {f"task.head.{name}": value for name, value in features.items()}
    if "queue" in task:
        changes["task.queue"] = 64
    return changes


def tiny_scenes(recipe: Recipe, request: pytest.FixtureRequest) -> Changes:
    """The same networks, thinner, on few drawn scenes."""
    changes: Changes = {"data.batch_size": 4, "data.validation": 8, "data.evaluation": 8}
    if "discriminator" in recipe["task"]["init_args"]:
        return changes | {"task.model.width": 0.25, "task.discriminator.width": 0.25}
    return changes | {"task.model.width": 2}


def tiny_walks(recipe: Recipe, request: pytest.FixtureRequest) -> Changes:
    """A thinner network on a few short walks of a few people."""
    from crossmodal.simulation.walks.folder import make_walks

    folder = request.getfixturevalue("tmp_path_factory").mktemp("walks") / "walks"
    make_walks(folder, walks=9, seconds=2.0, seed=3, test_fraction=0.25)
    return {
        "data.root": str(folder),
        "data.batch_size": 2,
        "data.validation": 0.3,
        "task.model.width": 0.1,
        "task.model.weights": None,
        "task.model.channels": 4,
        "task.model.hidden": 16,
        "trainer.val_check_interval": 1,
    }


#: What the benchmark of pretraining changes in a recipe for each of its processes.
PROCESSES: dict[str, Changes] = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "noise_processes.py"))[
    "PROCESSES"
]

#: A run of these takes as long as ten of the others; their task is run on a small backbone in `tests/unit/tasks`.
LARGE = {"noise_pretraining/moco_resnet50"}
#: Processes that are run in every test; the others draw and are built into a recipe, and run under `slow`.
RUN_PROCESSES = set(list(PROCESSES)[::6])


#: What makes the recipes of a data module small, and stands in for its data.
TINY: dict[str, Callable[[Recipe, pytest.FixtureRequest], Changes]] = {
    "IntelligentCarpetDataModule": tiny_intelligent_carpet,
    "GreatestHitsDataModule": tiny_hits,
    "NoiseDataModule": tiny_noise,
    "ScenesDataModule": tiny_scenes,
    "StepUpDataModule": tiny_step_up,
    "WalkStepsDataModule": tiny_walks,
}


@pytest.mark.parametrize("name", [name for name in recipes.names() if not name.startswith(("noise_", "scenes/"))])
def test_hearing_and_feeling_start_from_noise(name: str) -> None:
    model = recipes.read(name)["task"]["init_args"]["model"]
    weights = model["init_args"].get("weights") or model["init_args"]["weights"]
    assert weights.startswith("noise/")
    started = recipes.build(model, "task", annotation=nn.Module).backbone.state_dict()
    shipped = create("small_alexnet", weights=weights).state_dict()
    assert shipped.keys() == started.keys()
    assert all(torch.equal(shipped[key], started[key]) for key in shipped)


@pytest.mark.parametrize("name", recipes.names())
def test_recipe_has_no_mistakes(name: str) -> None:
    recipes.check(recipes.read(name), name)


@pytest.mark.parametrize("name", recipes.names())
def test_measured_recipe_states_a_number(name: str) -> None:
    about = recipes.read(name)["about"]
    expected = about["expected"] if isinstance(about["expected"], list) else [about["expected"]]
    if about["status"] == "measured":
        assert all(entry["tolerance"] > 0 for entry in expected)


@pytest.mark.parametrize("process", PROCESSES)
def test_every_measured_process_goes_into_a_recipe_by_its_name(process: str) -> None:
    recipe = recipes.override(recipes.read("noise_pretraining/brief"), PROCESSES[process])
    recipes.check(recipe, process)
    recipes.build(recipe["data"], "data")


@pytest.mark.parametrize("name", [name for name in recipes.names() if name.startswith("noise_pretraining/")])
@pytest.mark.parametrize("process", ["orbits", "dead_leaves"])
def test_another_process_alone_is_enough(name: str, process: str) -> None:
    before = recipes.read(name)
    recipe = recipes.override(before, {"data.process": process})
    recipes.check(recipe, name)
    kept = {key: value for key, value in before["data"]["init_args"].items() if key != "options"}
    if before["data"]["init_args"]["process"] == process:
        assert recipe == before
    else:
        assert recipe == before | {"data": {"class_path": "NoiseDataModule", "init_args": kept | {"process": process}}}


def test_what_the_words_of_a_process_give() -> None:
    reduced = {
        "length": 32768,
        "batch_size": 128,
        "size": 96,
        "validation": 256,
        "steps_per_epoch": 256,
        "keep": True,
    }
    words = {"data.process": "untrained_generator", "data.options.variant": "sparse"}
    wanted = reduced | {"process": "untrained_generator", "options": {"variant": "sparse"}}
    assert recipes.override(recipes.read("noise_pretraining/reduced"), words)["data"]["init_args"] == wanted
    words = {"data.options.texture": "spectrum_colour_wmm"}
    wanted = reduced | {"process": "dead_leaves", "options": {"texture": "spectrum_colour_wmm"}}
    assert recipes.override(recipes.read("noise_pretraining/reduced"), words)["data"]["init_args"] == wanted


@pytest.mark.parametrize(
    "process", [pytest.param(one, marks=[pytest.mark.slow] * (one not in RUN_PROCESSES)) for one in PROCESSES]
)
def test_measured_process_runs_for_two_steps(process: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    recipe = recipes.override(recipes.read("noise_pretraining/reduced"), PROCESSES[process])
    run_for_two_steps("noise_pretraining/reduced", recipe, request, tmp_path)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LARGE)) for name in recipes.names()]
)
def test_recipe_runs_for_two_steps(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    run_for_two_steps(name, recipes.read(name), request, tmp_path)


def run_for_two_steps(name: str, recipe: Recipe, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    from crossmodal.hub import save_weights
    from crossmodal.run import train

    kind = recipe["data"]["class_path"].rpartition(".")[2]
    assert kind in TINY, f"{kind} has no stand-in here; add one to TINY"
    shortened = TINY[kind](recipe, request) | {
        "trainer.max_steps": 2,
        "trainer.accelerator": "cpu",
        "trainer.devices": 1,
        "trainer.limit_val_batches": 1,
        "trainer.gradient_clip_val": 1e-6,
    }
    recipe = recipes.override(recipe, shortened)
    watch = {"class_path": "tests.fakes.tiny.TinyWatch"}
    recipe["trainer"]["callbacks"] = [*(recipe["trainer"].get("callbacks") or []), watch]
    tiny.NORMS.clear()
    if recipe.get("init_from"):
        # The shape of the weights that the recipe starts from is its own model's; what they have learned is not needed.
        model = recipes.build(recipe["task"], "task", seed=0).model
        recipe["init_from"] = str(save_weights(model, tmp_path / "initial", card=""))
    result = train(recipe, tmp_path / "run", name=name)
    assert result.steps == 2
    # The two networks of a generator's game are clipped each by itself.
    networks = 2 if "discriminator" in recipe["task"]["init_args"] else 1
    assert [norm for norm, _ in tiny.NORMS] == pytest.approx([1e-6 * networks**0.5] * 2, rel=0.05)
    assert len(result.metrics) == len(recipe.get("evaluations") or [])
    assert (tmp_path / "run" / "weights" / "model.safetensors").is_file()
