"""Image encoders shared by all senses, and temporal networks."""

from crossmodal.backbones.catalogue import create, names
from crossmodal.backbones.images import Backbone, ImageNormalization
from crossmodal.backbones.layers import features, layer_names
from crossmodal.backbones.projection import DistillationHead, Embedder, PerceptronHead
from crossmodal.backbones.resnet import ResNetBackbone
from crossmodal.backbones.small_alexnet import SmallAlexNet, WholeSmallAlexNet
from crossmodal.backbones.small_vit import SmallViT
from crossmodal.backbones.temporal import TEMPORAL_NAMES, ConvolutionalTemporal, RecurrentTemporal, create_temporal
from crossmodal.weights import LoadReport, load_weights

__all__ = [
    "TEMPORAL_NAMES",
    "Backbone",
    "ConvolutionalTemporal",
    "DistillationHead",
    "Embedder",
    "ImageNormalization",
    "LoadReport",
    "PerceptronHead",
    "RecurrentTemporal",
    "ResNetBackbone",
    "SmallAlexNet",
    "SmallViT",
    "WholeSmallAlexNet",
    "create",
    "create_temporal",
    "features",
    "layer_names",
    "load_weights",
    "names",
]
