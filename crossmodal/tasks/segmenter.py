"""Training of a segmentation network."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from crossmodal.metrics.segmentation import confusion_matrix, mean_iou
from crossmodal.models import Segmenter
from crossmodal.tasks.base import Task
from crossmodal.tasks.optimization import Optimization


class SegmenterTask(Task):
    """Train a `Segmenter` on images with masks, and measure its confusion matrix on held-out images.

    Batches contain ``image`` uint8 (n, 3, height, width) and ``mask`` uint8 (n, height, width), as
    `crossmodal.data.ScenesDataModule` returns them. The learning rate of AdamW rises over the first tenth of the run
    and falls along a cosine to its end. Every validation stores the confusion matrix in the model.

    Args:
        model: the network.
        learning_rate: peak of the schedule.
        weight_decay: weight decay of AdamW.
        rarity: exponent of the weights of classes, which are inverse frequencies in the batch: 0 weights all pixels
            equally, 1 all classes.

    Raises:
        ValueError: ``rarity`` is negative.
    """

    model: Segmenter

    def __init__(
        self, model: Segmenter, learning_rate: float = 1e-2, weight_decay: float = 1e-4, rarity: float = 0.0
    ) -> None:
        super().__init__(Optimization.one_cycle(learning_rate, 1.0, weight_decay))
        if rarity < 0:
            raise ValueError(f"rarity must not be negative, got {rarity}")
        self.model = model
        self.rarity = rarity
        self._counted = torch.zeros_like(model.confusion)

    def training_step(self, batch: dict[str, Tensor], batch_index: int) -> Tensor:
        """Compute the cross-entropy of a batch."""
        target = batch["mask"].long()
        counts = torch.bincount(target.flatten(), minlength=len(self.model.classes)).clamp_min(1)
        weights = (counts.sum() / counts).to(self.dtype) ** self.rarity
        loss = F.cross_entropy(self.model(batch["image"]), target, weights)
        self.log_values("train", {"loss": loss}, len(target))
        return loss

    def on_validation_epoch_start(self) -> None:
        """Reset the counts."""
        self._counted = torch.zeros_like(self.model.confusion)

    def validation_step(self, batch: dict[str, Tensor], batch_index: int) -> None:
        """Add the confusion matrix of a batch."""
        predicted = self.model.segment(batch["image"])
        self._counted += confusion_matrix(batch["mask"], predicted, len(self.model.classes))

    def on_validation_epoch_end(self) -> None:
        """Store the confusion matrix in the model, and log the mean IoU."""
        counted: Any = self.trainer.strategy.reduce(self._counted, reduce_op="sum")
        self.model.confusion.copy_(counted)
        self.log_values("validation", {"mean_iou": mean_iou(self.model.confusion)})
