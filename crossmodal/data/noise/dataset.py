"""Procedural images as data sets: endless, by index, drawn when they are asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from crossmodal.noise import Process, as_process
from crossmodal.noise.process import Size


class NoiseDataset(Dataset[dict[str, Tensor]]):
    """Images ``first`` to ``first + length - 1`` of a process, each drawn in whichever worker asks for it.

    A loader's batch is drawn at once. Where the training device should draw, and workers have other things to do, take
    `NoiseIndices` and `render`, or the data module `NoiseDataModule`.

    Args:
        process: a process, its name, or its description.
        length: images.
        size: side, or (height, width), in pixels.
        seed: of all draws.
        first: index of the first image.

    A sample holds:
        image: uint8 (3, height, width), RGB.
        index: int64 (), its index in the process.
        label: int64 (), its program; only where the process has labels.

    Raises:
        ValueError: an unknown process or option, a negative index or seed, no images, or a size below 1.
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
        self.process.sample([], size, seed)  # refuses what makes no sense now, not in a worker

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, place: int) -> dict[str, Tensor]:
        return self.__getitems__([place])[0]

    def __getitems__(self, places: Sequence[int]) -> list[dict[str, Tensor]]:
        """Draw the images of a batch at once; loaders call it where it is there."""
        batch = render(self.process, [self.indices[place] for place in places], self.size, self.seed)
        return [{key: values[row] for key, values in batch.items()} for row in range(len(places))]


class NoiseIndices(Dataset[int]):
    """The indices of images, for loaders that leave the drawing to the training device.

    With a ``length`` these are ``first`` to ``first + length - 1``. Without one they never end and never repeat:
    entries are then the (draw, item) pairs of a numbered `crossmodal.data.sampling.StepSampler`, and the draw counts.

    Raises:
        ValueError: no images, or a negative index.
    """

    def __init__(self, length: int | None, first: int = 0) -> None:
        if length is not None and length < 1:
            raise ValueError(f"length must be at least 1, or None for no end, got {length}")
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
        place = draw if self.length is None else item
        if self.length is not None and not -self.length <= place < self.length:
            raise IndexError(f"place {place} of {self.length} images")
        return self.first + (place if self.length is None else place % self.length)


def render(
    process: Process[Any],
    indices: Sequence[int] | Tensor,
    size: Size = 128,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> dict[str, Tensor]:
    """Draw a batch on a device, with its indices and, where the process has them, its labels.

    Returns:
        ``image`` uint8 (n, 3, height, width), ``index`` int64 (n,) and perhaps ``label`` int64 (n,), on ``device``.
    """
    wanted = torch.as_tensor(indices, dtype=torch.int64).cpu()
    batch = {"image": process(wanted, size, seed, device), "index": wanted.to(device)}
    if process.classes is not None:
        batch["label"] = process.labels(wanted, seed).to(device)
    return batch
