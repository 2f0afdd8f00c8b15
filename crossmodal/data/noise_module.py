"""Procedural pictures for training: indices travel, pictures are drawn on the device that trains."""

from typing import Any

import lightning.pytorch as lightning
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from crossmodal.data.noise import NoiseDataset, NoiseIndices, render
from crossmodal.data.sampling import StepLoader, StepSampler
from crossmodal.noise import create

# Batches in an epoch of an endless stream, where no number is given.
_STEPS = 1000


class NoiseData(lightning.LightningDataModule):
    """Training and validation pictures of a process, in batches of ``picture``, ``index`` and, with labels, ``label``.

    The loaders hand out indices alone, eight bytes a picture. `on_after_batch_transfer` draws the pictures on the
    device that trains: uint8 (n, 3, height, width). A training batch depends on the seed, the step and the rank alone.

    Args:
        process: name of the process, see `crossmodal.noise.names`.
        options: options of the process.
        length: training pictures, in a new order each time round; None for pictures that never repeat. The default is
            the size of the published small sets.
        batch_size: pictures in a batch, per process.
        size: side, or (height, width), in pixels.
        seed: of pictures and their order.
        first: index of the first picture.
        validation: pictures to hold out: the first so many; training begins after them.
        steps_per_epoch: training batches in an epoch; by default each picture comes about once, 1000 without an end.

    Raises:
        ValueError: an unknown process or option, or a number that makes no sense.

    References:
        Baradad et al., "Learning to see by looking at noise", NeurIPS 2021, section 4 (105,000 pictures of 128 pixels).
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
    ) -> None:
        super().__init__()
        if validation < 0 or batch_size < 1:
            raise ValueError(
                f"validation must not be negative and batch_size at least 1, got {validation=}, {batch_size=}"
            )
        self.process = create(process, **(options or {}))
        self.process.sample([], size, seed)  # refuses a senseless size or seed now, not in the first batch
        self.indices = NoiseIndices(length, first + validation)
        self.held_out = NoiseIndices(validation, first) if validation else None
        self.batch_size = batch_size
        self.size = size
        self.seed = seed
        self.steps_per_epoch = steps_per_epoch if steps_per_epoch or length is not None else _STEPS

    @property
    def classes(self) -> int | None:
        """The number of labels; None where the process has none."""
        return self.process.classes

    def train_dataloader(self) -> StepLoader:
        """Make the loader of training indices; a batch depends on the seed, the step and the rank alone."""
        # An endless stream takes the number of the draw itself; the permuted items are then of no account.
        items = self.indices.length or self.batch_size
        sampler = StepSampler(items, self.batch_size, self.seed, self.steps_per_epoch, numbered=True)
        return StepLoader(self.indices, sampler, collate_fn=_as_batch)

    def val_dataloader(self) -> DataLoader[Any] | list[Any]:
        """Make the loader of the indices held out, in their order; an empty list when there are none."""
        if self.held_out is None:
            return []
        return DataLoader(self.held_out, batch_size=self.batch_size, collate_fn=_as_batch)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Name the device; the indices stay, for fetching them back would wait for all work of the device."""
        return {**batch, "device": device}

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> dict[str, Tensor]:
        """Draw the pictures of a batch of indices on its device."""
        return render(self.process, batch["index"], self.size, self.seed, batch.get("device", "cpu"))

    def evaluation_dataset(self) -> NoiseDataset:
        """Give the pictures held out, or the training pictures where there are none.

        Raises:
            ValueError: the stream has no end and nothing is held out.
        """
        chosen = self.held_out or self.indices
        if chosen.length is None:
            raise ValueError("an endless stream has nothing to evaluate on; hold pictures out with `validation`")
        return NoiseDataset(self.process, chosen.length, size=self.size, seed=self.seed, first=chosen.first)


def _as_batch(indices: list[int]) -> dict[str, Tensor]:
    return {"index": torch.tensor(indices)}
