"""Backbones by name."""

import os
from collections.abc import Callable
from pathlib import Path

import torch

from crossmodal.backbones.images import Backbone
from crossmodal.backbones.resnet import ResNetBackbone
from crossmodal.backbones.small_alexnet import SmallAlexNet, WholeSmallAlexNet
from crossmodal.backbones.small_vit import SmallViT
from crossmodal.spelling import check_choice
from crossmodal.weights import find_weights, load_weights, read_tensors, verified_arguments

_MAKERS: dict[str, Callable[[float], Backbone]] = {
    "small_alexnet": lambda width: SmallAlexNet(width=width),
    "small_alexnet_whole": lambda width: WholeSmallAlexNet(width=width),
    "small_vit": lambda width: SmallViT(width=width),
    "resnet18": lambda width: ResNetBackbone(depth=18),
    "resnet18_small": lambda width: ResNetBackbone(depth=18, stem="small"),
    "resnet50": lambda width: ResNetBackbone(depth=50),
    "resnet50_small": lambda width: ResNetBackbone(depth=50, stem="small"),
}


def names() -> tuple[str, ...]:
    """Return the names that `create` accepts."""
    return tuple(_MAKERS)


def check_name(name: str) -> None:
    """Check that `create` accepts a name.

    Raises:
        ValueError: the name is unknown; the message lists the known ones.
    """
    check_choice("backbone", name, _MAKERS)


def create(name: str, *, width: float | None = None, weights: str | os.PathLike[str] | None = None) -> Backbone:
    """Create a backbone by name.

    ``width`` scales the channels of the small networks; the ResNets have one width. None is the width in the config
    beside the weights, else 1. ``weights`` is None for a random start, the name of weights that ship with the
    package, or the path of a ``.safetensors`` file or a weights folder. The trunk of the small AlexNet,
    ``small_alexnet``, also accepts the weights of ``small_alexnet_whole`` and ignores the rest.

    Raises:
        ValueError: the name is unknown, or the backbone does not have this width.
        WeightsError: the weights do not exist, do not fit (the message lists the parameters that differ), or have
            another hash than the config beside them.
    """
    check_name(name)
    path = None if weights is None else find_weights(weights)
    named = width_of(path)  # also checks the hash of the tensors against the config
    width = named if width is None else width
    if width != 1.0 and name.startswith("resnet"):
        raise ValueError(f"{name} has one width; leave width at 1 (got {width})")
    # Channels last, like the images in `Backbone.encode`: twice as fast on a CPU.
    backbone: Backbone = _MAKERS[name](width)
    backbone.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in the stubs
    if path is not None:
        load_weights(backbone, path, allow=("unexpected",) if _are_from_whole_network(backbone, path) else ())
    return backbone


def width_of(weights: str | os.PathLike[str] | None) -> float:
    """Return the width in the config beside the weights; 1 if it has none.

    Raises:
        WeightsError: the weights do not exist, or have another hash than the config.
    """
    named = None if weights is None else verified_arguments(find_weights(weights)).get("width")
    return float(named) if isinstance(named, int | float) else 1.0


def _are_from_whole_network(backbone: Backbone, path: Path) -> bool:
    """Return whether all unexpected tensors of a file are parameters of the whole network outside its trunk."""
    if not (isinstance(backbone, SmallAlexNet) and backbone.outside_trunk):
        return False
    unexpected = read_tensors(path).keys() - backbone.state_dict().keys()
    return all(name.startswith(backbone.outside_trunk) for name in unexpected)
