import numpy as np
import pytest
import torch
from scipy import stats

from crossmodal.noise.fractals.orbit_lines import _noise_of, draw_line
from crossmodal.noise.fractals.orbits import Orbits, _noise_table, _render_on_device, find_atom
from crossmodal.randomness import random_bits

PUBLISHED = ((200, 1000), (1, 200), (0, 20))


def line(x0, y0, x1, y1):
    """All pixels of a line, by its formula."""
    along = max(abs(x1 - x0), abs(y1 - y0))
    pixels = []
    for step in range(along + 1):
        x, y = (
            start + (1 if end > start else -1) * ((2 * step * abs(end - start) + along) // max(2 * along, 1))
            for start, end in ((x0, x1), (y0, y1))
        )
        pixels.append((x, y))
    return pixels


def perlin(bits):
    """One-dimensional Perlin noise from 16 bits: place, slope before, slope behind."""
    t = ((bits & 255) + 0.5) / 256
    before, behind = (h + 1 if h < 8 else -1 for h in (bits >> 8 & 15, bits >> 12))
    fade = 6 * t**5 - 15 * t**4 + 10 * t**3
    return 0.4 * ((1 - fade) * before * t + fade * behind * (t - 1))


def drawn(draws, i, seed):
    """Image i, one vertex and one pixel after the other."""
    count, (height, width) = int(draws.vertices[i]), draws.size
    canvas = np.zeros(draws.size, np.uint8)
    place = draws.starts[i, :count].astype(np.int64)
    row = -(-count // 4) * 4
    message = random_bits(seed, "noise/orbits/noise", draws.indices[i : i + 1], row * int(draws.orbits[i]))[0].tolist()
    for orbit in range(int(draws.orbits[i])):
        for v in range(count):
            for axis, bits in enumerate((message[orbit * row + v] & 0xFFFF, message[orbit * row + v] >> 16)):
                growth = draws.steps[i, v, 2] - _noise_of(draws.noise[i], np.int32(bits))
                place[v, axis] += int(np.floor(draws.steps[i, v, axis] * growth))
        corners = (place // 4096).tolist()
        for v in range(count):
            for x, y in line(*corners[v], *corners[(v + 1) % count]):
                if 0 <= x < width and 0 <= y < height:
                    canvas[y, x] = draws.greys[i, orbit]
    return canvas


def test_images_are_those_of_the_plain_painter():
    process = Orbits(vertices=(20, 60), orbits=(2, 12))
    draws = process.sample([4, 2**40, 9], (60, 75), seed=3)
    for i, image in enumerate(process.render(draws)):
        assert np.array_equal(image[0].numpy(), drawn(draws, i, 3))
        assert torch.equal(image[0], image[1])


@pytest.mark.parametrize("size", [(40, 25), (1, 3)])
def test_the_device_path_makes_the_same_bytes(size, monkeypatch):
    monkeypatch.setattr("crossmodal.noise.fractals.orbit_lines._CHUNK", 1 << 18)  # several parts
    process = Orbits(orbits=(1, 60))
    draws = process.sample(range(10), size)
    assert torch.equal(_render_on_device(draws, torch.device("cpu")), process.render(draws)[:, 0])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_makes_the_same_bytes():
    assert torch.equal(Orbits()(range(64), device="cuda").cpu(), Orbits()(range(64)))


def test_lines_are_those_of_the_formula_and_stop_at_the_edge():
    ends = np.random.default_rng(0).integers(-12, 28, (400, 4))
    for x0, y0, x1, y1 in [*ends.tolist(), [3, 3, 3, 3], [0, 0, 15, 15], [15, 4, 2, 4]]:
        canvas, twin = np.zeros((16, 16), np.uint8), np.zeros((16, 16), np.uint8)
        draw_line(canvas, x0, y0, x1, y1, 9)
        for x, y in line(x0, y0, x1, y1):
            if 0 <= x < 16 and 0 <= y < 16:
                twin[y, x] = 9
        assert np.array_equal(canvas, twin)


def test_noise_is_perlin_noise_in_one_dimension():
    table = _noise_table().astype(np.float32)
    values = np.array([_noise_of(table, np.int32(bits)) for bits in range(0, 1 << 16, 7)])
    np.testing.assert_allclose(values, [perlin(bits) for bits in range(0, 1 << 16, 7)], atol=1e-6)


def test_classes_keep_to_the_published_ranges():
    atoms = [find_atom(*PUBLISHED, label) for label in range(600)]
    vertices, orbits = np.array([len(atom.angles) for atom in atoms]), np.array([atom.orbits for atom in atoms])
    amplitudes = np.array([atom.amplitude for atom in atoms])
    # Kolmogorov-Smirnov, false-alarm rate 1e-4 each on fixed classes; whole numbers are spread over their unit.
    spread = np.random.default_rng(0).random(600)
    assert stats.kstest(vertices + spread, "uniform", (200, 801)).pvalue > 1e-4
    assert stats.kstest(orbits + spread, "uniform", (1, 200)).pvalue > 1e-4
    assert stats.kstest(amplitudes, "uniform", (0, 4)).pvalue > 1e-4
    radii = np.array([atom.radii for atom in atoms])
    assert radii.min() >= 10
    assert radii.max() <= 120
    assert (radii.max(1) / radii.min(1)).max() <= 2


def test_growth_is_the_sum_of_two_sines_of_different_frequency():
    for label in range(200):
        atom = find_atom(*PUBLISHED, label)
        growth = atom.growth - atom.amplitude
        strength = np.abs(np.fft.rfft(growth)) / len(growth)
        frequencies = np.flatnonzero(strength > 0.2)  # a sine of 0.5 has 0.25
        assert len(frequencies) <= 2
        assert all(1 <= frequency <= 20 for frequency in frequencies)
        assert np.allclose(strength[frequencies], 0.25)
        assert 0 <= strength[0] <= 0.1


def test_centres_and_greys_are_uniform():
    # Kolmogorov-Smirnov and chi-square, false-alarm rate 1e-4 each on a fixed seed.
    draws = Orbits(vertices=(200, 200), orbits=(40, 40)).sample(range(500), (40, 90))
    centres = draws.starts.mean(1) / 4096
    assert stats.kstest(centres[:, 0], "uniform", (0, 90)).pvalue > 1e-4
    assert stats.kstest(centres[:, 1], "uniform", (0, 40)).pvalue > 1e-4
    assert stats.chisquare(np.bincount(draws.greys.ravel(), minlength=256)).pvalue > 1e-4


def test_lengths_follow_the_shorter_side():
    small, large = (Orbits().sample([3], size) for size in ((32, 48), (64, 96)))
    np.testing.assert_allclose(large.steps[..., :2], 2 * small.steps[..., :2], rtol=1e-6)
    np.testing.assert_allclose(large.starts, 2 * small.starts, atol=2)


def test_labels_name_the_class_under_every_seed():
    process = Orbits(classes=3)
    counts = np.bincount(process.labels(range(6000)).numpy(), minlength=3)
    assert stats.chisquare(counts).pvalue > 1e-4  # false-alarm rate, on a fixed seed
    for seed in (0, 5):
        draws, labels = process.sample(range(20), 8, seed), process.labels(range(20), seed)
        expected = [find_atom(*PUBLISHED, label).orbits for label in labels.tolist()]
        assert draws.orbits.tolist() == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": 0}, "classes must be 1 to"),
        ({"vertices": (2, 5)}, "vertices must be two numbers in order, 3 to"),
        ({"orbits": (5, 2)}, "orbits must be two numbers in order, 1 to .* got 5 and 2"),
        ({"frequencies": (-1, 2)}, "frequencies must be"),
    ],
)
def test_invalid_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Orbits(**options)
