"""Greatest Hits for training: which videos to train, validate and test on, and batches of varied windows."""

import math
from collections import defaultdict
from itertools import groupby, islice, zip_longest
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import torch
from torch.utils.data import DataLoader

from crossmodal.audio import FEATURE_RATE_HZ, ExemplarBank
from crossmodal.data.folds import fold_videos
from crossmodal.data.greatest_hits.augmentation import Variation, VariedWindows
from crossmodal.data.greatest_hits.dataset import GreatestHits, Variant, Windows
from crossmodal.data.greatest_hits.files import Hit
from crossmodal.data.sampling import StepLoader, StepSampler
from crossmodal.errors import DatasetError
from crossmodal.progress import Progress
from crossmodal.randomness import generator
from crossmodal.video import MODEL_SIZE


class GreatestHitsDataModule(lightning.LightningDataModule):
    """Training, validation and evaluation videos of Greatest Hits, never the same video in two of them.

    Without ``folds`` the data set's own lists decide: training and validation come from ``train.txt``, evaluation is
    ``test.txt``. With ``folds`` all videos are dealt into so many parts, and part ``fold`` is the evaluation.

    Args:
        root: the unpacked data set.
        variant: which video of each id, see `GreatestHits`.
        windows: what the training windows are, see `GreatestHits`; ``videos`` have lengths that no batch can hold.
        window_steps: length of a window in steps of 1/90 s.
        hop_steps: distance of tiles.
        size: (height, width) of the images.
        labelled_only: ``hits`` windows on hits with at least one label.
        validation: part of the training videos to hold out, or their ids; 0 for none.
        share: part of the remaining training videos to learn from, at least one.
        folds: number of parts, for leave-videos-out.
        fold: the part to evaluate on, 0 to folds - 1.
        batch_size: windows in a batch, per process.
        steps_per_epoch: training batches in an epoch; by default each window comes about once.
        seed: decides folds, validation videos, the share, the order of windows and their variations.
        num_workers: processes that cut windows; 0 for none besides this one.
        cache: folder of the cache, see `GreatestHits`.
        cache_workers: processes that fill it.
        strict: fail when a video cannot be used.
        exemplars: number of training impacts whose sound goes with the weights, for synthesis by exemplar; 0 for none.
        flip, brightness, contrast, shift, jitter_steps, loudness_db: variations in training, see `Variation`.

    Raises:
        ValueError: an option has a value that does not exist.
    """

    def __init__(
        self,
        root: str,
        variant: Variant | None = None,
        windows: Windows = "tiles",
        window_steps: int = 45,
        hop_steps: int | None = None,
        size: tuple[int, int] = MODEL_SIZE,
        labelled_only: bool = False,
        validation: float | list[str] = 0.1,
        share: float = 1.0,
        folds: int | None = None,
        fold: int = 0,
        batch_size: int = 16,
        steps_per_epoch: int | None = None,
        seed: int = 0,
        num_workers: int = 0,
        cache: str | None = None,
        cache_workers: int = 1,
        strict: bool = False,
        exemplars: int = 128,
        flip: bool = False,
        brightness: float = 0.0,
        contrast: float = 0.0,
        shift: float = 0.0,
        jitter_steps: int = 0,
        loudness_db: float = 0.0,
    ) -> None:
        super().__init__()
        if windows == "videos":
            raise ValueError("training windows are 'hits' or 'tiles'; whole videos have lengths that no batch can hold")
        if folds is not None and not 0 <= fold < folds:
            raise ValueError(f"fold must be 0 to {folds - 1}, got {fold}")
        if not isinstance(validation, list) and not 0 <= validation < 1:
            raise ValueError(f"validation must be a fraction from 0 to below 1, or a list of ids, got {validation}")
        if not 0 < share <= 1:
            raise ValueError(f"share must be a fraction above 0 and at most 1, got {share}")
        self.root = Path(root)
        self.validation, self.share = validation, share
        self.folds, self.fold = folds, fold
        self.batch_size, self.steps_per_epoch = batch_size, steps_per_epoch
        self.seed, self.num_workers, self.exemplars = seed, num_workers, exemplars
        self.variation = Variation(flip, brightness, contrast, shift, jitter_steps, loudness_db)
        self._options: dict[str, Any] = {
            "variant": variant, "windows": windows, "window_steps": window_steps, "hop_steps": hop_steps,
            "size": (size[0], size[1]), "labelled_only": labelled_only, "cache": cache, "strict": strict,
            "num_workers": cache_workers,
        }  # fmt: skip
        self._loaded: dict[str, GreatestHits] = {}

    @property
    def train_set(self) -> GreatestHits:
        """The training windows, without variations."""
        return self._parts()[0]

    @property
    def validation_set(self) -> GreatestHits | None:
        """The validation windows, None when no video is held out."""
        return self._parts()[1]

    def setup(self, stage: str) -> None:
        """Fill the cache and divide the videos."""
        if stage == "fit":
            self._parts()

    def train_dataloader(self) -> StepLoader:
        """Make the loader of varied training windows; a batch depends on the seed and the step alone."""
        windows = self.train_set
        sampler = StepSampler(len(windows), self.batch_size, self.seed, self.steps_per_epoch, numbered=True)
        return StepLoader(VariedWindows(windows, self.variation, self.seed), sampler, **self._loading())

    def val_dataloader(self) -> DataLoader[Any] | list[Any]:
        """Make the loader of validation windows in their own order; an empty list when no video is held out."""
        windows = self.validation_set
        return [] if windows is None else DataLoader(windows, batch_size=self.batch_size, **self._loading())

    def evaluation_dataset(self) -> GreatestHits:
        """Give the evaluation videos, each as one window."""
        return self._evaluated().with_windows("videos")

    def evaluation_train_dataset(self) -> GreatestHits:
        """Give the training videos, each as one window: what baselines are fitted on."""
        return self.train_set.with_windows("videos")

    def training_cochleagrams(self, most_steps: int) -> torch.Tensor:
        """Gather cochleagram steps of all training videos, evenly thinned out to about ``most_steps``: (42, steps)."""
        videos = self.train_set
        total = sum(videos.seconds_of(name) for name in videos.ids) * FEATURE_RATE_HZ
        every = max(math.ceil(total / most_steps), 1)
        return torch.cat([videos.cochleagram(name)[:, ::every] for name in videos.ids], dim=1)

    def exemplar_bank(self) -> ExemplarBank | None:
        """Cut the sound of training impacts, as many of each material as of any other, None where none are wanted."""
        videos = self.train_set
        order = generator(self.seed, "exemplars").permutation(len(videos.hits))
        by_material: dict[str | None, list[Hit]] = defaultdict(list)
        for place in order:
            by_material[videos.hits[place].material].append(videos.hits[place])
        by_material.pop(None, None)
        # One of each material in turn, until there are enough.
        turns = (hit for turn in zip_longest(*by_material.values()) for hit in turn if hit is not None)
        chosen = sorted(islice(turns, self.exemplars), key=lambda hit: (hit.video, hit.time_s))
        if not chosen:
            return None
        return ExemplarBank.from_recordings(
            (video, *videos.waveform(video), [hit.time_s for hit in hits])
            for video, hits in groupby(chosen, key=lambda hit: hit.video)
        )

    def _loading(self) -> dict[str, Any]:
        return {"num_workers": self.num_workers, "pin_memory": torch.cuda.is_available()}

    def _load(self, split: str) -> GreatestHits:
        if split not in self._loaded:
            progress = Progress(label="caching")
            self._loaded[split] = GreatestHits(self.root, split, progress=progress, **self._options)  # type: ignore[arg-type]
            progress.close()
        return self._loaded[split]

    def _dealt(self) -> tuple[GreatestHits, list[str], list[str]]:
        everything = self._load("all")
        training, left_out = fold_videos(everything.ids, self.folds or 2, self.seed)[self.fold]
        return everything, training, left_out

    def _evaluated(self) -> GreatestHits:
        if self.folds is None:
            return self._load("test")
        everything, _, left_out = self._dealt()
        return everything.subset(left_out)

    def _parts(self) -> tuple[GreatestHits, GreatestHits | None]:
        """Give the training and the validation windows."""
        if self.folds is None:
            source = self._load("train")
            ids = source.ids
        else:
            source, ids, _ = self._dealt()
        held = self._held_out(ids)
        rest = [name for name in ids if name not in set(held)]
        if not rest:
            raise DatasetError(f"{self.root}: validation takes all {len(ids)} training videos; hold fewer out")
        order = generator(self.seed, "share of the training videos").permutation(len(rest))
        rest = sorted(rest[i] for i in order[: max(round(self.share * len(rest)), 1)])
        return source.subset(rest), source.subset(held).with_windows("tiles") if held else None

    def _held_out(self, ids: list[str]) -> list[str]:
        if isinstance(self.validation, list):
            strange = sorted(set(self.validation) - set(ids))
            if strange:
                raise DatasetError(
                    f"{self.root}: validation names videos that are not to train on: {', '.join(strange)}"
                )
            return [name for name in ids if name in set(self.validation)]
        count = max(round(self.validation * len(ids)), 1) if self.validation else 0
        order = generator(self.seed, "validation videos").permutation(len(ids))
        return sorted(ids[i] for i in order[:count])
