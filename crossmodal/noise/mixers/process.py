"""Mixers: images made of the images of any other process, and mixtures of processes.

All of them mix bytes in whole numbers, so every device that agrees on the mixed images agrees on the mix.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.noise.catalogue import as_process
from crossmodal.noise.children import Children, Part, child_seed, sample_child
from crossmodal.noise.mixers.leaf_masks import compose_by_leaves
from crossmodal.noise.mixers.weighted_sums import sum_weighted, whole_weights
from crossmodal.noise.process import Process
from crossmodal.randomness import generator, random_bits

#: What options that hold a process take: the process, its name, or its description.
AnyProcess = Process[Any] | str | Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class MixDraws:
    """Children of n images, one `Children` for each place in the mix, and the parameters (n, k) of the mix."""

    children: tuple[Children, ...]
    parameters: NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class _Mixer(Process[MixDraws]):
    """A process over another one, of which each image takes several, none of them twice."""

    process: AnyProcess = "programs"

    def __post_init__(self) -> None:
        object.__setattr__(self, "process", as_process(self.process))

    def _sample(self, count: int, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> tuple[Children, ...]:
        process, seed = as_process(self.process), child_seed(seed, f"noise/{self.name}")
        return tuple(sample_child(process, which, count, indices, size, seed) for which in range(count))


@dataclass(frozen=True, kw_only=True)
class MixUp(_Mixer):
    """Convex combinations of images with Dirichlet weights, rounded to bytes.

    Args:
        process: the images that are mixed, a process, its name or its description.
        images: how many are mixed.
        alpha: concentration of the Dirichlet law; 1 draws all weights alike.

    References:
        Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018.
        Baradad et al., "Procedural image programs for representation learning", NeurIPS 2022: 6 images, alpha 1.
    """

    name: ClassVar[str] = "mixup"
    images: int = 6
    alpha: float = 1.0

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        if self.images < 2:
            raise ValueError(f"images must be at least 2, got {self.images}")
        _check_alpha(self.alpha)

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> MixDraws:
        weights = np.zeros((len(indices), self.images))
        for i, index in enumerate(indices.tolist()):
            weights[i] = generator(seed, "noise/mixup", index).dirichlet([self.alpha] * self.images)
        return MixDraws(self._sample(self.images, indices, size, seed), whole_weights(weights))

    def _render(self, draws: MixDraws, device: torch.device) -> Tensor:
        return sum_weighted([children.render(device) for children in draws.children], draws.parameters)


@dataclass(frozen=True, kw_only=True)
class CutMix(_Mixer):
    """Two images, one in a box over the other.

    The box has the image's proportions and a share 1 - Beta(alpha, alpha) of its area before it is cut off at the
    image's edge; its centre is uniform over the image.

    Args:
        process: the images that are mixed, a process, its name or its description.
        alpha: of the Beta law; 1 draws all shares alike.

    References:
        Yun et al., "CutMix: regularization strategy to train strong classifiers with localizable features", ICCV 2019,
        section 3.1.
    """

    name: ClassVar[str] = "cutmix"
    alpha: float = 1.0

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        _check_alpha(self.alpha)

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> MixDraws:
        boxes = np.empty((len(indices), 4), np.int32)
        for i, index in enumerate(indices.tolist()):
            rng = generator(seed, "noise/cutmix", index)
            sides = np.sqrt(1 - rng.beta(self.alpha, self.alpha)) * np.array(size)
            low = rng.uniform(0, size) - sides / 2
            boxes[i] = np.clip(np.round(np.concatenate([low, low + sides])), 0, (*size, *size))
        return MixDraws(self._sample(2, indices, size, seed), boxes)

    def _render(self, draws: MixDraws, device: torch.device) -> Tensor:
        below, above = (children.render(device) for children in draws.children)
        top, left, bottom, right = torch.from_numpy(draws.parameters).to(device).T[..., None]
        row, column = (torch.arange(side, device=device) for side in below.shape[2:])
        inside = ((row >= top) & (row < bottom))[:, :, None] & ((column >= left) & (column < right))[:, None]
        return torch.where(inside[:, None], above, below)


@dataclass(frozen=True, kw_only=True)
class KMeansLeaves(_Mixer):
    """Shaders-KML over any process: two images, each where the mask that a third one makes leaves it.

    The mask parts the colours of the third image in two clusters and is blurred, as `leaf_masks.compose_by_leaves`
    tells. It is made at the image's own size: the published resizing to 256 pixels and back would blur small images
    and coarsen large ones.

    Args:
        process: the images that are mixed, a process, its name or its description.

    References:
        Rodríguez-Muñoz et al., "Separating knowledge and perception with procedural data", ICML 2025.
    """

    name: ClassVar[str] = "kml"

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> MixDraws:
        return MixDraws(self._sample(3, indices, size, seed), np.empty((len(indices), 0), np.int32))

    def _render(self, draws: MixDraws, device: torch.device) -> Tensor:
        source, inside, outside = (children.render(device) for children in draws.children)
        return compose_by_leaves(source, inside, outside)


@dataclass(frozen=True, kw_only=True)
class KMeansLeavesMixUp(_Mixer):
    """Means of two images of `KMeansLeaves` over a process.

    Args:
        process: the images that are mixed, a process, its name or its description.

    References:
        Rodríguez-Muñoz et al., "Separating knowledge and perception with procedural data", ICML 2025.
    """

    name: ClassVar[str] = "kml_mixup"

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> MixDraws:
        leaves, seed = KMeansLeaves(process=self.process), child_seed(seed, f"noise/{self.name}")
        children = tuple(sample_child(leaves, which, 2, indices, size, seed) for which in range(2))
        return MixDraws(children, whole_weights(np.full((len(indices), 2), 0.5)))

    def _render(self, draws: MixDraws, device: torch.device) -> Tensor:
        return sum_weighted([children.render(device) for children in draws.children], draws.parameters)


@dataclass(frozen=True, kw_only=True)
class Mixture(Process[Children]):
    """Each image from one of several processes.

    Its programs are those of all processes one after the other, where a process of one law counts as one program: over
    processes of one law a label is the number of the process.

    Args:
        processes: one or more, each a process, its name or its description.
        weights: how often each is drawn, of any sum; alike without.
    """

    name: ClassVar[str] = "mixture"
    processes: tuple[AnyProcess, ...] = ("dead_leaves", "spectrum", "programs", "fractals")
    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Check the options."""
        if isinstance(self.processes, (str, Process, Mapping)) or not self.processes:
            raise ValueError(f"processes must be a list of at least one process, got {self.processes!r}")
        object.__setattr__(self, "processes", tuple(as_process(process) for process in self.processes))
        if self.weights is None:
            return
        if len(self.weights) != len(self.processes):
            raise ValueError(f"weights must be one for each of {len(self.processes)} processes, got {self.weights}")
        if not all(0 <= weight < float("inf") for weight in self.weights) or sum(self.weights) <= 0:
            raise ValueError(f"weights must be non-negative numbers, not all 0, got {self.weights}")
        object.__setattr__(self, "weights", tuple(float(weight) for weight in self.weights))

    @property
    def classes(self) -> int:
        """The number of programs of all processes."""
        return sum(process.classes or 1 for process in self._members)

    @property
    def _members(self) -> tuple[Process[Any], ...]:
        return tuple(as_process(process) for process in self.processes)

    def _choose(self, indices: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
        weights = np.ones(len(self.processes)) if self.weights is None else np.array(self.weights)
        limits = np.round(np.cumsum(weights)[:-1] / weights.sum() * 2**32).astype(np.int64)
        words = random_bits(seed, "noise/mixture", indices, 1)[:, 0].numpy()
        return np.searchsorted(limits, words, side="right").astype(np.int64)

    def _labels(self, indices: NDArray[np.int64], seed: int) -> Tensor:
        chosen, labels, before = self._choose(indices, seed), torch.zeros(len(indices), dtype=torch.int64), 0
        for number, process in enumerate(self._members):
            places = np.flatnonzero(chosen == number)
            labels[places] = before
            if process.classes is not None:
                labels[places] += process.labels(indices[places], child_seed(seed, f"noise/mixture/{number}"))
            before += process.classes or 1
        return labels

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> Children:
        chosen, parts = self._choose(indices, seed), []
        for number, process in enumerate(self._members):
            places = np.flatnonzero(chosen == number)
            if len(places) == 0:
                continue
            draws = process.sample(indices[places], size, child_seed(seed, f"noise/mixture/{number}"))
            parts.append(Part(process, places, draws))
        return Children(len(indices), size, tuple(parts))

    def _render(self, draws: Children, device: torch.device) -> Tensor:
        return draws.render(device)


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < float("inf"):
        raise ValueError(f"alpha must be a positive number, got {alpha}")
