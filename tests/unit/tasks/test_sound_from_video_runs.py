"""Whole runs of the real task on the real data module, on tiny videos: the same to the last bit when interrupted."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from crossmodal import hub
from crossmodal import recipe as recipes
from crossmodal.errors import TrainingError, WeightsError
from crossmodal.run import train
from tests.fakes.flashes import SIZE
from tests.fakes.lost_machine import copy_runs_where_they_may_be_lost
from tests.fakes.videos import write_hits_folder

pytestmark = pytest.mark.usefixtures("without_curves")

STEPS = 6


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four training videos and a test video, with the cache of all runs beside them."""
    root = tmp_path_factory.mktemp("hits")
    write_hits_folder(root / "d", count=5)
    return root


def recipe(place: Path, **changes: Any) -> dict[str, Any]:
    """A short run in which all that draws random numbers does, with changes by dotted key (`__` for the dots)."""
    made = {
        "about": recipes.read("greatest_hits/convolution")["about"],
        "seed": 5,
        "data": {
            "class_path": "GreatestHitsDataModule",
            "init_args": {
                "root": str(place / "d"), "cache": str(place / "cache"), "windows": "tiles", "window_steps": 45,
                "hop_steps": 30, "size": list(SIZE), "validation": 0.25, "batch_size": 4, "steps_per_epoch": 4,
                "exemplars": 2, "flip": True, "brightness": 0.2, "contrast": 0.2, "shift": 0.1, "jitter_steps": 3,
                "loudness_db": 3.0,
            },
        },
        "task": {
            "class_path": "SoundFromVideoTask",
            "init_args": {
                "model": {
                    "class_path": "SoundFromVideo",
                    "init_args": {
                        "width": 0.05, "features": 8, "hidden": 8, "components": 4, "grid": [1, 2], "size": list(SIZE)
                    },
                },
            },
        },
        "trainer": {"max_steps": STEPS, "accelerator": "cpu"},
        "checkpoint_every_n_steps": 1,
    }  # fmt: skip
    return recipes.override(made, {key.replace("__", "."): value for key, value in changes.items()})


def weights_of(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "weights" / "model.safetensors")


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> list[str]:
    assert one.keys() == other.keys()
    return [name for name in one if not torch.equal(one[name], other[name])]


@pytest.mark.parametrize(
    "changes",
    [{}, {"task__frozen": ["backbone"], "task__model__temporal": "lstm"}, {"trainer__precision": "bf16-mixed"}],
    ids=["convolution", "frozen backbone and LSTM", "half precision"],
)
def test_an_interrupted_run_has_the_same_result(
    changes: dict[str, Any], place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = recipe(place, **changes)
    with monkeypatch.context() as patched:
        moments = copy_runs_where_they_may_be_lost(tmp_path / "whole", tmp_path / "lost", patched)
        train(changed, tmp_path / "whole")
    whole = weights_of(tmp_path / "whole")
    # Before the first checkpoint, inside of an epoch, at the end of one, inside of the last.
    for lost_in in (1, 3, 5, 6):
        run = moments[f"step {lost_in}"]
        assert not (run / "weights").exists()
        torch.rand(7)  # another process would not have this process's random state
        train(changed, run, resume=True)
        assert same(weights_of(run), whole) == [], f"lost in step {lost_in}"
        assert (run / "metrics.csv").read_text() == (tmp_path / "whole" / "metrics.csv").read_text()


def test_a_run_leaves_a_model_with_exemplars_that_loads(place: Path, tmp_path: Path) -> None:
    train(recipe(place), tmp_path / "run")
    model = hub.load_model(tmp_path / "run" / "weights")
    assert bool(model.basis_fitted)
    assert len(hub.load_exemplars(tmp_path / "run" / "weights")) == 2


def test_the_basis_of_initial_weights_stays(place: Path, tmp_path: Path) -> None:
    train(recipe(place, trainer__max_steps=1), tmp_path / "first")
    # Other training videos would give another basis.
    started = recipe(place, trainer__max_steps=2, init_from=str(tmp_path / "first"), data__validation=0.5)
    train(started, tmp_path / "second")
    train(recipe(place, trainer__max_steps=2, data__validation=0.5), tmp_path / "separate")
    first, second, separate = (weights_of(tmp_path / name) for name in ("first", "second", "separate"))
    assert torch.equal(second["basis"], first["basis"])
    assert torch.equal(second["basis_mean"], first["basis_mean"])
    assert not torch.equal(separate["basis"], first["basis"])
    assert not torch.equal(second["sound.weight"], first["sound.weight"])


def test_a_frozen_backbone_stays_as_its_initial_weights(place: Path, tmp_path: Path) -> None:
    train(recipe(place, trainer__max_steps=1), tmp_path / "first")
    frozen = recipe(place, trainer__max_steps=5, init_from=str(tmp_path / "first"), task__frozen=["backbone"])
    train(frozen, tmp_path / "second")
    changed = same(weights_of(tmp_path / "second"), weights_of(tmp_path / "first"))
    assert changed
    assert not any(name.startswith("backbone.") for name in changed)


def test_initial_weights_of_another_model_are_refused_with_a_list(place: Path, tmp_path: Path) -> None:
    train(recipe(place, trainer__max_steps=1), tmp_path / "first")
    with pytest.raises(WeightsError, match="does not fit the model") as raised:
        train(recipe(place, init_from=str(tmp_path / "first"), task__model__hidden=9), tmp_path / "second")
    assert "shape of sound.weight: (4, 8), the model has (4, 9)" in str(raised.value)


def test_a_loss_that_is_no_number_names_the_step_and_the_videos(place: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"step [2-6]: .*the batch contained video \[.*start_step \[") as raised:
        train(recipe(place, task__learning_rate=1e30, trainer__gradient_clip_val=1e30), tmp_path / "run")
    assert "is not finite" in str(raised.value) or "the loss is" in str(raised.value)
    assert not (tmp_path / "run" / "weights").exists()
