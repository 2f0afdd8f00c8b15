"""Outdoor scenes: exact masks, parts in their context, and the distributions of the draws; false-alarm rate 1e-4
each.
"""

import numpy as np
import pytest
import torch
from scipy import stats

from crossmodal.simulation.scenes import OUTDOOR_CLASSES, OUTDOOR_CONTEXT, OutdoorScenes
from crossmodal.simulation.scenes import outdoor_draws as columns

ALARM = 1e-4
BUSY = OutdoorScenes(clouds=3, houses=3, trees=4)
WALL, DOOR, SUN = (OUTDOOR_CLASSES.names.index(name) for name in ("wall", "door", "sun"))


def slow_masks(draws, samples=1):
    """Slow reference: test all points for each shape and overwrite; returns shape numbers (n, rows, columns)."""
    height, width = draws.size
    step = 1.0 / (3 * min(height, width))
    offsets = [1] if samples == 1 else [0, 1, 2]
    y = ((3 * np.arange(height)[:, None] + offsets).ravel() + 0.5) * step
    x = ((3 * np.arange(width)[:, None] + offsets).ravel() + 0.5) * step
    y, x = np.meshgrid(y, x, indexing="ij")
    painted = np.zeros((len(draws.shapes), *x.shape), np.int64)
    for image, shapes in zip(painted, draws.shapes, strict=True):
        for number, shape in enumerate(shapes):
            left, right, top, bottom = shape[columns.LEFT : columns.BOTTOM + 1]
            inside = (left <= x) & (x < right) & (top <= y) & (y < bottom)
            if shape[columns.OUTLINE] == columns.NOTHING:
                continue
            across, down = (2.0 * x - left - right) / (right - left), (y - top) / (bottom - top)
            if shape[columns.OUTLINE] == columns.ELLIPSE:
                inside &= across**2 + (2.0 * down - 1.0) ** 2 < 1.0
            elif shape[columns.OUTLINE] == columns.TRAPEZOID:
                inside &= np.abs(across) < shape[columns.FORM] + (1.0 - shape[columns.FORM]) * down
            elif shape[columns.OUTLINE] == columns.HILL:
                along = (x - left) / (right - left)
                inside = y >= top - shape[columns.FORM] * (4.0 * along * (1.0 - along))
            image[inside] = number
    return painted


@pytest.mark.parametrize("size", [32, 64, (40, 90)])
def test_masks_are_those_of_the_slow_reference(size):
    draws = BUSY.sample(range(60), size, seed=1)
    painted, labelled = slow_masks(draws), BUSY.render_labelled(draws)
    for column, found in ((columns.CLASS, labelled.masks), (columns.THING, labelled.things)):
        values = np.take_along_axis(draws.shapes[..., column], painted.reshape(60, -1), axis=1)
        assert np.array_equal(values.reshape(painted.shape), found.numpy())


def test_images_are_the_mean_colour_of_nine_samples():
    draws = BUSY.sample(range(10), 32)
    painted = slow_masks(draws, samples=9)
    y = (np.arange(96) + 0.5)[:, None] / 96
    for shapes, numbers, image in zip(draws.shapes, painted, BUSY.render_labelled(draws).images, strict=True):
        shape = shapes[numbers]
        top, bottom = shape[..., columns.TOP], shape[..., columns.BOTTOM]
        down = np.clip((y - top) / (bottom - top), 0, 1)[..., None]
        upper, lower = shape[..., columns.UPPER : columns.UPPER + 3], shape[..., columns.LOWER : columns.LOWER + 3]
        colours = (upper + (lower - upper) * down).reshape(32, 3, 32, 3, 3).mean(axis=(1, 3))
        assert np.abs(np.clip(colours, 0, 255).transpose(2, 0, 1) - image.numpy()).max() <= 0.501


@pytest.mark.parametrize("part", OUTDOOR_CONTEXT)
def test_a_removed_part_uncovers_its_context(part):
    draws = BUSY.sample(range(300), 48)
    whole, bare = BUSY.render_labelled(draws), BUSY.render_labelled(draws.without([part]))
    removed = whole.part_masks([part])[:, 0]
    context = {index for name in OUTDOOR_CONTEXT[part] for index in OUTDOOR_CLASSES.indices(name)}
    assert removed.sum() > 1000
    assert set(bare.masks[removed].unique().tolist()) <= context
    assert torch.equal(bare.masks[~removed], whole.masks[~removed])
    assert not bare.part_masks([part]).any()


def test_doors_and_windows_belong_to_the_house_whose_wall_they_are_on():
    draws = BUSY.sample(range(300), 48)
    whole, walls = BUSY.render_labelled(draws), BUSY.render_labelled(draws.without(["door", "window"]))
    openings = whole.part_masks(["door", "window"]).any(dim=1)
    assert torch.equal(whole.things[openings], walls.things[openings])


def shapes_of(draws, name):
    shapes = draws.shapes.reshape(-1, columns.COLUMNS)
    return shapes[(shapes[:, columns.CLASS] == OUTDOOR_CLASSES.names.index(name)) & (shapes[:, columns.OUTLINE] > 0)]


