"""Training of `PoseFromTouch`: 3D pose from the pressure of the feet."""

from typing import Protocol

import torch
from torch import Tensor

from crossmodal.models import PoseFromTouch
from crossmodal.models.skeleton import BONES, CUBE_SIDE_MM
from crossmodal.objectives import bone_limits, heat_map_loss, heat_map_targets, link_loss
from crossmodal.tasks.base import Task
from crossmodal.tasks.optimization import Optimization


class _TrainingPoses(Protocol):
    """What the task needs from a data module: keypoints of the training data, for the limits of bone lengths."""

    def training_keypoints(self) -> Tensor: ...


class PoseFromTouchTask(Task):
    """Train `PoseFromTouch` on windows of pressure with the keypoints of their middle frame.

    Batches contain ``touch`` (batch, window, rows, columns), 0 to 1, and ``keypoints`` (batch, 21, 3), normalised, as
    `crossmodal.data.IntelligentCarpetWindows` returns them. Limits of bone lengths come from the training skeletons.

    Args:
        model: the network.
        learning_rate: peak of the schedule (AdamW).
        backbone_rate: factor on the learning rate of the backbone.
        weight_decay: weight decay of AdamW, on matrices and kernels only.
        link_weight: weight of the published link loss, which includes a factor of 10; 0 leaves it out.
        place_weight: weight of the mean distance between predicted and true keypoints, in normalised units. 0 is as
            published, for heat maps with sigmoids; heat maps with a softmax hardly train without it.

    References:
        Luo et al., "Intelligent carpet: inferring 3D human pose from tactile signals", CVPR 2021, section 4.2.
    """

    model: PoseFromTouch
    limits: Tensor

    def __init__(
        self,
        model: PoseFromTouch,
        learning_rate: float = 1e-3,
        backbone_rate: float = 1.0,
        weight_decay: float = 0.01,
        link_weight: float = 1.0,
        place_weight: float = 10.0,
    ) -> None:
        super().__init__(Optimization.one_cycle(learning_rate, backbone_rate, weight_decay))
        self.model = model
        self.link_weight = link_weight
        self.place_weight = place_weight
        self.register_buffer("limits", torch.stack([torch.zeros(len(BONES)), torch.full((len(BONES),), torch.inf)]))

    def on_fit_start(self) -> None:
        """Compute the limits of bone lengths; a resumed run computes the same ones."""
        data: _TrainingPoses = self.trainer.datamodule  # type: ignore[attr-defined]
        self.limits.copy_(bone_limits(data.training_keypoints()))

    def training_step(self, batch: dict[str, Tensor], batch_index: int) -> Tensor:
        """Compute the loss of a batch."""
        losses = self._losses(batch)
        self.log_values("train", losses, len(batch["touch"]))
        return losses["loss"]

    def validation_step(self, batch: dict[str, Tensor], batch_index: int) -> None:
        """Log the losses of held-out windows."""
        self.log_values("validation", self._losses(batch), len(batch["touch"]))

    def _losses(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        found, keypoints = self.model(batch["touch"]), batch["keypoints"]
        heat = heat_map_loss(found.heat_maps, heat_map_targets(keypoints))
        link = link_loss(found.keypoints, self.limits)
        distance = torch.linalg.vector_norm(found.keypoints - keypoints, dim=-1).mean()
        loss = heat + self.link_weight * link + self.place_weight * distance
        return {"loss": loss, "heat_map_loss": heat, "link_loss": link, "mpjpe_mm": CUBE_SIDE_MM * distance}
