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
    """List the names that `create` takes."""
    return tuple(_MAKERS)


def check_name(name: str) -> None:
    """Make sure that `create` takes a name.

    Raises:
        ValueError: it does not; says which it takes.
    """
    check_choice("backbone", name, _MAKERS)


def create(name: str, *, width: float | None = None, weights: str | os.PathLike[str] | None = None) -> Backbone:
    """Make a backbone by its name.

    ``width`` scales the channels of the small networks; the ResNets have one width. None is the width that the config
    beside the weights names, else 1. ``weights`` is None for a random start, the name of weights that ship with the
    package, or the path of a ``.safetensors`` file or a weights folder. The trunk of the small AlexNet,
    ``small_alexnet``, also takes the weights of ``small_alexnet_whole`` and ignores the rest.

    Raises:
        ValueError: an unknown name, or a width that the backbone does not have.
        WeightsError: no such weights, weights that do not fit (says which parameters differ), or another hash than that
            of the config beside them.
    """
    check_name(name)
    path = None if weights is None else find_weights(weights)
    named = width_of(path)  # also makes sure that the tensors are those of the config
    width = named if width is None else width
    if width != 1.0 and name.startswith("resnet"):
        raise ValueError(f"{name} has one width; leave width at 1 (got {width})")
    # Channels last, like the images that `Backbone.encode` feeds: twice as fast on a CPU.
    backbone: Backbone = _MAKERS[name](width)
    backbone.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in the stubs
    if path is not None:
        load_weights(backbone, path, allow=("unexpected",) if _belong_to_the_whole(backbone, path) else ())
    return backbone


def width_of(weights: str | os.PathLike[str] | None) -> float:
    """The width that the config beside weights names; 1 where it names none.

    Raises:
        WeightsError: no such weights, or another hash than that of the config.
    """
    named = None if weights is None else verified_arguments(find_weights(weights)).get("width")
    return float(named) if isinstance(named, int | float) else 1.0


def _belong_to_the_whole(backbone: Backbone, path: Path) -> bool:
    """Whether what a file holds beyond a trunk's parameters is what the whole network has beyond it, and only that."""
    if not (isinstance(backbone, SmallAlexNet) and backbone.beyond):
        return False
    unexpected = read_tensors(path).keys() - backbone.state_dict().keys()
    return all(name.startswith(backbone.beyond) for name in unexpected)
