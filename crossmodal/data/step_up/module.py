"""Data module of StepUP-P150: batches of several footsteps of several people, split by person."""

from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import lightning.pytorch as lightning
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from crossmodal.data.sampling import StepLoader, StepSampler
from crossmodal.data.step_up.dataset import FLAGS, StepUpFootsteps, find_trials
from crossmodal.data.subject_split import refuse_leaks, split_subjects
from crossmodal.errors import DatasetError
from crossmodal.randomness import generator

Batch = dict[str, Any]


class PersonFootsteps(Dataset[Batch]):
    """Several footsteps of one person per sample, with counter-based draws: first the footwear, then the footstep.

    A sample has ``phases_kpa`` (footsteps, phases, 75, 40) and ``person`` (footsteps,), the index of the person. Its
    key is a (draw, person) pair of a numbered `StepSampler`, or a person, which is draw 0 of that person.

    Args:
        footsteps: the footsteps to draw from.
        each: number of footsteps in a sample.
        seed: seed of all draws.
        shift_cells: augmentation: largest shift of a footstep along and across, in cells.
        gain: augmentation: pressures are scaled by 1 - gain to 1 + gain.
    """

    def __init__(
        self, footsteps: StepUpFootsteps, each: int, seed: int, shift_cells: int = 0, gain: float = 0.0
    ) -> None:
        self.footsteps = footsteps
        self.each, self.seed = each, seed
        self.shift_cells, self.gain = shift_cells, gain

    def __len__(self) -> int:
        return len(self.footsteps.people)

    def __getitem__(self, entry: int | tuple[int, int]) -> Batch:
        draw, person = entry if isinstance(entry, tuple) else (0, entry)
        rng = generator(self.seed, f"footsteps of a person/{person}", draw)
        by_footwear = list(self.footsteps.by_person[person].values())
        # All kinds of footwear in turn, so that the shoe does not identify the person.
        footwear = [by_footwear[i] for i in rng.permutation(len(by_footwear))]
        chosen = [int(rng.choice(footwear[i % len(footwear)])) for i in range(self.each)]
        phases = [self._augment(self.footsteps[index]["phases_kpa"], rng) for index in chosen]
        return {"phases_kpa": torch.stack(phases), "person": torch.full((self.each,), person)}

    def _augment(self, phases: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        # Every number is drawn, used or not, so that one option does not change the draws of the others.
        shift, gain = rng.integers(-self.shift_cells, self.shift_cells + 1, size=2), rng.uniform(-1, 1)
        return (1 + self.gain * gain) * phases.roll((int(shift[0]), int(shift[1])), dims=(1, 2))


class _Parts(NamedTuple):
    train: StepUpFootsteps
    validation: StepUpFootsteps | None
    test: StepUpFootsteps


class StepUpDataModule(lightning.LightningDataModule):
    """Training, validation and evaluation footsteps of StepUP-P150, split by person; a split that leaks is refused.

    Args:
        root: the folder of participants, see `StepUpFootsteps`.
        test: fraction of the people to evaluate on, or their names.
        validation: fraction of the others to validate on, or their names; 0 for none.
        phases: number of phases of the stance, equal to that of the model.
        people_per_batch: people in a batch, per process.
        footsteps_each: footsteps of each person in a batch, at least 2.
        steps_per_epoch: training batches in an epoch; by default as many as use each person about once.
        shift_cells, gain: augmentation in training, see `PersonFootsteps`.
        flags: columns of flags, see `StepUpFootsteps`.
        seed: seed of the split, the batches and their augmentation.
        num_workers: number of processes that read footsteps; 0 reads them in this process.
        cache: folder of the cache; ``$XDG_CACHE_HOME/crossmodal`` (or ``~/.cache/crossmodal``) by default.

    Raises:
        ValueError: ``footsteps_each`` is below 2.
    """

    def __init__(
        self,
        root: str,
        test: float | list[str] = 0.2,
        validation: float | list[str] = 0.1,
        phases: int = 9,
        people_per_batch: int = 16,
        footsteps_each: int = 4,
        steps_per_epoch: int | None = None,
        shift_cells: int = 2,
        gain: float = 0.2,
        flags: list[str] | None = None,
        seed: int = 0,
        num_workers: int = 0,
        cache: str | None = None,
    ) -> None:
        super().__init__()
        if footsteps_each < 2:
            raise ValueError(f"footsteps_each must be at least 2, got {footsteps_each}")
        self.root, self.cache, self.phases = root, cache, phases
        self.test, self.validation = test, validation
        self.batch_size, self.each, self.steps_per_epoch = people_per_batch, footsteps_each, steps_per_epoch
        self.shift_cells, self.gain = shift_cells, gain
        self.flags = FLAGS if flags is None else tuple(flags)
        self.seed, self.num_workers = seed, num_workers

    @cached_property
    def parts(self) -> _Parts:
        """The three parts, checked for leaks; validation is None if nobody is held out."""
        people = sorted({person for person, _, _ in find_trials(Path(self.root))})
        rest, tested = split_subjects(people, self.test, self.seed, "test")
        # Explicit names may be any of the names, so that a person in two parts is reported as a leak.
        pool = rest if isinstance(self.validation, int | float) else people
        _, held_out = split_subjects(pool, self.validation, self.seed, "validation")
        trained = [name for name in rest if name not in set(held_out)]
        refuse_leaks({"train": trained, "validation": held_out, "test": tested}, "participant")
        if len(trained) < 2 or len(tested) < 2:
            raise DatasetError(
                f"{self.root}: at least two training and two test people are needed, found {trained} and {tested}"
            )
        train, test = self._load(trained), self._load(tested)
        return _Parts(train, self._load(held_out) if held_out else None, test)

    def setup(self, stage: str) -> None:
        """Split the people."""
        if stage == "fit":
            _ = self.parts

    def train_dataloader(self) -> StepLoader:
        """Return the loader of training batches (people, footsteps, ...); they depend only on the seed and the step."""
        drawn = PersonFootsteps(self.parts.train, self.each, self.seed, self.shift_cells, self.gain)
        sampler = StepSampler(len(drawn), self.batch_size, self.seed, self.steps_per_epoch, numbered=True)
        return StepLoader(drawn, sampler, **self._loading())

    def val_dataloader(self) -> DataLoader[Any] | list[Any]:
        """Return the loader of the people held out, with fixed footsteps; an empty list if there are none."""
        people = self.parts.validation
        if people is None:
            return []
        return DataLoader(PersonFootsteps(people, self.each, self.seed), batch_size=self.batch_size, **self._loading())

    def evaluation_dataset(self) -> StepUpFootsteps:
        """Return the footsteps to evaluate on."""
        return self.parts.test

    def _load(self, people: list[str]) -> StepUpFootsteps:
        return StepUpFootsteps(self.root, people, self.phases, self.flags, self.cache)

    def _loading(self) -> dict[str, Any]:
        return {"num_workers": self.num_workers, "pin_memory": torch.cuda.is_available()}
