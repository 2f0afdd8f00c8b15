import numpy as np
import pytest
import torch
from scipy import stats

from crossmodal import noise
from crossmodal.noise.fractals.chaos_game import BURN_IN, CHAINS, STREAM
from crossmodal.noise.fractals.iterated_function_systems import (
    LEAST_COVERAGE,
    WEIGHTINGS,
    _coverage_of,
    draw_contractive,
    find_system,
    limits_of,
    measure_coverage,
    start_of,
)
from crossmodal.noise.fractals.process import Fractals, _render_on_device, _turn
from crossmodal.randomness import generator, random_bits


def played(steps, maps, limits, start, message):
    """The chaos game one number after the other: points (steps, CHAINS, 2)."""
    message = message.reshape(-1, CHAINS)
    points = np.empty((BURN_IN + steps, CHAINS, 2), np.float32)
    for chain in range(CHAINS):
        x, y = start
        for step in range(BURN_IN + steps):
            a, b, c, d, e, f = maps[np.searchsorted(limits, message[step, chain] >> 9, side="right")]
            x, y = a * x + b * y + e, c * x + d * y + f
            points[step, chain] = x, y
    return points[BURN_IN:]


def painted(size, points, window, patch, palette):
    """An image of points on black, one point after the other."""
    points = points.reshape(-1, 2)
    places = np.floor((points - points.min(0)) * (window[:, 0] / np.ptp(points, axis=0)) + window[:, 1])
    counts = np.zeros(size, int)
    for column, row in places.astype(int):
        for bit in range(9):
            i, j = row + bit // 3 - 1, column + bit % 3 - 1
            if patch >> bit & 1 and 0 <= i < size[0] and 0 <= j < size[1]:
                counts[i, j] += 1
    colours = palette[counts * 255 // max(counts.max(), 1)]
    return np.where(counts[..., None] > 0, colours, 0).transpose(2, 0, 1)


@pytest.mark.parametrize("options", [{}, {"law": "uniform"}, {"colour": "hue", "maps": (5, 5)}])
def test_images_are_those_of_the_plain_chaos_game(options):
    process, size = Fractals(**options), (21, 30)
    draws = process.sample([3, 2**40], size, seed=1)
    steps = int(np.ceil(size[0] * size[1] * 200_000 / 362**2 / CHAINS))
    for i, image in enumerate(process.render(draws)):
        message = random_bits(1, STREAM, draws.indices[i : i + 1], (BURN_IN + steps) * CHAINS).numpy()
        points = played(steps, draws.maps[i], draws.limits[i], draws.starts[i], message)
        twin = painted(size, points, draws.windows[i], int(draws.patches[i]), draws.palettes[i])
        assert np.array_equal(image.numpy(), twin)


@pytest.mark.parametrize("options", [{}, {"law": "uniform"}, {"colour": "hue", "background": Fractals()}])
@pytest.mark.parametrize("size", [(40, 25), (1, 3)])
def test_the_device_path_makes_the_same_bytes(options, size, monkeypatch):
    monkeypatch.setattr("crossmodal.noise.fractals.chaos_game._CHUNK", 3 * CHAINS * 60)  # several parts
    process = Fractals(**options)
    draws = process.sample(range(12), size)
    images = torch.zeros(12, 3, *size, dtype=torch.uint8)
    if draws.background is not None:
        images = process.background.render(draws.background)
    _render_on_device(images, int(np.ceil(size[0] * size[1] * 200_000 / 362**2 / CHAINS)), draws)
    assert torch.equal(images, process.render(draws))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("options", [{}, {"law": "uniform"}, {"colour": "hue", "background": Fractals()}])
def test_cuda_makes_the_same_bytes(options):
    process = Fractals(**options)
    assert torch.equal(process(range(64), device="cuda").cpu(), process(range(64)))


@pytest.mark.parametrize("options", [{"law": "uniform"}, {"colour": "hue", "background": Fractals()}])
def test_an_image_depends_on_its_index_alone(options):
    process = Fractals(**options)
    batch = process([5, 2**62, 0], size=20)
    assert torch.equal(process([2**62], size=20)[0], batch[1])
    assert torch.equal(process([0, 5], size=20), batch[[2, 0]])


def test_contractive_systems_shrink_and_their_sigma_factors_are_uniform_in_the_published_interval():
    rng = generator(0, "check")
    for count in (2, 4, 7):
        maps = np.array([draw_contractive(rng, count) for _ in range(400)], np.float64)
        values = np.linalg.svd(maps[..., :4].reshape(-1, count, 2, 2), compute_uv=False)
        assert values.max() < 1 + 1e-6
        sums = (values @ [1, 2]).sum(-1)
        # Kolmogorov-Smirnov, false-alarm rate 1e-4 each on a fixed seed.
        assert stats.kstest(sums, "uniform", ((5 + count) / 2, 0.5)).pvalue > 1e-4
        assert stats.kstest(maps[..., 4:].ravel(), "uniform", (-1, 2)).pvalue > 1e-4
        # Orientation is random: half of the maps mirror. Binomial, 1e-4.
        mirrored = int((np.linalg.det(maps[..., :4].reshape(-1, 2, 2)) < 0).sum())
        assert stats.binomtest(mirrored, 400 * count).pvalue > 1e-4


def test_images_of_contractive_classes_stay_contractive():
    draws = Fractals().sample(range(300), 8)
    assert np.linalg.svd(draws.maps[..., :4].reshape(300, -1, 2, 2), compute_uv=False).max() < 1 + 1e-6


def test_classes_of_the_uniform_law_cover_a_fifth_of_the_canvas():
    for label in range(8):
        maps = find_system("uniform", 2, 7, label).maps
        assert 2 <= len(maps) <= 7
        assert np.abs(maps).max() <= 1
        message = random_bits(0, "noise/fractals/search", [label], (BURN_IN + 1563) * CHAINS).numpy()
        if label == 0:  # the plain game, for one
            points = played(1563, maps, limits_of(maps), start_of(maps), message).reshape(-1, 2).astype(np.float64)
            cells = 6 + np.floor((points - points.min(0)) / np.ptp(points, axis=0) * 500)
            assert len(np.unique(cells, axis=0)) / 512**2 == pytest.approx(measure_coverage(maps, label), abs=1e-4)
        assert measure_coverage(maps, label) >= LEAST_COVERAGE


def test_the_coarse_check_rejects_no_valid_class():
    rng, kept = generator(1, "check"), 0
    for label in range(700):
        maps = rng.uniform(-1, 1, (int(rng.integers(2, 8)), 6)).astype(np.float32)
        if measure_coverage(maps, label) >= LEAST_COVERAGE:
            kept += 1
            assert _coverage_of(maps, maps, label, 64) >= LEAST_COVERAGE
    assert kept > 5


def test_weightings_of_a_class_are_uniform():
    # Chi-square over the weightings of one class in 2,000 images, false-alarm rate 1e-4 on a fixed seed.
    process = Fractals(law="uniform", classes=1)
    system = find_system("uniform", 2, 7, 0)
    assert 0 in system.weightings
    maps, limits = process.sample(range(2000), 4).maps, process.sample(range(2000), 4).limits
    assert (limits == limits[0]).all()  # the probabilities of the class
    found = []
    for one in np.abs(maps[:, : len(system.maps)]):
        ratios = [
            np.allclose(one, np.abs(system.maps) * np.where(np.arange(6) == parameter, factor, 1))
            for parameter, factor in (WEIGHTINGS[number] for number in system.weightings)
        ]
        assert sum(ratios) == 1
        found.append(ratios.index(True))
    assert stats.chisquare(np.bincount(found, minlength=len(system.weightings))).pvalue > 1e-4


def test_classes_and_patches_are_drawn_uniformly():
    # Chi-square, false-alarm rate 1e-4 each on a fixed seed.
    process = Fractals(classes=50)
    assert stats.chisquare(np.bincount(process.labels(range(20_000)).numpy(), minlength=50)).pvalue > 1e-4
    patches = process.sample(range(5000), 4).patches
    assert patches.min() >= 1
    assert (
        stats.chisquare(np.bincount(patches // 32, minlength=16), [5000 * 31 / 511, *[5000 * 32 / 511] * 15]).pvalue
        > 1e-4
    )


def test_a_class_is_the_same_system_for_all_seeds():
    process = Fractals(classes=3, law="uniform")
    for seed in (0, 7):
        draws, labels = process.sample(range(40), 4, seed), process.labels(range(40), seed)
        for label in range(3):
            same = draws.limits[(labels == label).numpy()]
            assert (same == limits_of(np.pad(system_of(label), ((0, 7 - len(system_of(label))), (0, 0))))).all()


def system_of(label):
    return find_system("uniform", 2, 7, label).maps


@pytest.mark.parametrize("number", range(8))
def test_turned_maps_turn_the_attractor(number):
    maps, point = system_of(0), np.array([0.3, -0.7])

    def turned(p):
        p = p[::-1] if number & 4 else p
        return p * [-1 if number & 1 else 1, -1 if number & 2 else 1]

    for one, other in zip(maps, _turn(maps, number), strict=True):
        there = one[:4].reshape(2, 2) @ point + one[4:]
        np.testing.assert_allclose(other[:4].reshape(2, 2) @ turned(point) + other[4:], turned(there), atol=1e-6)


def test_the_game_starts_on_the_attractor():
    maps = draw_contractive(generator(2, "check"), 3)
    start = start_of(maps)
    assert min(np.abs(one[:4].reshape(2, 2) @ start + one[4:] - start).max() for one in maps) < 1e-5


def test_grey_fractals_are_grey_on_black_and_colours_are_over_the_background():
    grey = Fractals()(range(6), size=32)
    assert set(grey.unique().tolist()) == {0, 127}
    backed = Fractals(background=Fractals(colour="hue"), colour="hue")
    assert (backed(range(6), size=32).float().mean() > Fractals(colour="hue")(range(6), size=32).float().mean()).item()
    assert noise.from_description(backed.describe()) == backed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"law": "unifrom"}, "unknown law 'unifrom'; did you mean uniform"),
        ({"colour": "x"}, "unknown colour 'x'; choose one of: grey, hue"),
        ({"classes": 0}, "classes must be 1 to"),
        ({"maps": (1, 3)}, "in order, 2 to 8, got 1 and 3"),
        ({"maps": (4, 3)}, "in order, 2 to 8, got 4 and 3"),
        ({"maps": (4, 9)}, "in order, 2 to 8, got 4 and 9"),
        ({"background": "dead_leafs"}, "did you mean dead_leaves"),
    ],
)
def test_invalid_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Fractals(**options)
