"""Data module of procedural images: loaders give indices, images are drawn on the training device."""

from collections.abc import Callable
from functools import partial
from typing import Any

import lightning.pytorch as lightning
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from crossmodal.data.noise.dataset import NoiseDataset, NoiseIndices, render
from crossmodal.data.sampling import StepLoader, StepSampler
from crossmodal.noise import create

# Default number of batches in an epoch of an endless stream.
_STEPS = 1000


class NoiseDataModule(lightning.LightningDataModule):
    """Training and validation images of a process.

    The loaders give only numbers, a few bytes per image; `on_after_batch_transfer` draws the images on the training
    device. A training batch depends only on the seed, the step and the rank.

    A batch has these keys:
        image: uint8 (n, 3, height, width), RGB.
        index: int64 (n,), index of the images in the process.
        draw: int64 (n,), number of the draw, unique in training, for random views; the index for images held out.
        label: int64 (n,), their programs; only if the process has labels.

    Args:
        process: name of the process, see `crossmodal.noise.names`.
        options: options of the process.
        length: number of training images, permuted anew in each pass; None for images that never repeat. The default
            is the size of the published small sets.
        batch_size: images in a batch, per process.
        size: side, or (height, width), in pixels.
        seed: seed of the images and their order.
        first: index of the first image.
        validation: number of images to hold out, from ``first``; the training images follow.
        steps_per_epoch: training batches in an epoch; by default as many as use each image about once, or 1000 for an
            endless stream.
        keep: keep drawn images in the memory of the training device, for slow processes; needs a ``length``. An image
            takes 3 bytes per pixel, 28 kB at 96 pixels.

    Raises:
        ValueError: the process or an option is unknown, or a number is out of range.

    References:
        Baradad et al., "Learning to see by looking at noise", NeurIPS 2021, section 4 (105,000 images of 128 pixels).
    """

    def __init__(
        self,
        process: str = "dead_leaves",
        options: dict[str, Any] | None = None,
        length: int | None = 105_000,
        batch_size: int = 256,
        size: int | tuple[int, int] = 128,
        seed: int = 0,
        first: int = 0,
        validation: int = 0,
        steps_per_epoch: int | None = None,
        keep: bool = False,
    ) -> None:
        super().__init__()
        if validation < 0 or batch_size < 1:
            raise ValueError(
                f"validation must not be negative and batch_size at least 1, got {validation=}, {batch_size=}"
            )
        if keep and length is None:
            raise ValueError("keep needs a length, got None: an endless stream never repeats an image")
        self.process = create(process, **(options or {}))
        self.process.sample([], size, seed)  # raises for an invalid size or seed here, not in the first batch
        self.indices = NoiseIndices(length, first + validation)
        self.held_out = NoiseIndices(validation, first) if validation else None
        self.batch_size = batch_size
        self.size = size
        self.seed = seed
        self.steps_per_epoch = steps_per_epoch if steps_per_epoch or length is not None else _STEPS
        self._bank = _Bank(validation + length, first) if keep and length is not None else None

    @property
    def classes(self) -> int | None:
        """The number of labels; None if the process has none."""
        return self.process.classes

    def train_dataloader(self) -> StepLoader:
        """Return the loader of training indices; a batch depends only on the seed, the step and the rank."""
        # An endless stream uses only the number of the draw, not the permuted items.
        items = self.indices.length or self.batch_size
        sampler = StepSampler(items, self.batch_size, self.seed, self.steps_per_epoch, numbered=True)
        return StepLoader(_NumberedIndices(self.indices), sampler, collate_fn=_as_batch)

    def val_dataloader(self) -> DataLoader[Any] | list[Any]:
        """Return the loader of the indices held out, in order; an empty list if there are none."""
        if self.held_out is None:
            return []
        return DataLoader(_NumberedIndices(self.held_out), batch_size=self.batch_size, collate_fn=_as_batch)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Add the device; the indices stay on the CPU, since reading them back would synchronise the device."""
        return {**batch, "device": device}

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> dict[str, Tensor]:
        """Draw the images of a batch of indices on its device, or take the kept ones."""
        device = batch.get("device", torch.device("cpu"))
        draw = partial(render, self.process, size=self.size, seed=self.seed, device=device)
        drawn = draw(batch["index"]) if self._bank is None else self._bank.get(batch["index"], draw)
        return {**drawn, "draw": batch["draw"].to(device)}

    def evaluation_dataset(self) -> NoiseDataset:
        """Return the images held out, or the training images if there are none.

        Raises:
            ValueError: the stream is endless and no image is held out.
        """
        chosen = self.held_out or self.indices
        if chosen.length is None:
            raise ValueError("an endless stream has no images to evaluate on; hold out images with `validation`")
        return NoiseDataset(self.process, chosen.length, size=self.size, seed=self.seed, first=chosen.first)


class _NumberedIndices(Dataset[tuple[int, int]]):
    """Pairs of the draw and the index of an image; for images held out the draw is the index."""

    def __init__(self, indices: NoiseIndices) -> None:
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, entry: int | tuple[int, int]) -> tuple[int, int]:
        index = self.indices[entry]
        return (entry[0] if isinstance(entry, tuple) else index), index


def _as_batch(pairs: list[tuple[int, int]]) -> dict[str, Tensor]:
    draws, indices = torch.tensor(pairs).T.contiguous()
    return {"draw": draws, "index": indices}


class _Bank:
    """Images ``first`` to ``first + length - 1`` with their labels, each drawn at its first use."""

    def __init__(self, length: int, first: int) -> None:
        self.first = first
        self._drawn = torch.zeros(length, dtype=torch.bool)
        self._kept: dict[str, Tensor] = {}

    def get(self, indices: Tensor, draw: Callable[[Tensor], dict[str, Tensor]]) -> dict[str, Tensor]:
        """Return the batch of some indices; missing images are drawn first."""
        offsets = indices - self.first
        if len(missing := torch.unique(offsets[~self._drawn[offsets]])):
            for key, rows in draw(missing + self.first).items():
                if key not in self._kept:
                    self._kept[key] = rows.new_empty((len(self._drawn), *rows.shape[1:]))
                self._kept[key][missing.to(rows.device)] = rows
            self._drawn[missing] = True
        return {key: rows[offsets.to(rows.device)] for key, rows in self._kept.items()}
