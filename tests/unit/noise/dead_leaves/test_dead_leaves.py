"""The law of dead leaves, their textures, their options. Every p-value: false-alarm rate 1e-4, on fixed draws."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch
from scipy import stats

from crossmodal.noise import create, from_description
from crossmodal.noise.dead_leaves import process as dead_leaves
from crossmodal.noise.dead_leaves.law import LONGEST_SIDE, UNIT, most_leaves, pixel_radii
from crossmodal.noise.dead_leaves.process import SHAPES, DeadLeaves, find_regions, list_leaves, radius_law
from crossmodal.noise.dead_leaves.tensor import draw_colours, draw_leaves
from crossmodal.noise.process import Process

ALARM = 1e-4
SIDE = 4096  # at which each of the 200 radii has its own number of pixels


@pytest.fixture(scope="module")
def drawn():
    """200,000 leaves of the mixed law, from a hundred images."""
    draws = DeadLeaves().sample(range(100), SIDE)
    indices, numbers = torch.arange(100)[:, None], torch.arange(2000)[None]
    return draw_leaves(draws, indices, numbers), draw_colours(draws, indices, numbers)


def uniform(values, bins):
    return stats.chisquare(np.bincount(np.asarray(values).ravel(), minlength=bins)).pvalue


def test_radii_have_the_published_distribution(drawn):
    radii, probabilities = radius_law()
    assert np.allclose(probabilities * (radii[0] ** -3 - 1), probabilities[0] * (radii**-3 - 1))
    assert probabilities.sum() == pytest.approx(1)
    leaves, _ = drawn
    place = np.searchsorted(pixel_radii((SIDE, SIDE)), leaves.radius.numpy().ravel())
    assert np.array_equal(pixel_radii((SIDE, SIDE))[place], leaves.radius.numpy().ravel())
    seen, expected = np.bincount(place, minlength=200), probabilities * place.size
    rare = expected < 20
    seen, expected = (np.append(array[~rare], array[rare].sum()) for array in (seen, expected))
    assert stats.chisquare(seen, expected).pvalue > ALARM


def test_the_quantiles_of_the_radius_are_those_of_the_reference():
    radii, probabilities = radius_law()
    quantiles = radii[np.searchsorted(np.cumsum(probabilities), [0.9, 0.95, 0.99])]
    assert np.allclose(quantiles, [0.088, 0.123, 0.254], atol=0.001)
    assert probabilities[0] == pytest.approx(0.28, abs=0.005)


def test_radii_scale_with_the_shorter_side():
    assert pixel_radii((128, 128))[[0, -1]].tolist() == [3, 128]
    assert np.array_equal(pixel_radii((64, 200)), pixel_radii((64, 64)))
    assert pixel_radii((5, 9)).min() == 1


def test_centres_are_uniform():
    draws = DeadLeaves().sample(range(100), (50, 120))
    leaves = draw_leaves(draws, torch.arange(100)[:, None], torch.arange(2000)[None])
    assert uniform(leaves.row, 50) > ALARM
    assert uniform(leaves.column, 120) > ALARM
    assert stats.pearsonr(leaves.row.ravel(), leaves.column.ravel()).pvalue > ALARM


def test_shapes_are_uniform_and_independent_of_the_radius(drawn):
    leaves, _ = drawn
    assert uniform(leaves.shape, len(SHAPES)) > ALARM
    table = np.histogram2d(leaves.shape.ravel(), leaves.radius.ravel() > 200, bins=(6, 2))[0]
    assert stats.chi2_contingency(table).pvalue > ALARM


def test_colours_are_floors_of_255_uniforms_and_never_black(drawn):
    _, colours = drawn
    for channel in range(3):
        assert uniform(colours[..., channel], 255) > ALARM
    assert int(colours.max()) == 254
    assert colours.any(dim=-1).all()
    for a, b in ((0, 1), (1, 2), (0, 2)):
        assert stats.pearsonr(colours[..., a].ravel(), colours[..., b].ravel()).pvalue > ALARM


def test_corners_lie_on_the_circle_and_make_the_shape(drawn):
    leaves, _ = drawn
    x, y, radius = leaves.x.double() / UNIT, leaves.y.double() / UNIT, leaves.radius.double()
    # Half a unit of rounding in each coordinate of the unit circle.
    assert ((torch.hypot(x, y) / radius - 1).abs() < 1 / UNIT).all()
    turn = torch.atan2(y, x) % (2 * torch.pi)

    def of(shape):
        return leaves.shape == SHAPES.index(shape)

    square = (x[:, of("square")].abs() - radius[of("square")] / 2**0.5).abs()
    assert (square < radius[of("square")] / UNIT).all()
    for shape in ("square", "oriented"):
        quarter = (turn.roll(-1, 0) - turn)[:, of(shape)] % (2 * torch.pi)
        assert torch.allclose(quarter, torch.tensor(torch.pi / 2).double(), atol=2 / UNIT)
    for upright in ("square", "rectangle"):
        lengths = torch.stack([x, y])[:, :, of(upright)].abs()
        assert (lengths == lengths[:, :1]).all()
    assert stats.kstest(turn[0, of("oriented")] / (2 * torch.pi), "uniform").pvalue > ALARM
    assert stats.kstest(turn[0, of("rectangle")] / (torch.pi / 2), "uniform").pvalue > ALARM
    for shape, corners in (("triangle", 3), ("quadrilateral", 4)):
        around = np.sort(turn[:, of(shape)].numpy(), axis=0)
        distinct = (np.diff(around, axis=0) > 0).sum(axis=0) + 1
        assert (distinct == corners).mean() > 0.999
        # The gap from one of n uniform directions to the next is greater than t with probability (1 - t)**(n - 1).
        first = around.min(axis=0) / (2 * np.pi)
        assert stats.kstest(1 - (1 - first) ** corners, "uniform").pvalue > ALARM


# The reference's averages at 128 pixels are over 12 images whose numbers spread by a third: 9 % of standard error.
@pytest.mark.parametrize(("shape", "reference"), [("square", 1351), ("oriented", 1530), ("mixed", 1729)])
def test_the_number_of_leaves_is_that_of_the_reference(shape, reference):
    _, counts = find_regions(DeadLeaves(shape=shape).sample(range(300), 128))
    assert counts.mean() == pytest.approx(reference, rel=0.25)
    assert counts.max() < most_leaves((128, 128)) == 5000


@pytest.mark.parametrize("shape", ["square", "oriented", "mixed"])
def test_all_pixels_are_covered(shape):
    for size in (128, 32, (20, 90)):
        assert DeadLeaves(shape=shape)(range(100), size).any(dim=1).all()


def test_leaves_of_an_image_are_listed_in_order():
    draws = DeadLeaves(shape="oriented").sample([4, 9], (48, 64), seed=3)
    regions, counts = find_regions(draws)
    leaves = list_leaves(draws, 1)
    assert len(leaves.colour) == counts[1] == len(leaves.corners_px) == len(leaves.centre_px)
    pixels = DeadLeaves(shape="oriented").render(draws)[1].permute(1, 2, 0).numpy()
    assert np.array_equal(pixels, leaves.colour[regions[1] - 1])
    reach = np.hypot(*(leaves.corners_px - leaves.centre_px[:, None]).transpose(2, 0, 1))
    assert np.allclose(reach, leaves.radius_px[:, None], rtol=1 / UNIT)


@dataclass(frozen=True, kw_only=True)
class Marked(Process[tuple]):
    """Images whose pixels encode the row, the column and the number of the image."""

    name: ClassVar[str] = "marked"
    rendered: ClassVar[list] = []

    def _draw(self, indices, size, seed):
        return indices, size

    def _render(self, draws, device):
        indices, (height, width) = draws
        self.rendered.extend(indices.tolist())
        shape = (len(indices), height, width)
        row, column = torch.arange(height)[:, None].expand(shape), torch.arange(width).expand(shape)
        number = torch.from_numpy(indices)[:, None, None].expand(shape)
        return torch.stack([row, column, number], dim=1).to(device, torch.uint8)


def test_every_leaf_is_a_part_of_one_texture_in_place():
    Marked.rendered.clear()
    process = DeadLeaves(texture=Marked(), textures=100)
    images = process(range(20), (64, 90)).numpy()
    regions, _ = find_regions(process.sample(range(20), (64, 90)))
    assert (images[:, 0] == np.arange(64)[:, None]).all()
    assert (images[:, 1] == np.arange(90)).all()
    chosen = []
    for image, region in zip(images, regions, strict=True):
        for leaf in np.unique(region):
            textures = np.unique(image[2][region == leaf])
            assert len(textures) == 1
            chosen.append(textures[0])
    assert len(chosen) > 2000
    assert uniform(chosen, 100) > ALARM


def test_textures_are_rendered_once():
    Marked.rendered.clear()
    process = DeadLeaves(texture=Marked(), textures=70)
    first = process([3], 33)
    assert Marked.rendered == list(range(70))
    assert torch.equal(process([5, 3], 33)[1:], first)
    assert Marked.rendered == list(range(70))
    process([3], 33, seed=1)
    assert len(Marked.rendered) == 140


def test_textures_take_a_name_or_a_description():
    process = create("dead_leaves", texture="dead_leaves", textures=3)
    assert process.texture == DeadLeaves()
    assert from_description(process.describe()) == process
    assert process([0], 32).shape == (1, 3, 32, 32)


def test_the_default_is_mixed_and_plain():
    assert DeadLeaves().describe()["options"] == {"shape": "mixed", "texture": None, "textures": 512}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": "orientd"}, "unknown shape 'orientd'; did you mean oriented"),
        ({"shape": "hexagon"}, "square, oriented, mixed"),
        ({"textures": 0}, "at least 1"),
        ({"texture": "ded_leaves"}, "did you mean dead_leaves"),
        ({"shapes": "square"}, "did you mean shape"),
    ],
)
def test_invalid_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        create("dead_leaves", **options)


def test_an_image_too_large_for_exact_edges_is_refused():
    with pytest.raises(ValueError, match="8192"):
        DeadLeaves().sample([0], LONGEST_SIDE + 1)


def test_the_cap_grows_with_a_rectangle():
    assert most_leaves((10, 25)) == 15_000
    assert most_leaves((1, 4000)) == 65_535
    assert dead_leaves.find_regions(DeadLeaves().sample(range(3), (16, 160)))[0].all()
