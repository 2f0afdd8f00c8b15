"""StyleGAN3's generator: the published layers, and images that move and turn with their input."""

import numpy as np
import pytest
import torch

from crossmodal import hub
from crossmodal.dissect.layer import find_layer, record
from crossmodal.models import StyleGenerator3
from crossmodal.models.style_generator_3 import design_low_pass, plan_bands

TINY = {"size": 32, "latent": 8, "style": 8, "channel_base": 512, "channel_max": 8, "layers": 4, "critical": 1}
TURNING = {"kernel": 1, "radial": True}


def test_the_published_configurations():
    with torch.device("meta"):
        moving = StyleGenerator3(1024)
        turning = StyleGenerator3(1024, channel_base=65536, channel_max=1024, **TURNING)
    # Side and units of a layer stand in its published name.
    assert moving.layer_names[1:] == tuple(
        f"synthesis.{name}"
        for name in (
            *("L0_36_512", "L1_36_512", "L2_52_512", "L3_52_512", "L4_84_512", "L5_148_512", "L6_148_512"),
            *("L7_276_323", "L8_276_203", "L9_532_128", "L10_1044_81", "L11_1044_51", "L12_1044_32", "L13_1024_32"),
        )
    )
    assert dict(moving.named_parameters())["synthesis.L14_1024_3.weight"].shape == (3, 32, 1, 1)
    assert dict(turning.named_parameters())["synthesis.L13_1024_64.weight"].shape == (64, 64, 1, 1)
    assert sum(parameter.numel() for parameter in moving.parameters()) == 22_313_167
    # What the training of configuration R at 1024 pixels prints, its filters counted among the buffers.
    assert sum(parameter.numel() for parameter in turning.parameters()) == 15_093_151
    assert sum(buffer.numel() for buffer in turning.buffers()) == 5600


def psnr(found, expected):
    """Peak signal-to-noise ratio in dB, the measure EQ-T of the paper; the peak is the range of the images."""
    peak = expected.max() - expected.min()
    return float(10 * torch.log10(peak**2 / (found - expected).square().mean()))


def moved(generator, cells):
    latents = generator.latents(range(2))
    still = generator(latents)
    generator.move(right=cells / generator.size)
    return generator(latents)[..., cells:], still[..., :-cells]


@pytest.mark.parametrize("options", [{}, TURNING])
@pytest.mark.parametrize("cells", [1, 3])
@torch.no_grad()
def test_moving_the_input_moves_the_image(options, cells):
    torch.manual_seed(0)
    assert psnr(*moved(StyleGenerator3(**TINY, **options).eval(), cells)) > 70


@torch.no_grad()
def test_without_filters_it_would_not():
    torch.manual_seed(0)
    assert psnr(*moved(StyleGenerator3(**TINY, filter_taps=1, oversampling=1).eval(), 1)) < 40


@torch.no_grad()
def test_turning_the_input_turns_the_image_of_configuration_r():
    found = {}
    for name, options in (("turning", TURNING), ("moving", {})):
        torch.manual_seed(0)
        generator = StyleGenerator3(**TINY, **options).eval()
        latents = generator.latents(range(2))
        still = generator(latents)
        generator.get_submodule("synthesis.input").transform[:2, :2] = torch.tensor([[0.0, 1.0], [-1.0, 0.0]])
        found[name] = max(psnr(generator(latents), still.rot90(turns, (2, 3))) for turns in (1, 3))
    assert found["turning"] > 70
    assert found["moving"] < 40


def test_bands_rise_geometrically_to_the_critical_one():
    bands = plan_bands(256, 14, 2, 2.0, 2**2.1, 2**0.3, 10)
    assert len(bands) == 15
    assert bands[0].cutoff == 2
    assert [band.cutoff for band in bands[-3:]] == [128, 128, 128]
    ratios = np.divide([band.cutoff for band in bands[1:13]], [band.cutoff for band in bands[:12]])
    np.testing.assert_allclose(ratios, 64 ** (1 / 12))
    assert all(band.rate / 2 >= band.cutoff for band in bands)
    assert [band.side for band in bands[-2:]] == [256, 256]


@pytest.mark.parametrize("radial", [False, True])
def test_the_filters_pass_low_and_stop_high_frequencies(radial):
    kernel = design_low_pass(24, cutoff=4.0, width=6.0, rate=64, radial=radial)
    profile = kernel.sum(dim=0) if radial else kernel
    torch.testing.assert_close(profile, profile.flip(0))
    response = np.abs(np.fft.rfft(profile.numpy(), 640)[::10])  # one a cycle
    assert response[0] == pytest.approx(1, abs=1e-6)
    assert response[4] == pytest.approx(0.5, abs=0.1)
    assert response[10:].max() < 0.02
    assert design_low_pass(1, 4.0, 6.0, 64) is None


def test_layers_make_maps_that_can_be_dissected():
    generator = StyleGenerator3(**TINY).eval()
    for name in generator.layer_names:
        maps = record(generator, find_layer(generator, name), (generator.latents([0]),))
        assert maps.ndim == 4
        if "L" in name:
            _, side, units = name.rpartition(".")[2].split("_")
            assert maps.shape == (1, int(units), int(side), int(side))


def test_it_survives_its_weights_folder(tmp_path):
    generator = StyleGenerator3(**TINY, classes=2).eval()
    hub.save_weights(generator, tmp_path / "weights", card="")
    loaded = hub.load_model(tmp_path / "weights")
    together = generator.draw([3, 1])
    assert torch.equal(loaded.draw([3, 1]), together)
    assert torch.equal(generator.draw([1]), together[1:])


@pytest.mark.parametrize("options", [{"size": 48}, {"critical": 4}, {"kernel": 0}, {"filter_taps": 1000}])
def test_senseless_arguments_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        StyleGenerator3(**TINY | options)
