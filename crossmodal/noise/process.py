"""The base class of processes of procedural images: parameters drawn by index, then rendered."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

#: The drawn parameters of some images.
Draws = TypeVar("Draws")

Indices = Sequence[int] | range | NDArray[np.int64] | Tensor
Size = int | tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Process(ABC, Generic[Draws]):
    """A distribution of images: calling it with indices returns the images of these indices.

    Image i depends on the process's options (the fields of the dataclass), the seed, i and the size, and on nothing
    else: not on the batch, the worker, the rank or the order. CPU results of one machine are bitwise the same for any
    number of threads; another device agrees within the tolerance that the process states.

    A subclass defines `_draw` and `_render`; if it consists of many programs, also `classes` and `_labels`.
    """

    #: The name for `crossmodal.noise.create`.
    name: ClassVar[str] = ""

    def __call__(self, indices: Indices, size: Size = 128, seed: int = 0, device: torch.device | str = "cpu") -> Tensor:
        """Return the images of ``indices``: uint8 (n, 3, height, width) on ``device``.

        Args:
            indices: non-negative, in any order; repeated indices are allowed.
            size: side of a square, or (height, width), in pixels.
            seed: of all draws, non-negative.
            device: where the images are rendered and returned.

        Raises:
            ValueError: a negative index or seed, or a size below 1.
        """
        return self.render(self.sample(indices, size, seed), device)

    def sample(self, indices: Indices, size: Size = 128, seed: int = 0) -> Draws:
        """Draw the parameters of images on the CPU; `render` renders them on any device.

        Raises:
            ValueError: a negative index or seed, or a size below 1.
        """
        return self._draw(_checked_indices(indices), _checked_size(size), _checked_seed(seed))

    def render(self, draws: Draws, device: torch.device | str = "cpu") -> Tensor:
        """Render drawn parameters: uint8 (n, 3, height, width) on ``device``."""
        target = torch.device(device)
        # Autocast around the call would change the images.
        with _one_thread(target), torch.autocast(target.type, enabled=False):
            return self._render(draws, target)

    @property
    def classes(self) -> int | None:
        """The number of programs of the process; None for a process of one distribution."""
        return None

    def labels(self, indices: Indices, seed: int = 0) -> Tensor:
        """Return the program of each image, without rendering: int64 (n,) in 0 to ``classes`` - 1.

        Raises:
            TypeError: the process has no programs.
            ValueError: a negative index or seed.
        """
        if self.classes is None:
            raise TypeError(f"{self.name} has no programs, so its images have no labels")
        return self._labels(_checked_indices(indices), _checked_seed(seed))

    def describe(self) -> dict[str, Any]:
        """Return the process's name and options as JSON-able values; `from_description` is the inverse."""
        return {
            "process": self.name,
            "options": {field.name: _plain(getattr(self, field.name)) for field in fields(self)},
        }

    @abstractmethod
    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> Draws: ...

    @abstractmethod
    def _render(self, draws: Draws, device: torch.device) -> Tensor: ...

    def _labels(self, indices: NDArray[np.int64], seed: int) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} has classes but no _labels")


def _plain(value: Any) -> Any:
    if isinstance(value, Process):
        return value.describe()
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value


def _checked_indices(indices: Indices) -> NDArray[np.int64]:
    if isinstance(indices, Tensor):
        indices = indices.cpu().numpy()
    array = np.asarray(indices)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise ValueError(f"indices must be a list of whole numbers, got {array.dtype} of shape {array.shape}")
    if array.size and array.min() < 0:
        raise ValueError(f"indices must not be negative, got {array.min()}")
    return array.astype(np.int64)


def _checked_size(size: Size) -> tuple[int, int]:
    height, width = (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
    if height < 1 or width < 1:
        raise ValueError(f"size must be at least 1 pixel, got {height} x {width}")
    return height, width


def _checked_seed(seed: int) -> int:
    if seed < 0:
        raise ValueError(f"the seed must not be negative, got {seed}")
    return int(seed)


@contextmanager
def _one_thread(device: torch.device) -> Iterator[None]:
    # The rounding of a sum over threads depends on the number of threads. Batches of small images are also faster in
    # several processes than in several threads.
    before = torch.get_num_threads()
    if device.type != "cpu" or before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
