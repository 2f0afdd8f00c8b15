"""Layers by name, and their outputs."""

import pytest
import torch
from torch import nn

from crossmodal import backbones
from crossmodal.dissect import find_layer, record


@pytest.fixture
def network():
    model = nn.Sequential()
    model.add_module("body", nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(inplace=True), nn.Conv2d(5, 4, 3)))
    model.add_module("pool", nn.AdaptiveAvgPool2d(1))
    model.add_module("flat", nn.Flatten())
    model.add_module("head", nn.Linear(4, 2))
    return model.eval()


def test_layers_by_path_by_the_end_of_a_path_and_by_stage(network):
    assert find_layer(network, "body.2") is network.body[2]
    assert find_layer(network, "2") is network.body[2]
    assert find_layer(network, "head") is network.head
    alexnet = backbones.create("small_alexnet", width=0.1)
    assert find_layer(alexnet, "conv5") is alexnet.trunk[-1]
    assert find_layer(backbones.create("resnet18"), "layer3") is not None


def test_a_missing_layer_is_refused_with_the_nearest_name(network):
    with pytest.raises(ValueError, match="Sequential has no layer 'hed'; did you mean head"):
        find_layer(network, "hed")
    with pytest.raises(ValueError, match=r"has no layer 'zzz'; choose one of: body, body.0"):
        find_layer(network, "zzz")
    two = nn.ModuleDict({"a": nn.ModuleDict({"x": nn.ReLU()}), "b": nn.ModuleDict({"x": nn.ReLU()})})
    with pytest.raises(ValueError, match="several layers"):
        find_layer(two, "x")


def test_records_are_copies_of_the_output(network):
    images = torch.randn(2, 3, 8, 8)
    found = record(network, network.body[0], (images,))
    torch.testing.assert_close(found, network.body[0](images))
    assert found.min() < 0
    assert record(network, network.head, (images,)).shape == (2, 2, 1, 1)


def test_layers_after_it_do_not_run_and_no_hook_stays(network):
    def fail(*_):
        raise AssertionError

    network.head.register_forward_hook(fail)
    record(network, network.body[2], (torch.zeros(1, 3, 8, 8),))
    assert not network.body[2]._forward_hooks


def test_layers_without_maps_or_vectors_are_refused():
    model = nn.Sequential(nn.Identity())
    with pytest.raises(ValueError, match="not part of the forward pass"):
        record(model, nn.ReLU(), (torch.zeros(1, 2),))
    with pytest.raises(ValueError, match=r"found shape \(1, 2, 3\)"):
        record(model, model[0], (torch.zeros(1, 2, 3),))
