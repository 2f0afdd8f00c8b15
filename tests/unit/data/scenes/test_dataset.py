"""Scenes as data: sets, batches that depend only on the step, images that stay held out."""

import numpy as np
import pytest
import torch

from crossmodal import recipe as recipes
from crossmodal.data import SceneDataset, ScenesDataModule
from crossmodal.simulation.scenes import OutdoorScenes, SolidScenes


def test_a_sample_is_its_image_of_the_process():
    process = OutdoorScenes()
    dataset = SceneDataset(process, 10, size=32, seed=1, first=50, label="trees")
    whole = process.label(range(50, 60), 32, 1)
    sample = dataset[3]
    assert torch.equal(sample["image"], whole.images[3])
    assert torch.equal(sample["mask"], whole.masks[3])
    assert (int(sample["index"]), int(sample["label"])) == (53, int(whole.attributes["trees"][3]))
    batch = dataset.batch([3, 4])
    assert all(torch.equal(values[0], sample[name]) for name, values in batch.items())


def test_labels_are_attributes_of_an_image():
    with pytest.raises(ValueError, match="did you mean trees"):
        SceneDataset(OutdoorScenes(), 2, label="tres")
    with pytest.raises(ValueError, match="choose one of: count"):
        SceneDataset(SolidScenes(), 2, label="shape")


def batches(data: ScenesDataModule, count: int) -> list[dict[str, torch.Tensor]]:
    loader = iter(data.train_dataloader())
    return [data.on_after_batch_transfer(next(loader), 0) for _ in range(count)]


def test_training_images_never_repeat_and_are_not_held_out():
    data = ScenesDataModule(batch_size=8, validation=20, evaluation=30, seed=3)
    drawn = batches(data, 5)
    indices = torch.cat([batch["index"] for batch in drawn])
    assert np.array_equal(indices.sort().values, range(50, 90))
    again = batches(ScenesDataModule(batch_size=8, validation=20, evaluation=30, seed=3), 5)
    assert all(torch.equal(one["image"], two["image"]) for one, two in zip(drawn, again, strict=True))
    assert drawn[0].keys() == {"image", "mask", "index"}


def test_a_resumed_loader_continues():
    data = ScenesDataModule(batch_size=4)
    loader = data.train_dataloader()
    for _, _batch in zip(range(3), loader, strict=False):
        pass
    resumed = ScenesDataModule(batch_size=4).train_dataloader()
    resumed.load_state_dict(loader.state_dict())
    assert torch.equal(next(iter(resumed))["index"], next(iter(loader))["index"])


def test_validation_and_evaluation_are_disjoint():
    data = ScenesDataModule(batch_size=8, validation=20, evaluation=30, label="dusk")
    validated = torch.cat([batch["index"] for batch in data.val_dataloader()])
    evaluated = [int(data.evaluation_dataset()[place]["index"]) for place in (0, 29)]
    assert validated.tolist() == list(range(20))
    assert evaluated == [20, 49]
    assert set(data.evaluation_dataset().batch(range(30))["label"].tolist()) == {0, 1}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"process": "outdor"}, "did you mean outdoor"),
        ({"options": {"suns": 1}}, "did you mean sun"),
        ({"label": "duskk"}, "did you mean dusk"),
        ({"size": 8}, "at least 16"),
        ({"batch_size": 0}, "positive"),
    ],
)
def test_mistakes_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        ScenesDataModule(**options)


@pytest.mark.parametrize("name", [name for name in recipes.names() if name.startswith("scenes/")])
def test_recipes_need_no_files(name):
    recipe = recipes.read(name)
    recipes.check(recipe, name)
    data = recipes.build(recipe["data"], "data", seed=0)
    assert len(data.evaluation_dataset()) >= 1000
