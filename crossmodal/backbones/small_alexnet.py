"""The small AlexNet of the noise-pretraining literature: the convolutional trunk, and the whole network."""

import torch.nn.functional as F
from torch import Tensor, nn

from crossmodal.backbones.images import NEUTRAL, Backbone, ImageNormalization

_CHANNELS = (96, 192, 384, 384, 192)
_POOLED = (True, True, False, False, True)
#: Rows and columns of the maps of a 64 x 64 image, which the fully connected layers require.
_GRID = 7
_UNITS = 4096


class SmallAlexNet(Backbone):
    """Five bias-free 3x3 convolutions, each with batch norm and ReLU; 3/2 max pooling after the 1st, 2nd and 5th.

    A 64 x 64 image gives maps of 7 x 7. Weights are initialised as N(0, 0.02), batch norm as 1 and 0. ``width`` scales
    the channels of every layer; 1 is the published network.

    Raises:
        ValueError: ``width`` leaves a layer without channels.

    References:
        Baradad et al., "Learning to see by looking at noise", NeurIPS 2021, section 4 (the encoder of Wang and Isola,
        "Understanding contrastive representation learning through alignment and uniformity", ICML 2020).
    """

    #: Prefixes of the parameters of the whole network that the trunk does not have.
    outside_trunk: tuple[str, ...] = ("fc6.", "fc7.", "projection.")

    def __init__(self, width: float = 1.0, normalization: ImageNormalization = NEUTRAL) -> None:
        super().__init__(normalization)
        channels = [round(width * count) for count in _CHANNELS]
        if min(channels) < 1:
            raise ValueError(f"width must leave at least one channel per layer, got {width}")
        self.arguments = {"width": width}
        layers: list[nn.Module] = []
        before = 3
        for after, pooled in zip(channels, _POOLED, strict=True):
            convolution = nn.Conv2d(before, after, kernel_size=3, padding=1, bias=False)
            nn.init.normal_(convolution.weight, std=0.02)
            layers += [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
            if pooled:
                layers.append(nn.MaxPool2d(kernel_size=3, stride=2))
            before = after
        self.trunk = nn.Sequential(*layers)
        self.channels = before

    def stages(self) -> dict[str, nn.Module]:
        """Return ``conv1`` to ``conv5`` in order, each with its norm, ReLU and pooling."""
        blocks: list[list[nn.Module]] = []
        for layer in self.trunk.children():
            if isinstance(layer, nn.Conv2d):
                blocks.append([])
            blocks[-1].append(layer)
        return {f"conv{number}": nn.Sequential(*block) for number, block in enumerate(blocks, start=1)}


class WholeSmallAlexNet(SmallAlexNet):
    """The small AlexNet with its fully connected layers, for images of 64 x 64: 58.7 million parameters at width 1.

    Two linear layers of 4096 units with batch norm and ReLU (``fc6``, ``fc7``), then a linear map to 128 features
    scaled to length 1 (``projection``). ``width`` also scales the units, but not the projection. As a backbone it
    returns the maps of the trunk and their mean; `embed` returns the projection.

    Raises:
        ValueError: ``width`` leaves a layer without channels.

    References:
        Wang and Isola, "Understanding contrastive representation learning through alignment and uniformity on the
        hypersphere", ICML 2020, appendix B.1.
    """

    outside_trunk = ()

    def __init__(self, width: float = 1.0, projected: int = 128, normalization: ImageNormalization = NEUTRAL) -> None:
        super().__init__(width, normalization)
        units = round(width * _UNITS)
        self.arguments["projected"] = projected
        self.dimension = projected
        self.fc6 = _fully_connected(self.channels * _GRID**2, units)
        self.fc7 = _fully_connected(units, units)
        self.projection = nn.Linear(units, projected)
        nn.init.normal_(self.projection.weight, std=0.02)
        nn.init.zeros_(self.projection.bias)

    def stages(self) -> dict[str, nn.Module]:
        """Return ``conv1`` to ``conv5``, ``fc6``, ``fc7`` and ``projection`` in order."""
        return {
            **super().stages(),
            "fc6": nn.Sequential(_FlattenMaps(), self.fc6),
            "fc7": self.fc7,
            "projection": nn.Sequential(self.projection, _UnitLength()),
        }

    def embed(self, images: Tensor) -> Tensor:
        """Compute the projections (n, 128), of length 1, of images (n, 3, 64, 64), uint8 or float in 0 to 1.

        Raises:
            ValueError: the images have another size.
        """
        hidden = self.fc7(self.fc6(_FlattenMaps()(self.maps(images))))
        return F.normalize(self.projection(hidden), dim=1)


class _FlattenMaps(nn.Module):
    def forward(self, maps: Tensor) -> Tensor:
        if maps.shape[2:] != (_GRID, _GRID):
            rows, columns = maps.shape[2:]
            raise ValueError(
                f"the fully connected layers need images of 64 x 64 pixels (maps of {_GRID} x {_GRID}), found maps of "
                f"{rows} x {columns}; resize the images, or choose a convolutional layer"
            )
        return maps.flatten(1)


class _UnitLength(nn.Module):
    def forward(self, vectors: Tensor) -> Tensor:
        return F.normalize(vectors, dim=1)


def _fully_connected(in_features: int, out_features: int) -> nn.Sequential:
    linear = nn.Linear(in_features, out_features, bias=False)
    nn.init.normal_(linear.weight, std=0.02)
    return nn.Sequential(linear, nn.BatchNorm1d(out_features), nn.ReLU(inplace=True))
