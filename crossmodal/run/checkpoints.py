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
    """Writes checkpoints whole or not at all, and reads them without unpickling."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Write a checkpoint; a full disk leaves the one before it untouched.

        Raises:
            OutputError: the place cannot be written, or the disk is full.
        """
        # torch reports a full disk as a RuntimeError of its archive writer; plain writes report it as what it is.
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        with replace_atomically(path) as temporary:
            temporary.write_bytes(buffer.getbuffer())

    def load_checkpoint(
        self, path: Any, map_location: Any | None = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read a checkpoint; only tensors and plain values are accepted, whatever the caller asks for.

        Raises:
            TrainingError: the file is not a checkpoint.
        """
        try:
            return dict(torch.load(path, map_location=map_location or "cpu", weights_only=True))
        except Exception as error:
            raise TrainingError(
                f"{path}: not a checkpoint that can be read ({type(error).__name__}); begin a new run"
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
    """Put every global random generator into a saved state."""
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    name, key, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, key.numpy().astype(np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state["torch"].cpu())
    if torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([s.cpu() for s in state["cuda"]])


class RunCheckpoints(Checkpoint):
    """Saves every so many steps, at the end, and when the run is asked to stop.

    A checkpoint is taken between two steps, never inside of an accumulation. Where a validation follows the step, it
    is taken after the validation, because Lightning would not repeat it; where only the epoch ends, after the next
    step, because Lightning would count the epoch's end twice.
    """

    def __init__(self, path: Path, every_n_steps: int, stop: Stop) -> None:
        self.path = path
        self.every_n_steps = every_n_steps
        self.stop = stop
        self._saved_step = 0
        self._pending = False
        self._to_restore: dict[str, Any] | None = None

    def state_dict(self) -> dict[str, Any]:
        """Return the random state, which Lightning does not keep; `on_save_checkpoint` adds the batches done."""
        return {"random": random_state(), "step": self._saved_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep a saved state until training starts: building models and loaders draws random numbers, too."""
        self._to_restore = state_dict
        self._saved_step = state_dict["step"]

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Put loaders and random generators where the checkpoint was taken."""
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
        """Save if it is time to, or note that it will be after the validation."""
        if trainer.fit_loop._should_accumulate() or trainer.global_step == self._saved_step:
            return
        due = trainer.global_step // self.every_n_steps > self._saved_step // self.every_n_steps
        last = trainer.global_step == trainer.max_steps
        self._pending = self._pending or due or last or self.stop.wanted(trainer)
        if self._pending and not _epoch_ends_or_validation_follows(trainer):
            # Lightning logs the step after this hook; a run that is lost in between would resume without that row.
            trainer._logger_connector.update_train_step_metrics()
            self.save(trainer)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Save what the last epoch's end put off, so that only the evaluation is left to do."""
        if trainer.global_step != self._saved_step:
            self.save(trainer)

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Save if that was put off until the validation is over."""
        if self._pending and trainer.state.fn == "fit":
            self.save(trainer)

    def save(self, trainer: lightning.Trainer) -> None:
        """Write the checkpoint of this moment."""
        self._pending = False
        self._saved_step = trainer.global_step
        trainer.save_checkpoint(self.path)
        self.stop.note_saved()


def _loaders(trainer: lightning.Trainer) -> list[Any]:
    combined = trainer.fit_loop._combined_loader
    return list(combined.flattened) if combined is not None else []


def _epoch_ends_or_validation_follows(trainer: lightning.Trainer) -> bool:
    loop = trainer.fit_loop.epoch_loop
    fetcher = trainer.fit_loop._data_fetcher
    if not trainer.enable_validation or fetcher is None:
        return False
    return loop.batch_progress.is_last_batch or loop._should_check_val_fx(fetcher)
