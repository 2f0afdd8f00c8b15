"""Losses: plain functions of tensors, the memories that some of them need, and figures to watch beside them."""

from crossmodal.objectives.collapse import effective_rank, is_collapsed
from crossmodal.objectives.contrastive import (
    alignment_loss,
    alignment_uniformity_loss,
    moco_loss,
    simclr_loss,
    supervised_contrastive_loss,
    uniformity_loss,
)
from crossmodal.objectives.distillation import CentreBuffer, dino_loss
from crossmodal.objectives.gathering import gather
from crossmodal.objectives.momentum_queue import MomentumQueue, update_average
from crossmodal.objectives.sound import (
    impact_weights,
    onset_loss,
    onset_targets,
    robust_feature_loss,
    squared_feature_loss,
)

__all__ = [
    "CentreBuffer",
    "MomentumQueue",
    "alignment_loss",
    "alignment_uniformity_loss",
    "dino_loss",
    "effective_rank",
    "gather",
    "impact_weights",
    "is_collapsed",
    "moco_loss",
    "onset_loss",
    "onset_targets",
    "robust_feature_loss",
    "simclr_loss",
    "squared_feature_loss",
    "supervised_contrastive_loss",
    "uniformity_loss",
    "update_average",
]
