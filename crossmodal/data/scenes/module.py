"""Data module of simulated scenes, which need no files and never repeat."""

from typing import Any

import lightning.pytorch as lightning
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from crossmodal.data.noise.dataset import NoiseIndices
from crossmodal.data.sampling import StepLoader, StepSampler
from crossmodal.data.scenes.dataset import SceneDataset, check_label, render_scenes
from crossmodal.simulation.scenes import create

# Batches in an epoch of the endless stream.
_STEPS = 1000


class ScenesDataModule(lightning.LightningDataModule):
    """Batches of ``image``, ``mask``, ``index`` and, if requested, ``label``; see `SceneDataset`.

    Training images are an endless stream, each drawn once. A batch depends only on the seed, the step and the rank.
    The first images of the process are for validation, the next ones for evaluation.

    Args:
        process: ``outdoor`` or ``solids``, see `crossmodal.simulation.scenes`.
        options: options of the process.
        size: side in pixels.
        batch_size: images in a batch, per process of the run.
        label: attribute used as the label of an image, such as ``dusk`` or ``trees``.
        validation: number of validation images.
        evaluation: number of evaluation images.
        seed: seed of the images.

    Raises:
        ValueError: the process, an option or the label is unknown, or a number is out of range.
    """

    def __init__(
        self,
        process: str = "outdoor",
        options: dict[str, Any] | None = None,
        size: int = 32,
        batch_size: int = 32,
        label: str | None = None,
        validation: int = 512,
        evaluation: int = 2000,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if min(validation, evaluation, batch_size) < 1:
            raise ValueError(
                f"batch_size, validation and evaluation must be positive, got {batch_size}, {validation}, {evaluation}"
            )
        self.process = create(process, **(options or {}))
        check_label(self.process, label, size)
        self.held_out = NoiseIndices(validation)
        self.evaluation = NoiseIndices(evaluation, validation)
        self.indices = NoiseIndices(None, validation + evaluation)
        self.size, self.batch_size, self.label, self.seed = size, batch_size, label, seed

    def train_dataloader(self) -> StepLoader:
        """Return the loader of training indices."""
        # The endless stream uses only the number of the draw, not the permuted items.
        sampler = StepSampler(self.batch_size, self.batch_size, self.seed, _STEPS, numbered=True)
        return StepLoader(self.indices, sampler, collate_fn=_as_batch)

    def val_dataloader(self) -> DataLoader[Any]:
        """Return the loader of the validation indices, in order."""
        return DataLoader(self.held_out, batch_size=self.batch_size, collate_fn=_as_batch)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Add the device; the indices stay on the CPU, which draws."""
        return {**batch, "device": device}

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> dict[str, Tensor]:
        """Draw the images of a batch of indices."""
        device = batch.get("device", "cpu")
        return render_scenes(self.process, batch["index"], self.size, self.seed, device, self.label)

    def evaluation_dataset(self) -> SceneDataset:
        """Return the evaluation images, which are in neither training nor validation."""
        first, length = self.evaluation.first, len(self.evaluation)
        return SceneDataset(self.process, length, size=self.size, seed=self.seed, first=first, label=self.label)


def _as_batch(indices: list[int]) -> dict[str, Tensor]:
    return {"index": torch.tensor(indices)}
