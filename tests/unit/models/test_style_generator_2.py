"""StyleGAN2-ADA's generator: the published counts, hooks, images that depend on their own latent."""

import pytest
import torch

from crossmodal import hub
from crossmodal.dissect.layer import find_layer, record
from crossmodal.models import StyleGenerator2

TINY = {"size": 16, "latent": 8, "style": 8, "channel_base": 64, "channel_max": 8, "mapping_layers": 2}


def test_the_published_configuration_has_the_published_number_of_parameters():
    with torch.device("meta"):
        generator = StyleGenerator2(1024)
    # Configuration F of StyleGAN2 at 1024 pixels, as its training prints it; the papers round it to 30 million.
    assert sum(parameter.numel() for parameter in generator.parameters()) == 30_370_060
    assert generator.layer_names[:3] == ("synthesis.b4.conv1", "synthesis.b8.conv0", "synthesis.b8.conv1")
    # 18 styles: one a layer, and one for the last image.
    assert len(generator.layer_names) == 17
    names = dict(generator.named_parameters())
    assert names["synthesis.b4.const"].shape == (512, 4, 4)
    assert names["synthesis.b1024.conv0.weight"].shape == (32, 64, 3, 3)
    assert names["mapping.fc7.weight"].shape == (512, 512)


def test_layers_make_maps_that_can_be_dissected():
    generator = StyleGenerator2(**TINY).eval()
    sides = [record(generator, find_layer(generator, name), (generator.latents([0]),)).shape[-1]
             for name in ("b4.conv1", "b8.conv0", "b8.conv1", "b16.conv0", "b16.conv1")]  # fmt: skip
    assert sides == [4, 8, 8, 16, 16]


def test_a_image_depends_on_its_own_latent_and_label_alone():
    generator = StyleGenerator2(**TINY, classes=3).eval()
    together = generator.draw([5, 2, 700], seed=1)
    assert together.shape == (3, 3, 16, 16)
    assert together.dtype == torch.uint8
    assert torch.equal(together[1:2], generator.draw([2], seed=1))
    assert not torch.equal(together, generator.draw([5, 2, 700], seed=2))
    assert set(generator.labels(range(200)).tolist()) == {0, 1, 2}


def test_one_style_a_layer_is_the_same_as_one_for_all():
    generator = StyleGenerator2(**TINY).eval()
    styles = generator.mapping(generator.latents(range(2)))
    whole = generator.draw_styles(styles)
    each = styles[:, None].repeat(1, len(generator.layer_names) + 1, 1)
    torch.testing.assert_close(generator.draw_styles(each), whole)
    each[:, -1] = 0
    assert not torch.allclose(generator.draw_styles(each), whole)


def test_noise_is_constant_and_as_strong_as_learned():
    generator = StyleGenerator2(**TINY).eval()
    latents = generator.latents([0])
    silent = generator(latents)
    with torch.no_grad():
        generator.get_submodule("synthesis.b16.conv1").noise_strength.fill_(1.0)
    assert not torch.allclose(generator(latents), silent)
    assert torch.equal(generator(latents), generator(latents))


def test_it_survives_its_weights_folder(tmp_path):
    generator = StyleGenerator2(**TINY, clamp=256.0).eval()
    hub.save_weights(generator, tmp_path / "weights", card="")
    assert torch.equal(hub.load_model(tmp_path / "weights").draw(range(2)), generator.draw(range(2)))


@pytest.mark.parametrize("options", [{"size": 48}, {"latent": 0}, {"channel_base": 8}, {"mapping_layers": 1.5}])
def test_senseless_arguments_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        StyleGenerator2(**TINY | options)


def test_labels_are_asked_for_where_they_are_needed():
    latents = torch.zeros(1, 8)
    with pytest.raises(ValueError, match="needs labels"):
        StyleGenerator2(**TINY, classes=2)(latents)
    with pytest.raises(ValueError, match="takes no labels"):
        StyleGenerator2(**TINY)(latents, torch.zeros(1, dtype=torch.int64))
