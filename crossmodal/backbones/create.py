"""Backbones by name."""

import os
from collections.abc import Callable

import torch

from crossmodal.backbones.pictures import Backbone
from crossmodal.backbones.resnet import ResNetBackbone
from crossmodal.backbones.small_alexnet import SmallAlexNet
from crossmodal.backbones.weights import find_weights, load_weights

_MAKERS: dict[str, Callable[[float], Backbone]] = {
    "small_alexnet": lambda width: SmallAlexNet(width=width),
    "resnet18": lambda width: ResNetBackbone(depth=18),
    "resnet18_small": lambda width: ResNetBackbone(depth=18, stem="small"),
    "resnet50": lambda width: ResNetBackbone(depth=50),
    "resnet50_small": lambda width: ResNetBackbone(depth=50, stem="small"),
}


def names() -> tuple[str, ...]:
    """List the names that `create` takes."""
    return tuple(_MAKERS)


def create(name: str, *, width: float = 1.0, weights: str | os.PathLike[str] | None = None) -> Backbone:
    """Make a backbone by its name.

    ``width`` scales the channels of the small AlexNet; the ResNets have one width. ``weights`` is None for a random
    start, the name of weights that ship with the package, or the path of a ``.safetensors`` file.

    Raises:
        ValueError: an unknown name, or a width other than 1 for a ResNet.
        WeightsError: no such weights, or weights that do not fit; says which parameters differ.
    """
    if name not in _MAKERS:
        raise ValueError(f"unknown backbone {name!r}; choose one of: {', '.join(_MAKERS)}")
    if width != 1.0 and not name.startswith("small_alexnet"):
        raise ValueError(f"{name} has one width; leave width at 1 (got {width})")
    # Channels last, like the pictures that `Backbone.encode` feeds: twice as fast on a CPU.
    backbone: Backbone = _MAKERS[name](width)
    backbone.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in the stubs
    if weights is not None:
        load_weights(backbone, find_weights(weights))
    return backbone
