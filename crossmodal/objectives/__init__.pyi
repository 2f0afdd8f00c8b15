from .adversarial import discriminator_loss, generator_loss, gradient_penalty
from .collapse import effective_rank, is_collapsed
from .contrastive import (
    alignment_loss,
    alignment_uniformity_loss,
    moco_loss,
    simclr_loss,
    supervised_contrastive_loss,
    uniformity_loss,
)
from .distillation import CentreBuffer, dino_loss
from .gathering import gather
from .momentum_queue import MomentumQueue, update_average
from .pose import bone_limits, heat_map_loss, heat_map_targets, link_loss, squared_bone_lengths
from .sound import impact_weights, onset_loss, onset_targets, robust_feature_loss, squared_feature_loss

__all__ = [
    "CentreBuffer",
    "MomentumQueue",
    "alignment_loss",
    "alignment_uniformity_loss",
    "bone_limits",
    "dino_loss",
    "discriminator_loss",
    "effective_rank",
    "gather",
    "generator_loss",
    "gradient_penalty",
    "heat_map_loss",
    "heat_map_targets",
    "impact_weights",
    "is_collapsed",
    "link_loss",
    "moco_loss",
    "onset_loss",
    "onset_targets",
    "robust_feature_loss",
    "simclr_loss",
    "squared_bone_lengths",
    "squared_feature_loss",
    "supervised_contrastive_loss",
    "uniformity_loss",
    "update_average",
]
