"""A planted generator is dissected without an error, and permuted masks give no detectors."""

import numpy as np
import pytest
import torch
from torch import nn

from crossmodal.dissect import ArraySource, DrawnSource, PermutedMasks, dissect
from crossmodal.errors import DatasetError, WeightsError
from tests.unit.dissect.planted import CONCEPTS, UNITS, PlantedGenerator, draw_cells, planted_source, segment


@pytest.fixture(scope="module", params=["sketch", "exact", "information"])
def found(request):
    return dissect(
        PlantedGenerator(), "paint", planted_source(), threshold=request.param, fraction=0.03, permutations=400
    )


def test_units_are_named_for_the_objects_they_draw(found):
    for unit, drawn in zip(found.units, UNITS, strict=True):
        if drawn is not None:
            assert (unit.concept, unit.detector) == (drawn, True)
            assert unit.iou.low <= unit.iou.value <= unit.iou.high
        else:
            assert not unit.detector
    assert found.summary()["detectors"] == 4
    assert found.summary()["unique_concepts"] == 4


def test_the_most_informative_threshold_finds_the_whole_object():
    found = dissect(PlantedGenerator(), "paint", planted_source(), threshold="information", permutations=400)
    sun, wall = found.units[0], found.units[2]
    # Suns and walls may be partly hidden, doors leave holes in walls, and interpolation rounds the corners.
    assert sun.iou.value > 0.55
    assert wall.iou.value > 0.7
    assert 0.4 < sun.threshold < 1.05


def test_rankings_and_plain_values(found):
    assert found.ranking("door")[0] == 3
    with pytest.raises(ValueError, match="unknown concept 'dor'; did you mean door"):
        found.ranking("dor")
    plain = found.as_dict()
    assert plain["units"][0]["concept"] == "sun"
    assert plain["units"][0]["iou_low"] == found.units[0].iou.low
    assert plain["settings"]["named_on"] + plain["settings"]["scored_on"] == 160
    assert plain["concepts"][0]["name"] == "ground"


def test_the_same_seed_gives_the_same_figures():
    first, second = (
        dissect(PlantedGenerator(), "paint", planted_source(64), permutations=200, seed=3).as_dict() for _ in range(2)
    )
    np.testing.assert_equal(first, second)


def layered_images(count, seed, noise=30):
    """Images with a horizon near the middle and random objects: they have a layout in common."""
    draws = np.random.default_rng(seed)
    labels = np.zeros((count, 32, 32), np.int64)
    for row in labels:
        row[draws.integers(12, 20) :] = 1
        top, left = draws.integers(0, 26, size=2)
        row[top : top + 6, left : left + 6] = 2
    shade = np.array([200, 80, 140])[labels] + draws.normal(0, noise, size=labels.shape)
    images = np.repeat(shade[:, None], 3, axis=1).clip(0, 255).astype(np.uint8)
    return ArraySource(torch.from_numpy(images), torch.from_numpy(labels), {0: "sky", 1: "ground", 2: "object"})


class RandomNetwork(nn.Module):
    """64 random filters."""

    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.filters = nn.Conv2d(3, 64, 5, stride=2, padding=2)

    def forward(self, images):
        return self.filters(images / 255 - 0.5).relu()


@pytest.mark.parametrize("fraction", [0.01, 0.05])
def test_with_permuted_masks_under_five_percent_of_units_exceed_the_threshold(fraction):
    detectors = []
    for seed in range(3):
        source = PermutedMasks(layered_images(200, seed), seed)
        found = dissect(
            RandomNetwork(seed), "filters", source, fraction=fraction, resamples=20, permutations=400, seed=seed
        )
        detectors.append(found.summary()["detectors"] / 64)
    # Under the null hypothesis 5 % of runs have any detector: three runs with more than 5 % of units each do not occur.
    assert np.mean(detectors) < 0.05
    if fraction == 0.05:
        assert found.summary()["detectors_by_published_threshold"] > 32, "the fixed threshold is meaningless here"


def test_true_masks_give_detectors_despite_the_common_layout():
    found = dissect(
        RandomNetwork(), "filters", layered_images(200, 0, 5), fraction=0.05, resamples=20, permutations=400
    )
    assert len(found.detectors) > 8


def test_rare_concepts_are_left_out_and_without_any_concept_it_fails():
    source = planted_source(64)
    found = dissect(PlantedGenerator(), "paint", source, min_fraction=0.05, permutations=200)
    assert "door" in found.left_out
    with pytest.raises(DatasetError, match=r"no concept is frequent enough: each needs 99 %.*ground"):
        dissect(PlantedGenerator(), "paint", source, min_fraction=0.99, permutations=200)


def test_values_that_are_not_finite_are_refused():
    class Broken(PlantedGenerator):
        def forward(self, maps):
            return super().forward(maps) * float("nan")

    with pytest.raises(WeightsError, match=r"the generator's images hold values that are not numbers \(16 of 16"):
        dissect(Broken(), "paint", planted_source(32))
    source = DrawnSource(lambda indices: (draw_cells(indices)[0] / 0,), segment, CONCEPTS, count=32)
    with pytest.raises(WeightsError, match="the layer's activations hold values that are not numbers"):
        dissect(PlantedGenerator(), "paint", source)


def test_networks_that_draw_no_images_are_no_generators():
    class Flat(PlantedGenerator):
        def forward(self, maps):
            return super().forward(maps).mean(dim=(2, 3))

    with pytest.raises(WeightsError, match="is this network a generator"):
        dissect(Flat(), "paint", planted_source(32))
    with pytest.raises(DatasetError, match="at least 4 images"):
        dissect(PlantedGenerator(), "paint", planted_source(3))
    with pytest.raises(ValueError, match="has no layer 'pain'; did you mean paint"):
        dissect(PlantedGenerator(), "pain", planted_source(32))
    with pytest.raises(ValueError, match="fraction of active cells"):
        dissect(PlantedGenerator(), "paint", planted_source(32), fraction=0)
