"""Ctrl-C and SIGTERM: finish the step, save, leave; a second time: leave at once."""

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
    """The run was asked to stop and has saved all it did; not an Exception, so that nothing swallows it."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


class Stop(Callback):
    """Holds SIGINT and SIGTERM back until a step is done and saved, then leaves the training loop.

    Before the first step and after the last one nothing can be saved, and the signals do what they always do. Python
    lets only the main thread listen; elsewhere this does nothing.
    """

    def __init__(self, progress: Progress) -> None:
        self.signal_number: int | None = None
        self.exception: BaseException | None = None
        self._saved = False
        self._progress = progress

    def wanted(self, trainer: lightning.Trainer) -> bool:
        """Return whether to stop, the same on every process of the run."""
        asked = self.signal_number is not None
        if trainer.world_size > 1:
            asked = trainer.strategy.reduce_boolean_decision(asked, all=False)
            if asked and self.signal_number is None:
                self.signal_number = signal.SIGTERM
        return asked

    def note_saved(self) -> None:
        """Remember that everything done so far is on the disk."""
        self._saved = self.signal_number is not None

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Begin to hold the signals back; takes the place of Lightning's own handler, which would not save."""
        if _in_main_thread():
            for number in _SIGNALS:
                signal.signal(number, self._ask)

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Leave if the last step was saved for that: here its metrics are written as well."""
        if self.signal_number is not None and self._saved:
            raise Stopped(self.signal_number)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Let the signals work at once again."""
        if _in_main_thread():
            for number in _SIGNALS:
                signal.signal(number, _leave)

    def on_exception(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, exception: BaseException
    ) -> None:
        """Remember what ended the training: Lightning turns Ctrl-C into a plain exit."""
        self.exception = exception

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.signal_number is not None:
            _leave(number, frame)
        self.signal_number = number
        self._progress.say("stopping after this step; once more stops at once, without saving")


def _leave(number: int, frame: FrameType | None) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


@contextmanager
def signals_put_back() -> Iterator[None]:
    """Give SIGINT and SIGTERM the handlers back that they had before the block."""
    if not _in_main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
