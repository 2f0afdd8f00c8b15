"""Mixers: images composed of the images of another process, and mixtures of processes.

All of them mix bytes in integer arithmetic, so devices that agree on the child images agree on the mix.
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

#: A process, its name, or its description.
AnyProcess = Process[Any] | str | Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class MixDraws:
    """Children of n images, one `Children` for each component of the mix, and the parameters (n, k) of the mix."""

    children: tuple[Children, ...]
    parameters: NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class _Mixer(Process[MixDraws]):
    """A process whose images combine several images of another process; no child image is used twice."""

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
        process: of the images that are mixed; a process, its name or its description.
        images: number of images that are mixed.
        alpha: concentration of the Dirichlet distribution; 1 for uniform weights.

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
    """One image, with a box of another one pasted over it.

    The box has the aspect ratio of the image and a fraction 1 - Beta(alpha, alpha) of its area, before it is clipped to
    the image; its centre is uniform over the image.

    Args:
        process: of the images that are mixed; a process, its name or its description.
        alpha: of the Beta distribution; 1 for uniform fractions.

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
    """Shaders-KML with any process: two images, composed with the mask of a third one.

    The mask separates two clusters of the colours of the third image and is blurred, see
    `leaf_masks.compose_by_leaves`. It is computed at the size of the image: the published resizing to 256 pixels and
    back would blur small images and coarsen large ones.

    Args:
        process: of the images that are mixed; a process, its name or its description.

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
    """Means of two images of `KMeansLeaves`.

    Args:
        process: of the images that are mixed; a process, its name or its description.

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
    """Each image is drawn from one of several processes.

    The classes are those of all processes, concatenated; a process without programs counts as one class. So with such
    processes only, the label is the index of the process.

    Args:
        processes: one or more, each a process, its name or its description.
        weights: probabilities of the processes, up to a factor; uniform if None.
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
            positions = np.flatnonzero(chosen == number)
            labels[positions] = before
            if process.classes is not None:
                labels[positions] += process.labels(indices[positions], child_seed(seed, f"noise/mixture/{number}"))
            before += process.classes or 1
        return labels

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> Children:
        chosen, parts = self._choose(indices, seed), []
        for number, process in enumerate(self._members):
            positions = np.flatnonzero(chosen == number)
            if len(positions) == 0:
                continue
            draws = process.sample(indices[positions], size, child_seed(seed, f"noise/mixture/{number}"))
            parts.append(Part(process, positions, draws))
        return Children(len(indices), size, tuple(parts))

    def _render(self, draws: Children, device: torch.device) -> Tensor:
        return draws.render(device)


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < float("inf"):
        raise ValueError(f"alpha must be a positive number, got {alpha}")
