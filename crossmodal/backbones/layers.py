"""Features from a named layer of a backbone."""

import copy
from itertools import pairwise
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from crossmodal.backbones.images import Backbone
from crossmodal.spelling import suggestion

#: Layer name of the mean of the last maps over the image, which every backbone has.
POOLED = "pooled"


@runtime_checkable
class Staged(Protocol):
    """A backbone that names its layers; the layers of any other are the children of its trunk."""

    def stages(self) -> dict[str, nn.Module]:
        """Return the layers in order; each takes the output of the one before."""


def layer_names(backbone: Backbone) -> tuple[str, ...]:
    """Return the names of the layers that `features` accepts, in order; the last is ``pooled``."""
    return (*_stages(backbone), POOLED)


def features(backbone: Backbone, images: Tensor, layer: str = POOLED) -> Tensor:
    """Compute the output of a layer for images (n, 3, height, width), uint8 or float in 0 to 1.

    Returns:
        Maps (n, channels, rows, columns) for a convolutional layer, a residual stage or a transformer block; vectors
        (n, features) for ``fc6``, ``fc7``, ``projection`` and ``pooled``.

    Raises:
        ValueError: the backbone has no such layer, or the layer does not accept images of this size.
    """
    if layer == POOLED:
        pooled: Tensor = backbone(images)
        return pooled
    stages = _stages(backbone)
    if layer not in stages:
        raise ValueError(f"{type(backbone).__name__} has no layer {layer!r}{suggestion(layer, [*stages, POOLED])}")
    # Channels last, as in `Backbone.encode`.
    hidden = backbone.normalize(images).contiguous(memory_format=torch.channels_last)
    for name, stage in stages.items():
        hidden = stage(hidden)
        if name == layer:
            break
    return hidden


def frozen(backbone: Backbone, layer: str = POOLED) -> Backbone:
    """Return a copy in evaluation mode with batch norms fused into the convolutions before them.

    The copy returns the same features of ``layer`` up to rounding, and is faster on a CPU.
    """
    twin = copy.deepcopy(backbone).eval()
    # A layer before its norm is returned as it is, so its norm must not be fused.
    if not isinstance(_stages(twin).get(layer), nn.Conv2d):
        for module in twin.modules():
            # Only in a Sequential do modules certainly run in the order in which they are listed.
            if isinstance(module, nn.Sequential):
                _fuse(module)
    return twin


def _fuse(block: nn.Module) -> None:
    for (name, layer), (following, norm) in pairwise(list(block.named_children())):
        if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            block.add_module(name, fuse_conv_bn_eval(layer, norm).to(memory_format=torch.channels_last))  # type: ignore[call-overload]
            block.add_module(following, nn.Identity())


def _stages(backbone: Backbone) -> dict[str, nn.Module]:
    return backbone.stages() if isinstance(backbone, Staged) else dict(backbone.trunk.named_children())
