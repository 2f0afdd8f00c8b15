"""A backbone with the head that pretraining compares images by; the head is thrown away afterwards."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.backbones.images import Backbone


class Head(nn.Module):
    """Turns pooled vectors (n, ``inputs``) into embeddings (n, ``outputs``)."""

    inputs: int
    outputs: int


class PerceptronHead(Head):
    """Linear layers with so many units each, ReLU between them.

    Args:
        inputs: the channels of the backbone.
        units: of each layer, the last the dimension of the embedding.

    Raises:
        ValueError: no layers, or a layer without units.

    References:
        Chen et al., "Improved baselines with momentum contrastive learning", 2020 (two layers).
    """

    def __init__(self, inputs: int, units: Sequence[int]) -> None:
        super().__init__()
        if not units or min(units) < 1:
            raise ValueError(f"a head needs layers of at least one unit each, got {list(units)}")
        self.inputs, self.outputs = inputs, units[-1]
        layers: list[nn.Module] = []
        for before, after in zip([inputs, *units], units, strict=False):
            layers += [nn.Linear(before, after), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, vectors: Tensor) -> Tensor:
        """Compute the embeddings (n, outputs) of vectors (n, inputs)."""
        embedded: Tensor = self.layers(vectors)
        return embedded


class DistillationHead(Head):
    """Three linear layers with GELU to a narrow unit vector, then its cosines with ``outputs`` learned directions.

    Args:
        inputs: the channels of the backbone.
        outputs: directions; the publication has 65,536.
        hidden: units of the first two layers.
        narrow: dimension of the unit vector.

    References:
        Caron et al., "Emerging properties in self-supervised vision transformers", ICCV 2021, section 3.1, appendix C.
    """

    def __init__(self, inputs: int, outputs: int = 65_536, hidden: int = 2048, narrow: int = 256) -> None:
        super().__init__()
        self.inputs, self.outputs = inputs, outputs
        self.layers = nn.Sequential(
            nn.Linear(inputs, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, narrow)
        )
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                nn.init.trunc_normal_(layer.weight, std=0.02)
                nn.init.zeros_(layer.bias)
        self.directions = nn.Parameter(torch.randn(outputs, narrow))

    def forward(self, vectors: Tensor) -> Tensor:
        """Compute the cosines (n, outputs) of vectors (n, inputs)."""
        narrow = F.normalize(self.layers(vectors), dim=-1)
        return F.linear(narrow, F.normalize(self.directions, dim=-1).to(narrow.dtype))


@runtime_checkable
class Embedding(Protocol):
    """A backbone with an embedding of its own, as the whole small AlexNet has."""

    #: Of the embedding.
    dimension: int

    def embed(self, images: Tensor) -> Tensor:
        """Compute the embeddings (n, dimension) of images (n, 3, height, width)."""


class Embedder(nn.Module):
    """A backbone and a head on its pooled vector: images in, embeddings out.

    Args:
        backbone: what is to stay.
        head: on its pooled vector; None for the embedding that the backbone has itself.

    Raises:
        ValueError: a head for another backbone; or none, and a backbone without an embedding of its own.
    """

    def __init__(self, backbone: Backbone, head: Head | None = None) -> None:
        super().__init__()
        kind, channels = type(backbone).__name__, backbone.channels
        if head is not None and head.inputs != channels:
            raise ValueError(f"the head takes vectors of {head.inputs} numbers, {kind} gives {channels}")
        if head is None and not isinstance(backbone, Embedding):
            raise ValueError(f"{kind} has no embedding of its own; give it a head, such as a PerceptronHead")
        self.backbone = backbone
        self.head = head

    @property
    def dimension(self) -> int:
        """Of the embedding."""
        if self.head is not None:
            return self.head.outputs
        assert isinstance(self.backbone, Embedding)
        return self.backbone.dimension

    def forward(self, images: Tensor) -> Tensor:
        """Compute the embeddings (n, dimension) of images (n, 3, height, width)."""
        if self.head is None:
            assert isinstance(self.backbone, Embedding)
            return self.backbone.embed(images)
        embedded: Tensor = self.head(self.backbone(images))
        return embedded
