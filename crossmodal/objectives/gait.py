"""Targets and losses of `GaitFromTouch`."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from crossmodal.models.gait_from_touch import GaitOutput


class GaitTargets(NamedTuple):
    """True values for footprint candidates; the parts are those of `GaitOutput`.

    Attributes:
        step: (batch,) 1 for a footstep, 0 otherwise; the other parts are used for footsteps only.
        left: (batch,) 1 for a left foot.
        heel_strike, toe_off: (batch,) position of the event in frames; NaN if it is outside the crop.
        contact: (batch, frames) 1 while the foot is on the floor.
        points: (batch, 4, 2), NaN if the print is only partly on the mat.
        own: (batch, frames, rows, columns) 1 where the foot loads a cell.
    """

    step: Tensor
    left: Tensor
    heel_strike: Tensor
    toe_off: Tensor
    contact: Tensor
    points: Tensor
    own: Tensor


def event_loss(logits: Tensor, position: Tensor) -> Tensor:
    """Compute the cross-entropy of the position of an event: (batch,); 0 where the position is NaN.

    The target distribution interpolates linearly between the two nearest frames, so its mean is the position.

    Args:
        logits: (batch, frames), minus infinity for padded frames.
        position: (batch,) in frames.
    """
    known = position.isfinite()
    clamped = position.nan_to_num().clamp(0, logits.shape[1] - 1)
    low = clamped.floor().long()
    high = (low + 1).clamp(max=logits.shape[1] - 1)
    log_probabilities = logits.log_softmax(dim=1)
    fraction = clamped - low
    before, after = (log_probabilities.gather(1, frame[:, None])[:, 0] for frame in (low, high))
    # A weight of 0 times the minus infinity of a padded frame would be NaN.
    after = torch.where(fraction > 0, after, before)
    return torch.where(known, -(1.0 - fraction) * before - fraction * after, 0.0)


def gait_losses(output: GaitOutput, target: GaitTargets, movie: Tensor, valid: Tensor) -> dict[str, Tensor]:
    """Compute the loss of each part: the mean over the footsteps of a batch; ``step`` over all candidates.

    Args:
        output: output of the network.
        target: true values.
        movie: (batch, frames, 2, rows, columns) input of the network.
        valid: bool (batch, frames), False for padded frames.
    """
    is_step = target.step > 0.5
    count = is_step.sum().clamp(min=1)

    def over_steps(loss: Tensor) -> Tensor:
        return torch.where(is_step, loss, 0.0).sum() / count

    contact = F.binary_cross_entropy_with_logits(output.contact, target.contact, reduction="none")
    loaded = (movie[:, :, 0] > 0).float()
    own = F.binary_cross_entropy_with_logits(output.own, target.own, reduction="none") * loaded
    return {
        "step": F.binary_cross_entropy_with_logits(output.step, target.step),
        "side": over_steps(F.binary_cross_entropy_with_logits(output.side, target.left.nan_to_num(), reduction="none")),
        "contact": over_steps((contact * valid).sum(dim=1) / valid.sum(dim=1)),
        "heel_strike": over_steps(event_loss(output.heel_strike, target.heel_strike)),
        "toe_off": over_steps(event_loss(output.toe_off, target.toe_off)),
        "points": over_steps((output.points - target.points).abs().nan_to_num().mean(dim=(1, 2))),
        "own": over_steps(own.sum(dim=(1, 2, 3)) / loaded.sum(dim=(1, 2, 3)).clamp(min=1)),
    }
