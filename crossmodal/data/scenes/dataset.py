"""Labelled procedural images as a data set: no files, drawn when they are asked for."""

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
        length: images.
        size: side, or (height, width), in pixels.
        seed: of all draws.
        first: index of the first image.
        label: the attribute that is the image's label, such as ``dusk``; None for images without one.

    A sample holds:
        image: uint8 (3, height, width), RGB.
        mask: uint8 (height, width), places in ``process.class_list.names``.
        index: int64 (), its index in the process.
        label: int64 (), only where an attribute was named.

    Raises:
        ValueError: an unknown attribute, a negative index or seed, no images, or a size that is not drawn.
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
        check_label(process, label, size)  # now, not in a worker

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, place: int) -> dict[str, Tensor]:
        return self.__getitems__([place])[0]

    def __getitems__(self, places: Sequence[int]) -> list[dict[str, Tensor]]:
        """Draw the images of a batch at once; loaders call it where it is there."""
        batch = self.batch(places)
        return [{key: values[row] for key, values in batch.items()} for row in range(len(places))]

    def batch(self, places: Sequence[int]) -> dict[str, Tensor]:
        """Draw some images as one batch."""
        return render_scenes(self.process, [self.indices[p] for p in places], self.size, self.seed, label=self.label)


def check_label(process: LabelledProcess[Any], label: str | None, size: Size) -> None:
    """Refuse an attribute that is no label of a process.

    Raises:
        ValueError: says the nearest attribute, or that the size is not drawn.
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
    """Draw a batch with its masks, see `SceneDataset`; every entry is on ``device``."""
    wanted = torch.as_tensor(indices, dtype=torch.int64).cpu()
    drawn = process.label(wanted, size, seed, device)
    batch = {"image": drawn.images, "mask": drawn.masks, "index": wanted.to(device)}
    return batch if label is None else batch | {"label": drawn.attributes[label]}
