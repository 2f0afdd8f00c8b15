"""The fast painters against the plain one, pixel for pixel, on the same leaves."""

from fractions import Fraction
from math import ceil, floor, isqrt

import numpy as np
import pytest
import torch

from crossmodal.noise.dead_leaves import process as dead_leaves
from crossmodal.noise.dead_leaves import tensor as dead_leaves_tensor
from crossmodal.noise.dead_leaves.law import LONGEST_SIDE, UNIT
from crossmodal.noise.dead_leaves.outline import LANES, Canvas, draw_words, outline, place_leaf
from crossmodal.noise.dead_leaves.process import SHAPES, DeadLeaves, find_regions, list_leaves
from crossmodal.noise.dead_leaves.tensor import draw_leaves, number_regions, render_leaves

LAWS = ["square", "oriented", "mixed"]
SIZES = [(128, 128), (64, 64), (65, 65), (17, 23), (40, 130), (130, 40), (3, 50), (2, 2), (1, 1)]
#: Every law at every size under `slow`; of the large sizes one law each otherwise.
PAIRED = [
    pytest.param(size, law, marks=[pytest.mark.slow] * (size[0] * size[1] > 2000 and (row + column) % 3 != 0))
    for row, size in enumerate(SIZES)
    for column, law in enumerate(LAWS)
]
CPU = torch.device("cpu")
# Memory for about as many pairs as one image of 128 pixels begins with: batches go in several parts.
PAIRS = 1 << 22


def columns(shape, centre, radius, corners, row):
    """The first and last column of a leaf in a row: pixels whose centres lie in the closed shape."""
    if shape == "circle":
        square = radius**2 - (row - centre[0]) ** 2
        half = isqrt(square) if square >= 0 else -1
        return centre[1] - half, centre[1] + half
    crossings = []
    for (y0, x0), (y1, x1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if min(y0, y1) <= row <= max(y0, y1):
            if y0 == y1:
                crossings += [Fraction(x0), Fraction(x1)]
            else:
                along = (row - Fraction(y0)) / (Fraction(y1) - Fraction(y0))
                crossings.append(Fraction(x0) + along * (Fraction(x1) - Fraction(x0)))
    return (ceil(min(crossings)), floor(max(crossings))) if crossings else (1, 0)


def paint_plainly(leaves, size):
    """The painter's algorithm: leaf after leaf over a black image; return the number of leaves."""
    height, width = size
    image, bare = np.zeros((3, height, width), np.uint8), np.ones(size, bool)
    listed = zip(leaves.centre_px.tolist(), leaves.radius_px.tolist(), leaves.shape, leaves.corners_px, strict=True)
    for number, (centre, radius, shape, corners) in enumerate(listed):
        assert bare.any()
        for row in range(max(centre[0] - radius, 0), min(centre[0] + radius + 1, height)):
            first, last = columns(SHAPES[shape], centre, radius, corners.tolist(), row)
            inside = slice(max(first, 0), max(last + 1, 0))
            image[:, row, inside] = leaves.colour[number][:, None]
            bare[row, inside] = False
    assert not bare.any()
    return image


@pytest.mark.parametrize(("size", "law"), PAIRED)
def test_the_kernel_paints_what_the_plain_painter_paints(law, size):
    process = DeadLeaves(shape=law)
    draws = process.sample([3, 2**62 + 1], size, seed=5)
    images = process.render(draws).numpy()
    for place in range(1 if size == (128, 128) else 2):
        assert np.array_equal(images[place], paint_plainly(list_leaves(draws, place), size))


@pytest.mark.parametrize(("size", "law"), PAIRED)
def test_tensors_show_what_the_kernel_shows(law, size):
    process = DeadLeaves(shape=law)
    draws = process.sample([0, 7, 2**40 + 9, 8, 1], size, seed=1)
    regions, counts = number_regions(draws, CPU, PAIRS)
    assert [array.tolist() for array in find_regions(draws)] == [regions.tolist(), counts.tolist()]
    assert torch.equal(render_leaves(draws, CPU, pairs=PAIRS), process.render(draws))


def test_the_largest_leaves_have_exact_edges():
    """At the longest side that is allowed, where whole numbers come closest to what a float can hold."""
    side, index = LONGEST_SIDE, 2**33 + 5
    draws = DeadLeaves().sample([index], side)
    _, key, law, radii, _ = dead_leaves._arguments(draws)
    image = Canvas(side, side, np.uint32(index & 0xFFFFFFFF), np.uint32(index >> 32), key, law, radii)
    leaves, reach = draw_leaves(draws, torch.tensor([index]), torch.arange(20_000)), np.empty((2, side + LANES))
    for number in leaves.radius.argsort(descending=True)[:30].tolist():
        leaf = place_leaf(image, *map(np.uint32, draw_words(image, number, 0)[:3]))
        assert leaf[:3] == (leaves.row[number], leaves.column[number], leaves.radius[number])
        outline(reach, leaf, image, number)
        corners = (torch.stack([leaves.y[:, number], leaves.x[:, number]], dim=1) / UNIT).tolist()
        for row in range(leaf.top, leaf.bottom + 1, 53):
            first, last = columns(SHAPES[leaves.shape[number]], (0, 0), leaf.radius, corners, row - leaf.row)
            left, right = reach[1, row - leaf.top], reach[0, row - leaf.top]
            assert (-left, right) == (first, last) or (-left > right and first > last)
    assert leaves.radius.max() > side / 2


def test_tensors_cut_textures_like_the_kernel():
    draws = DeadLeaves().sample(range(4), (60, 50))
    bank = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (9, 60, 50, 3)).astype(np.uint8))
    cut = np.empty((4, 3, 60, 50), np.uint8)
    dead_leaves.paint_textures(cut, bank.numpy(), *dead_leaves._arguments(draws))
    assert torch.equal(render_leaves(draws, CPU, bank, PAIRS), torch.from_numpy(cut))


def test_painting_stops_at_the_last_leaf_and_leaves_uncovered_pixels_black(monkeypatch):
    for module in (dead_leaves, dead_leaves_tensor):
        monkeypatch.setattr(module, "most_leaves", lambda size: 200)
    process = DeadLeaves()
    draws = process.sample(range(6), 64)
    regions, counts = find_regions(draws)
    images = process.render(draws)
    assert (counts == 200).all()
    assert np.array_equal(regions == 0, (images == 0).all(dim=1).numpy())
    assert 0.1 < (regions == 0).mean() < 0.9
    assert torch.equal(number_regions(draws, CPU, PAIRS)[0], torch.from_numpy(regions))
    assert torch.equal(render_leaves(draws, CPU, pairs=PAIRS), images)


def test_memory_does_not_change_the_image():
    draws = DeadLeaves().sample(range(3), 48)
    assert torch.equal(render_leaves(draws, CPU, pairs=1 << 18), render_leaves(draws, CPU, pairs=1 << 24))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("law", LAWS)
def test_devices_paint_the_same_pixels(law):
    process = DeadLeaves(shape=law)
    for size in SIZES:
        assert torch.equal(process(range(50), size, device="cuda").cpu(), process(range(50), size))
