from .features import default_layers
from .file import load_head, save_head
from .grouped_head import GroupedHead, train_grouped_head
from .head import LabelHead, train_head
from .label_set import SynthesizedLabels, synthesize_labels

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
