"""A backbone with a projection head for pretraining; the head is discarded afterwards."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.backbones.images import Backbone


class Head(nn.Module):
    """Maps pooled vectors (n, ``in_features``) to embeddings (n, ``out_features``)."""

    in_features: int
    out_features: int


class PerceptronHead(Head):
    """Linear layers with ReLU between them.

    Args:
        in_features: channels of the backbone.
        features: width of each layer; the last is the dimension of the embedding.

    Raises:
        ValueError: there is no layer, or a layer has no features.

    References:
        Chen et al., "Improved baselines with momentum contrastive learning", 2020 (two layers).
    """

    def __init__(self, in_features: int, features: Sequence[int]) -> None:
        super().__init__()
        if not features or min(features) < 1:
            raise ValueError(f"features must list at least one layer of at least one feature, got {list(features)}")
        self.in_features, self.out_features = in_features, features[-1]
        layers: list[nn.Module] = []
        for before, after in zip([in_features, *features], features, strict=False):
            layers += [nn.Linear(before, after), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, vectors: Tensor) -> Tensor:
        """Compute the embeddings (n, out_features) of vectors (n, in_features)."""
        embedded: Tensor = self.layers(vectors)
        return embedded


class DistillationHead(Head):
    """Three linear layers with GELU to a unit vector, then its cosines with ``out_features`` learned directions.

    Args:
        in_features: channels of the backbone.
        out_features: number of directions; the publication uses 65,536.
        hidden_features: width of the first two layers.
        bottleneck_features: dimension of the unit vector.

    References:
        Caron et al., "Emerging properties in self-supervised vision transformers", ICCV 2021, section 3.1, appendix C.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int = 65_536,
        hidden_features: int = 2048,
        bottleneck_features: int = 256,
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.layers = nn.Sequential(
            nn.Linear(in_features, hidden_features),
            nn.GELU(),
            nn.Linear(hidden_features, hidden_features),
            nn.GELU(),
            nn.Linear(hidden_features, bottleneck_features),
        )
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                nn.init.trunc_normal_(layer.weight, std=0.02)
                nn.init.zeros_(layer.bias)
        self.directions = nn.Parameter(torch.randn(out_features, bottleneck_features))

    def forward(self, vectors: Tensor) -> Tensor:
        """Compute the cosines (n, out_features) of vectors (n, in_features)."""
        bottleneck = F.normalize(self.layers(vectors), dim=-1)
        return F.linear(bottleneck, F.normalize(self.directions, dim=-1).to(bottleneck.dtype))


@runtime_checkable
class Embedding(Protocol):
    """A backbone with a built-in embedding, such as the whole small AlexNet."""

    #: Dimension of the embedding.
    dimension: int

    def embed(self, images: Tensor) -> Tensor:
        """Compute the embeddings (n, dimension) of images (n, 3, height, width)."""


class Embedder(nn.Module):
    """A backbone and a head on its pooled vector: images in, embeddings out.

    Args:
        backbone: the part that is kept after pretraining.
        head: maps the pooled vector to the embedding; None uses the built-in embedding of the backbone.

    Raises:
        ValueError: the head does not fit the backbone; or there is no head, and the backbone has no embedding.
    """

    def __init__(self, backbone: Backbone, head: Head | None = None) -> None:
        super().__init__()
        kind, channels = type(backbone).__name__, backbone.channels
        if head is not None and head.in_features != channels:
            raise ValueError(
                f"the head takes {head.in_features} features, but {kind} returns {channels}; set in_features={channels}"
            )
        if head is None and not isinstance(backbone, Embedding):
            raise ValueError(f"{kind} has no built-in embedding; pass a head, such as a PerceptronHead")
        self.backbone = backbone
        self.head = head

    @property
    def dimension(self) -> int:
        """Dimension of the embedding."""
        if self.head is not None:
            return self.head.out_features
        assert isinstance(self.backbone, Embedding)
        return self.backbone.dimension

    def forward(self, images: Tensor) -> Tensor:
        """Compute the embeddings (n, dimension) of images (n, 3, height, width)."""
        if self.head is None:
            assert isinstance(self.backbone, Embedding)
            return self.backbone.embed(images)
        embedded: Tensor = self.head(self.backbone(images))
        return embedded
