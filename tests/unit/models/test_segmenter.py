"""The segmenter: shapes, ranges of input, and its weights folder with its error."""

import pytest
import torch

from crossmodal import hub
from crossmodal.models import Segmenter


def test_any_size_and_either_range_of_input():
    network = Segmenter(["a", "b", "c"], width=4).eval()
    pictures = torch.randint(0, 256, (2, 3, 37, 50), dtype=torch.uint8)
    assert network(pictures).shape == (2, 3, 37, 50)
    torch.testing.assert_close(network(pictures), network(pictures / 255))
    assert network.segment(pictures).dtype == torch.uint8
    finest, coarsest = network.features(pictures)
    assert finest.shape == (2, 4, 37, 50)
    assert coarsest.shape == (2, 16, 9, 12)


def test_a_picture_is_named_alone_as_in_a_batch():
    network = Segmenter(width=4).eval()
    pictures = torch.rand(300, 3, 16, 16)
    assert torch.equal(network.segment(pictures)[7:8], network.segment(pictures[7:8]))


def test_gradients_reach_the_picture():
    pictures = torch.rand(1, 3, 16, 16).requires_grad_()
    Segmenter(width=4).eval()(pictures)[:, 2].sum().backward()
    assert float(pictures.grad.abs().sum()) > 0


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
