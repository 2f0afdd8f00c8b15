"""torchvision's residual networks as backbones."""

from torch import nn

from crossmodal.backbones.images import IMAGENET, Backbone, ImageNormalization

_CHANNELS = {18: 512, 50: 2048}


class ResNetBackbone(Backbone):
    """ResNet-18 or ResNet-50 up to its last feature maps, with an optional stem for small images.

    The ``small`` stem is one 3x3 convolution of stride 1 without max pooling: the maps have four times the rows and
    columns. With the ``standard`` stem the maps have 1/32 of the rows and columns of the image.

    Raises:
        ValueError: ``depth`` is not 18 or 50, or ``stem`` is unknown.

    References:
        He et al., "Deep residual learning for image recognition", CVPR 2016; the small stem as in its section 4.2.
    """

    def __init__(self, depth: int = 18, stem: str = "standard", normalization: ImageNormalization = IMAGENET) -> None:
        super().__init__(normalization)
        if depth not in _CHANNELS:
            raise ValueError(f"depth must be one of {sorted(_CHANNELS)}, got {depth}")
        if stem not in {"standard", "small"}:
            raise ValueError(f"stem must be 'standard' or 'small', got {stem!r}")
        self.arguments = {"depth": depth, "stem": stem}
        # torchvision is slow to import, so it is imported only for a ResNet.
        from torchvision.models import resnet18, resnet50

        network = {18: resnet18, 50: resnet50}[depth](weights=None)
        if stem == "small":
            network.conv1 = nn.Conv2d(3, 64, kernel_size=3, padding=1, bias=False)
            nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")
            network.maxpool = nn.Identity()
        self.trunk = nn.Sequential()
        for name, layer in network.named_children():
            if name not in {"avgpool", "fc"}:
                self.trunk.add_module(name, layer)
        self.channels = _CHANNELS[depth]
