"""A planted generator is dissected without a mistake, and masks of other images give no detectors."""

import numpy as np
import pytest
import torch
from torch import nn

from crossmodal.dissect import ArraySource, DrawnSource, Shuffled, dissect
from crossmodal.errors import DatasetError, WeightsError
from tests.unit.dissect.planted import CONCEPTS, UNITS, PlantedGenerator, draw_cells, planted_source, segment


@pytest.fixture(scope="module", params=["sketch", "exact", "information"])
def found(request):
    return dissect(PlantedGenerator(), "paint", planted_source(), level=request.param, share=0.03, pairings=400)


def test_units_are_named_for_what_they_draw(found):
    for unit, drawn in zip(found.units, UNITS, strict=True):
        if drawn is not None:
            assert (unit.concept, unit.detector) == (drawn, True)
            assert unit.low <= unit.iou <= unit.high
        else:
            assert not unit.detector
    assert found.summary()["detectors"] == 4
    assert found.summary()["unique_concepts"] == 4


def test_the_most_telling_level_finds_the_whole_thing():
    found = dissect(PlantedGenerator(), "paint", planted_source(), level="information", pairings=400)
    sun, wall = found.units[0], found.units[2]
    # Suns and walls may be hidden in part, doors leave holes in walls, and interpolation rounds the corners.
    assert sun.iou > 0.55
    assert wall.iou > 0.7
    assert 0.4 < sun.level < 1.05


def test_rankings_and_plain_values(found):
    assert found.ranking("door")[0] == 3
    with pytest.raises(ValueError, match="unknown concept 'dor'; did you mean door"):
        found.ranking("dor")
    told = found.as_dict()
    assert told["units"][0]["concept"] == "sun"
    assert told["settings"]["named_on"] + told["settings"]["scored_on"] == 160
    assert told["concepts"][0]["name"] == "ground"


def test_the_same_seed_gives_the_same_figures():
    first, second = (
        dissect(PlantedGenerator(), "paint", planted_source(64), pairings=200, seed=3).as_dict() for _ in range(2)
    )
    np.testing.assert_equal(first, second)


def layered_images(count, seed, noise=30):
    """Images with a horizon somewhere in the middle, and random things: all share a layout."""
    draws = np.random.default_rng(seed)
    labels = np.zeros((count, 32, 32), np.int64)
    for row in labels:
        row[draws.integers(12, 20) :] = 1
        top, left = draws.integers(0, 26, size=2)
        row[top : top + 6, left : left + 6] = 2
    shade = np.array([200, 80, 140])[labels] + draws.normal(0, noise, size=labels.shape)
    images = np.repeat(shade[:, None], 3, axis=1).clip(0, 255).astype(np.uint8)
    return ArraySource(torch.from_numpy(images), torch.from_numpy(labels), {0: "sky", 1: "ground", 2: "thing"})


class RandomNetwork(nn.Module):
    """Sixty-four random filters."""

    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.filters = nn.Conv2d(3, 64, 5, stride=2, padding=2)

    def forward(self, images):
        return self.filters(images / 255 - 0.5).relu()


@pytest.mark.parametrize("share", [0.01, 0.05])
def test_masks_of_others_leave_under_five_percent_of_units_above_the_cut(share):
    shares = []
    for seed in range(3):
        source = Shuffled(layered_images(200, seed), seed)
        found = dissect(RandomNetwork(seed), "filters", source, share=share, resamples=20, pairings=400, seed=seed)
        shares.append(found.summary()["detectors"] / 64)
    # Chance gives any detector in 5 % of runs, so three runs with more than 5 % of units each are out of the question.
    assert np.mean(shares) < 0.05
    if share == 0.05:
        assert found.summary()["detectors_by_published_cut"] > 32, "the fixed cut means nothing at this level"


def test_true_masks_are_seen_through_the_layout():
    found = dissect(RandomNetwork(), "filters", layered_images(200, 0, 5), share=0.05, resamples=20, pairings=400)
    assert len(found.detectors) > 8


def test_rare_concepts_are_left_out_and_without_any_it_is_said():
    source = planted_source(64)
    found = dissect(PlantedGenerator(), "paint", source, least_share=0.05, pairings=200)
    assert "door" in found.left_out
    with pytest.raises(DatasetError, match=r"no concept is frequent enough: each needs 99 %.*ground"):
        dissect(PlantedGenerator(), "paint", source, least_share=0.99, pairings=200)


def test_values_that_are_no_numbers_are_said():
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
    with pytest.raises(ValueError, match="share of active cells"):
        dissect(PlantedGenerator(), "paint", planted_source(32), share=0)
