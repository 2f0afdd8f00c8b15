"""Procedural images as data sets, drawn by index on access."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from crossmodal.noise import Process, as_process
from crossmodal.noise.process import Size


class NoiseDataset(Dataset[dict[str, Tensor]]):
    """Images ``first`` to ``first + length - 1`` of a process, drawn in the workers of the loader.

    The images of a batch are drawn together. To draw on the training device instead, use `NoiseIndices` and `render`,
    or the data module `NoiseDataModule`.

    Args:
        process: a process, its name, or its description.
        length: number of images.
        size: side, or (height, width), in pixels.
        seed: seed of all draws.
        first: index of the first image.

    A sample has these keys:
        image: uint8 (3, height, width), RGB.
        index: int64 (), its index in the process.
        label: int64 (), its program; only if the process has labels.

    Raises:
        ValueError: the process or an option is unknown, ``first`` or ``seed`` is negative, or ``length`` or ``size``
            is below 1.
    """

    def __init__(
        self,
        process: Process[Any] | str | Mapping[str, Any],
        length: int,
        *,
        size: Size = 128,
        seed: int = 0,
        first: int = 0,
    ) -> None:
        self.process = as_process(process)
        self.indices = NoiseIndices(length, first)
        self.size = size
        self.seed = seed
        self.process.sample([], size, seed)  # raises for an invalid size or seed here, not in a worker

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, item: int) -> dict[str, Tensor]:
        return self.__getitems__([item])[0]

    def __getitems__(self, items: Sequence[int]) -> list[dict[str, Tensor]]:
        """Draw the images of a batch together; torch's loaders call this method if it exists."""
        batch = render(self.process, [self.indices[item] for item in items], self.size, self.seed)
        return [{key: values[row] for key, values in batch.items()} for row in range(len(items))]


class NoiseIndices(Dataset[int]):
    """Indices of images, for loaders whose images are drawn on the training device.

    With a ``length`` the indices are ``first`` to ``first + length - 1``. Without one they are endless and never
    repeat: keys are then the (draw, item) pairs of a numbered `crossmodal.data.sampling.StepSampler`, and the index is
    ``first`` plus the draw.

    Raises:
        ValueError: ``length`` is below 1, or ``first`` is negative.
    """

    def __init__(self, length: int | None, first: int = 0) -> None:
        if length is not None and length < 1:
            raise ValueError(f"length must be at least 1, or None for an endless stream, got {length}")
        if first < 0:
            raise ValueError(f"first must not be negative, got {first}")
        self.length = length
        self.first = first

    def __len__(self) -> int:
        if self.length is None:
            raise TypeError("an endless stream of indices has no length")
        return self.length

    def __getitem__(self, entry: int | tuple[int, int]) -> int:
        draw, item = entry if isinstance(entry, tuple) else (entry, entry)
        offset = draw if self.length is None else item
        if self.length is not None and not -self.length <= offset < self.length:
            raise IndexError(f"index {offset} is out of range for {self.length} images")
        return self.first + (offset if self.length is None else offset % self.length)


def render(
    process: Process[Any],
    indices: Sequence[int] | Tensor,
    size: Size = 128,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> dict[str, Tensor]:
    """Draw a batch on a device, with its indices and, if the process has labels, its labels.

    Returns:
        ``image`` uint8 (n, 3, height, width), ``index`` int64 (n,) and, with labels, ``label`` int64 (n,), on
        ``device``.
    """
    index = torch.as_tensor(indices, dtype=torch.int64).cpu()
    batch = {"image": process(index, size, seed, device), "index": index.to(device)}
    if process.classes is not None:
        batch["label"] = process.labels(index, seed).to(device)
    return batch
