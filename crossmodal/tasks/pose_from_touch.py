"""Learning to see a body in the touch of its feet."""

from typing import Any, Protocol

import lightning.pytorch as lightning
import torch
from torch import Tensor

from crossmodal.models import PoseFromTouch
from crossmodal.models.skeleton import BONES, CUBE_SIDE_MM
from crossmodal.objectives import bone_limits, heat_map_loss, heat_map_targets, link_loss
from crossmodal.tasks.one_cycle import one_cycle


class _TrainingPoses(Protocol):
    """What the task asks of a data module: joints to find the limits of bones in."""

    def training_keypoints(self) -> Tensor: ...


class PoseFromTouchTask(lightning.LightningModule):
    """Train `PoseFromTouch` on windows of touch with the joints at their middle frame.

    Batches hold ``touch`` (batch, window, rows, columns), 0 to 1, and ``keypoints`` (batch, 21, 3), normalised, as
    `crossmodal.data.IntelligentCarpetWindows` gives them. Limits of bones are those of the training skeletons.

    Args:
        model: the network.
        learning_rate: peak of the schedule (AdamW).
        backbone_rate: factor on the learning rate of the backbone.
        weight_decay: of AdamW, on matrices and kernels alone.
        link_weight: weight of the published link loss, which brings its own factor of 10; 0 leaves it out.
        place_weight: weight of the mean distance between joints and their places, in normalised units. 0 is as
            published, for a network whose heat maps are sigmoids; those of a softmax hardly begin to move without it.
        clip_norm: largest gradient norm.

    References:
        Luo et al., "Intelligent carpet: inferring 3D human pose from tactile signals", CVPR 2021, section 4.2.
    """

    limits: Tensor

    def __init__(
        self,
        model: PoseFromTouch,
        learning_rate: float = 1e-3,
        backbone_rate: float = 1.0,
        weight_decay: float = 0.01,
        link_weight: float = 1.0,
        place_weight: float = 10.0,
        clip_norm: float = 1.0,
    ) -> None:
        super().__init__()
        self.model = model
        self.learning_rate = learning_rate
        self.backbone_rate = backbone_rate
        self.weight_decay = weight_decay
        self.link_weight = link_weight
        self.place_weight = place_weight
        self.clip_norm = clip_norm
        self.register_buffer("limits", torch.stack([torch.zeros(len(BONES)), torch.full((len(BONES),), torch.inf)]))

    def on_fit_start(self) -> None:
        """Find the limits of bones; a run that is resumed finds the same ones."""
        data: _TrainingPoses = self.trainer.datamodule  # type: ignore[attr-defined]
        self.limits.copy_(bone_limits(data.training_keypoints()))

    def training_step(self, batch: dict[str, Tensor], batch_index: int) -> Tensor:
        """Compute the loss of a batch."""
        losses = self._losses(batch)
        self._log("train", losses)
        return losses["loss"]

    def validation_step(self, batch: dict[str, Tensor], batch_index: int) -> None:
        """Log the losses of held-out windows."""
        self._log("validation", self._losses(batch))

    def configure_optimizers(self) -> Any:
        """Make AdamW and the one-cycle schedule over the whole run."""
        return one_cycle(self.trainer, self.model, self.learning_rate, self.backbone_rate, self.weight_decay)

    def configure_gradient_clipping(self, optimizer: torch.optim.Optimizer, *_: Any, **__: Any) -> None:
        """Clip the norm of all gradients together."""
        self.clip_gradients(optimizer, gradient_clip_val=self.clip_norm, gradient_clip_algorithm="norm")

    def _losses(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        found, keypoints = self.model(batch["touch"]), batch["keypoints"]
        heat = heat_map_loss(found.heat_maps, heat_map_targets(keypoints))
        link = link_loss(found.keypoints, self.limits)
        distance = torch.linalg.vector_norm(found.keypoints - keypoints, dim=-1).mean()
        loss = heat + self.link_weight * link + self.place_weight * distance
        return {"loss": loss, "heat_map_loss": heat, "link_loss": link, "mpjpe_mm": CUBE_SIDE_MM * distance}

    def _log(self, stage: str, losses: dict[str, Tensor]) -> None:
        size = self.trainer.datamodule.batch_size  # type: ignore[attr-defined]
        values = {f"{stage}/{name}": value.detach() for name, value in losses.items()}
        self.log_dict(values, batch_size=size, sync_dist=stage == "validation")
