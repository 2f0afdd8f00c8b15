"""Simulated walks for training, validation and evaluation, with different walkers in each."""

import csv
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
from torch.utils.data import DataLoader

from crossmodal.data.sampling import StepLoader, StepSampler
from crossmodal.data.walks.dataset import SavedWalks
from crossmodal.data.walks.steps import Augmentation, WalkSteps, collate_steps
from crossmodal.errors import DatasetError
from crossmodal.progress import Progress
from crossmodal.randomness import generator
from crossmodal.simulation.walks.folder import WALKERS_FILE, check_walks


class WalkStepsDataModule(lightning.LightningDataModule):
    """Footprint candidates of a folder of simulated walks, split by walker.

    Training and validation use the walks of ``train.txt``, evaluation those of ``test.txt``. No walker is in two of
    them; a folder with a walker in both files is refused.

    Args:
        root: the folder, as `crossmodal data make walks` writes it.
        validation: fraction of the training walkers to hold out.
        share: fraction of the other training walkers to train on.
        batch_size: candidates in a batch, per process.
        steps_per_epoch: training batches in an epoch; by default each candidate is drawn about once.
        mirror, load: augmentation in training, see `Augmentation`.
        seed: of the held-out walkers, the order of candidates and their augmentation.
        num_workers: processes that load batches; 0 for the main process.
        cache: folder of the crops; None for ``crops`` in the folder of walks.
        cache_workers: processes that cut crops.

    Raises:
        ValueError: an argument is out of range.
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
        self.augmentation = Augmentation(mirror, load)
        self.seed = seed
        self.num_workers = num_workers
        self.cache = Path(cache) if cache else self.root / "crops"
        self.cache_workers = cache_workers
        self.train_walks: tuple[str, ...] = ()
        self.validation_walks: tuple[str, ...] = ()

    def setup(self, stage: str | None = None) -> None:
        """Split the walks and cut the crops that are not in the cache.

        Raises:
            DatasetError: a file is missing or damaged, or a walker is in both parts of the split.
        """
        if self.train_walks:
            return
        faults = check_walks(self.root)
        if faults:
            raise DatasetError("\n".join(faults))
        self.train_walks, self.validation_walks = self._split()
        progress = Progress(label="crops")
        self.train_set = WalkSteps(
            self.root, self.train_walks, self.cache, self.augmentation, self.seed, self.cache_workers, progress
        )
        self.validation_set = WalkSteps(
            self.root, self.validation_walks, self.cache, num_workers=self.cache_workers, progress=progress
        )
        if not len(self.train_set):
            raise DatasetError(
                f"{self.root}: no footprint in the {len(self.train_walks)} training walks; make more or longer walks"
            )

    def _split(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the ids for training and for validation; walkers who share a walk are in the same part."""
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
        """Return the loader of training candidates; a batch depends on the seed, the step and the rank alone."""
        sampler = StepSampler(len(self.train_set), self.batch_size, self.seed, self.steps_per_epoch, numbered=True)
        return StepLoader(self.train_set, sampler, collate_fn=collate_steps, num_workers=self.num_workers)

    def val_dataloader(self) -> DataLoader[Any] | list[Any]:
        """Return the loader of the held-out walkers' candidates; an empty list when there are none."""
        if not len(self.validation_set):
            return []
        return DataLoader(self.validation_set, batch_size=self.batch_size, collate_fn=collate_steps)

    def evaluation_dataset(self) -> SavedWalks:
        """Return the walks of ``test.txt``, whose walkers are not in training or validation."""
        return SavedWalks(self.root, (self.root / "test.txt").read_text(encoding="ascii").split())
