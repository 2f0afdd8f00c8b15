"""Network dissection: the concept that each unit of a layer responds to, named and scored on different images.

A unit is named for the concept whose IoU threshold it exceeds by the largest factor (see
`crossmodal.dissect.null_distribution`). The rule of the literature, the largest IoU, favours concepts whose size is
close to the active area of the unit: with a high activation threshold, a unit for walls may overlap more with doors
than with walls.
"""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crossmodal.dissect.confusion import Confusion
from crossmodal.dissect.counter import OverlapCounter
from crossmodal.dissect.layer import find_layer
from crossmodal.dissect.null_distribution import NullDistribution, estimate_null_distribution
from crossmodal.dissect.overlap import Overlap
from crossmodal.dissect.recorder import Progress, Recorder
from crossmodal.dissect.source import Source
from crossmodal.dissect.threshold import ThresholdMethod, estimate_thresholds
from crossmodal.errors import DatasetError
from crossmodal.interval import Interval, percentile_interval
from crossmodal.spelling import check_choice

Floats = NDArray[np.float64]
_Halves = tuple[OverlapCounter, OverlapCounter]

#: The fixed IoU threshold of the literature.
PUBLISHED_THRESHOLD = 0.04


@dataclass(frozen=True)
class Concept:
    """A concept that is frequent enough to name units.

    Attributes:
        name: its name in the source.
        index: its class index.
        fraction: of the labelled pixels.
        images: number of images that show it.
        threshold: IoU above which a unit is a detector, see `crossmodal.dissect.null_distribution`.
        detectors: number of units named for it that exceed the threshold.
    """

    name: str
    index: int
    fraction: float
    images: int
    threshold: float
    detectors: int


