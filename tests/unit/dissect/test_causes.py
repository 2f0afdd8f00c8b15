"""Effects of planted units, which are known: objects vanish, and doors appear on walls only."""

import numpy as np
import pytest
import torch

from crossmodal.dissect import (
    ablation_curve,
    average_causal_effect,
    dissect,
    edit,
    insertion_by_context,
    mean_at_concept,
    rank_by_effect,
)
from crossmodal.errors import DatasetError
from tests.unit.dissect.planted import PlantedGenerator, draw_cells, planted_source

ON = torch.tensor([1.0])


def test_ablation_removes_an_object_and_random_units_do_not():
    model, source = PlantedGenerator(), planted_source(96)
    found = dissect(model, "paint", source, permutations=200)
    curve = ablation_curve(model, "paint", source, found.ranking("sun"), counts=(1, 2), random_rankings=4)
    (_, own, other), _ = curve.of("sun")
    assert own == (-1, -1, -1)
    assert other.low <= other.value <= other.high
    assert other.value > -0.6
    (_, ground, _), _ = curve.of("ground")
    assert 0 < ground.low < ground.high < 0.2, "the ground behind the sun appears"
    assert curve.as_dict()["curves"]["sun"][0]["change"]["value"] == -1


def test_units_are_ranked_by_the_pixels_they_remove():
    model, source = PlantedGenerator(), planted_source(48)
    assert rank_by_effect(model, "paint", source, "sun")[0] == 0
    # A door vanishes with its own unit or with the wall behind it; then nothing is left to remove.
    assert rank_by_effect(model, "paint", source, "door", greedy=2)[0] in (2, 3)
    assert sorted(rank_by_effect(model, "paint", source, "tree", greedy=9)) == list(range(7))


def test_curves_of_any_output():
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3), torch.nn.ReLU())
    model[1].bias.data.fill_(2.0)

    class Numbers:
        concepts, over = {}, "input"

        def __len__(self):
            return 40

        def inputs(self, indices):
            return (torch.rand(len(indices), 4, generator=torch.Generator().manual_seed(int(indices[0]))),)

    curve = ablation_curve(
        model,
        "1",
        Numbers(),
        [2, 0, 1],
        counts=(1,),
        measure=lambda out: out,
        quantities=("a", "b", "c"),
        random_rankings=0,
    )
    assert curve.of("c")[0][1].value == -1
    assert curve.of("a")[0][1].value == 0
    assert np.isnan(curve.of("a")[0][2].value)
    with pytest.raises(ValueError, match="needs a measure"):
        ablation_curve(model, "1", Numbers(), [0, 1, 2], counts=(1,))


def test_doors_appear_on_walls_only():
    found = {
        one.context: one
        for one in insertion_by_context(
            PlantedGenerator(), "paint", planted_source(400), [3], "door", value=ON, patch=1
        )
    }
    assert found["wall"].rate == (1, 1, 1)
    assert found["ground"].rate == (0, 0, 0)
    assert sum(one.positions for one in found.values()) <= 400
    assert "door" not in found


def test_the_effect_of_a_sun_is_measured_at_its_position():
    effect = average_causal_effect(PlantedGenerator(), "paint", planted_source(200), [0], "sun", value=ON, patch=2)
    assert effect.ablated.value == 0
    # A sun covers its position, except where a tree, wall or door is in front of it.
    assert 0.5 < effect.inserted.low < effect.inserted.value < effect.inserted.high < 1
    assert effect.effect.value == effect.inserted.value
    none = average_causal_effect(PlantedGenerator(), "paint", planted_source(200), [4], "sun", value=ON)
    assert none.effect == (0, 0, 0)


def test_mean_at_a_concept():
    mean = mean_at_concept(PlantedGenerator(), "paint", planted_source(64), "door")
    assert mean[3] > 0.99
    assert mean[2] > 0.99, "there is a wall behind every door"
    assert mean[0] < 0.3


def test_edits_at_cells_of_units_end_with_the_block():
    model, (maps,) = PlantedGenerator(), draw_cells(np.arange(2))
    cells = torch.zeros(2, 8, 8)
    cells[0, 1, 2] = 1
    kept = []
    with edit(model, "paint", [1, 4], torch.tensor([5.0, 6.0]), cells=cells):
        model.paint.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
        model(maps)
    expected = maps.clone()
    expected[0, [1, 4], 1, 2] = torch.tensor([5.0, 6.0])
    torch.testing.assert_close(kept[0], expected)
    assert len(model.paint._forward_hooks) == 1
    with edit(model, "paint", []):
        torch.testing.assert_close(model(maps), PlantedGenerator()(maps))
    with edit(model, "paint", [9]), pytest.raises(ValueError, match="units 0 to 6, got"):
        model(maps)


def test_invalid_arguments_are_refused():
    model, source = PlantedGenerator(), planted_source(32)
    with pytest.raises(ValueError, match="unknown concept 'moon'"):
        mean_at_concept(model, "paint", source, "moon")
    with pytest.raises(ValueError, match="patch of 1 to 8"):
        average_causal_effect(model, "paint", source, [0], "sun", value=ON, patch=9)
    with pytest.raises(ValueError, match="holds 1"):
        ablation_curve(model, "paint", source, [0], counts=(2,))
    source.concepts = source.concepts | {7: "moon"}
    with pytest.raises(DatasetError, match="none of 32 images shows 'moon'"):
        mean_at_concept(model, "paint", source, "moon")
