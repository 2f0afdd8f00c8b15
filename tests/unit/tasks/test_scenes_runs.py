"""Small runs on scenes: identical to the last bit when interrupted, and the saved weights work."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from crossmodal import hub
from crossmodal import recipe as recipes
from crossmodal.run import train
from tests.fakes.lost_machine import copy_runs_where_they_may_be_lost

pytestmark = pytest.mark.usefixtures("without_curves")

TINY = {
    "data.size": 16,
    "data.batch_size": 4,
    "data.validation": 8,
    "data.evaluation": 16,
    "trainer.max_steps": 5,
    "trainer.val_check_interval": 3,
    "trainer.accelerator": "cpu",
    "checkpoint_every_n_steps": 1,
}
THIN = {
    "scenes/segmenter": {"task.model.width": 2},
    "scenes/generator_dusk": {
        "task.model.size": 16,
        "task.model.width": 0.25,
        "task.discriminator.size": 16,
        "task.discriminator.width": 0.25,
    },
}


def tiny(name: str) -> dict[str, Any]:
    return recipes.override(recipes.read(name), TINY | THIN[name])


@pytest.mark.parametrize("name", THIN)
def test_an_interrupted_run_has_the_same_result(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        moments = copy_runs_where_they_may_be_lost(tmp_path / "whole", tmp_path / "lost", patched)
        train(tiny(name), tmp_path / "whole")
    torch.rand(7)  # another process would not have this process's random state
    lost = moments["step 3"]
    train(tiny(name), lost, resume=True)
    whole, resumed = (load_file(run / "weights" / "model.safetensors") for run in (tmp_path / "whole", lost))
    assert [key for key in whole if not torch.equal(whole[key], resumed[key])] == []


def test_a_run_starts_from_earlier_weights(tmp_path: Path) -> None:
    name = "scenes/generator_dusk"
    train(tiny(name), tmp_path / "first")
    still = {"init_from": str(tmp_path / "first"), "task.learning_rate": 1e-12, "trainer.max_steps": 1}
    train(recipes.override(tiny(name), still), tmp_path / "second")
    first, second = (hub.load_model(tmp_path / run / "weights") for run in ("first", "second"))
    latents, labels = first.latents(range(2)), torch.tensor([0, 1])
    torch.testing.assert_close(first(latents, labels), second(latents, labels))
