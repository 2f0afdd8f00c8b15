"""Training of `IdentityFromTouch`: identity of a person from single footsteps."""

import math

import torch
from torch import Tensor

from crossmodal.metrics import equal_error_rate
from crossmodal.models import IdentityFromTouch
from crossmodal.objectives import supervised_contrastive_loss
from crossmodal.tasks.base import Task
from crossmodal.tasks.optimization import Optimization


class IdentityFromTouchTask(Task):
    """Train `IdentityFromTouch` to distinguish a person's footsteps from those of all others in the batch.

    Batches contain ``phases_kpa`` (people, footsteps, phases, rows, columns) and ``person`` (people, footsteps), as
    `crossmodal.data.StepUpDataModule` returns them. Validation logs the equal error rate over all pairs of the held-out
    people's footsteps.

    Args:
        model: the network.
        learning_rate: peak of the schedule (AdamW).
        backbone_rate: factor on the learning rate of the backbone.
        weight_decay: weight decay of AdamW, on matrices and kernels only.
        temperature: temperature of the supervised contrastive loss.

    References:
        Khosla et al., "Supervised contrastive learning", NeurIPS 2020, equation 2.
    """

    model: IdentityFromTouch

    def __init__(
        self,
        model: IdentityFromTouch,
        learning_rate: float = 1e-3,
        backbone_rate: float = 1.0,
        weight_decay: float = 0.01,
        temperature: float = 0.1,
    ) -> None:
        super().__init__(Optimization.one_cycle(learning_rate, backbone_rate, weight_decay))
        self.model = model
        self.temperature = temperature
        self._held_out: list[tuple[Tensor, Tensor]] = []

    def training_step(self, batch: dict[str, Tensor], batch_index: int) -> Tensor:
        """Compute the loss of a batch."""
        vectors, people = self._embed(batch)
        loss = supervised_contrastive_loss(vectors, people, self.temperature)
        self.log_values("train", {"loss": loss}, len(people))
        return loss

    def validation_step(self, batch: dict[str, Tensor], batch_index: int) -> None:
        """Log the loss of held-out people, and collect their embeddings."""
        vectors, people = self._embed(batch)
        loss = supervised_contrastive_loss(vectors, people, self.temperature)
        self.log_values("validation", {"loss": loss}, len(people))
        self._held_out.append((vectors.float().cpu(), people.cpu()))

    def on_validation_epoch_end(self) -> None:
        """Log the equal error rate over all pairs of held-out footsteps; it needs at least two people."""
        vectors, people = (torch.cat(part) for part in zip(*self._held_out, strict=True))
        self._held_out.clear()
        first, second = torch.triu_indices(len(people), len(people), offset=1)
        scores, same = (vectors @ vectors.T)[first, second], people[first] == people[second]
        rate = equal_error_rate(scores[same].numpy(), scores[~same].numpy())
        if math.isfinite(rate):
            self.log_values("validation", {"eer": rate})

    def _embed(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        return self.model(batch["phases_kpa"].flatten(0, 1)), batch["person"].flatten()
