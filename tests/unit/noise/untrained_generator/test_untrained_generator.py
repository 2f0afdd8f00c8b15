"""Images of untrained generators: sizes, statistics, variants."""

import numpy as np
import pytest
import torch
from scipy import stats

from crossmodal import noise
from crossmodal.noise.untrained_generator.process import VARIANTS
from crossmodal.noise.untrained_generator.stages import fitted, stages_for

NARROW = {"channel_base": 1024, "channel_most": 64}


def make(variant, count, size=32, **options):
    process = noise.create("untrained_generator", variant=variant, **NARROW, **options)
    return process(range(count), size=size)


def test_stages_double_up_to_the_power_of_two_that_covers_the_shorter_side():
    stages = stages_for((256, 256), 32768, 512)
    assert [stage.size for stage in stages] == [(side, side) for side in (4, 8, 16, 32, 64, 128, 256)]
    assert [stage.channels for stage in stages] == [512, 512, 512, 512, 512, 256, 128]
    assert stages_for((100, 200), 32768, 512)[-1].size == (128, 256)
    assert stages_for((17, 23), 32768, 512)[-1].size == (32, 48)
    assert [stage.size for stage in stages_for((1, 3), 8, 512)] == [(4, 12)]
    assert stages_for((64, 64), 8, 512)[-1].channels == 1


def test_images_are_cropped_and_averaged_to_size():
    ramp = torch.arange(48.0).expand(1, 3, 32, 48)
    assert fitted(ramp, (32, 40)).shape == (1, 3, 32, 40)
    assert torch.equal(fitted(ramp, (32, 40)), ramp[..., :40])
    # A pixel is the mean of 8 x 8.
    small = fitted(ramp, (4, 6))
    assert small.shape == (1, 3, 4, 6)
    assert torch.allclose(small[..., 2], torch.tensor(8 * 2 + 3.5))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("size", [1, 5, (9, 40), (48, 24)])
def test_every_variant_makes_images_of_any_size(variant, size):
    images = make(variant, 2, size)
    assert images.shape == (2, 3, *((size, size) if isinstance(size, int) else size))
    assert not torch.equal(images[0], images[1])


@pytest.mark.parametrize("variant", VARIANTS)
def test_colours_have_the_means_and_deviations_of_photographs(variant):
    """Kolmogorov-Smirnov tests at 1e-4 of the means of images of one pixel, which are not clipped elsewhere.

    Larger images are clipped, which moves means and lowers deviations; the median of these stays near its law's.
    """
    means = make(variant, 400, size=1).flatten(1).numpy() / 255
    for channel, law in zip(means.T, ((0.483, 0.145), (0.455, 0.142), (0.401, 0.161)), strict=True):
        inside = channel[(channel > 0) & (channel < 1)]
        low, high = ((edge - law[0]) / law[1] for edge in (0, 1))
        # Rounding to bytes is spread out again.
        jitter = np.random.default_rng(0).uniform(-0.5, 0.5, len(inside)) / 255
        assert stats.kstest(inside + jitter, stats.truncnorm(low, high, *law).cdf).pvalue > 1e-4
    deviations = (make(variant, 60).float() / 255).std(dim=(2, 3)).median(dim=0).values
    assert ((deviations - torch.tensor([0.219, 0.213, 0.213])).abs() < 0.06).all()


def roughness(images):
    """The fraction of an image's power in the upper half of the frequencies along an axis, a median over images."""
    # A window, since opposite borders differ.
    window = torch.hann_window(images.shape[-1], dtype=torch.float64)
    images = (images - images.double().mean(dim=(2, 3), keepdim=True)) * torch.outer(window, window)
    power = torch.fft.fft2(images).abs().square().sum(dim=1)
    frequency = torch.fft.fftfreq(images.shape[-1]).abs()
    high = (frequency[:, None] > 0.25) | (frequency > 0.25)
    return ((power * high).sum(dim=(1, 2)) / power.sum(dim=(1, 2))).median()


def test_wavelets_bring_high_frequencies_that_dense_kernels_lack():
    shares = {variant: roughness(make(variant, 24, size=64)) for variant in VARIANTS}
    # Measured: 5e-5 against 0.016, 0.014 and 0.009.
    assert shares["random"] < 5e-4
    assert min(shares["high_frequency"], shares["sparse"], shares["oriented"]) > 2e-3


def test_images_of_a_random_network_are_those_of_its_number():
    """Indices in any order, of several networks, whatever is in memory."""
    process = noise.create("untrained_generator", variant="random", images_per_network=2, **NARROW)
    images = process([5, 0, 3, 1, 4, 2], size=16)
    for place, index in enumerate([5, 0, 3, 1, 4, 2]):
        assert torch.equal(process([index], size=16)[0], images[place])
    other = noise.create("untrained_generator", variant="random", images_per_network=3, **NARROW)
    assert torch.equal(other([1], size=16), images[[3]])
    assert not torch.equal(other([2], size=16), images[[5]])


@pytest.mark.parametrize("variant", VARIANTS)
def test_batches_as_other_devices_make_them_show_the_same_images(variant):
    """At most one level apart, and nearly always none."""
    process = noise.create("untrained_generator", variant=variant, **NARROW)
    batched = process._images(process.sample(range(5), size=32), torch.device("cpu"))
    apart = (process(range(5), size=32).int() - batched.int()).abs()
    assert apart.max() <= 1
    assert apart.float().mean() < 0.01


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("variant", VARIANTS)
def test_another_device_agrees(variant):
    process = noise.create("untrained_generator", variant=variant)
    here, there = process(range(4), size=64), process(range(4), size=64, device="cuda").cpu()
    assert (here.int() - there.int()).abs().float().mean() < 1


def test_it_has_no_labels():
    process = noise.create("untrained_generator")
    assert process.variant == "oriented"
    assert process.classes is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "orientated"}, "unknown variant 'orientated'; did you mean oriented"),
        ({"variant": "?"}, "choose one of: random, high_frequency, sparse, oriented"),
        ({"channel_base": 0}, "channel_base must be at least 1, got 0"),
        ({"channel_most": -1}, "channel_most must be at least 1, got -1"),
        ({"images_per_network": 0}, "images_per_network must be at least 1, got 0"),
    ],
)
def test_invalid_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        noise.create("untrained_generator", **options)
