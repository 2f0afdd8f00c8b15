"""Units of a backbone: the channels of a layer; their activation is the mean over the image."""

from collections import OrderedDict
from functools import lru_cache

import torch

from crossmodal.backbones import Backbone, create, load_weights
from crossmodal.randomness import stream_key
from crossmodal.spelling import check_choice
from crossmodal.weights import find_weights

#: The least shorter side of an image for any backbone, in pixels.
LEAST_SIDE = 32


@lru_cache(maxsize=16)
def count_units(name: str, width: float, layer: str | None) -> int:
    """Return the number of units of a layer (the last if None), without allocating the backbone.

    Raises:
        ValueError: an unknown backbone or layer, or a width that the backbone does not have.
    """
    with torch.device("meta"):
        backbone = _truncated(create(name, width=width), layer).eval()
        return int(backbone.encode(torch.empty(1, 3, LEAST_SIDE, LEAST_SIDE)).shape[1])


# Two, so that a random and a trained backbone can alternate.
@lru_cache(maxsize=2)
def load_units(
    name: str, width: float, layer: str | None, weights: str | None, network: int, device: torch.device
) -> Backbone:
    """Create a frozen backbone up to a layer; calling it returns the activations (n, units).

    Without weights it is random, the same for the same ``network``.

    Raises:
        WeightsError: no such weights, or weights that do not fit.
    """
    # Tensors created in inference mode cannot be used in autograd.
    with torch.inference_mode(False), torch.random.fork_rng(devices=[]):
        first, second = (int(word) for word in stream_key(network, f"noise/backbones/{name}"))
        # Not torch.manual_seed, which would also seed the generators of all devices.
        torch.default_generator.manual_seed(first << 31 ^ second)
        backbone = create(name, width=width)
        if weights is not None:
            load_weights(backbone, find_weights(weights))
        return _truncated(backbone, layer).eval().requires_grad_(False).to(device)


def _truncated(backbone: Backbone, layer: str | None) -> Backbone:
    """Remove the layers after ``layer`` from the trunk of a backbone."""
    if layer is None:
        return backbone
    children = OrderedDict(backbone.trunk.named_children())
    check_choice("layer", layer, children)
    for name in reversed(list(children)[list(children).index(layer) + 1 :]):
        del children[name]
    backbone.trunk = torch.nn.Sequential(children)
    return backbone
