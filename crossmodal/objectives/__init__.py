"""Losses: plain functions of tensors."""

from crossmodal.objectives.sound import onset_loss, onset_targets, robust_feature_loss

__all__ = ["onset_loss", "onset_targets", "robust_feature_loss"]
