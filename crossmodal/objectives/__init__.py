"""Losses: plain functions of tensors."""

from crossmodal.objectives.sound import (
    impact_weights,
    onset_loss,
    onset_targets,
    robust_feature_loss,
    squared_feature_loss,
)

__all__ = ["impact_weights", "onset_loss", "onset_targets", "robust_feature_loss", "squared_feature_loss"]
