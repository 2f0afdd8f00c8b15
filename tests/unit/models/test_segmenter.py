"""The segmenter: shapes, ranges of input, and its weights folder with its error."""

import pytest
import torch

from crossmodal import hub
from crossmodal.models import Segmenter


def test_any_size_and_either_range_of_input():
    network = Segmenter(["a", "b", "c"], width=4).eval()
    images = torch.randint(0, 256, (2, 3, 37, 50), dtype=torch.uint8)
    assert network(images).shape == (2, 3, 37, 50)
    torch.testing.assert_close(network(images), network(images / 255))
    assert network.segment(images).dtype == torch.uint8
    finest, coarsest = network.features(images)
    assert finest.shape == (2, 4, 37, 50)
    assert coarsest.shape == (2, 16, 9, 12)


def test_a_image_is_named_alone_as_in_a_batch():
    network = Segmenter(width=4).eval()
    images = torch.rand(300, 3, 16, 16)
    assert torch.equal(network.segment(images)[7:8], network.segment(images[7:8]))


def test_gradients_reach_the_image():
    images = torch.rand(1, 3, 16, 16).requires_grad_()
    Segmenter(width=4).eval()(images)[:, 2].sum().backward()
    assert float(images.grad.abs().sum()) > 0


def test_the_error_travels_with_the_weights(tmp_path):
    network = Segmenter(["sky", "wall"], width=4, levels=2)
    network.confusion.copy_(torch.tensor([[90, 10], [0, 50]]))
    hub.save_weights(network, tmp_path / "weights", card="")
    loaded = hub.load_model(tmp_path / "weights")
    assert loaded.classes == ("sky", "wall")
    assert torch.equal(loaded.confusion, network.confusion)


def test_senseless_options_are_refused():
    with pytest.raises(ValueError, match="two classes"):
        Segmenter(["alone"])
