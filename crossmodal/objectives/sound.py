"""Losses of predicting sound features and onsets."""

import torch
import torch.nn.functional as F
from torch import Tensor


def robust_feature_loss(predicted: Tensor, wanted: Tensor, epsilon: float = 1 / 25**2) -> Tensor:
    """Average the robust distance of feature vectors: rho(r) = log(epsilon + r^2), shifted so that 0 is the least.

    ``predicted`` and ``wanted`` are (batch, components, steps); r is the Euclidean length over components of their
    difference at a step. The constant -log(epsilon), which the publication leaves out, changes no gradient.

    References:
        Owens et al., "Visually indicated sounds", CVPR 2016, section 5.1.
    """
    squared = (predicted - wanted).square().sum(dim=1)
    return torch.log1p(squared / epsilon).mean()


def impact_weights(onset: Tensor, weight: float, lead_steps: int = 3, tail_steps: int = 24) -> Tensor:
    """Weigh the steps of impacts, from shortly before an onset to the end of its ring, against all others.

    ``onset`` (batch, steps) holds 1 where an impact begins; the result is 1 away from impacts and ``weight`` in them.
    Most of a recording is quiet: without weights the best guess at any step is silence.
    """
    reach = F.pad(onset, (tail_steps, lead_steps)).unfold(-1, lead_steps + tail_steps + 1, 1).amax(dim=-1)
    return 1 + (weight - 1) * reach


def squared_feature_loss(predicted: Tensor, wanted: Tensor, weights: Tensor) -> Tensor:
    """Average the squared distance of feature vectors over steps that count by their ``weights`` (batch, steps).

    ``predicted`` and ``wanted`` are (batch, components, steps). The best prediction is the mean of what may follow,
    where the robust loss looks for its most frequent value, which is silence.
    """
    squared = (predicted - wanted).square().sum(dim=1)
    return (squared * weights).sum() / weights.sum()


def onset_targets(onset: Tensor, spread_steps: float) -> Tensor:
    """Soften onset marks (batch, steps) of 0 and 1 into Gaussian bumps of height 1 and the given deviation.

    Bumps that overlap join by their maximum, so that every mark keeps its height.
    """
    if spread_steps <= 0:
        return onset
    radius = int(3 * spread_steps) + 1
    offsets = torch.arange(-radius, radius + 1, device=onset.device)
    bump = torch.exp(-0.5 * (offsets / spread_steps) ** 2).to(onset.dtype)
    shifted = F.pad(onset, (radius, radius)).unfold(-1, 2 * radius + 1, 1)
    return (shifted * bump).amax(dim=-1)


def onset_loss(logits: Tensor, onset: Tensor, spread_steps: float = 2.0, positive_weight: float = 5.0) -> Tensor:
    """Average the binary cross-entropy of onset logits (batch, steps) against softened onset marks.

    ``positive_weight`` counters the rarity of onsets: some 2 % of the steps stand near one.
    """
    targets = onset_targets(onset, spread_steps)
    weight = logits.new_tensor(positive_weight)
    return F.binary_cross_entropy_with_logits(logits, targets, pos_weight=weight)
