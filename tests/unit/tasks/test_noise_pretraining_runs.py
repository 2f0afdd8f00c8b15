"""Tiny pretraining runs: identical to the last bit when interrupted, and the saved backbones load."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from crossmodal import hub
from crossmodal import recipe as recipes
from crossmodal.backbones import PerceptronHead, SmallAlexNet, create
from crossmodal.errors import TrainingError, WeightsError
from crossmodal.run import train
from crossmodal.tasks import noise_pretraining
from tests.fakes.lost_machine import copy_runs_where_they_may_be_lost

pytestmark = pytest.mark.usefixtures("without_curves")

STEPS = 5
HEAD = {"class_path": "PerceptronHead", "init_args": {"in_features": 10, "features": [8, 8]}}
VIT = {"class_path": "crossmodal.backbones.create", "init_args": {"name": "small_vit", "width": 0.25}}
DINO_HEAD = {
    "class_path": "DistillationHead",
    "init_args": {"in_features": 64, "out_features": 12, "hidden_features": 8, "bottleneck_features": 4},
}
DINO_VIEWS = {"class_path": "crossmodal.data.create_views", "init_args": {"name": "dino", "size": 18}}

OBJECTIVES: dict[str, dict[str, Any]] = {
    "AlignmentUniformityTask": {"head": HEAD},
    "SupervisedContrastiveTask": {"head": HEAD},
    "MomentumContrastTask": {"head": HEAD, "queue": 24, "groups": 2},
    "DinoTask": {"model": VIT, "head": DINO_HEAD, "views": DINO_VIEWS},
}


def recipe(objective: str = "AlignmentUniformityTask", **changes: Any) -> dict[str, Any]:
    """A short run on fractals, with changes by dotted key (`__` for the dots)."""
    task = {
        "model": {"class_path": "crossmodal.backbones.create", "init_args": {"name": "small_alexnet", "width": 0.05}},
        "views": {
            "class_path": "crossmodal.data.create_views", "init_args": {"name": "alignment_uniformity", "size": 16}
        },
        "optimization": {
            "class_path": "Optimization",
            "init_args": {"kind": "adamw", "learning_rate": 1e-3, "schedule": "cosine", "warm_up": 0.3},
        },
    }  # fmt: skip
    made = {
        "about": recipes.read("noise_pretraining/reduced")["about"],
        "seed": 5,
        "data": {
            "class_path": "NoiseDataModule",
            "init_args": {
                "process": "fractals", "length": 20, "batch_size": 8, "size": 24, "validation": 6, "keep": True
            },
        },
        "task": {"class_path": objective, "init_args": task | OBJECTIVES[objective]},
        "trainer": {"max_steps": STEPS, "accelerator": "cpu"},
        "checkpoint_every_n_steps": 1,
    }  # fmt: skip
    return recipes.override(made, {key.replace("__", "."): value for key, value in changes.items()})


def state(run: Path) -> dict[str, torch.Tensor]:
    """The state of a run, including the teacher, the queue and the centre."""
    return dict(torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"])


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_an_interrupted_run_has_the_same_result(
    objective: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        moments = copy_runs_where_they_may_be_lost(tmp_path / "whole", tmp_path / "lost", patched)
        train(recipe(objective), tmp_path / "whole")
    whole = state(tmp_path / "whole")
    assert any(name.startswith("teacher.") for name in whole) == (objective in {"MomentumContrastTask", "DinoTask"})
    # Inside of the first epoch, at its end, in the last step.
    for lost_in in (3, 4, 5):
        run = moments[f"step {lost_in}"]
        torch.rand(7)  # another process would not have this process's random state
        train(recipe(objective), run, resume=True)
        found = state(run)
        assert [name for name in whole if not torch.equal(found[name], whole[name])] == [], lost_in
        assert (run / "metrics.csv").read_text() == (tmp_path / "whole" / "metrics.csv").read_text()


def test_a_run_saves_a_backbone(tmp_path: Path) -> None:
    train(recipe(trainer__max_steps=1, task__optimization__warm_up=0.0), tmp_path / "run")
    weights = tmp_path / "run" / "weights"
    # The width is that of the weights.
    loaded, again = create("small_alexnet", weights=weights), hub.load_model(weights)
    assert isinstance(again, SmallAlexNet)
    learned = {
        name[len("embedder.backbone.") :]: value
        for name, value in state(tmp_path / "run").items()
        if "backbone" in name
    }
    assert learned.keys() == loaded.state_dict().keys() == again.state_dict().keys()
    for name, value in learned.items():
        assert torch.equal(loaded.state_dict()[name], value)
        assert torch.equal(again.state_dict()[name], value)


def test_a_run_starts_from_a_backbone(tmp_path: Path) -> None:
    train(recipe(trainer__max_steps=1), tmp_path / "first")
    still = {"task__optimization__learning_rate": 1e-12, "task__optimization__weight_decay": 0.0}
    train(
        recipe("MomentumContrastTask", seed=9, trainer__max_steps=1, init_from=str(tmp_path / "first"), **still),
        tmp_path / "second",
    )
    first, second = (hub.load_model(tmp_path / name / "weights").trunk[0].weight for name in ("first", "second"))
    torch.testing.assert_close(first, second)


def test_weights_that_are_not_those_of_their_config_are_refused(tmp_path: Path) -> None:
    train(recipe(trainer__max_steps=1), tmp_path / "run")
    weights = tmp_path / "run" / "weights"
    config = json.loads((weights / "config.json").read_text())
    (weights / "config.json").write_text(json.dumps(config | {"sha256": "0" * 64}))
    with pytest.raises(WeightsError, match=r"the sha256 is not the one in config\.json"):
        create("small_alexnet", width=0.05, weights=weights)


def test_a_collapse_of_embeddings_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point = torch.ones(8) / 8**0.5
    monkeypatch.setattr(noise_pretraining, "_SETTLED_STEPS", 3)
    monkeypatch.setattr(PerceptronHead, "forward", lambda self, vectors: point + 1e-3 * self.layers(vectors))
    with pytest.warns(UserWarning, match=r"step 3: the embeddings of 6 images are nearly identical"):
        train(recipe(trainer__max_steps=3), tmp_path / "run")


def test_a_loss_that_is_not_finite_names_the_step(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"step [1-5]: .*the batch contained index \["):
        train(recipe("SupervisedContrastiveTask", task__temperature=1e-40), tmp_path / "run")