def test_openings_are_within_the_wall_and_disjoint():
    for row in BUSY.sample(range(400), 32).shapes:
        existing = row[row[:, columns.OUTLINE] > 0]
        for wall in existing[existing[:, columns.CLASS] == WALL]:
            own = existing[existing[:, columns.THING] == wall[columns.THING]]
            openings = own[np.isin(own[:, columns.CLASS], [DOOR, OUTDOOR_CLASSES.names.index("window")])]
            assert (openings[:, columns.LEFT] > wall[columns.LEFT]).all()
            assert (openings[:, columns.RIGHT] < wall[columns.RIGHT]).all()
            assert (openings[:, columns.TOP] > wall[columns.TOP]).all()
            doors = openings[openings[:, columns.CLASS] == DOOR]
            assert len(doors) <= 1
            assert (doors[:, columns.BOTTOM] == wall[columns.BOTTOM]).all()
            in_order = openings[np.argsort(openings[:, columns.LEFT])]
            assert (in_order[1:, columns.LEFT] > in_order[:-1, columns.RIGHT]).all()


def test_things_are_on_the_ground_and_the_sun_is_above_it():
    draws = BUSY.sample(range(500), 32)
    for row in draws.shapes:
        existing = row[row[:, columns.OUTLINE] > 0]
        hill = existing[existing[:, columns.CLASS] == columns.GROUND][0]
        highest, lowest = (
            hill[columns.TOP] - max(hill[columns.FORM], 0),
            hill[columns.TOP] + max(-hill[columns.FORM], 0),
        )
        standing = existing[np.isin(existing[:, columns.CLASS], [columns.WALL, columns.TRUNK])]
        assert (standing[:, columns.BOTTOM] > lowest).all()
        assert (existing[existing[:, columns.CLASS] == SUN][:, columns.BOTTOM] < highest).all()


def test_nearer_things_are_painted_later():
    for row in BUSY.sample(range(300), 32).shapes:
        standing = row[(row[:, columns.OUTLINE] > 0) & np.isin(row[:, columns.CLASS], [columns.WALL, columns.TRUNK])]
        assert (np.diff(standing[:, columns.BOTTOM]) >= 0).all()


def test_things_hide_each_other():
    draws = BUSY.sample(range(300), 32)
    whole = BUSY.render_labelled(draws)
    trees_alone = BUSY.render_labelled(draws.without(["house"]))
    hidden = trees_alone.part_masks(["tree"]).sum() - whole.part_masks(["tree"]).sum()
    assert hidden > 0.03 * whole.part_masks(["tree"]).sum()


def test_a_whole_is_removed_with_all_its_parts():
    bare = BUSY.render_labelled(BUSY.sample(range(50), 32).without(["house", "tree"]))
    assert not bare.part_masks(["house", "tree"]).any()
    with pytest.raises(ValueError, match="did you mean house"):
        BUSY.sample([0], 32).without(["hous"])


def test_numbers_of_things_follow_their_law():
    process = OutdoorScenes(dusk=0.3, sun=0.6, clouds=2, houses=3, trees=4)
    attributes = {name: values.numpy() for name, values in process.attributes(range(5000), 32).items()}
    for name, most in (("clouds", 2), ("houses", 3), ("trees", 4)):
        assert stats.chisquare(np.bincount(attributes[name], minlength=most + 1)).pvalue > ALARM
    for name, probability in (("dusk", 0.3), ("sun", 0.6)):
        assert stats.binomtest(int(attributes[name].sum()), 5000, probability).pvalue > ALARM
    assert stats.binomtest(int(attributes["doors"].sum()), int(attributes["houses"].sum()), 0.85).pvalue > ALARM
    # Of three slots a door takes one; each other has a window in 7 of 10.
    slots = int(3 * attributes["houses"].sum() - attributes["doors"].sum())
    assert stats.binomtest(int(attributes["windows"].sum()), slots, 0.7).pvalue > ALARM
    table = np.histogram2d(attributes["dusk"], attributes["houses"], bins=(2, 4))[0]
    assert stats.chi2_contingency(table).pvalue > ALARM


def test_what_is_not_asked_for_is_not_there():
    bare = OutdoorScenes(sun=0, clouds=0, houses=0, trees=0).label(range(50), 32)
    assert set(bare.masks.unique().tolist()) == {0, 1}
    assert OutdoorScenes(sun=1, clouds=0, trees=0, houses=0).label(range(50), 32).part_masks(["sun"]).any((2, 3)).all()


def test_attributes_are_what_is_drawn():
    draws = BUSY.sample(range(200), 32)
    for name, attribute in (("wall", "houses"), ("trunk", "trees"), ("door", "doors"), ("window", "windows")):
        assert len(shapes_of(draws, name)) == draws.attributes[attribute].sum()
    dusk = OutdoorScenes(dusk=1)(range(50), 32).float().mean()
    assert dusk < 0.7 * OutdoorScenes(dusk=0)(range(50), 32).float().mean()
