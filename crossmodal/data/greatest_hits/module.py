"""Data module of Greatest Hits: training, validation and evaluation videos, and batches of augmented windows."""

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
from crossmodal.data.greatest_hits.augmentation import Augmentation, AugmentedWindows
from crossmodal.data.greatest_hits.dataset import GreatestHits, Variant, Windows
from crossmodal.data.greatest_hits.files import Hit
from crossmodal.data.sampling import StepLoader, StepSampler
from crossmodal.errors import DatasetError
from crossmodal.progress import Progress
from crossmodal.randomness import generator
from crossmodal.video import MODEL_SIZE


class GreatestHitsDataModule(lightning.LightningDataModule):
    """Disjoint training, validation and evaluation videos of Greatest Hits.

    Without ``folds``, training and validation videos are from ``train.txt`` and evaluation videos from ``test.txt``.
    With ``folds``, all videos are split into that many folds, and fold ``fold`` is the evaluation.

    Args:
        root: the unpacked data set.
        variant: which video of each id, see `GreatestHits`.
        windows: kind of the training windows, ``hits`` or ``tiles``, see `GreatestHits`.
        window_steps: length of a window in steps of 1/90 s.
        hop_steps: distance of tiles in steps.
        size: (height, width) of the images.
        labelled_only: make ``hits`` windows only of hits with at least one label.
        validation: fraction of the training videos to hold out, or their ids; 0 for none.
        share: fraction of the remaining training videos to train on, at least one video.
        folds: number of folds for cross-validation over videos.
        fold: index of the fold to evaluate on, 0 to folds - 1.
        batch_size: windows in a batch, per process.
        steps_per_epoch: training batches in an epoch; by default as many as use each window about once.
        seed: seed of folds, validation videos, ``share``, the order of windows and their augmentation.
        num_workers: number of processes that load windows; 0 loads them in this process.
        cache: folder of the cache, see `GreatestHits`.
        cache_workers: number of processes that fill the cache.
        strict: raise an error if a video cannot be used.
        exemplars: number of training impacts stored with the weights for exemplar synthesis; 0 for none.
        flip, brightness, contrast, shift, jitter_steps, loudness_db: see `Augmentation`.

    Raises:
        ValueError: an option has an invalid value.
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
            raise ValueError(
                "windows must be 'hits' or 'tiles' in training, got 'videos': a batch needs windows of equal length"
            )
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
        self.augmentation = Augmentation(flip, brightness, contrast, shift, jitter_steps, loudness_db)
        self._options: dict[str, Any] = {
            "variant": variant, "windows": windows, "window_steps": window_steps, "hop_steps": hop_steps,
            "size": (size[0], size[1]), "labelled_only": labelled_only, "cache": cache, "strict": strict,
            "num_workers": cache_workers,
        }  # fmt: skip
        self._loaded: dict[str, GreatestHits] = {}

    @property
    def train_set(self) -> GreatestHits:
        """The training windows, without augmentation."""
        return self._parts()[0]

    @property
    def validation_set(self) -> GreatestHits | None:
        """The validation windows, None if no video is held out."""
        return self._parts()[1]

    def setup(self, stage: str) -> None:
        """Fill the cache and split the videos."""
        if stage == "fit":
            self._parts()

    def train_dataloader(self) -> StepLoader:
        """Return the loader of augmented training windows; a batch depends only on the seed and the step."""
        windows = self.train_set
        sampler = StepSampler(len(windows), self.batch_size, self.seed, self.steps_per_epoch, numbered=True)
        return StepLoader(AugmentedWindows(windows, self.augmentation, self.seed), sampler, **self._loading())

    def val_dataloader(self) -> DataLoader[Any] | list[Any]:
        """Return the loader of validation windows in order; an empty list if no video is held out."""
        windows = self.validation_set
        return [] if windows is None else DataLoader(windows, batch_size=self.batch_size, **self._loading())

    def evaluation_dataset(self) -> GreatestHits:
        """Return the evaluation videos, each as one window."""
        return self._evaluated().with_windows("videos")

    def evaluation_train_dataset(self) -> GreatestHits:
        """Return the training videos, each as one window, to fit baselines on."""
        return self.train_set.with_windows("videos")

    def training_cochleagrams(self, max_steps: int) -> torch.Tensor:
        """Return about ``max_steps`` evenly spaced cochleagram steps of all training videos, (42, steps)."""
        videos = self.train_set
        total = sum(videos.seconds_of(name) for name in videos.ids) * FEATURE_RATE_HZ
        stride = max(math.ceil(total / max_steps), 1)
        return torch.cat([videos.cochleagram(name)[:, ::stride] for name in videos.ids], dim=1)

    def exemplar_bank(self) -> ExemplarBank | None:
        """Return the sounds of training impacts, balanced over materials; None without labelled hits or exemplars."""
        videos = self.train_set
        order = generator(self.seed, "exemplars").permutation(len(videos.hits))
        by_material: dict[str | None, list[Hit]] = defaultdict(list)
        for index in order:
            by_material[videos.hits[index].material].append(videos.hits[index])
        by_material.pop(None, None)
        # One hit of each material in turn.
        balanced = (hit for turn in zip_longest(*by_material.values()) for hit in turn if hit is not None)
        chosen = sorted(islice(balanced, self.exemplars), key=lambda hit: (hit.video, hit.time_s))
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

    def _split_fold(self) -> tuple[GreatestHits, list[str], list[str]]:
        """Return all videos, and the ids to train on and to evaluate on in this fold."""
        videos = self._load("all")
        training, left_out = fold_videos(videos.ids, self.folds or 2, self.seed)[self.fold]
        return videos, training, left_out

    def _evaluated(self) -> GreatestHits:
        if self.folds is None:
            return self._load("test")
        videos, _, left_out = self._split_fold()
        return videos.subset(left_out)

    def _parts(self) -> tuple[GreatestHits, GreatestHits | None]:
        """Return the training and the validation windows."""
        if self.folds is None:
            source = self._load("train")
            ids = source.ids
        else:
            source, ids, _ = self._split_fold()
        held = self._held_out(ids)
        rest = [name for name in ids if name not in set(held)]
        if not rest:
            raise DatasetError(f"{self.root}: validation holds out all {len(ids)} training videos; hold out fewer")
        order = generator(self.seed, "share of the training videos").permutation(len(rest))
        rest = sorted(rest[i] for i in order[: max(round(self.share * len(rest)), 1)])
        return source.subset(rest), source.subset(held).with_windows("tiles") if held else None

    def _held_out(self, ids: list[str]) -> list[str]:
        if isinstance(self.validation, list):
            unknown = sorted(set(self.validation) - set(ids))
            if unknown:
                raise DatasetError(
                    f"{self.root}: validation has videos that are not training videos: {', '.join(unknown)}"
                )
            return [name for name in ids if name in set(self.validation)]
        count = max(round(self.validation * len(ids)), 1) if self.validation else 0
        order = generator(self.seed, "validation videos").permutation(len(ids))
        return sorted(ids[i] for i in order[:count])
