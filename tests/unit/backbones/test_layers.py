"""Features from named layers, the whole small AlexNet and the small vision transformer."""

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from crossmodal.backbones import create
from crossmodal.backbones.layers import features, frozen, layer_names
from crossmodal.backbones.small_alexnet import WholeSmallAlexNet
from crossmodal.backbones.small_vit import SmallViT
from crossmodal.errors import WeightsError


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def images_of(side, count=2):
    return torch.randint(0, 256, (count, 3, side, side), dtype=torch.uint8)


def tensors_of(backbone):
    return {name: value.contiguous() for name, value in backbone.state_dict().items()}


def parameters_of(backbone):
    return sum(parameter.numel() for parameter in backbone.parameters())


def test_whole_small_alexnet_has_the_published_number_of_parameters():
    with torch.device("meta"):
        backbone = WholeSmallAlexNet()
    assert round(parameters_of(backbone) / 1e6, 1) == 58.7
    # Counted from the published layers: convolutions, their norms, two layers of 4096 with theirs, a map to 128.
    convolutions = 9 * (3 * 96 + 96 * 192 + 192 * 384 + 384 * 384 + 384 * 192)
    norms = 2 * (96 + 192 + 384 + 384 + 192 + 4096 + 4096)
    linear = 192 * 7 * 7 * 4096 + 4096 * 4096 + 4096 * 128 + 128
    assert parameters_of(backbone) == convolutions + norms + linear


def test_every_layer_of_the_whole_small_alexnet_at_64_pixels():
    backbone = create("small_alexnet_whole", width=0.125).eval()
    assert layer_names(backbone) == ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "projection", "pooled")
    shapes = {layer: tuple(features(backbone, images_of(64), layer).shape[1:]) for layer in layer_names(backbone)}
    assert shapes == {
        "conv1": (12, 31, 31), "conv2": (24, 15, 15), "conv3": (48, 15, 15), "conv4": (48, 15, 15),
        "conv5": (24, 7, 7), "fc6": (512,), "fc7": (512,), "projection": (128,), "pooled": (24,),
    }  # fmt: skip


def test_layers_of_the_whole_network_are_its_parts_one_after_the_other():
    backbone = create("small_alexnet_whole", width=0.125).eval()
    images = images_of(64)
    maps = backbone.maps(images)
    torch.testing.assert_close(features(backbone, images, "conv5"), maps)
    torch.testing.assert_close(features(backbone, images), maps.mean(dim=(2, 3)))
    fc6 = F.relu(backbone.fc6[1](maps.flatten(1) @ backbone.fc6[0].weight.T))
    torch.testing.assert_close(features(backbone, images, "fc6"), fc6)
    embedded = backbone.embed(images)
    torch.testing.assert_close(features(backbone, images, "projection"), embedded)
    torch.testing.assert_close(embedded.norm(dim=1), torch.ones(2))


def test_layers_do_not_spoil_each_other():
    backbone = create("resnet18_small").eval()
    images = images_of(32, 1)
    before = features(backbone, images, "bn1").clone()
    features(backbone, images, "layer1")
    torch.testing.assert_close(features(backbone, images, "bn1"), before)
    assert (before < 0).any()  # the ReLU that follows works in place


def test_fully_connected_layers_name_the_size_they_take():
    backbone = create("small_alexnet_whole", width=0.125).eval()
    with pytest.raises(ValueError, match=r"64 x 64 pixels.*found maps of 3 x 3"):
        features(backbone, images_of(32), "fc6")
    with pytest.raises(ValueError, match="64 x 64"):
        backbone.embed(images_of(96))


def test_resnet_layers_by_name():
    backbone = create("resnet18").eval()
    assert layer_names(backbone)[-5:] == ("layer1", "layer2", "layer3", "layer4", "pooled")
    assert features(backbone, images_of(64), "layer3").shape == (2, 256, 4, 4)


def test_unknown_layer_names_those_there_are():
    with pytest.raises(ValueError, match=r"no layer 'fc6'; choose one of: conv1, .*pooled"):
        features(create("small_alexnet", width=0.1), images_of(32), "fc6")


def test_trunk_takes_the_weights_of_the_whole(tmp_path):
    whole = create("small_alexnet_whole", width=0.125)
    save_file(tensors_of(whole), tmp_path / "whole.safetensors")
    trunk = create("small_alexnet", width=0.125, weights=tmp_path / "whole.safetensors")
    assert torch.equal(trunk.trunk[0].weight, whole.trunk[0].weight)
    save_file(tensors_of(whole) | {"odd": torch.zeros(1)}, tmp_path / "odd.safetensors")
    with pytest.raises(WeightsError, match="unexpected"):
        create("small_alexnet", width=0.125, weights=tmp_path / "odd.safetensors")


