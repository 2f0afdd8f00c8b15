"""Procedural images for training: indices travel, images are drawn on the device that trains."""

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

# Batches in an epoch of an endless stream, where no number is given.
_STEPS = 1000


class NoiseDataModule(lightning.LightningDataModule):
    """Training and validation images of a process.

    The loaders hand out numbers alone, a few bytes an image. `on_after_batch_transfer` draws the images on the
    device that trains. A training batch depends on the seed, the step and the rank alone.

    A batch holds:
        image: uint8 (n, 3, height, width), RGB.
        index: int64 (n,), of the images in the process.
        draw: int64 (n,), the number of each showing, never twice the same, which random views want; of images held
            out it is the index.
        label: int64 (n,), their programs; only where the process has labels.

    Args:
        process: name of the process, see `crossmodal.noise.names`.
        options: options of the process.
        length: training images, in a new order each time round; None for images that never repeat. The default is
            the size of the published small sets.
        batch_size: images in a batch, per process.
        size: side, or (height, width), in pixels.
        seed: of images and their order.
        first: index of the first image.
        validation: images to hold out: the first so many; training begins after them.
        steps_per_epoch: training batches in an epoch; by default each image comes about once, 1000 without an end.
        keep: keep images in memory once they are drawn, on the device that trains; for slow processes of a
            ``length``. An image takes 3 bytes a pixel: 28 kB at 96 pixels.

    Raises:
        ValueError: an unknown process or option, or a number that makes no sense.

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
            raise ValueError("an endless stream never shows an image twice, so there is nothing to keep; give a length")
        self.process = create(process, **(options or {}))
        self.process.sample([], size, seed)  # refuses a senseless size or seed now, not in the first batch
        self.indices = NoiseIndices(length, first + validation)
        self.held_out = NoiseIndices(validation, first) if validation else None
        self.batch_size = batch_size
        self.size = size
        self.seed = seed
        self.steps_per_epoch = steps_per_epoch if steps_per_epoch or length is not None else _STEPS
        self._bank = _Bank(validation + length, first) if keep and length is not None else None

    @property
    def classes(self) -> int | None:
        """The number of labels; None where the process has none."""
        return self.process.classes

    def train_dataloader(self) -> StepLoader:
        """Make the loader of training indices; a batch depends on the seed, the step and the rank alone."""
        # An endless stream takes the number of the draw itself; the permuted items are then of no account.
        items = self.indices.length or self.batch_size
        sampler = StepSampler(items, self.batch_size, self.seed, self.steps_per_epoch, numbered=True)
        return StepLoader(_Showings(self.indices), sampler, collate_fn=_as_batch)

    def val_dataloader(self) -> DataLoader[Any] | list[Any]:
        """Make the loader of the indices held out, in their order; an empty list when there are none."""
        if self.held_out is None:
            return []
        return DataLoader(_Showings(self.held_out), batch_size=self.batch_size, collate_fn=_as_batch)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Name the device; the indices stay, for fetching them back would wait for all work of the device."""
        return {**batch, "device": device}

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> dict[str, Tensor]:
        """Draw the images of a batch of indices on its device, or take those that are kept."""
        device = batch.get("device", torch.device("cpu"))
        draw = partial(render, self.process, size=self.size, seed=self.seed, device=device)
        drawn = draw(batch["index"]) if self._bank is None else self._bank.take(batch["index"], draw)
        return {**drawn, "draw": batch["draw"].to(device)}

    def evaluation_dataset(self) -> NoiseDataset:
        """Give the images held out, or the training images where there are none.

        Raises:
            ValueError: the stream has no end and nothing is held out.
        """
        chosen = self.held_out or self.indices
        if chosen.length is None:
            raise ValueError("an endless stream has nothing to evaluate on; hold images out with `validation`")
        return NoiseDataset(self.process, chosen.length, size=self.size, seed=self.seed, first=chosen.first)


class _Showings(Dataset[tuple[int, int]]):
    """The draw and the index of each image shown; without a draw, as of images held out, the index is it."""

    def __init__(self, indices: NoiseIndices) -> None:
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, entry: int | tuple[int, int]) -> tuple[int, int]:
        index = self.indices[entry]
        return (entry[0] if isinstance(entry, tuple) else index), index


def _as_batch(showings: list[tuple[int, int]]) -> dict[str, Tensor]:
    draws, indices = torch.tensor(showings).T.contiguous()
    return {"draw": draws, "index": indices}


class _Bank:
    """Batches of images ``first`` to ``first + length - 1``, row by row, each drawn when it first comes up."""

    def __init__(self, length: int, first: int) -> None:
        self.first = first
        self._drawn = torch.zeros(length, dtype=torch.bool)
        self._kept: dict[str, Tensor] = {}

    def take(self, indices: Tensor, draw: Callable[[Tensor], dict[str, Tensor]]) -> dict[str, Tensor]:
        """Give the batch of some indices, and draw what is not there yet."""
        places = indices - self.first
        if len(missing := torch.unique(places[~self._drawn[places]])):
            for key, rows in draw(missing + self.first).items():
                if key not in self._kept:
                    self._kept[key] = rows.new_empty((len(self._drawn), *rows.shape[1:]))
                self._kept[key][missing.to(rows.device)] = rows
            self._drawn[missing] = True
        return {key: rows[places.to(rows.device)] for key, rows in self._kept.items()}
