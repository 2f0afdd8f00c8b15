import pytest
import torch
from safetensors.torch import save_file

from crossmodal import backbones
from crossmodal.backbones import RecurrentTemporal, SmallAlexNet, create, create_temporal, load_weights
from crossmodal.errors import WeightsError


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def tensors_of(backbone):
    """What a file of weights holds: channels-last is a matter of memory alone."""
    return {name: value.contiguous() for name, value in backbone.state_dict().items()}


def test_small_alexnet_is_the_published_trunk():
    backbone = create("small_alexnet")
    convolutions = [layer for layer in backbone.trunk if isinstance(layer, torch.nn.Conv2d)]
    assert [layer.out_channels for layer in convolutions] == [96, 192, 384, 384, 192]
    assert all(layer.bias is None and layer.kernel_size == (3, 3) for layer in convolutions)
    assert float(convolutions[2].weight.detach().std()) == pytest.approx(0.02, rel=0.02)
    maps = backbone.eval().maps(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))
    assert maps.shape == (1, 192, 7, 7)


def test_width_scales_every_layer():
    assert create("small_alexnet", width=0.25).channels == 48


def test_pooled_vector_is_the_mean_of_the_maps():
    backbone = create("small_alexnet", width=0.1).eval()
    images = torch.randint(0, 256, (2, 3, 40, 56), dtype=torch.uint8)
    torch.testing.assert_close(backbone(images), backbone.maps(images).mean(dim=(2, 3)))


def test_uint8_and_unit_range_images_are_the_same_input():
    backbone = create("small_alexnet", width=0.1).eval()
    images = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    torch.testing.assert_close(backbone(images), backbone(images.float() / 255))


@pytest.mark.parametrize(("name", "side", "channels"), [("resnet18", 2, 512), ("resnet18_small", 8, 512)])
def test_resnet_maps_with_either_stem(name, side, channels):
    backbone = create(name).eval()
    with torch.no_grad():
        assert backbone.maps(torch.rand(1, 3, 64, 64)).shape == (1, channels, side, side)
    assert backbone.channels == channels


def test_every_name_can_be_created():
    for name in backbones.names():
        if "50" not in name:
            assert create(name).channels > 0


def test_unknown_names_say_which_there_are():
    with pytest.raises(ValueError, match="small_alexnet"):
        create("alexnet")
    with pytest.raises(ValueError, match="lstm"):
        create_temporal("rnn", 4, 4)
    with pytest.raises(ValueError, match="one width"):
        create("resnet18", width=0.5)
    with pytest.raises(ValueError, match="width"):
        SmallAlexNet(width=0.001)


@pytest.mark.parametrize("name", backbones.TEMPORAL_NAMES)
def test_temporal_networks_give_three_steps_a_tick(name):
    network = create_temporal(name, in_features=10, hidden_features=8).eval()
    assert network(torch.randn(2, 7, 10)).shape == (2, 21, 8)


def test_lstm_is_causal_and_convolution_is_not():
    features = torch.randn(1, 40, 6)
    changed = features.clone()
    changed[:, 20, 0] += 1
    for name, looks_ahead in (("lstm", False), ("convolution", True)):
        network = create_temporal(name, in_features=6, hidden_features=8).eval()
        before = slice(0, 60)
        moved = not torch.allclose(network(features)[:, before], network(changed)[:, before], atol=1e-6)
        assert moved == looks_ahead


def test_lstm_repeats_each_tick_three_times():
    network = RecurrentTemporal(in_features=4, hidden_features=5)
    features = torch.randn(1, 3, 4)
    torch.testing.assert_close(network(features), network.lstm(torch.repeat_interleave(features, 3, dim=1))[0])


def test_weights_survive_a_round_trip(tmp_path):
    first = create("small_alexnet", width=0.1)
    save_file(tensors_of(first), tmp_path / "model.safetensors")
    second = create("small_alexnet", width=0.1, weights=tmp_path)
    assert all(torch.equal(value, second.state_dict()[name]) for name, value in first.state_dict().items())


def test_weights_of_another_network_are_refused_with_a_table(tmp_path):
    other = tensors_of(create("small_alexnet", width=0.2)) | {"odd": torch.zeros(1)}
    save_file(other, tmp_path / "other.safetensors")
    wanted = create("small_alexnet", width=0.1)
    before = {name: value.clone() for name, value in wanted.state_dict().items()}
    with pytest.raises(WeightsError, match="shape differs"):
        load_weights(wanted, tmp_path / "other.safetensors")
    assert all(torch.equal(value, wanted.state_dict()[name]) for name, value in before.items())


def test_declared_differences_are_let_through(tmp_path):
    tensors = tensors_of(create("small_alexnet", width=0.1))
    left_out = tensors.pop("trunk.0.weight")
    save_file(tensors | {"head.weight": left_out}, tmp_path / "part.safetensors")
    report = load_weights(
        create("small_alexnet", width=0.1), tmp_path / "part.safetensors", allow=("missing", "unexpected")
    )
    assert report.missing == ("trunk.0.weight",)
    assert report.unexpected == ("head.weight",)
    assert "missing" in report.table()


def test_missing_and_damaged_weights_are_sentences(tmp_path):
    with pytest.raises(WeightsError, match="no such weights"):
        create("small_alexnet", weights=tmp_path / "nowhere")
    (tmp_path / "torn.safetensors").write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{")
    with pytest.raises(WeightsError, match="not a readable safetensors"):
        create("small_alexnet", weights=tmp_path / "torn.safetensors")
