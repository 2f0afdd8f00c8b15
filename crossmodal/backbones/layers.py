"""Features from any named layer of a backbone."""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from crossmodal.backbones.pictures import Backbone

#: The mean of the last maps over the picture, which every backbone has.
POOLED = "pooled"


@runtime_checkable
class Staged(Protocol):
    """A backbone that names its layers itself; those of any other are the children of its trunk."""

    def stages(self) -> dict[str, nn.Module]:
        """The layers in order: what each makes of the output of the one before."""


def layer_names(backbone: Backbone) -> tuple[str, ...]:
    """List the layers from which `features` can be taken, in order; the last is ``pooled``."""
    return (*_stages(backbone), POOLED)


def features(backbone: Backbone, pictures: Tensor, layer: str = POOLED) -> Tensor:
    """Compute what a layer makes of pictures (n, 3, height, width), uint8 or float in 0 to 1.

    Returns:
        Maps (n, channels, rows, columns) of a convolutional layer, a residual stage or a transformer block; vectors
        (n, units) of ``fc6``, ``fc7``, ``projection`` and ``pooled``.

    Raises:
        ValueError: the backbone has no such layer, or the layer does not take pictures of this size.
    """
    if layer == POOLED:
        pooled: Tensor = backbone(pictures)
        return pooled
    stages = _stages(backbone)
    if layer not in stages:
        raise ValueError(
            f"{type(backbone).__name__} has no layer {layer!r}; choose one of: {', '.join(stages)}, {POOLED}"
        )
    # Channels last, as in `Backbone.encode`.
    hidden = backbone.normalize(pictures).contiguous(memory_format=torch.channels_last)
    for name, stage in stages.items():
        hidden = stage(hidden)
        if name == layer:
            break
    return hidden


def _stages(backbone: Backbone) -> dict[str, nn.Module]:
    return backbone.stages() if isinstance(backbone, Staged) else dict(backbone.trunk.named_children())
