"""What `GaitFromTouch` is trained to say."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from crossmodal.models.gait_from_touch import GaitOutput


class GaitTargets(NamedTuple):
    """The truth of footprint candidates; see `GaitOutput` for what the parts mean.

    Attributes:
        step: (batch,) 1 for a footstep, 0 for none; the rest counts for footsteps alone.
        left: (batch,) 1 for a left foot.
        heel_strike, toe_off: (batch,) between which frames the event is; NaN where the crop does not have it.
        contact: (batch, frames) 1 while the foot is on the floor.
        points: (batch, 4, 2), NaN where the mat has only a part of the print.
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
    """Cross entropy of where an event is, (batch,); 0 where its position is NaN.

    The truth lies between two frames, which share it by nearness: whoever is unsure about which frame it is still gives
    the right mean.

    Args:
        logits: (batch, frames), minus infinity for frames that are none.
        position: (batch,) in frames.
    """
    known = position.isfinite()
    place = position.nan_to_num().clamp(0, logits.shape[1] - 1)
    low = place.floor().long()
    high = (low + 1).clamp(max=logits.shape[1] - 1)
    log_share = logits.log_softmax(dim=1)
    share = place - low
    before, after = (log_share.gather(1, frame[:, None])[:, 0] for frame in (low, high))
    # A share of nothing must not meet a frame that is none.
    after = torch.where(share > 0, after, before)
    return torch.where(known, -(1.0 - share) * before - share * after, 0.0)


def gait_losses(output: GaitOutput, target: GaitTargets, movie: Tensor, valid: Tensor) -> dict[str, Tensor]:
    """Each part's mean over the footsteps of a batch, ``step`` over all candidates.

    Args:
        output: of the network.
        target: the truth.
        movie: (batch, frames, 2, rows, columns) what the network saw.
        valid: bool (batch, frames).
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
