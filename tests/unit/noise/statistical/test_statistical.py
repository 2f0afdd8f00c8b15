"""The four statistical processes: their laws, their plain twins, and what every image promises."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from crossmodal.noise import create
from crossmodal.noise.statistical import colour_model, histogram_matching
from crossmodal.noise.statistical import process as statistical
from crossmodal.noise.statistical.band_statistics import impose_magnitudes, power_law_magnitudes
from crossmodal.noise.statistical.histogram_matching import histogram_target
from crossmodal.noise.statistical.process import StatisticalDraws
from crossmodal.noise.statistical.steerable_pyramid import backward, forward, steerable_pyramid
from tests.fakes.statistical_twin import band_weights, plain_image, with_spectrum

NAMES = ("spectrum", "wmm", "spectrum_colour", "spectrum_colour_wmm")
# Draws of the tests below are fixed; a right distribution fails a test once in 10,000 seeds.
FALSE_ALARM = 1e-4


def sampled(name: str, count: int, size: int | tuple[int, int] = 128, **options: object) -> StatisticalDraws:
    draws = create(name, **options).sample(range(count), size, seed=5)
    assert isinstance(draws, StatisticalDraws)
    return draws


def band_distances(channels: torch.Tensor, draws: StatisticalDraws) -> np.ndarray:
    """Kolmogorov distances of bands from their target densities, (images, 3, bands)."""
    pyramid = steerable_pyramid(channels)
    bands = [pyramid.highpass, *(band for scale in pyramid.oriented for band in scale.unbind(2))]
    edges = np.arange(-200.25, 200.5, 0.5)
    distances = np.empty(tuple(draws.shapes.shape))
    for (i, channel, k), shape in np.ndenumerate(draws.shapes.numpy()):
        values = np.sort(bands[k][i, channel].flatten().numpy())
        weights, _ = band_weights(float(shape), channels.shape[-1] / bands[k].shape[-1])
        expected = np.interp(values, edges, np.concatenate([[0.0], np.cumsum(weights) / weights.sum()]))
        distances[i, channel, k] = np.abs(expected - (np.arange(values.size) + 0.5) / values.size).max()
    return distances


@pytest.mark.parametrize("name", ["spectrum", "spectrum_colour", "spectrum_colour_wmm"])
def test_exponents_have_the_published_distribution(name: str) -> None:
    along_x, along_y = sampled(name, 3000).exponents.T.numpy()
    assert stats.kstest(along_x + along_y, stats.uniform(1.0, 6.0).cdf).pvalue > FALSE_ALARM
    assert stats.kstest((along_x - along_y) / 2, stats.norm(0.0, 0.05).cdf).pvalue > FALSE_ALARM
    assert abs(np.corrcoef(along_x + along_y, along_x - along_y)[0, 1]) < 0.08  # four standard errors


@pytest.mark.parametrize("name", ["wmm", "spectrum_colour_wmm"])
def test_band_shapes_are_uniform_and_as_many_as_bands(name: str) -> None:
    shapes = sampled(name, 200).shapes
    assert shapes.shape == (200, 3, 13)
    assert stats.kstest(shapes.flatten().numpy(), stats.uniform(0.4, 0.4).cdf).pvalue > FALSE_ALARM
    assert sampled(name, 1, 256).shapes.shape == (1, 3, 17)
    assert sampled(name, 1, (300, 20)).shapes.shape == (1, 3, 5)


def test_spectrum_is_exactly_the_drawn_power_law() -> None:
    draws = sampled("spectrum", 6)
    magnitudes = forward(create("spectrum").channels(draws)).abs().double().numpy()
    frequency = np.log(np.arange(1, 64) / 128)
    for i, (along_x, along_y) in enumerate(draws.exponents.tolist()):
        for channel in range(3):
            assert np.polyfit(frequency, np.log(magnitudes[i, channel, 0, 1:64]), 1)[0] == pytest.approx(
                -along_x, abs=0.02
            )
            assert np.polyfit(frequency, np.log(magnitudes[i, channel, 1:64, 0]), 1)[0] == pytest.approx(
                -along_y, abs=0.02
            )


def test_spectrum_shows_in_the_finished_images() -> None:
    """Slopes fitted on bytes miss the drawn ones by 0.15 at most; steep ones drown in the rounding and are left out."""
    draws = sampled("spectrum", 12, slope=(0.5, 2.0))
    grey = create("spectrum", slope=(0.5, 2.0)).render(draws).double().mean(1)
    power = (torch.fft.rfft2(grey).abs() ** 2)[:, 0, 1:64] + (torch.fft.fft2(grey).abs() ** 2)[:, 1:64, 0]
    for i, exponents in enumerate(draws.exponents):
        fitted = np.polyfit(np.log(np.arange(1, 64)), np.log(power[i].numpy()), 1)[0]
        assert fitted == pytest.approx(-2.0 * float(exponents.mean()), abs=0.6)


def test_imposing_a_spectrum_keeps_phase_mean_and_variance() -> None:
    noise = torch.rand(1, 3, 30, 41) * 200.0 + torch.tensor([0.0, 50.0, -9.0])[:, None, None]
    magnitudes = power_law_magnitudes(torch.tensor([[1.2, 1.3]], dtype=torch.float64), (30, 41))
    made = backward(impose_magnitudes(forward(noise), magnitudes, 41), (30, 41))
    torch.testing.assert_close(made.mean((2, 3)), noise.mean((2, 3)))
    torch.testing.assert_close(made.std((2, 3)), noise.std((2, 3)))
    before, after = torch.fft.fft2(noise.double()), torch.fft.fft2(made.double())
    assert (torch.angle(after / before)[..., 1:, 1:].abs() < 0.01).double().mean() > 0.99


def test_one_iteration_of_the_spectrum_equals_ten() -> None:
    noise = np.random.Generator(np.random.Philox(1)).uniform(0.0, 256.0, (64, 64))
    once = ten_times = with_spectrum(noise, 2.5, 2.4)
    for _ in range(9):
        ten_times = with_spectrum(ten_times, 2.5, 2.4)
    np.testing.assert_allclose(ten_times, once, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("turns", "tolerance"), [(2, 0.2), (10, 2.0)])
def test_images_are_those_of_the_plain_twin(name: str, turns: int, tolerance: float) -> None:
    """Turns done plainly in float64; `spectrum` does in one turn what the twin does in all.

    Where values are rare, a value on the edge of two bins moves its neighbours, and further turns carry that on: after
    ten, the twin itself differs by as much when its noise is changed by 1e-5.
    """
    process = create(name) if name == "spectrum" else create(name, iterations=turns)
    differences = []
    for index in range(3):
        draws = process.sample([index], 64, seed=5)
        made = process.render(draws)[0].double().numpy()
        differences.append(np.abs(made - plain_image(process, draws, turns)).mean())
    assert np.median(differences) < (0.01 if name == "spectrum" else tolerance)


def test_bands_approach_their_generalized_gaussians() -> None:
    """Bands overlap, so that imposing one disturbs the others: more turns come closer, and noise is far away."""
    draws = sampled("wmm", 3)
    ten = band_distances(create("wmm").channels(draws), draws)
    one = band_distances(create("wmm", iterations=1).channels(draws), draws)
    assert ten.mean() < 0.05
    assert ten.max() < 0.2
    assert one.mean() > 1.5 * ten.mean()
    noise = band_distances(256.0 * torch.rand(3, 3, 128, 128, generator=torch.Generator().manual_seed(0)), draws)
    assert noise.mean() > 0.2


def test_band_kurtosis_follows_the_drawn_shape() -> None:
    """Over the bands of the middle scale, where the density is neither cut off at 200 nor a few pixels wide."""
    draws = sampled("wmm", 4)
    bands = steerable_pyramid(create("wmm").channels(draws)).oriented[1]
    measured = (bands**4).mean((-2, -1)) / (bands**2).mean((-2, -1)) ** 2
    expected = []
    for shape in draws.shapes[:, :, 5:9].flatten():
        weights, deviation = band_weights(float(shape), 2.0)
        expected.append(np.average(np.arange(-200, 200.5, 0.5) ** 4, weights=weights) / deviation**4)
    np.testing.assert_allclose(measured.flatten().numpy(), expected, rtol=0.5)
    assert np.corrcoef(measured.flatten().numpy(), expected)[0, 1] > 0.7


@pytest.mark.parametrize("name", ["spectrum_colour", "spectrum_colour_wmm"])
def test_channels_have_the_histograms_of_the_colour_model(name: str) -> None:
    process = create(name)
    draws = sampled(name, 3)
    channels = process.channels(draws)
    grains = colour_model.sheet_grains(5, f"noise/{name}", draws.indices, (128, 128), torch.device("cpu"))
    model = colour_model.colour_models(draws.palettes, grains, 10.0)
    for made, expected in zip(channels.flatten(2).flatten(0, 1), model.channels.flatten(0, 1), strict=True):
        assert stats.ks_2samp(made.numpy(), expected.numpy()).statistic < 0.1
        assert made.amin() == pytest.approx(float(expected.amin()), abs=0.01)
        assert made.amax() == pytest.approx(float(expected.amax()), abs=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_images_have_the_full_range(name: str) -> None:
    images = create(name)(range(3), size=(40, 64)).flatten(1)
    assert images.amin(1).tolist() == [0, 0, 0]
    assert images.amax(1).tolist() == [255, 255, 255]


@pytest.mark.parametrize("name", ["spectrum_colour", "spectrum_colour_wmm"])
def test_colour_channels_are_correlated(name: str) -> None:
    """Channels of a palette vary together; the decorrelated ones that they are turned from hardly do."""
    process = create(name, slope=(0.5, 0.6))  # slopes at which two unrelated channels are hardly correlated
    draws = sampled(name, 12, 64, slope=(0.5, 0.6))

    def correlation(planes: torch.Tensor) -> float:
        pairs = [np.corrcoef(image)[np.triu_indices(3, 1)] for image in planes.flatten(2).numpy()]
        return float(np.abs(pairs).mean())

    assert correlation(process.render(draws).double()) > 0.2
    assert correlation(process.channels(draws)) < 0.08


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(33, 18), 1, (1, 7), (2, 2), (130, 5)])
def test_any_size_is_valid(name: str, size: int | tuple[int, int]) -> None:
    images = create(name, **({} if name == "spectrum" else {"iterations": 2}))([1, 2**62], size)
    assert images.shape[2:] == ((size, size) if isinstance(size, int) else size)
    assert int(images.max()) == 255


@pytest.mark.parametrize("name", NAMES)
def test_an_image_is_the_same_alone(name: str) -> None:
    process = create(name)
    batch = process([4, 1, 2**40], size=(48, 35))
    assert torch.equal(process([2**40], size=(48, 35))[0], batch[2])
    assert process([], size=8).shape == (0, 3, 8, 8)


@pytest.mark.parametrize("name", NAMES)
def test_tensors_of_other_devices_make_the_same_images(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    process = create(name)
    loops = process(range(8), size=64).int()
    for module in (statistical, colour_model, histogram_matching):
        monkeypatch.setattr(module, "has_compiled_loops", lambda _: False)
    difference = (process(range(8), size=64).int() - loops).abs().double().mean()
    assert difference < (0.01 if name == "spectrum" else 1.0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", NAMES)
def test_cuda_makes_the_same_images(name: str) -> None:
    process = create(name)
    on_device = process(range(32), size=128, device="cuda")
    assert on_device.device.type == "cuda"
    difference = (process(range(32), size=128).int() - on_device.cpu().int()).abs().double().mean()
    assert difference < (0.01 if name == "spectrum" else 0.5)


def test_options_change_the_distribution_and_survive_description() -> None:
    process = create("spectrum_colour_wmm", slope=[1.0, 1.5], shape=(0.5, 0.5), iterations=2, palette_size=(5, 5))
    assert create("spectrum_colour_wmm", **process.describe()["options"]) == process
    draws = process.sample(range(50), 64)
    assert draws.palettes.sizes.tolist() == [5] * 50
    assert draws.shapes.unique().tolist() == [0.5]
    slopes = draws.exponents.mean(1)
    assert 1.0 <= slopes.min() < slopes.max() <= 1.5


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("spectrum", {"slope": (2.0, 1.0)}, r"slope must be two numbers, 0.0 <= low <= high, got \(2.0, 1.0\)"),
        ("spectrum", {"slope": 1.0}, "slope"),
        ("spectrum", {"slope": (0.5, math.inf)}, "slope"),
        ("spectrum", {"slope_difference": -1.0}, "slope_difference must not be negative, got -1.0"),
        ("spectrum", {"palette_size": (3.5, 4)}, "palette_size must be two whole numbers"),
        ("spectrum", {"palette_blur": (0, 4)}, "palette_blur"),
        ("spectrum", {"palette_noise": -0.1}, "palette_noise must not be negative"),
        ("wmm", {"shape": (0.0, 1.0)}, "shape must be two numbers"),
        ("wmm", {"iterations": 0}, "iterations must be at least 1, got 0"),
        ("spectrum", {"iterations": 3}, "has no option 'iterations'"),
    ],
)
def test_invalid_options_are_refused(name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        create(name, **options)


def test_a_target_of_empty_bins_can_be_inverted() -> None:
    target = histogram_target(torch.tensor([[0.0, 1.0, 0.0]]), torch.zeros(1), torch.ones(1))
    assert (target.cumulative.diff(dim=1) > 0).all()
    assert target.cumulative[0, -1] == 1.0
