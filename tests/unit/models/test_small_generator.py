"""The small generator and its opponent: shapes, named layers, images that depend on their own latent alone."""

import pytest
import torch

from crossmodal import hub
from crossmodal.models import SmallDiscriminator, SmallGenerator


@pytest.mark.parametrize(("size", "layers"), [(8, 2), (32, 4), (64, 5), (128, 6)])
def test_every_layer_doubles_the_side_and_can_be_hooked(size, layers):
    generator = SmallGenerator(size, latent=16, width=0.5)
    assert generator.layer_names == tuple(f"layer{number}" for number in range(1, layers + 1))
    seen = {}
    for name in generator.layer_names:
        generator.get_submodule(name).register_forward_hook(
            lambda module, inputs, output, name=name: seen.update({name: output})
        )
    images = generator(generator.latents(range(2)))
    assert images.shape == (2, 3, size, size)
    assert [maps.shape[-1] for maps in seen.values()] == [4 << number for number in range(layers)]
    for maps in seen.values():
        torch.testing.assert_close(maps.square().mean(dim=1), torch.ones_like(maps[:, 0]), atol=1e-3, rtol=0)


def test_the_published_widths_at_32_and_64():
    generator = SmallGenerator(32)
    widths = [generator.get_submodule(name)[-3].weight.shape[0] for name in generator.layer_names[1:]]
    assert widths == [64, 32, 16]
    assert sum(p.numel() for p in generator.parameters()) == 230_435
    assert sum(p.numel() for p in SmallGenerator(64).parameters()) == pytest.approx(0.38e6, rel=0.02)


def test_a_image_depends_on_its_own_latent_alone():
    generator = SmallGenerator(16).eval()
    together = generator.draw([5, 2, 700], seed=1)
    assert torch.equal(together[1:2], generator.draw([2], seed=1))
    assert not torch.equal(together, generator.draw([5, 2, 700], seed=2))
    assert together.dtype == torch.uint8
    images = generator(generator.latents([5]))
    assert 0 <= float(images.detach().min()) < float(images.detach().max()) <= 1


def test_the_length_of_a_latent_does_not_matter():
    generator = SmallGenerator(16)
    latents = generator.latents(range(3))
    torch.testing.assert_close(generator(latents), generator(7 * latents))


def test_labels_come_as_often_as_in_training_and_change_the_image():
    generator = SmallGenerator(16, classes=3)
    generator.label_counts.copy_(torch.tensor([100, 0, 300]))
    labels = generator.labels(range(4000))
    share = torch.bincount(labels, minlength=3) / 4000
    # Five standard deviations.
    assert share.tolist() == pytest.approx([0.25, 0, 0.75], abs=5 * (0.25 * 0.75 / 4000) ** 0.5)
    latents = generator.latents([0])
    assert not torch.equal(generator(latents, torch.tensor([0])), generator(latents, torch.tensor([2])))


def test_labels_are_asked_for_where_they_are_needed():
    latents, labels, images = torch.zeros(2, 64), torch.zeros(2, dtype=torch.int64), torch.zeros(2, 3, 32, 32)
    with pytest.raises(ValueError, match="takes no labels"):
        SmallGenerator()(latents, labels)
    with pytest.raises(ValueError, match="needs labels"):
        SmallGenerator(classes=2)(latents)
    with pytest.raises(ValueError, match="takes no labels"):
        SmallDiscriminator()(images, labels)
    with pytest.raises(ValueError, match="needs labels"):
        SmallDiscriminator(classes=2)(images)
    assert SmallGenerator().labels(range(3)) is None


@pytest.mark.parametrize("options", [{"size": 48}, {"size": 4}, {"width": 0.01}])
def test_senseless_sizes_are_refused(options):
    with pytest.raises(ValueError, match=r"size|width"):
        SmallGenerator(**options)


def test_the_discriminator_sees_a_lack_of_variety():
    torch.manual_seed(0)
    discriminator = SmallDiscriminator(16, width=0.5)
    images = torch.rand(4, 3, 16, 16)
    same = images[:1].expand(4, -1, -1, -1)
    scores = discriminator(images)
    assert scores.shape == (4,)
    assert float((discriminator(same)[0] - scores[0]).detach().abs()) > 1e-4


def test_scores_depend_on_the_label():
    torch.manual_seed(0)
    discriminator = SmallDiscriminator(16, classes=2)
    images = torch.rand(2, 3, 16, 16)
    first, second = (discriminator(images, torch.full((2,), label)) for label in (0, 1))
    assert not torch.equal(first, second)


def test_a_generator_survives_its_weights_folder(tmp_path):
    generator = SmallGenerator(16, latent=8, width=0.5, classes=2).eval()
    generator.label_counts.copy_(torch.tensor([3, 9]))
    hub.save_weights(generator, tmp_path / "weights", card="")
    loaded = hub.load_model(tmp_path / "weights")
    assert torch.equal(loaded.draw(range(4)), generator.draw(range(4)))
