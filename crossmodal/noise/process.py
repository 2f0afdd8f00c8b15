"""What every process of procedural images is: draws by index, then a rendering of these draws."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

#: What a process draws for some indices, before anything is rendered.
Draws = TypeVar("Draws")

Indices = Sequence[int] | range | NDArray[np.int64] | Tensor
Size = int | tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Process(ABC, Generic[Draws]):
    """A law of images: call it with indices and get these images.

    Image i depends on the process's options (the fields of the dataclass), the seed, i and the size, and on nothing
    else: not on the batch it came in, the worker, the rank or the order. On one machine CPU results are the same bit
    for bit, whatever the number of threads; another device agrees within the tolerance that the process states.

    A process of one's own subclasses this with `_draw` and `_render`, and where it is made of many programs `classes`
    and `_labels`.
    """

    #: The name that `crossmodal.noise.create` knows it by.
    name: ClassVar[str] = ""

    def __call__(self, indices: Indices, size: Size = 128, seed: int = 0, device: torch.device | str = "cpu") -> Tensor:
        """Make the images of ``indices``: uint8 (n, 3, height, width) on ``device``.

        Args:
            indices: non-negative numbers of images, in any order, each as often as wanted.
            size: side of a square, or (height, width), in pixels.
            seed: of all draws, non-negative.
            device: where the images are rendered and stay.

        Raises:
            ValueError: a negative index or seed, or a size below 1.
        """
        return self.render(self.sample(indices, size, seed), device)

    def sample(self, indices: Indices, size: Size = 128, seed: int = 0) -> Draws:
        """Draw the parameters of some images on the CPU; `render` replays them on any device.

        Raises:
            ValueError: a negative index or seed, or a size below 1.
        """
        return self._draw(_checked_indices(indices), _checked_size(size), _checked_seed(seed))

    def render(self, draws: Draws, device: torch.device | str = "cpu") -> Tensor:
        """Render drawn parameters: uint8 (n, 3, height, width) on ``device``."""
        place = torch.device(device)
        # Half precision around the call would change what is drawn.
        with _one_thread(place), torch.autocast(place.type, enabled=False):
            return self._render(draws, place)

    @property
    def classes(self) -> int | None:
        """The number of programs that the process is made of; None for a process of one law."""
        return None

    def labels(self, indices: Indices, seed: int = 0) -> Tensor:
        """Tell the program of each image: int64 (n,) in 0 to ``classes`` - 1, at no cost.

        Raises:
            TypeError: the process is one law, without programs.
            ValueError: a negative index or seed.
        """
        if self.classes is None:
            raise TypeError(f"{self.name} is one law and not many programs, so its images have no labels")
        return self._labels(_checked_indices(indices), _checked_seed(seed))

    def describe(self) -> dict[str, Any]:
        """Name the process and its options as plain values that JSON can hold; `from_description` makes it again."""
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
    wanted = np.asarray(indices)
    if wanted.ndim != 1 or (wanted.size and not np.issubdtype(wanted.dtype, np.integer)):
        raise ValueError(f"indices must be a list of whole numbers, got {wanted.dtype} of shape {wanted.shape}")
    if wanted.size and wanted.min() < 0:
        raise ValueError(f"indices must not be negative, got {wanted.min()}")
    return wanted.astype(np.int64)


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
    # Sums that are split over threads round differently for every number of threads; and a batch of small images is
    # faster on several processes than on several threads.
    before = torch.get_num_threads()
    if device.type != "cpu" or before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
