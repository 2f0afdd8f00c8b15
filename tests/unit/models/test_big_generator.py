"""BigGAN-deep's generator: the published counts, the cut normal, statistics by truncation."""

import pytest
import torch

from crossmodal import hub
from crossmodal.dissect.layer import find_layer, record
from crossmodal.models import BigGenerator

TINY = {"size": 128, "width": 4, "latent": 4, "embedding": 3, "classes": 5, "statistics": 11}


@pytest.mark.parametrize(("size", "layers", "millions"), [(128, 11, 50.4), (256, 13, 55.9), (512, 15, 56.2)])
def test_the_published_configurations_have_the_published_numbers_of_parameters(size, layers, millions):
    with torch.device("meta"):
        generator = BigGenerator(size)
    assert round(sum(parameter.numel() for parameter in generator.parameters()) / 1e6, 1) == millions
    assert len(generator.layer_names) == layers
    assert type(generator.get_submodule("generator.layers.8")).__name__ == "_Attention"


@torch.no_grad()
def test_layers_make_maps_that_can_be_dissected():
    generator = BigGenerator(**TINY).eval()
    inputs = (generator.latents([0]), generator.labels([0]))
    sides = [record(generator, find_layer(generator, name), inputs).shape[-1] for name in generator.layer_names]
    assert sides == [4, 8, 8, 16, 16, 32, 32, 64, 64, 64, 128]


def test_a_image_depends_on_its_own_latent_and_label_alone(tmp_path):
    torch.manual_seed(0)
    generator = BigGenerator(**TINY).eval()
    together = generator.draw([4, 9])
    assert together.shape == (2, 3, 128, 128)
    assert torch.equal(together[1:], generator.draw([9]))
    hub.save_weights(generator, tmp_path / "weights", card="")
    assert torch.equal(hub.load_model(tmp_path / "weights").draw([4, 9]), together)


def test_latents_are_normal_up_to_two():
    latents = BigGenerator(**TINY, truncation=0.5).latents(range(5000))
    assert float(latents.abs().max()) <= 1
    # The variance of a normal cut off at 2 is 0.774; five standard deviations of 20,000 squares.
    assert float(latents.square().mean()) / 0.25 == pytest.approx(0.774, abs=5 * 0.9 / 20_000**0.5)


@torch.no_grad()
def test_statistics_between_two_truncations_are_interpolated():
    generator = BigGenerator(**TINY)
    layer = generator.generator.bn
    layer.running_means.copy_(torch.arange(11.0)[:, None].expand_as(layer.running_means))
    maps = torch.zeros(1, 4, 2, 2)
    for truncation, mean in ((0.1, 1.0), (0.25, 2.5), (1.0, 10.0)):
        found = float(layer(maps, None, truncation).mean())
        assert found == pytest.approx(-mean, rel=1e-3)


@pytest.mark.parametrize("options", [{"size": 64}, {"width": 6}, {"truncation": 0}, {"classes": 0}])
def test_senseless_arguments_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        BigGenerator(**TINY | options)
