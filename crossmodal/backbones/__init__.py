"""Picture encoders shared by every sense, and the temporal networks behind them."""

from crossmodal.backbones.create import create, names
from crossmodal.backbones.pictures import Backbone, PictureNormalization
from crossmodal.backbones.resnet import ResNetBackbone
from crossmodal.backbones.small_alexnet import SmallAlexNet
from crossmodal.backbones.temporal import TEMPORAL_NAMES, ConvolutionalTemporal, RecurrentTemporal, create_temporal
from crossmodal.backbones.weights import LoadReport, load_weights

__all__ = [
    "TEMPORAL_NAMES",
    "Backbone",
    "ConvolutionalTemporal",
    "LoadReport",
    "PictureNormalization",
    "RecurrentTemporal",
    "ResNetBackbone",
    "SmallAlexNet",
    "create",
    "create_temporal",
    "load_weights",
    "names",
]
