"""Losses: plain functions of tensors, the memories that some of them need, and figures to watch beside them."""

from typing import TYPE_CHECKING

from crossmodal.lazy import lazy_names

if TYPE_CHECKING:
    from crossmodal.objectives.adversarial import discriminator_loss, generator_loss, gradient_penalty
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
    from crossmodal.objectives.pose import bone_limits, heat_map_loss, heat_map_targets, link_loss, squared_bone_lengths
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

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "crossmodal.objectives.adversarial": "discriminator_loss generator_loss gradient_penalty",
        "crossmodal.objectives.collapse": "effective_rank is_collapsed",
        "crossmodal.objectives.contrastive": (
            "alignment_loss alignment_uniformity_loss moco_loss simclr_loss supervised_contrastive_loss uniformity_loss"
        ),
        "crossmodal.objectives.distillation": "CentreBuffer dino_loss",
        "crossmodal.objectives.gathering": "gather",
        "crossmodal.objectives.momentum_queue": "MomentumQueue update_average",
        "crossmodal.objectives.pose": "bone_limits heat_map_loss heat_map_targets link_loss squared_bone_lengths",
        "crossmodal.objectives.sound": (
            "impact_weights onset_loss onset_targets robust_feature_loss squared_feature_loss"
        ),
    },
)
