"""Labelled procedural images as a data set, drawn by index on access."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from crossmodal.data.noise.dataset import NoiseIndices
from crossmodal.noise.process import Size
from crossmodal.simulation.scenes import LabelledProcess
from crossmodal.spelling import check_choice


class SceneDataset(Dataset[dict[str, Tensor]]):
    """Images ``first`` to ``first + length - 1`` of a process with masks.

    Args:
        process: the process.
        length: number of images.
        size: side, or (height, width), in pixels.
        seed: seed of all draws.
        first: index of the first image.
        label: attribute used as the label of an image, such as ``dusk``; None for images without a label.

    A sample has these keys:
        image: uint8 (3, height, width), RGB.
        mask: uint8 (height, width), indices in ``process.class_list.names``.
        index: int64 (), its index in the process.
        label: int64 (), only with ``label``.

    Raises:
        ValueError: the attribute is unknown, ``first`` or ``seed`` is negative, ``length`` is below 1, or the process
            does not support the size.
    """

    def __init__(
        self,
        process: LabelledProcess[Any],
        length: int,
        *,
        size: Size = 32,
        seed: int = 0,
        first: int = 0,
        label: str | None = None,
    ) -> None:
        self.process = process
        self.indices = NoiseIndices(length, first)
        self.size = size
        self.seed = seed
        self.label = label
        check_label(process, label, size)  # raises here, not in a worker

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, item: int) -> dict[str, Tensor]:
        return self.__getitems__([item])[0]

    def __getitems__(self, items: Sequence[int]) -> list[dict[str, Tensor]]:
        """Draw the images of a batch together; torch's loaders call this method if it exists."""
        batch = self.batch(items)
        return [{key: values[row] for key, values in batch.items()} for row in range(len(items))]

    def batch(self, items: Sequence[int]) -> dict[str, Tensor]:
        """Draw some images as one batch."""
        return render_scenes(self.process, [self.indices[i] for i in items], self.size, self.seed, label=self.label)


def check_label(process: LabelledProcess[Any], label: str | None, size: Size) -> None:
    """Check that an attribute is a label of a process.

    Raises:
        ValueError: the attribute is unknown (the nearest name is given), or the process does not support the size.
    """
    known = process.attributes([], size)
    if label is not None:
        check_choice(f"label of {process.name}", label, [name for name, values in known.items() if values.ndim == 1])


def render_scenes(
    process: LabelledProcess[Any],
    indices: Sequence[int] | Tensor,
    size: Size,
    seed: int = 0,
    device: torch.device | str = "cpu",
    label: str | None = None,
) -> dict[str, Tensor]:
    """Draw a batch with its masks, see `SceneDataset`; all tensors are on ``device``."""
    index = torch.as_tensor(indices, dtype=torch.int64).cpu()
    drawn = process.label(index, size, seed, device)
    batch = {"image": drawn.images, "mask": drawn.masks, "index": index.to(device)}
    return batch if label is None else batch | {"label": drawn.attributes[label]}
