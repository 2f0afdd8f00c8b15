"""Simulated walks for training: walkers to train on, to watch and to evaluate on, never the same in two of them."""

import csv
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
from torch.utils.data import DataLoader

from crossmodal.data.sampling import StepLoader, StepSampler
from crossmodal.data.walks.dataset import SavedWalks
from crossmodal.data.walks.steps import Variation, WalkSteps, collate_steps
from crossmodal.errors import DatasetError
from crossmodal.progress import Progress
from crossmodal.randomness import generator
from crossmodal.simulation.walks.folder import WALKERS_FILE, check_walks


class WalkStepsDataModule(lightning.LightningDataModule):
    """Footprint candidates of a folder of simulated walks, split by walker.

    Training and validation come from ``train.txt``, evaluation is ``test.txt``. Whoever walks in validation walks in no
    training walk; a folder in which somebody is on both sides is refused.

    Args:
        root: the folder, as `crossmodal data make walks` writes it.
        validation: part of the training walkers to hold out.
        share: part of the remaining training walkers to learn from.
        batch_size: candidates in a batch, per process.
        steps_per_epoch: training batches in an epoch; by default each candidate comes about once.
        mirror, load: variations in training, see `Variation`.
        seed: decides who is held out, the order of candidates and their variations.
        num_workers: processes that fill batches; 0 for none besides this one.
        cache: where the crops are kept; by default in the folder.
        cache_workers: processes that cut them.

    Raises:
        ValueError: a share that makes no sense.
    """

    def __init__(
        self,
        root: str,
        validation: float = 0.1,
        share: float = 1.0,
        batch_size: int = 16,
        steps_per_epoch: int | None = None,
        mirror: bool = True,
        load: float = 0.15,
        seed: int = 0,
        num_workers: int = 0,
        cache: str | None = None,
        cache_workers: int = 1,
    ) -> None:
        super().__init__()
        if not 0 <= validation < 1 or not 0 < share <= 1 or batch_size < 1:
            raise ValueError(
                "validation must be in [0, 1), share in (0, 1] and batch_size at least 1, got "
                f"{validation=}, {share=}, {batch_size=}"
            )
        self.root = Path(root)
        self.validation = validation
        self.share = share
        self.batch_size = batch_size
        self.steps_per_epoch = steps_per_epoch
        self.variation = Variation(mirror, load)
        self.seed = seed
        self.num_workers = num_workers
        self.cache = Path(cache) if cache else self.root / "crops"
        self.cache_workers = cache_workers
        self.train_walks: tuple[str, ...] = ()
        self.validation_walks: tuple[str, ...] = ()

    def setup(self, stage: str | None = None) -> None:
        """Deal the walks out, and cut their crops where that was not done before.

        Raises:
            DatasetError: something is missing or damaged, or the split leaks.
        """
        if self.train_walks:
            return
        faults = check_walks(self.root)
        if faults:
            raise DatasetError("\n".join(faults))
        self.train_walks, self.validation_walks = self._deal()
        progress = Progress(label="crops")
        self.train_set = WalkSteps(
            self.root, self.train_walks, self.cache, self.variation, self.seed, self.cache_workers, progress
        )
        self.validation_set = WalkSteps(
            self.root, self.validation_walks, self.cache, num_workers=self.cache_workers, progress=progress
        )
        if not len(self.train_set):
            raise DatasetError(f"{self.root}: no footprint was found in the {len(self.train_walks)} training walks")

    def _deal(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The ids to train on and to validate on: people who share a mat stay together."""
        people: dict[str, set[str]] = {}
        with (self.root / WALKERS_FILE).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                people.setdefault(row["id"], set()).add(row["walker"])
        names = (self.root / "train.txt").read_text(encoding="ascii").split()
        groups: list[tuple[set[str], list[str]]] = []
        for name in names:
            own, walks = set(people[name]), [name]
            for group in [one for one in groups if one[0] & own]:
                own, walks = own | group[0], group[1] + walks
                groups.remove(group)
            groups.append((own, walks))
        order = generator(self.seed, "held-out walkers").permutation(len(groups))
        held = round(self.validation * len(groups))
        kept = max(1, round(self.share * (len(groups) - held)))
        parts = order[held : held + kept], order[:held]
        train, validation = (tuple(sorted(name for k in part for name in groups[k][1])) for part in parts)
        return train, validation

    def train_dataloader(self) -> StepLoader:
        """Make the loader of training candidates; a batch depends on the seed, the step and the rank alone."""
        sampler = StepSampler(len(self.train_set), self.batch_size, self.seed, self.steps_per_epoch, numbered=True)
        return StepLoader(self.train_set, sampler, collate_fn=collate_steps, num_workers=self.num_workers)

    def val_dataloader(self) -> DataLoader[Any] | list[Any]:
        """Make the loader of held-out walkers' candidates; an empty list when there are none."""
        if not len(self.validation_set):
            return []
        return DataLoader(self.validation_set, batch_size=self.batch_size, collate_fn=collate_steps)

    def evaluation_dataset(self) -> SavedWalks:
        """Give the walks of ``test.txt``, whose walkers nobody has learned from."""
        return SavedWalks(self.root, (self.root / "test.txt").read_text(encoding="ascii").split())