def test_the_whole_does_not_take_the_weights_of_the_trunk(tmp_path):
    save_file(tensors_of(create("small_alexnet", width=0.125)), tmp_path / "trunk.safetensors")
    with pytest.raises(WeightsError, match="missing"):
        create("small_alexnet_whole", width=0.125, weights=tmp_path / "trunk.safetensors")


@pytest.mark.parametrize(("width", "millions"), [(0.25, 0.3), (0.5, 1.2), (1.0, 4.8)])
def test_small_vit_has_its_documented_widths(width, millions):
    backbone = create("small_vit", width=width).eval()
    assert backbone.channels == 256 * width
    assert round(parameters_of(backbone) / 1e6, 1) == millions
    assert backbone.maps(images_of(64)).shape == (2, 256 * width, 8, 8)


def test_small_vit_wants_whole_heads():
    for width in (0.3, 0.0, 0.1):
        with pytest.raises(ValueError, match=r"multiple of 0\.25"):
            SmallViT(width=width)


def test_small_vit_takes_any_size_of_a_patch_or_more():
    backbone = SmallViT(width=0.25).eval()
    assert backbone.maps(torch.rand(1, 3, 29, 50)).shape == (1, 64, 3, 6)
    assert layer_names(backbone) == ("patches", *(f"block{number}" for number in range(1, 7)), "norm", "pooled")
    with pytest.raises(ValueError, match="at least 8 x 8"):
        backbone(torch.rand(1, 3, 7, 16))


@torch.no_grad()
def test_small_vit_knows_where_patches_are_and_lets_them_see_each_other():
    backbone = SmallViT(width=0.25).eval()
    images = torch.rand(1, 3, 32, 32)
    # The same patches in other places: a network blind to places would give the same vector.
    moved_patches = images.roll((8, 16), dims=(2, 3))
    assert not torch.allclose(backbone(images), backbone(moved_patches), atol=1e-3)
    touched = images.clone()
    touched[:, :, :8, :8] = 1 - touched[:, :, :8, :8]
    moved = (features(backbone, touched, "block1") - features(backbone, images, "block1")).abs().amax(dim=1)
    assert float(moved[0, 3, 3]) > 0


def test_small_vit_attends_like_an_obvious_twin():
    block = SmallViT(width=0.5).eval().trunk.block1
    maps = torch.randn(1, 128, 2, 3)
    tokens = maps.flatten(2)[0].T
    normed = block.attention_norm(tokens)
    queries, keys, values = block.queries_keys_values(normed).split(128, dim=1)
    mixed = []
    for head in (slice(0, 64), slice(64, 128)):
        weights = torch.softmax(queries[:, head] @ keys[:, head].T / 8.0, dim=1)
        mixed.append(weights @ values[:, head])
    tokens = tokens + block.attended(torch.cat(mixed, dim=1))
    tokens = tokens + block.perceptron(block.perceptron_norm(tokens))
    torch.testing.assert_close(block(maps), tokens.T.reshape(1, 128, 2, 3), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("small_alexnet", 0.125),
        ("small_alexnet_whole", 0.125),
        ("resnet18", 1),
        ("resnet50_small", 1),
        ("small_vit", 0.25),
    ],
)
def test_a_frozen_copy_gives_the_same_features_of_every_layer(name, width):
    backbone = create(name, width=width)
    for _ in range(2):  # so that running statistics are not those of the start
        backbone(images_of(64))
    backbone.eval()
    images = images_of(64)
    with torch.no_grad():
        for layer in layer_names(backbone):
            found, expected = (features(net, images, layer) for net in (frozen(backbone, layer), backbone))
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())


def test_a_frozen_copy_leaves_the_backbone_as_it_was():
    backbone = create("small_alexnet", width=0.125)
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    norms = sum(isinstance(module, torch.nn.BatchNorm2d) for module in backbone.modules())
    twin = frozen(backbone)
    assert backbone.training
    assert not twin.training
    assert norms == sum(isinstance(module, torch.nn.BatchNorm2d) for module in backbone.modules()) == 5
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in twin.modules())
    assert all(torch.equal(value, before[key]) for key, value in backbone.state_dict().items())
