"""Monitoring of a backbone during training."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from crossmodal import recipe as recipes
from crossmodal.backbones import create
from crossmodal.errors import DatasetError
from crossmodal.run import train
from crossmodal.run.backbone_figures import draw_embedding, draw_filters
from crossmodal.run.watching import WatchBackbone


def recipe(**watched: Any) -> dict[str, Any]:
    """Four steps on small images of fractals, with a probe at every second step."""
    callback = {"class_path": "crossmodal.run.watching.WatchBackbone", "init_args": {"every_n_steps": 2} | watched}
    changes = {
        "data.process": "fractals", "data.length": 16, "data.batch_size": 8, "data.size": 24, "data.validation": 4,
        "task.model.name": "small_alexnet", "task.model.width": 0.05, "task.views.size": 16,
        "task.head": {"class_path": "PerceptronHead", "init_args": {"in_features": 10, "features": [8]}},
        "trainer.max_steps": 4, "trainer.accelerator": "cpu", "trainer.precision": "32-true",
        "trainer.callbacks": [callback],
    }  # fmt: skip
    return recipes.override(recipes.read("noise_pretraining/reduced"), changes)


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Two classes that differ in colour; the test files are not images."""
    rng = np.random.default_rng(0)
    for part in ("train", "val"):
        for name, colour in (("dark", 40), ("light", 200)):
            folder = tmp_path / "photographs" / part / name
            folder.mkdir(parents=True)
            for number in range(12):
                path = folder / f"{number}.png"
                if part == "val":
                    path.write_text("not to be looked at")
                else:
                    Image.fromarray((colour + rng.integers(0, 20, (40, 40, 3))).astype(np.uint8)).save(path)
    return tmp_path / "photographs"


def rows(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_probes_speed_and_figures(photographs: Path, tmp_path: Path) -> None:
    train(recipe(images=str(photographs), images_per_class=10, size=32, neighbours=3), tmp_path / "run")
    logged = rows(tmp_path / "run")
    assert [bool(row["watch/ridge_top1"]) for row in logged] == [False, True, False, True]
    assert float(logged[-1]["watch/ridge_top1"]) == float(logged[-1]["watch/knn_top1"]) == 1.0
    assert float(logged[-1]["train/images_per_s"]) > 0
    for name in ("filters.png", "embedding.png"):
        with Image.open(tmp_path / "run" / "figures" / name) as figure:
            assert min(figure.size) > 20


def test_monitoring_does_not_change_training(photographs: Path, tmp_path: Path) -> None:
    train(recipe(images=str(photographs), size=32, neighbours=3), tmp_path / "watched")
    train(recipes.override(recipe(), {"trainer.callbacks": []}), tmp_path / "alone")
    watched, alone = (load_file(tmp_path / name / "weights" / "model.safetensors") for name in ("watched", "alone"))
    assert all(torch.equal(watched[name], alone[name]) for name in alone)


def test_a_folder_without_classes_is_found_before_the_first_step(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="has no classes"):
        train(recipe(images=str(tmp_path / "empty")), tmp_path / "run")


def test_filters_are_drawn_each_at_full_range(tmp_path: Path) -> None:
    backbone = create("small_alexnet", width=0.05)
    with torch.no_grad():
        backbone.trunk[0].weight.zero_()
        backbone.trunk[0].weight[0, 0] = 0.001
    draw_filters(backbone, tmp_path / "filters.png")
    drawn = np.asarray(Image.open(tmp_path / "filters.png"))
    assert drawn[5, 5].tolist() == [255, 128, 128]
    assert drawn[5, 41].tolist() == [128, 128, 128]


def test_images_are_at_their_first_two_principal_components(tmp_path: Path) -> None:
    images = torch.zeros(3, 3, 8, 8, dtype=torch.uint8)
    draw_embedding(images, torch.tensor([[0.0, 0, 5], [10.0, 0, 5], [4.0, 3.0, 5]]), tmp_path / "embedding.png")
    covered = np.asarray(Image.open(tmp_path / "embedding.png")).max(axis=2) == 0
    assert covered.sum() == 3 * 40**2
    assert covered[:40].any()
    assert covered[-40:].any()


@pytest.mark.parametrize("name", ["images_per_class", "every_n_steps", "neighbours"])
def test_numbers_out_of_range(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        WatchBackbone(**{name: 0})
