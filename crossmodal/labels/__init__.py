"""Few-shot label synthesis: data sets from a generator and a few annotated images (DatasetGAN, BigDatasetGAN)."""

from crossmodal.labels.features import default_layers
from crossmodal.labels.file import load_head, save_head
from crossmodal.labels.grouped_head import GroupedHead, train_grouped_head
from crossmodal.labels.head import LabelHead, train_head
from crossmodal.labels.label_set import SynthesizedLabels, synthesize_labels

__all__ = [
    "GroupedHead",
    "LabelHead",
    "SynthesizedLabels",
    "default_layers",
    "load_head",
    "save_head",
    "synthesize_labels",
    "train_grouped_head",
    "train_head",
]
