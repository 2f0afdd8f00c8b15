"""Ctrl-C and SIGTERM: finish the step, save a checkpoint and exit; a second signal exits at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import lightning.pytorch as lightning
from lightning.pytorch.callbacks import Callback

from crossmodal.progress import Progress

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """A requested stop, after the checkpoint is saved; a BaseException, which ``except Exception`` does not catch."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


class Stop(Callback):
    """Delays SIGINT and SIGTERM until a step is done and saved, then ends training.

    Before the first step and after the last one there is nothing to save, and the signals act at once. Python allows
    signal handlers only in the main thread; in other threads this does nothing.
    """

    def __init__(self, progress: Progress) -> None:
        self.signal_number: int | None = None
        self.exception: BaseException | None = None
        self._saved = False
        self._progress = progress

    def requested(self, trainer: lightning.Trainer) -> bool:
        """Return whether a stop was requested in any process of the run."""
        requested = self.signal_number is not None
        if trainer.world_size > 1:
            requested = trainer.strategy.reduce_boolean_decision(requested, all=False)
            if requested and self.signal_number is None:
                self.signal_number = signal.SIGTERM
        return requested

    def mark_saved(self) -> None:
        """Record that all steps done are saved."""
        self._saved = self.signal_number is not None

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Start to delay the signals; this replaces Lightning's handler, which would not save."""
        if _in_main_thread():
            for number in _SIGNALS:
                signal.signal(number, self._request)

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Stop if the last step was saved for it; its metrics are written by now."""
        if self.signal_number is not None and self._saved:
            raise Stopped(self.signal_number)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Let the signals act at once again."""
        if _in_main_thread():
            for number in _SIGNALS:
                signal.signal(number, _exit)

    def on_exception(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, exception: BaseException
    ) -> None:
        """Keep the exception that ended training: Lightning converts Ctrl-C to a plain exit."""
        self.exception = exception

    def _request(self, number: int, frame: FrameType | None) -> None:
        if self.signal_number is not None:
            _exit(number, frame)
        self.signal_number = number
        self._progress.say("stopping after this step; a second signal stops at once, without saving")


def _exit(number: int, frame: FrameType | None) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


@contextmanager
def restored_signals() -> Iterator[None]:
    """Restore the handlers of SIGINT and SIGTERM after the block."""
    if not _in_main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
