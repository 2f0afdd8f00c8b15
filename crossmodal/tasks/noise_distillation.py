"""Pretraining with a teacher that is a moving average of the student: momentum contrast and DINO."""

import copy
import math

import torch
from torch import Tensor, nn

from crossmodal.backbones import Backbone
from crossmodal.backbones.projection import DistillationHead, Embedder, Head
from crossmodal.data.views.views import Views
from crossmodal.objectives import CentreBuffer, MomentumQueue, dino_loss, moco_loss, update_average
from crossmodal.tasks.noise_pretraining import PretrainingTask
from crossmodal.tasks.optimization import Optimization


class _TeacherTask(PretrainingTask):
    """A pretraining task with a teacher: the moving average of the embedder, without gradients."""

    teacher: Embedder

    def _make_teacher(self) -> None:
        self.teacher = copy.deepcopy(self.embedder).requires_grad_(False)


class MomentumContrastTask(_TeacherTask):
    """Match a view's embedding with the teacher's embedding of the other view among many earlier ones: `moco_loss`.

    Batch statistics would leak the key of a query, which is in the same batch. Both views are therefore embedded in
    ``groups`` with separate statistics, and the groups of the keys are drawn at random, independently of the queries.

    Args:
        temperature: temperature of the softmax.
        queue: number of keys in the queue.
        momentum: momentum of the teacher.
        groups: number of groups per batch, of at least two images each; 1 for common statistics.

    References:
        He et al., CVPR 2020, section 3.3 (shuffled batch statistics); Chen et al., "Improved baselines with momentum
        contrastive learning", 2020.
    """

    def __init__(
        self,
        model: Backbone,
        views: Views,
        head: Head | None = None,
        optimization: Optimization | None = None,
        seed: int = 0,
        temperature: float = 0.2,
        queue: int = 65_536,
        momentum: float = 0.999,
        groups: int = 4,
    ) -> None:
        super().__init__(model, views, head, optimization, seed)
        if groups < 1:
            raise ValueError(f"groups must be at least 1, got {groups}")
        self.temperature = temperature
        self.momentum = momentum
        self.groups = groups
        self._make_teacher()
        self.queue = MomentumQueue(self.embedder.dimension, queue, seed)

    def loss(self, views: list[Tensor], batch: dict[str, Tensor]) -> Tensor:
        """Update the teacher, compute the cross-entropy of the queries, and queue the keys of all processes."""
        update_average(self.teacher, self.embedder, self.momentum)
        queries = torch.cat([self.embedder(part) for part in views[0].chunk(self.groups)])
        # The state of the global generator is saved in every checkpoint.
        order = torch.randperm(len(views[1])).to(views[1].device)
        with torch.no_grad():
            keys = torch.cat([self.teacher(part) for part in views[1][order].chunk(self.groups)])[order.argsort()]
        loss = moco_loss(queries, keys, self.queue.keys, self.temperature)
        self.queue.enqueue(keys)
        return loss


class DinoTask(_TeacherTask):
    """The student predicts, from any view, the output of the teacher for the large views: `dino_loss`.

    The head is a `crossmodal.backbones.DistillationHead`. A run saves the backbone of the student.

    Args:
        temperatures: temperatures of the student and the teacher.
        momentum: initial momentum of the teacher; it rises to 1 along a cosine.
        centre_momentum: momentum of the centre of the teacher's outputs.
        still: fraction of the run, from its start, in which the directions of the head are frozen.

    References:
        Caron et al., "Emerging properties in self-supervised vision transformers", ICCV 2021, section 3, appendix.
    """

    def __init__(
        self,
        model: Backbone,
        views: Views,
        head: DistillationHead,
        optimization: Optimization | None = None,
        seed: int = 0,
        temperatures: tuple[float, float] = (0.1, 0.04),
        momentum: float = 0.996,
        centre_momentum: float = 0.9,
        still: float = 0.01,
    ) -> None:
        super().__init__(model, views, head, optimization, seed)
        self.temperatures = temperatures
        self.momentum = momentum
        self.still = still
        self._directions = [head.directions]  # in a list, so that torch does not register them twice
        self._make_teacher()
        self.centre = CentreBuffer(head.out_features, centre_momentum)
        largest = max(one.size for one in views.augmentations)
        self._large = sum(one.size == largest for one in views.augmentations)

    def loss(self, views: list[Tensor], batch: dict[str, Tensor]) -> Tensor:
        """Update the teacher, compute the loss of the student on all views, update the centre."""
        # Published code updates the teacher after the step. Here it is updated before the next one, so that a
        # checkpoint between two steps is consistent.
        fall = (1 + math.cos(math.pi * self._done)) / 2
        update_average(self.teacher, self.embedder, 1 - (1 - self.momentum) * fall)
        large, small = views[: self._large], views[self._large :]
        with torch.no_grad():
            teacher = _by_view(self.teacher, large)
        student = torch.cat([_by_view(self.embedder, part) for part in (large, small) if part])
        loss = dino_loss(student, teacher, self.centre.centre, self.temperatures)
        self.centre.update(teacher)
        return loss

    def on_after_backward(self) -> None:
        """Freeze the directions at the start of the run, while the outputs are arbitrary."""
        if self._done < self.still:
            self._directions[0].grad = None

    @property
    def _done(self) -> float:
        return self.global_step / max(self.trainer.estimated_stepping_batches, 1)


def _by_view(embedder: nn.Module, views: list[Tensor]) -> Tensor:
    """Embed views of the same size; returns (views, n, outputs)."""
    outputs: Tensor = embedder(torch.cat(views))
    return outputs.reshape(len(views), -1, outputs.shape[-1])
