"""Classes by name, and the contract of every process of labelled images."""

from dataclasses import FrozenInstanceError

import pytest
import torch

from crossmodal.simulation import scenes
from crossmodal.simulation.scenes import ClassList, OutdoorScenes, SolidScenes

PARTS = ClassList(("sky", "wall", "door"), ((1, 2, 3), (4, 5, 6), (7, 8, 9)), {"house": ("wall", "door")})
PROCESSES = [OutdoorScenes(), SolidScenes()]


def test_masks_split_into_classes_and_wholes():
    mask = torch.tensor([[[0, 1], [2, 1]]], dtype=torch.uint8)
    sky, door, house = PARTS.masks(mask, ["sky", "door", "house"])[0]
    assert sky.tolist() == [[True, False], [False, False]]
    assert door.tolist() == [[False, False], [True, False]]
    assert torch.equal(house, ~sky)
    assert PARTS.masks(mask).sum(dim=1).eq(1).all()
    assert PARTS.paint(mask)[0, :, 1, 0].tolist() == [7, 8, 9]


def test_a_misspelt_concept_is_named():
    with pytest.raises(ValueError, match="did you mean house"):
        PARTS.indices("huose")


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
class TestEveryProcess:
    def test_an_image_depends_only_on_seed_index_and_size(self, process):
        alone = [process.label([index], 32, seed=3) for index in (7, 2, 90)]
        together = process.label([2, 90, 7, 2], 32, seed=3)
        for index, one in zip((3, 0, 2), (alone[1], alone[1], alone[0]), strict=True):
            for name in ("images", "masks", "things"):
                assert torch.equal(getattr(together, name)[index], getattr(one, name)[0])
            for name, values in together.attributes.items():
                assert torch.equal(values[index], one.attributes[name][0])
        assert not torch.equal(together.images, process.label([2, 90, 7, 2], 32, seed=4).images)

    def test_replayed_draws_and_plain_images_are_the_same(self, process):
        draws = process.sample(range(5), (32, 48), 1)
        labelled = process.render_labelled(draws)
        assert torch.equal(labelled.images, process(range(5), (32, 48), 1))
        assert labelled.images.shape == (5, 3, 32, 48)
        assert labelled.masks.shape == labelled.things.shape == (5, 32, 48)
        assert {values.dtype for values in labelled.attributes.values()} == {torch.int64}
        attributes = process.attributes(range(5), (32, 48), 1)
        assert all(torch.equal(values, labelled.attributes[name]) for name, values in attributes.items())

    def test_masks_have_classes_and_every_class_occurs(self, process):
        labelled = process.label(range(100), 32)
        assert labelled.masks.unique().tolist() == list(range(len(process.class_list)))
        assert labelled.part_masks().sum(dim=1).eq(1).all()

    def test_a_square_image_is_the_same_scene_at_every_size(self, process):
        # The centre of each pixel of 32 is the centre of every third one of 96.
        small, large = (process.label(range(30), size) for size in (32, 96))
        assert torch.equal(small.masks, large.masks[:, 1::3, 1::3])
        assert torch.equal(small.things, large.things[:, 1::3, 1::3])
        assert all(torch.equal(values, large.attributes[name]) for name, values in small.attributes.items())

    def test_an_image_is_its_large_one_averaged(self, process):
        # 3 x 3 samples a pixel: those of 32 pixels are the centre samples of 96. A rounding error of one level remains.
        small = process(range(4), 32).float()
        averaged = torch.nn.functional.avg_pool2d(process(range(4), 96).float(), 3)
        assert (small - averaged).abs().mean() < 4

    def test_it_can_be_created_by_its_name(self, process):
        assert scenes.create(process.name, **process.describe()["options"]) == process
        with pytest.raises(FrozenInstanceError):
            process.name = "other"

    def test_a_size_that_is_too_small_is_refused(self, process):
        with pytest.raises(ValueError, match="at least 16"):
            process(range(2), 15)
        assert process([], 32).shape == (0, 3, 32, 32)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("outdoors", {}, "did you mean outdoor"),
        ("outdoor", {"tree": 3}, "did you mean trees"),
        ("outdoor", {"trees": 7}, "0 to 6"),
        ("outdoor", {"dusk": 1.5}, "probability"),
        ("solids", {"fewest": 4, "most": 3}, "fewest <= most"),
    ],
)
def test_mistakes_are_named(name, options, message):
    with pytest.raises(ValueError, match=message):
        scenes.create(name, **options)


def test_all_processes_are_listed():
    assert scenes.names() == ("outdoor", "solids")
