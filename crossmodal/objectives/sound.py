"""Losses of predicted sound features and onsets."""

import torch
import torch.nn.functional as F
from torch import Tensor


def robust_feature_loss(predicted: Tensor, target: Tensor, epsilon: float = 1 / 25**2) -> Tensor:
    """Compute the mean robust distance of feature vectors: rho(r) = log(epsilon + r^2), shifted to a minimum of 0.

    ``predicted`` and ``target`` are (batch, components, steps); r is the Euclidean norm over components of their
    difference at a step. The constant -log(epsilon), which the publication omits, does not change the gradient.

    References:
        Owens et al., "Visually indicated sounds", CVPR 2016, section 5.1.
    """
    squared = (predicted - target).square().sum(dim=1)
    return torch.log1p(squared / epsilon).mean()


def impact_weights(onset: Tensor, weight: float, lead_steps: int = 3, tail_steps: int = 24) -> Tensor:
    """Return weights (batch, steps): ``weight`` from ``lead_steps`` before to ``tail_steps`` after an onset, else 1.

    ``onset`` (batch, steps) is 1 where an impact begins. Most of a recording is quiet: without weights the best
    prediction at any step is silence.
    """
    reach = F.pad(onset, (tail_steps, lead_steps)).unfold(-1, lead_steps + tail_steps + 1, 1).amax(dim=-1)
    return 1 + (weight - 1) * reach


def squared_feature_loss(predicted: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Compute the mean squared distance of feature vectors over steps, weighted by ``weights`` (batch, steps).

    ``predicted`` and ``target`` are (batch, components, steps). The best prediction is the mean of the possible
    sounds; that of the robust loss is their most frequent value, which is silence.
    """
    squared = (predicted - target).square().sum(dim=1)
    return (squared * weights).sum() / weights.sum()


def onset_targets(onset: Tensor, spread_steps: float) -> Tensor:
    """Convert onsets (batch, steps) of 0 and 1 to Gaussians of height 1 and standard deviation ``spread_steps``.

    Where Gaussians overlap, the maximum is taken, so every onset keeps its height.
    """
    if spread_steps <= 0:
        return onset
    radius = int(3 * spread_steps) + 1
    offsets = torch.arange(-radius, radius + 1, device=onset.device)
    bump = torch.exp(-0.5 * (offsets / spread_steps) ** 2).to(onset.dtype)
    shifted = F.pad(onset, (radius, radius)).unfold(-1, 2 * radius + 1, 1)
    return (shifted * bump).amax(dim=-1)


def onset_loss(logits: Tensor, onset: Tensor, spread_steps: float = 2.0, positive_weight: float = 5.0) -> Tensor:
    """Compute the mean binary cross-entropy of onset logits (batch, steps) and the targets of `onset_targets`.

    ``positive_weight`` compensates for the rarity of onsets: some 2 % of the steps are near one.
    """
    targets = onset_targets(onset, spread_steps)
    weight = logits.new_tensor(positive_weight)
    return F.binary_cross_entropy_with_logits(logits, targets, pos_weight=weight)