@dataclass(frozen=True)
class Unit:
    """The concept of a unit. The figures are from the half of the images that did not name it, unless stated.

    Attributes:
        unit: its index in the layer.
        concept: the concept whose threshold it exceeds by the largest factor on the naming half.
        iou: IoU with the concept, with its 95 % interval over images.
        null_iou: expected IoU under the null distribution.
        detector: whether the IoU exceeds the threshold of the concept.
        information: information quality ratio of unit and concept.
        corrected: IoU corrected by the segmenter's confusion matrix, with an interval that includes the uncertainty of
            the matrix; NaN where it is unknown.
        iou_all: IoU with ``concept_all`` on all images, the figure of the literature.
        concept_all: the concept with the largest IoU on all images, the name of the literature.
        threshold: activation above which the unit is active.
        active: fraction of the labelled pixels where it is active, on all images.
        also: other concepts whose threshold it exceeds.
        top: indices of the images with its largest activations.
    """

    unit: int
    concept: str
    iou: Interval
    null_iou: float
    detector: bool
    information: float
    corrected: Interval
    iou_all: float
    concept_all: str
    threshold: float
    active: float
    also: tuple[str, ...]
    top: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; an interval has the keys ``iou``, ``iou_low`` and ``iou_high``."""
        plain: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            plain |= value.named(field.name) if isinstance(value, Interval) else {field.name: value}
        return plain


@dataclass(frozen=True, eq=False)
class Dissection:
    """The dissection of a layer.

    Attributes:
        model: name of the network.
        layer: name of the layer.
        units: all units, in the order of the layer.
        concepts: by fraction of pixels, the largest first.
        left_out: concepts too rare to name a unit, with their fraction of pixels.
        layer_threshold: IoU that the best pair of unit and concept exceeds with probability alpha under the null
            distribution.
        settings: options and sizes of the dissection.
        iou: (units, concepts) on all images.
        thresholds: (units,) activation thresholds.
    """

    model: str
    layer: str
    units: tuple[Unit, ...]
    concepts: tuple[Concept, ...]
    left_out: dict[str, float]
    layer_threshold: float
    settings: dict[str, Any]
    iou: Floats
    thresholds: Tensor

    @property
    def detectors(self) -> tuple[Unit, ...]:
        """Units that exceed the threshold of their concept, the best first."""
        return tuple(sorted((unit for unit in self.units if unit.detector), key=lambda unit: -unit.iou.value))

    def ranking(self, concept: str) -> list[int]:
        """Return the units by their IoU with a concept on all images, the best first.

        Raises:
            ValueError: there is no such concept.
        """
        names = [one.name for one in self.concepts]
        check_choice("concept", concept, names)
        return [int(unit) for unit in np.argsort(-self.iou[:, names.index(concept)], kind="stable")]

    def summary(self) -> dict[str, Any]:
        """Return the figures of the layer."""
        published = [unit for unit in self.units if unit.iou_all > PUBLISHED_THRESHOLD]
        return {
            "units": len(self.units),
            "detectors": len(self.detectors),
            "unique_concepts": len({unit.concept for unit in self.detectors}),
            "layer_threshold": self.layer_threshold,
            "detectors_by_published_threshold": len(published),
            "unique_concepts_by_published_threshold": len({unit.concept_all for unit in published}),
            "silent_units": sum(unit.active == 0 for unit in self.units),
            "mean_best_iou": float(np.mean([unit.iou_all for unit in self.units])),
            "largest_iou": float(max(unit.iou_all for unit in self.units)),
        }

    def as_dict(self) -> dict[str, Any]:
        """Return plain values of everything but the IoU matrix."""
        return {
            "model": self.model,
            "layer": self.layer,
            "summary": self.summary(),
            "settings": self.settings,
            "concepts": [asdict(concept) for concept in self.concepts],
            "left_out": self.left_out,
            "units": [unit.as_dict() for unit in self.units],
        }


def dissect(
    model: nn.Module,
    layer: str,
    source: Source,
    *,
    fraction: float = 0.01,
    threshold: ThresholdMethod = "sketch",
    confusion: Confusion | None = None,
    min_fraction: float = 1e-3,
    min_images: int = 8,
    resamples: int = 200,
    permutations: int = 1000,
    alpha: float = 0.05,
    top: int = 5,
    seed: int = 0,
    device: torch.device | str = "cpu",
    name: str | None = None,
    progress: Progress | None = None,
) -> Dissection:
    """Find the concept that each unit of a layer responds to.

    The network is set to evaluation mode. Memory does not depend on the number of images.

    Args:
        model: any network.
        layer: name of a layer, see `find_layer`.
        source: its images and masks.
        fraction: of the layer's cells in which a unit is active; it sets the activation threshold.
        threshold: method that computes the activation thresholds, see `estimate_thresholds`.
        confusion: of the segmenter that labelled the images, for the corrected IoU.
        min_fraction: of the labelled pixels that a concept needs.
        min_images: number of images in each half that a concept needs.
        resamples: number of bootstrap resamples.
        permutations: number of permutations for the null distribution; at least the number of concepts / alpha are
            used.
        alpha: probability of any detector in a layer that responds to nothing.
        top: number of images kept for each unit.
        seed: of order, resamples and permutations.
        device: where the network runs.
        name: of the model, for the report.
        progress: called with (done, total, stage).

    Raises:
        ValueError: there is no such layer, or ``fraction``, ``threshold`` or ``alpha`` is invalid.
        DatasetError: there are too few images, or no concept is frequent enough.
        WeightsError: an activation or a generated image is not finite.
    """
    model = model.eval().to(device)
    recorder = Recorder(model, find_layer(model, layer), source, seed=seed, device=device, progress=progress)
    thresholds = estimate_thresholds(recorder, fraction, threshold)
    classes = len(source.concepts)
    permutations = max(permutations, int(np.ceil(classes / alpha))) if 0 < alpha < 1 else permutations
    halves, tops = _count(recorder, thresholds, resamples, permutations, top)
    frequent = _frequent(halves, source, min_fraction, min_images)
    nulls = [estimate_null_distribution(half.permuted().of_concepts(frequent).iou(), alpha) for half in halves]
    assert recorder.cells is not None
    assert recorder.grid is not None
    settings = {
        "images": len(source), "fraction": fraction, "threshold": threshold, "resamples": resamples,
        "permutations": permutations, "alpha": alpha, "seed": seed, "cells": list(recorder.cells),
        "cell_step_px": list(recorder.grid.step), "first_cell_px": list(recorder.grid.first),
        "image_px": list(recorder.grid.size), "named_on": halves[0].images, "scored_on": halves[1].images,
        "segmenter_corrected": confusion is not None,
    }  # fmt: skip
    return _conclude(
        name or type(model).__name__, layer, source, halves, tops, thresholds, frequent, nulls, confusion, settings
    )


def _count(
    recorder: Recorder, thresholds: Tensor, resamples: int, permutations: int, top: int
) -> tuple[_Halves, NDArray[np.int64]]:
    units, classes = len(thresholds), len(recorder.concept_indices)
    # The naming half needs no interval.
    naming, scoring = (
        OverlapCounter(units, classes, resamples=count, permutations=permutations, seed=recorder.seed, stream=stream)
        for stream, count in (("naming", 0), ("scoring", resamples))
    )
    concepts = recorder.concept_indices.to(recorder.device)
    limits = thresholds.to(recorder.device)[None, :, None]
    largest = torch.full((units, top), -torch.inf)
    images = torch.full((units, top), -1, dtype=torch.int64)
    for number, indices in enumerate(recorder.blocks("overlap")):
        block = recorder.labelled_activations(indices)
        active = block.activations.flatten(2) > limits
        (naming, scoring)[number % 2].add(active, block.labels.flatten(1), concepts)
        candidates = torch.from_numpy(indices).expand(units, -1)
        merged, order = torch.cat([largest, block.peaks.T.cpu()], dim=1).sort(dim=1, descending=True, stable=True)
        largest = merged[:, :top]
        images = torch.cat([images, candidates], dim=1).gather(1, order[:, :top])
    return (naming, scoring), images.numpy()


def _frequent(halves: _Halves, source: Source, min_fraction: float, min_images: int) -> NDArray[np.int64]:
    """Positions of the concepts that are frequent enough, the most frequent first."""
    fractions = _pixel_fractions(halves)
    enough = fractions >= min_fraction
    for half in halves:
        # With few images, a quarter of them is enough.
        enough &= half.images_with >= min(min_images, max(1, half.images // 4))
    if not enough.any():
        names = [source.concepts[index] for index in sorted(source.concepts)]
        top = ", ".join(f"{names[index]} {100 * fractions[index]:.2g} %" for index in np.argsort(-fractions)[:5])
        raise DatasetError(
            f"no concept is frequent enough: each needs {100 * min_fraction:g} % of the labelled pixels and "
            f"{min_images} images in each half; the most frequent are {top or 'none'}; add more images"
        )
    chosen = np.flatnonzero(enough)
    return chosen[np.argsort(-fractions[chosen], kind="stable")]


def _pixel_fractions(halves: _Halves) -> Floats:
    whole = halves[0].observed() + halves[1].observed()
    return whole.present / max(float(whole.pixels), 1.0)


def _conclude(
    model: str,
    layer: str,
    source: Source,
    halves: _Halves,
    tops: NDArray[np.int64],
    thresholds: Tensor,
    frequent: NDArray[np.int64],
    nulls: list[NullDistribution],
    confusion: Confusion | None,
    settings: dict[str, Any],
) -> Dissection:
    indices, null = np.array(sorted(source.concepts)), nulls[1]
    names = [source.concepts[int(index)] for index in indices[frequent]]
    factors = halves[0].observed().of_concepts(frequent).iou() / np.maximum(nulls[0].thresholds, 1e-9)
    labels = factors.argmax(axis=1)
    scored = halves[1].observed().of_concepts(frequent)
    whole = (halves[0].observed() + halves[1].observed()).of_concepts(frequent)
    own, corrected = _estimate_overlaps(halves[1], confusion, frequent, labels)
    units = _describe_units(scored, whole, labels, names, null, tops, thresholds, own, corrected)
    fractions, images = _pixel_fractions(halves), halves[0].images_with + halves[1].images_with
    concepts = [
        Concept(
            name=name,
            index=int(indices[position]),
            fraction=float(fractions[position]),
            images=int(images[position]),
            threshold=float(threshold),
            detectors=sum(unit.detector and unit.concept == name for unit in units),
        )
        for name, position, threshold in zip(names, frequent, null.thresholds, strict=True)
    ]
    rare = np.setdiff1d(np.arange(len(indices)), frequent)
    left_out = {source.concepts[int(indices[position])]: float(fractions[position]) for position in rare}
    return Dissection(
        model, layer, tuple(units), tuple(concepts), left_out, null.layer_threshold, settings, whole.iou(),
        thresholds.cpu(),
    )  # fmt: skip


def _describe_units(
    scored: Overlap,
    whole: Overlap,
    labels: NDArray[np.int64],
    names: list[str],
    null: NullDistribution,
    tops: NDArray[np.int64],
    thresholds: Tensor,
    own: list[Interval],
    corrected: list[Interval],
) -> list[Unit]:
    iou_all, information = whole.iou(), scored.information_quality()
    above, found = scored.iou() > null.thresholds, []
    for unit, label in enumerate(labels):
        best = int(iou_all[unit].argmax())
        found.append(
            Unit(
                unit=unit,
                concept=names[label],
                iou=own[unit],
                null_iou=float(null.mean[unit, label]),
                detector=bool(above[unit, label]),
                information=float(information[unit, label]),
                corrected=corrected[unit],
                iou_all=float(iou_all[unit, best]),
                concept_all=names[best],
                threshold=float(thresholds[unit]),
                active=float(whole.active[unit] / whole.pixels),
                also=tuple(names[other] for other in np.flatnonzero(above[unit]) if other != label),
                top=tuple(int(image) for image in tops[unit] if image >= 0),
            )
        )
    return found


def _estimate_overlaps(
    half: OverlapCounter, confusion: Confusion | None, frequent: NDArray[np.int64], labels: NDArray[np.int64]
) -> tuple[list[Interval], list[Interval]]:
    """The IoU of each unit with its concept, and the IoU corrected by the confusion matrix (NaN without one)."""
    rows = np.arange(len(labels))

    def iou(overlap: Overlap) -> Floats:
        return overlap.of_concepts(frequent).iou()[..., rows, labels]

    def intervals(observed: Overlap, resampled: Overlap) -> list[Interval]:
        return [percentile_interval(*pair) for pair in zip(iou(observed), iou(resampled).T, strict=True)]

    observed, resampled = half.observed(), half.resampled()
    own = intervals(observed, resampled)
    if confusion is None:
        return own, [Interval(math.nan)] * len(labels)
    return own, intervals(confusion.correct(observed), confusion.correct_resamples(resampled))
