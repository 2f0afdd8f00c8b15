"""Labels for as many images as wanted from a few annotated ones (DatasetGAN, BigDatasetGAN)."""

from typing import TYPE_CHECKING

from crossmodal.lazy import lazy_names

if TYPE_CHECKING:
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

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "crossmodal.labels.features": "default_layers",
        "crossmodal.labels.file": "load_head save_head",
        "crossmodal.labels.grouped_head": "GroupedHead train_grouped_head",
        "crossmodal.labels.head": "LabelHead train_head",
        "crossmodal.labels.label_set": "SynthesizedLabels synthesize_labels",
    },
)
