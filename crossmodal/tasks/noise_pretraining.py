"""Pretraining on procedural images: the base class of all objectives, and the objectives without a teacher."""

from abc import abstractmethod

import torch
import torch.nn.functional as F
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor, nn

from crossmodal.backbones import Backbone
from crossmodal.backbones.projection import Embedder, Head
from crossmodal.data.views.views import Views
from crossmodal.objectives import (
    alignment_loss,
    alignment_uniformity_loss,
    effective_rank,
    gather,
    is_collapsed,
    simclr_loss,
    supervised_contrastive_loss,
    uniformity_loss,
)
from crossmodal.tasks.base import Task
from crossmodal.tasks.optimization import Optimization

# Earlier, running batch statistics are close to their initial values, and all embeddings are similar.
_SETTLED_STEPS = 50


class PretrainingTask(Task):
    """Train a backbone to give the views of an image similar embeddings; subclasses define `loss`.

    Batches contain ``image`` uint8 (n, 3, height, width), ``draw`` int64 (n,), a unique number of every drawn sample,
    and for some objectives ``label`` int64 (n,), as `crossmodal.data.NoiseDataModule` returns them. Views are drawn and
    rendered on the training device. Validation logs alignment, uniformity and effective rank of the embeddings of
    held-out images, and warns if they collapse. A run saves only the backbone.

    Args:
        model: the backbone, as `crossmodal.backbones.create` makes it.
        views: the augmented views of an image, at least two.
        head: module from the pooled vector of the backbone to the embedding; None for the built-in embedding of the
            backbone, such as that of the complete small AlexNet.
        optimization: the optimizer and its schedule.
        seed: seed of the views; a run sets it to the recipe's seed.

    Raises:
        ValueError: fewer than two views, or a head that does not match the backbone.
    """

    def __init__(
        self,
        model: Backbone,
        views: Views,
        head: Head | None = None,
        optimization: Optimization | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(optimization or Optimization())
        if len(views.augmentations) < 2:
            raise ValueError(f"pretraining compares at least two views of an image, got {len(views.augmentations)}")
        self.embedder = Embedder(model, head)
        self.views = views
        self.seed = seed
        self._embedded: list[tuple[Tensor, Tensor]] = []

    @property
    def model(self) -> Backbone:  # type: ignore[override]
        """The backbone, which a run saves."""
        return self.embedder.backbone

    @property
    def learner(self) -> nn.Module:
        """The backbone with its head."""
        return self.embedder

    @abstractmethod
    def loss(self, views: list[Tensor], batch: dict[str, Tensor]) -> Tensor:
        """Compute the loss of the views of a batch, each (n, 3, side, side) from 0 to 1."""

    def training_step(self, batch: dict[str, Tensor], batch_index: int) -> Tensor:
        """Compute the loss of a batch."""
        loss = self.loss(self.views(batch["image"], batch["draw"], self.seed), batch)
        self.log_values("train", {"loss": loss}, len(batch["draw"]))
        return loss

    def validation_step(self, batch: dict[str, Tensor], batch_index: int) -> None:
        """Embed the first two views of held-out images, which are the same in every validation."""
        shown = Views(self.views.augmentations[:2])(batch["image"], batch["index"], self.seed)
        first, second = (self.embedder(view).float() for view in shown)
        self._embedded.append((gather(first), gather(second)))

    def on_validation_epoch_end(self) -> None:
        """Log alignment, uniformity and effective rank, and warn of a collapse."""
        x, y = (torch.cat(part) for part in zip(*self._embedded, strict=True))
        self._embedded.clear()
        rank = effective_rank(x)
        figures = {"alignment": float(alignment_loss(x, y)), "effective_rank": rank}
        if len(x) > 1:
            figures["uniformity"] = float(uniformity_loss(x))
        self.log_values("validation", figures)
        if self.global_step >= _SETTLED_STEPS and is_collapsed(x):
            rank_zero_warn(
                f"step {self.global_step}: the embeddings of {len(x)} images are nearly identical or not finite "
                f"(effective rank {rank:.1f}): training has collapsed; try a smaller learning rate"
            )

    def _embed(self, views: list[Tensor]) -> list[Tensor]:
        """Embed views of the same size in one pass with common batch statistics, and gather those of all processes."""
        return [gather(part) for part in self.embedder(torch.cat(views)).chunk(len(views))]


class AlignmentUniformityTask(PretrainingTask):
    """Align two views of an image, and distribute all images uniformly on the sphere: `alignment_uniformity_loss`.

    References:
        Wang & Isola, ICML 2020; Baradad et al., "Learning to see by looking at noise", NeurIPS 2021, section 4.
    """

    def loss(self, views: list[Tensor], batch: dict[str, Tensor]) -> Tensor:
        """Compute the sum of alignment and uniformity of the joint batch."""
        first, second = self._embed(views[:2])
        return alignment_uniformity_loss(first, second)


class SimCLRTask(PretrainingTask):
    """Match every view with the other view of its image among all views: `simclr_loss`.

    Args:
        temperature: temperature of the softmax; 0.07 as published for small procedural programs.

    References:
        Chen et al., ICML 2020; Baradad et al., "Procedural image programs for representation learning", NeurIPS 2022.
    """

    def __init__(
        self,
        model: Backbone,
        views: Views,
        head: Head | None = None,
        optimization: Optimization | None = None,
        seed: int = 0,
        temperature: float = 0.07,
    ) -> None:
        super().__init__(model, views, head, optimization, seed)
        self.temperature = temperature

    def loss(self, views: list[Tensor], batch: dict[str, Tensor]) -> Tensor:
        """Compute the cross-entropy of the joint batch."""
        first, second = self._embed(views[:2])
        return simclr_loss(first, second, self.temperature)


class SupervisedContrastiveTask(SimCLRTask):
    """Match every view with all views of its program: `supervised_contrastive_loss`.

    References:
        Khosla et al., NeurIPS 2020; Baradad et al., NeurIPS 2022.
    """

    def loss(self, views: list[Tensor], batch: dict[str, Tensor]) -> Tensor:
        """Compute the cross-entropy of the joint batch."""
        labels = gather(_labels(batch)).repeat(2)
        return supervised_contrastive_loss(torch.cat(self._embed(views[:2])), labels, self.temperature)


class ProgramClassificationTask(PretrainingTask):
    """Classify the program of every view, by cross-entropy; the head has one output per program.

    References:
        Baradad et al., "Procedural image programs for representation learning", NeurIPS 2022, section 4.
    """

    def loss(self, views: list[Tensor], batch: dict[str, Tensor]) -> Tensor:
        """Compute the mean cross-entropy over views.

        Raises:
            ValueError: the head has fewer outputs than there are programs.
        """
        logits, labels = self.embedder(torch.cat(views)).float(), _labels(batch)
        if int(labels.max()) >= logits.shape[1]:
            raise ValueError(
                f"the head has {logits.shape[1]} outputs, found an image of program {int(labels.max())}; "
                "set the number of outputs of the head to the number of programs of the process"
            )
        return F.cross_entropy(logits, labels.repeat(len(views)))


def _labels(batch: dict[str, Tensor]) -> Tensor:
    if "label" not in batch:
        raise ValueError(
            "this objective needs labels, and the process of the data has none; choose a process with labels"
        )
    return batch["label"]
