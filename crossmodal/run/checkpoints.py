"""Checkpoints from which a run resumes exactly."""

import io
import random
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import numpy as np
import torch
from lightning.fabric.plugins import CheckpointIO
from lightning.pytorch.callbacks import Checkpoint

from crossmodal.data.sampling import StepLoader
from crossmodal.errors import TrainingError
from crossmodal.files import replace_atomically
from crossmodal.run.stopping import Stop


class AtomicCheckpoints(CheckpointIO):
    """Checkpoints that are written atomically and read without unpickling."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Write a checkpoint; after an error the previous one is unchanged.

        Raises:
            OutputError: the file cannot be written, or the disk is full.
        """
        # torch.save reports a full disk as a RuntimeError of its archive writer; plain writes raise OSError.
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        with replace_atomically(path) as temporary:
            temporary.write_bytes(buffer.getbuffer())

    def load_checkpoint(
        self, path: Any, map_location: Any | None = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read a checkpoint; only tensors and plain values are accepted, even with ``weights_only=False``.

        Raises:
            TrainingError: the file is not a checkpoint.
        """
        try:
            return dict(torch.load(path, map_location=map_location or "cpu", weights_only=True))
        except Exception as error:
            raise TrainingError(
                f"{path}: not a readable checkpoint ({type(error).__name__}); start a new run"
            ) from error

    def remove_checkpoint(self, path: Any) -> None:
        """Remove a checkpoint."""
        Path(path).unlink(missing_ok=True)


def random_state() -> dict[str, Any]:
    """Return the state of every global random generator, as tensors and plain values."""
    version, internal, gauss = random.getstate()
    name, key, position, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        "python": [version, list(internal), gauss],
        "numpy": [str(name), torch.from_numpy(np.asarray(key, dtype=np.int64)), position, has_gauss, cached],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random_state(state: dict[str, Any]) -> None:
    """Set every global random generator to a saved state."""
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    name, key, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, key.numpy().astype(np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state["torch"].cpu())
    if torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([s.cpu() for s in state["cuda"]])


class RunCheckpoints(Checkpoint):
    """Saves a checkpoint every ``every_n_steps`` steps, at the end, and when a stop is requested.

    A checkpoint is saved between two steps, never within an accumulation of gradients. If a validation follows the
    step, it is saved after the validation, because Lightning would not repeat it. If only the epoch ends, it is saved
    after the next step, because Lightning would count the end of the epoch twice.
    """

    def __init__(self, path: Path, every_n_steps: int, stop: Stop) -> None:
        self.path = path
        self.every_n_steps = every_n_steps
        self.stop = stop
        self._saved_step = 0
        self._pending = False
        self._to_restore: dict[str, Any] | None = None

    def state_dict(self) -> dict[str, Any]:
        """Return the random state, which Lightning does not save, and the step."""
        return {"random": random_state(), "step": self._saved_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep a saved state until training starts, because building models and loaders draws random numbers."""
        self._to_restore = state_dict
        self._saved_step = state_dict["step"]

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Set loaders and random generators to the state of the checkpoint."""
        if self._to_restore is None:
            return
        batches = trainer.fit_loop.epoch_loop.batch_progress.total.ready
        for loader in _loaders(trainer):
            if isinstance(loader, StepLoader):
                loader.steps.step = batches
        restore_random_state(self._to_restore["random"])
        self._to_restore = None

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *args: Any, **kwargs: Any
    ) -> None:
        """Save if a checkpoint is due, or delay it until after the validation."""
        if trainer.fit_loop._should_accumulate() or trainer.global_step == self._saved_step:
            return
        due = trainer.global_step // self.every_n_steps > self._saved_step // self.every_n_steps
        last = trainer.global_step == trainer.max_steps
        self._pending = self._pending or due or last or self.stop.requested(trainer)
        if self._pending and not _epoch_ends_or_validation_follows(trainer):
            # Lightning logs the step after this hook; a run killed in between would resume without that row.
            trainer._logger_connector.update_train_step_metrics()
            self.save(trainer)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Save the checkpoint that the end of the last epoch delayed, so that only the evaluation remains."""
        if trainer.global_step != self._saved_step:
            self.save(trainer)

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Save a checkpoint that was delayed until after the validation."""
        if self._pending and trainer.state.fn == "fit":
            self.save(trainer)

    def save(self, trainer: lightning.Trainer) -> None:
        """Write a checkpoint now."""
        self._pending = False
        self._saved_step = trainer.global_step
        trainer.save_checkpoint(self.path)
        self.stop.mark_saved()


def _loaders(trainer: lightning.Trainer) -> list[Any]:
    combined = trainer.fit_loop._combined_loader
    return list(combined.flattened) if combined is not None else []


def _epoch_ends_or_validation_follows(trainer: lightning.Trainer) -> bool:
    loop = trainer.fit_loop.epoch_loop
    fetcher = trainer.fit_loop._data_fetcher
    if not trainer.enable_validation or fetcher is None:
        return False
    return loop.batch_progress.is_last_batch or loop._should_check_val_fx(fetcher)
