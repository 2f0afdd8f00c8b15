"""Learning to see from procedural images: the task that all objectives share, and those of a single network."""

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

# Before, running batch statistics are still those of the start, and make all images look alike.
_SETTLED_STEPS = 50


class PretrainingTask(Task):
    """Train a backbone to embed the views of one image alike; subclasses say what alike means, in `loss`.

    Batches hold ``image`` uint8 (n, 3, height, width), ``draw`` int64 (n,), a number that no two showings share, and
    for some objectives ``label`` int64 (n,), as `crossmodal.data.NoiseDataModule` gives them. Views are drawn and
    rendered on the device that trains. Images held out show alignment, uniformity and effective rank of the embeddings,
    and whether they collapse. What a run leaves is the backbone alone.

    Args:
        model: the backbone, as `crossmodal.backbones.create` makes it.
        views: what is shown of an image, at least two views.
        head: what turns the backbone's pooled vector into the embedding; None for the embedding that the backbone has
            itself, such as the whole small AlexNet's.
        optimization: the optimizer and its schedule.
        seed: of the views; a run gives it the recipe's.

    Raises:
        ValueError: fewer than two views, or a head that does not fit the backbone.
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
        """What a run leaves."""
        return self.embedder.backbone

    @property
    def learner(self) -> nn.Module:
        """The backbone with its head."""
        return self.embedder

    @abstractmethod
    def loss(self, views: list[Tensor], batch: dict[str, Tensor]) -> Tensor:
        """Compute the loss of the views (n, 3, side, side), 0 to 1, of a batch's images."""

    def training_step(self, batch: dict[str, Tensor], batch_index: int) -> Tensor:
        """Compute the loss of a batch."""
        loss = self.loss(self.views(batch["image"], batch["draw"], self.seed), batch)
        self.log_values("train", {"loss": loss}, len(batch["draw"]))
        return loss

    def validation_step(self, batch: dict[str, Tensor], batch_index: int) -> None:
        """Embed the first two views of images held out, always the same ones."""
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
                f"step {self.global_step}: the embeddings of {len(x)} images are nearly alike or not numbers "
                f"(effective rank {rank:.1f}): nothing is being learned; try a smaller learning rate"
            )

    def _embed(self, views: list[Tensor]) -> list[Tensor]:
        """Embed views of one size in one pass, whose batch statistics they share, and join those of all processes."""
        return [gather(part) for part in self.embedder(torch.cat(views)).chunk(len(views))]


class AlignmentUniformityTask(PretrainingTask):
    """Two views close together, all images spread evenly over the sphere: `alignment_uniformity_loss`.

    References:
        Wang & Isola, ICML 2020; Baradad et al., "Learning to see by looking at noise", NeurIPS 2021, section 4.
    """

    def loss(self, views: list[Tensor], batch: dict[str, Tensor]) -> Tensor:
        """Add up alignment and uniformity of the joint batch."""
        first, second = self._embed(views[:2])
        return alignment_uniformity_loss(first, second)


class SimCLRTask(PretrainingTask):
    """Every view finds its partner among the views of all other images: `simclr_loss`.

    Args:
        temperature: of the softmax; 0.07 as published for small procedural programs.

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
    """Every view finds the views of its program among all others: `supervised_contrastive_loss`.

    References:
        Khosla et al., NeurIPS 2020; Baradad et al., NeurIPS 2022.
    """

    def loss(self, views: list[Tensor], batch: dict[str, Tensor]) -> Tensor:
        """Compute the cross-entropy of the joint batch."""
        labels = gather(_labels(batch)).repeat(2)
        return supervised_contrastive_loss(torch.cat(self._embed(views[:2])), labels, self.temperature)


class ProgramClassificationTask(PretrainingTask):
    """Classify the program of every view by cross-entropy; the head ends in a unit for each program.

    References:
        Baradad et al., "Procedural image programs for representation learning", NeurIPS 2022, section 4.
    """

    def loss(self, views: list[Tensor], batch: dict[str, Tensor]) -> Tensor:
        """Average the cross-entropy over views.

        Raises:
            ValueError: a program without a unit.
        """
        logits, labels = self.embedder(torch.cat(views)).float(), _labels(batch)
        if int(labels.max()) >= logits.shape[1]:
            raise ValueError(
                f"the head ends in {logits.shape[1]} units, and the images have program {int(labels.max())}; "
                "give the last layer as many units as the process has programs"
            )
        return F.cross_entropy(logits, labels.repeat(len(views)))


def _labels(batch: dict[str, Tensor]) -> Tensor:
    if "label" not in batch:
        raise ValueError("this objective learns from the programs of images, and the process of the data has none")
    return batch["label"]
