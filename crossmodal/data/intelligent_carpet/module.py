"""Data module of Intelligent Carpet: disjoint training, validation and evaluation subjects."""

from functools import cached_property
from typing import Any, Literal, NamedTuple

import lightning.pytorch as lightning
import torch
from torch.utils.data import DataLoader

from crossmodal.data.intelligent_carpet.dataset import SUBJECTS_FILE, IntelligentCarpetWindows, read_intelligent_carpet
from crossmodal.data.sampling import StepLoader, StepSampler
from crossmodal.data.subject_split import refuse_leaks, split_subjects
from crossmodal.errors import DatasetError


class _Parts(NamedTuple):
    train: IntelligentCarpetWindows
    validation: IntelligentCarpetWindows | None
    test: IntelligentCarpetWindows


class IntelligentCarpetDataModule(lightning.LightningDataModule):
    """Training, validation and evaluation windows of IntelligentCarpet.

    A split that leaks is refused: no subject, and no copy of a recording, may be in two parts.

    Args:
        root: the folder of recordings, with ``subjects.csv`` for a split by subject; see `IntelligentCarpetWindows`.
        by: split by ``subject``; or by ``recording``, which tests on subjects that are also in the training data.
        test: fraction of the subjects (recordings) to evaluate on, or their names.
        validation: fraction of the others to validate on, or their names; 0 for none.
        window: number of frames of a window, equal to that of the model.
        batch_size: windows in a batch, per process.
        steps_per_epoch: training batches in an epoch; by default as many as use each window about once.
        seed: seed of the split and of the order of windows.
        num_workers: number of processes that load windows; 0 loads them in this process.
        cache: folder of the cache; ``$XDG_CACHE_HOME/crossmodal`` (or ``~/.cache/crossmodal``) by default.

    Raises:
        ValueError: ``by`` is neither ``subject`` nor ``recording``.
    """

    def __init__(
        self,
        root: str,
        by: Literal["subject", "recording"] = "subject",
        test: float | list[str] = 0.2,
        validation: float | list[str] = 0.1,
        window: int = 21,
        batch_size: int = 32,
        steps_per_epoch: int | None = None,
        seed: int = 0,
        num_workers: int = 0,
        cache: str | None = None,
    ) -> None:
        super().__init__()
        if by not in ("subject", "recording"):
            raise ValueError(f"by must be 'subject' or 'recording', got {by!r}")
        self.root, self.by, self.cache = root, by, cache
        self.test, self.validation = test, validation
        self.window = window
        self.batch_size, self.steps_per_epoch = batch_size, steps_per_epoch
        self.seed, self.num_workers = seed, num_workers

    @cached_property
    def parts(self) -> _Parts:
        """The three parts, checked for leaks; validation is None if no subject is held out."""
        recordings = read_intelligent_carpet(self.root, self.cache)
        unknown = [one.name for one in recordings if one.subject is None]
        if self.by == "subject" and unknown:
            raise DatasetError(
                f"{self.root}: the subjects of the recordings are unknown; write {SUBJECTS_FILE} there with the "
                "columns recording and subject, or split by recording (--data.by recording) and report it with the "
                "result"
            )
        names = {id(one): one.subject if self.by == "subject" and one.subject else one.name for one in recordings}
        rest, tested = split_subjects(names.values(), self.test, self.seed, "test")
        # Explicit names may be any of the names, so that a subject in two parts is reported as a leak.
        pool = rest if isinstance(self.validation, int | float) else names.values()
        _, held_out = split_subjects(pool, self.validation, self.seed, "validation")
        trained = [name for name in rest if name not in set(held_out)]
        train, validation, test = (
            IntelligentCarpetWindows([one for one in recordings if names[id(one)] in chosen], self.window)
            for chosen in (trained, held_out, tested)
        )
        for name, part in (("train", train), ("test", test)):
            if not len(part):
                raise DatasetError(f"{self.root}: no usable frame to {name} on: {part.report}")
        parts = {"train": train, "validation": validation, "test": test}
        if self.by == "subject":
            refuse_leaks({name: part.subjects for name, part in parts.items()}, "subject")
        original = {one.fingerprint: one.name for one in reversed(recordings)}
        copies = {name: [original[one.fingerprint] for one in part.recordings] for name, part in parts.items()}
        refuse_leaks(copies, "recording, or a copy of it,")
        return _Parts(train, validation if len(validation) else None, test)

    def setup(self, stage: str) -> None:
        """Fill the cache and split the recordings."""
        if stage == "fit":
            _ = self.parts

    def train_dataloader(self) -> StepLoader:
        """Return the loader of training windows; a batch depends only on the seed and the step."""
        windows = self.parts.train
        sampler = StepSampler(len(windows), self.batch_size, self.seed, self.steps_per_epoch)
        return StepLoader(windows, sampler, **self._loading())

    def val_dataloader(self) -> DataLoader[Any] | list[Any]:
        """Return the loader of validation windows in order; an empty list if no subject is held out."""
        windows = self.parts.validation
        return [] if windows is None else DataLoader(windows, batch_size=self.batch_size, **self._loading())

    def evaluation_dataset(self) -> IntelligentCarpetWindows:
        """Return the windows to evaluate on."""
        return self.parts.test

    def evaluation_train_dataset(self) -> IntelligentCarpetWindows:
        """Return the training windows, to fit baselines on."""
        return self.parts.train

    def training_keypoints(self) -> torch.Tensor:
        """Return the joints of all training windows: (samples, 21, 3), normalised."""
        return torch.from_numpy(self.parts.train.keypoints())

    def _loading(self) -> dict[str, Any]:
        return {"num_workers": self.num_workers, "pin_memory": torch.cuda.is_available()}
