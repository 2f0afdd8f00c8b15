"""Probing: accuracy of classifying photographs by features of a frozen network.

Test images influence no choice: statistics of features, penalties and numbers of neighbours come from training images
only, because the function that fits a probe (`crossmodal.evaluation.probe.fit.Fit`) gets no others.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import torch

from crossmodal.backbones import Backbone
from crossmodal.backbones.catalogue import width_of
from crossmodal.data.greatest_hits.video_cache import default_root
from crossmodal.data.image_folder import ImageFolder, LabelledImages, Labels, read_image_folder
from crossmodal.errors import DatasetError
from crossmodal.evaluation.probe.baselines import IMAGE_SOURCES, NOISE, RANDOM_STARTS, make_backbone, noise_weights
from crossmodal.evaluation.probe.features import (
    BackboneFeatures,
    FeatureCache,
    Features,
    Progress,
    Source,
    Values,
    extract,
)
from crossmodal.evaluation.probe.few_shot import DRAWS, fit_draws
from crossmodal.evaluation.probe.fit import Fit, Fitted
from crossmodal.evaluation.probe.gradient import EPOCHS, fit_by_gradient
from crossmodal.evaluation.probe.neighbours import NEIGHBOURS, fit_neighbours
from crossmodal.evaluation.probe.result import ProbeResult, ProbeRow
from crossmodal.evaluation.probe.ridge import fit_ridge
from crossmodal.evaluation.probe.score import Right, ratio, score
from crossmodal.provenance import describe_origin

METHODS = ("ridge", "knn", "adam")
LEAST_SIZE = 32
RANDOM = "random start"


@dataclass(frozen=True)
class ProbeOptions:
    """Options of probing.

    Attributes:
        method: ``ridge`` (closed form), ``knn`` (nearest neighbours) or ``adam`` (Adam on augmented images).
        size: side of the images in pixels.
        few_shot: numbers of labelled images per class of few-shot accuracies.
        draws: number of draws of images for each number.
        neighbours: numbers of neighbours to select from.
        epochs: epochs of ``adam``.
        random_starts: number of random starts in the row ``random start``.
        seed: seed of splits, draws, random starts and resamples.
        bootstrap: number of resamples.

    Raises:
        ValueError: the method is unknown, a number is out of range, or ``adam`` is combined with ``few_shot``.
    """

    method: str = "ridge"
    size: int = 64
    few_shot: tuple[int, ...] = ()
    draws: int = DRAWS
    neighbours: tuple[int, ...] = NEIGHBOURS
    epochs: int = EPOCHS
    random_starts: int = RANDOM_STARTS
    seed: int = 0
    bootstrap: int = 1000

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}, got {self.method!r}")
        if self.size < LEAST_SIZE:
            raise ValueError(f"size must be at least {LEAST_SIZE} pixels, got {self.size}")
        if self.few_shot and self.method == "adam":
            raise ValueError("few-shot accuracies need the method ridge or knn, got adam")
        least = {"few_shot": min(self.few_shot, default=1), "neighbours": min(self.neighbours, default=0)}
        for name, value in {**least, "draws": self.draws, "epochs": self.epochs, "bootstrap": self.bootstrap}.items():
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        for name, value in {"seed": self.seed, "random_starts": self.random_starts}.items():
            if value < 0:
                raise ValueError(f"{name} must not be negative, got {value}")


def probe(
    backbone: str | Backbone,
    data: str | os.PathLike[str] | ImageFolder,
    method: str = "ridge",
    *,
    weights: str | os.PathLike[str] | None = None,
    width: float | None = None,
    layer: str | None = None,
    size: int = 64,
    few_shot: Sequence[int] = (),
    draws: int = DRAWS,
    neighbours: Sequence[int] = NEIGHBOURS,
    epochs: int = EPOCHS,
    random_starts: int = RANDOM_STARTS,
    seed: int = 0,
    bootstrap: int = 1000,
    device: torch.device | str = "cpu",
    cache: str | os.PathLike[str] | Literal[False] | None = None,
    progress: Progress | None = None,
) -> ProbeResult:
    """Measure the accuracy of classifying photographs by frozen features, with random starts and images as baselines.

    Args:
        backbone: a name of `crossmodal.backbones.create`, or a backbone, which is probed without random starts.
        data: the path of an image folder, or one read by `crossmodal.data.image_folder.read_image_folder`.
        method: ``ridge`` (closed form), ``knn`` (nearest neighbours) or ``adam`` (Adam on augmented images).
        weights: a name, a path, ``noise`` (shipped weights), or None for the random start of ``seed``.
        width: width of the backbone and of the random starts, if it has several; None is the width of the weights.
        layer: see `crossmodal.backbones.layers`; None is ``fc6`` if the backbone has it, else ``pooled``.
        size: side of the images in pixels.
        few_shot: numbers of labelled images per class of few-shot accuracies.
        draws: number of draws of images for each number.
        neighbours: numbers of neighbours to select from.
        epochs: epochs of ``adam``.
        random_starts: number of random starts in the row ``random start``; 0 omits the row.
        seed: seed of splits, draws, random starts and resamples.
        bootstrap: number of resamples.
        device: device of the network.
        cache: folder of cached features; None is the user's cache folder, False disables the cache.
        progress: called with (done, total, label).

    Raises:
        ValueError: the backbone, layer or method is unknown, a number is out of range, or the layer does not accept the
            size.
        WeightsError: the weights do not exist or are of another architecture, or features are not finite.
        DatasetError: the folder does not exist, has no classes or too few images, or none can be read.
    """
    shots = tuple(dict.fromkeys(few_shot))
    options = ProbeOptions(method, size, shots, draws, tuple(neighbours), epochs, random_starts, seed, bootstrap)
    if weights == NOISE and isinstance(backbone, str):
        weights = noise_weights(backbone)
    if width is None:
        width = width_of(weights) if isinstance(backbone, str) else 1.0
    network, rows = _sources(backbone, weights, width, layer, options, device)
    network(torch.zeros(1, 3, size, size, dtype=torch.uint8))  # refuse an unsupported size before long work
    folder = data if isinstance(data, ImageFolder) else read_image_folder(data, seed=seed)
    _check_shots(folder, shots)
    feature_cache = None if cache is False else FeatureCache(default_root() / "features" if cache is None else cache)
    prober = _Prober(folder, options, feature_cache, progress)
    measured = {name: [prober.measure(make(), name) for make in makers] for name, makers in rows.items()}
    name = next(iter(rows))
    own, starts = measured[name], measured.get(RANDOM)
    return ProbeResult(
        name,
        {label: _row(found, options) for label, found in measured.items()},
        ratio(_all_right(own), _all_right(starts), samples=bootstrap, seed=seed) if starts else None,
        {
            "backbone": backbone if isinstance(backbone, str) else type(backbone).__name__,
            "weights": None if weights is None else os.fspath(weights),
            "width": width,
            "layer": network.layer,
            **_about(folder, options, own[0]),
        },
        own[0].broken,
    )


@dataclass(frozen=True, eq=False)
class _Measured:
    """Results of one source of vectors: ``right`` (1, test images), ``few_shot`` (draws, test images) by shots."""

    right: Right
    few_shot: Mapping[int, Right]
    choice: Mapping[str, float]
    numbers: int
    train_images: int
    repeated: int
    broken: tuple[str, ...]


class _Prober:
    """Fits on the training images of a folder and evaluates on its test images, once for each source of vectors."""

    def __init__(
        self, folder: ImageFolder, options: ProbeOptions, cache: FeatureCache | None, progress: Progress | None
    ) -> None:
        self.folder = folder
        self.options = options
        self.cache = cache
        self.progress = progress
        self._done: dict[str, _Measured] = {}

    def measure(self, source: Source, label: str) -> _Measured:
        if source.identity not in self._done:
            self._done[source.identity] = self._measure(source, label)
        return self._done[source.identity]

    def _measure(self, source: Source, label: str) -> _Measured:
        # Everything is fitted before test images are read.
        train = self._features(self.folder.train, source, f"{label}, training images")
        labels = self.folder.train.labels[train.indices]
        if len(np.unique(labels)) < 2:
            raise DatasetError(
                f"{self.folder.root}: the readable training images are all of one class; probing needs two"
            )
        classes = len(self.folder.classes)
        fitted = self._fit(train.values, labels, source, label)
        few = {
            shots: fit_draws(self._fit_shots(shots), train.values, labels, classes, shots, draws=self.options.draws,
                             seed=self.options.seed)
            for shots in self.options.few_shot
        }  # fmt: skip
        test = self._features(self.folder.test, source, f"{label}, test images")
        truth = self.folder.test.labels[test.indices]

        def right(fits: Sequence[Fitted]) -> Right:
            return np.stack([fit.predict(test.values) == truth for fit in fits])

        return _Measured(
            right([fitted]), {shots: right(fits) for shots, fits in few.items()}, fitted.choice, train.values.shape[1],
            len(labels), int(np.isin(test.fingerprints, train.fingerprints).sum()), train.broken + test.broken,
        )  # fmt: skip

    def _features(self, images: LabelledImages, source: Source, label: str) -> Features:
        return extract(images, source, self.options.size, cache=self.cache, progress=self.progress, label=label)

    def _fit(self, values: Values, labels: Labels, source: Source, label: str) -> Fitted:
        classes, seed = len(self.folder.classes), self.options.seed
        if self.options.method == "adam":
            return fit_by_gradient(
                self.folder.train, source, classes, self.options.size, epochs=self.options.epochs, seed=seed,
                progress=self.progress, label=label,
            )  # fmt: skip
        if self.options.method == "knn":
            return fit_neighbours(values, labels, classes, seed=seed, neighbours=self.options.neighbours)
        return fit_ridge(values, labels, classes, seed=seed)

    def _fit_shots(self, shots: int) -> Fit:
        if self.options.method == "knn":
            # Too few images to select k on: k is the number of images per class.
            return partial(fit_neighbours, seed=self.options.seed, neighbours=(shots,))
        return partial(fit_ridge, seed=self.options.seed)


def _sources(
    backbone: str | Backbone,
    weights: str | os.PathLike[str] | None,
    width: float,
    layer: str | None,
    options: ProbeOptions,
    device: torch.device | str,
) -> tuple[BackboneFeatures, dict[str, list[Callable[[], Source]]]]:
    """Return the probed network, and functions that create the sources of each row; the first row is the network."""
    if isinstance(backbone, Backbone):
        if weights is not None:
            raise ValueError(
                "weights need the name of a backbone, got a backbone; load the weights into it, or pass its name"
            )
        own = BackboneFeatures(backbone, layer, device)
        return own, {type(backbone).__name__: [lambda: own], **_image_rows()}
    own = BackboneFeatures(make_backbone(backbone, width, options.seed, weights), layer, device)

    def start(number: int) -> Callable[[], Source]:
        return lambda: BackboneFeatures(make_backbone(backbone, width, options.seed + number), layer, device)

    name = f"{backbone}, {'random' if weights is None else os.fspath(weights)}"
    starts = [start(number) for number in range(options.random_starts)]
    return own, {name: [lambda: own], **({RANDOM: starts} if starts else {}), **_image_rows()}


def _image_rows() -> dict[str, list[Callable[[], Source]]]:
    return {name: [kind] for name, kind in IMAGE_SOURCES.items()}


def _row(found: Sequence[_Measured], options: ProbeOptions) -> ProbeRow:
    summarised = partial(score, samples=options.bootstrap, seed=options.seed)
    return ProbeRow(
        top1=summarised(_all_right(found)),
        fits=tuple(float(one.right.mean()) for one in found),
        numbers=found[0].numbers,
        choices=tuple(one.choice for one in found),
        few_shot={
            shots: summarised(np.concatenate([one.few_shot[shots] for one in found])) for shots in options.few_shot
        },
    )


def _all_right(found: Sequence[_Measured]) -> Right:
    return np.concatenate([one.right for one in found])


def _about(folder: ImageFolder, options: ProbeOptions, found: _Measured) -> dict[str, Any]:
    return {
        "method": options.method, "size": options.size, "classes": len(folder.classes), "split": folder.split,
        "train_images": found.train_images, "test_images": found.right.shape[1], "repeated": found.repeated,
        "draws": options.draws, "epochs": options.epochs if options.method == "adam" else None, "seed": options.seed,
        "bootstrap": options.bootstrap, **describe_origin(),
    }  # fmt: skip


def _check_shots(folder: ImageFolder, few_shot: Sequence[int]) -> None:
    counts = np.bincount(folder.train.labels, minlength=len(folder.classes))
    fewest = int(counts.argmin())
    if few_shot and counts[fewest] < max(few_shot):
        raise DatasetError(
            f"{folder.root}: few-shot probing needs {max(few_shot)} training images of each class, found "
            f"{counts[fewest]} of {folder.classes[fewest]}"
        )
