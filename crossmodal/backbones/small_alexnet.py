"""The small AlexNet of the noise-pretraining literature, its convolutional trunk alone."""

from torch import nn

from crossmodal.backbones.pictures import NEUTRAL, Backbone, PictureNormalization

_CHANNELS = (96, 192, 384, 384, 192)
_POOLED = (True, True, False, False, True)


class SmallAlexNet(Backbone):
    """Five bias-free 3x3 convolutions, each with batch norm and ReLU; 3/2 max pooling after the 1st, 2nd and 5th.

    A 64 x 64 picture gives maps of 7 x 7. Weights start as N(0, 0.02), batch norm as 1 and 0. ``width`` scales every
    layer's channels; 1 is the published network.

    Raises:
        ValueError: ``width`` leaves a layer without channels.

    References:
        Baradad et al., "Learning to see by looking at noise", NeurIPS 2021, section 4 (the encoder of Wang and Isola,
        "Understanding contrastive representation learning through alignment and uniformity", ICML 2020).
    """

    def __init__(self, width: float = 1.0, normalization: PictureNormalization = NEUTRAL) -> None:
        super().__init__(normalization)
        channels = [round(width * count) for count in _CHANNELS]
        if min(channels) < 1:
            raise ValueError(f"width must leave at least one channel a layer, got {width}")
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
