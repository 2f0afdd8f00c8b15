"""Dissection: which concept each unit of a layer answers to, beyond chance, named and scored on different images.

A unit is named for the concept whose threshold its IoU exceeds by the largest factor (see
`crossmodal.dissect.null_distribution`). The largest IoU, by which the literature names units, favours concepts whose
size happens to be near that of the unit's active area: at a high level a wall's unit may share more with doors, by
chance, than with walls.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crossmodal.dissect.confusion import Confusion
from crossmodal.dissect.estimate import Estimate, estimate
from crossmodal.dissect.layer import find_layer
from crossmodal.dissect.level import LevelKind, estimate_levels
from crossmodal.dissect.null_distribution import Chance, estimate_chance
from crossmodal.dissect.overlap import Overlap
from crossmodal.dissect.source import Source
from crossmodal.dissect.tally import Tally
from crossmodal.dissect.viewing import Progress, Viewer
from crossmodal.errors import DatasetError
from crossmodal.spelling import check_choice

Floats = NDArray[np.float64]

#: The cut of the literature, beside ours.
PUBLISHED_CUT = 0.04


@dataclass(frozen=True)
class Concept:
    """A concept that was frequent enough.

    Attributes:
        name: as the source calls it.
        index: its class index.
        share: of the labelled pixels.
        images: that show it.
        cut: IoU that no unit exceeds by chance, see `crossmodal.dissect.null_distribution`.
        detectors: units named for it that exceed the cut.
    """

    name: str
    index: int
    share: float
    images: int
    cut: float
    detectors: int


@dataclass(frozen=True)
class Unit:
    """What a unit answers to. IoU and all that follows is measured on the half of the images that did not name it.

    Attributes:
        unit: its number in the layer.
        concept: the one whose cut its IoU on the naming half exceeds by the largest factor.
        iou: with the concept.
        low: end of the 95 % interval over images.
        high: the other end.
        chance: IoU expected by chance.
        detector: whether the IoU exceeds the concept's cut.
        information: information quality ratio of unit and concept.
        corrected: IoU as true masks would give it, by the segmenter's confusion; NaN where that is not known.
        corrected_low: end of its interval, with the uncertainty of the confusion.
        corrected_high: the other end.
        iou_all: IoU on all images with ``concept_all``, the figure of the literature.
        concept_all: the concept of largest IoU on all images, the name of the literature.
        level: above which it is active.
        active: share of labelled pixels where it is.
        also: other concepts whose cut it exceeds.
        top: the images that it answers to most.
    """

    unit: int
    concept: str
    iou: float
    low: float
    high: float
    chance: float
    detector: bool
    information: float
    corrected: float
    corrected_low: float
    corrected_high: float
    iou_all: float
    concept_all: str
    level: float
    active: float
    also: tuple[str, ...]
    top: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Dissection:
    """A layer, dissected.

    Attributes:
        model: what the network is called.
        layer: what the layer is called.
        units: every unit, by number.
        concepts: by share of pixels, largest first.
        left_out: concepts too rare to name a unit, with their share of pixels.
        layer_cut: the IoU that the layer's best unit and concept exceed by chance with probability alpha.
        settings: how it was done.
        iou: (units, concepts) on all images.
        levels: (units,) above which each unit is active.
    """

    model: str
    layer: str
    units: tuple[Unit, ...]
    concepts: tuple[Concept, ...]
    left_out: dict[str, float]
    layer_cut: float
    settings: dict[str, Any]
    iou: Floats
    levels: Tensor

    @property
    def detectors(self) -> tuple[Unit, ...]:
        """Units that exceed the cut of the concept they are named for, best first."""
        return tuple(sorted((unit for unit in self.units if unit.detector), key=lambda unit: -unit.iou))

    def ranking(self, concept: str) -> list[int]:
        """Units by their IoU with a concept on all images, best first.

        Raises:
            ValueError: no such concept.
        """
        names = [one.name for one in self.concepts]
        check_choice("concept", concept, names)
        return [int(unit) for unit in np.argsort(-self.iou[:, names.index(concept)], kind="stable")]

    def summary(self) -> dict[str, Any]:
        """The layer in a few figures."""
        published = [unit for unit in self.units if unit.iou_all > PUBLISHED_CUT]
        return {
            "units": len(self.units),
            "detectors": len(self.detectors),
            "unique_concepts": len({unit.concept for unit in self.detectors}),
            "layer_cut": self.layer_cut,
            "detectors_by_published_cut": len(published),
            "unique_concepts_by_published_cut": len({unit.concept_all for unit in published}),
            "silent_units": sum(unit.active == 0 for unit in self.units),
            "mean_best_iou": float(np.mean([unit.iou_all for unit in self.units])),
            "largest_iou": float(max(unit.iou_all for unit in self.units)),
        }

    def as_dict(self) -> dict[str, Any]:
        """Everything but the matrix, as plain values."""
        return {
            "model": self.model,
            "layer": self.layer,
            "summary": self.summary(),
            "settings": self.settings,
            "concepts": [asdict(concept) for concept in self.concepts],
            "left_out": self.left_out,
            "units": [asdict(unit) for unit in self.units],
        }


def dissect(
    model: nn.Module,
    layer: str,
    source: Source,
    *,
    share: float = 0.01,
    level: LevelKind = "sketch",
    confusion: Confusion | None = None,
    least_share: float = 1e-3,
    least_images: int = 8,
    resamples: int = 200,
    pairings: int = 1000,
    alpha: float = 0.05,
    top: int = 5,
    seed: int = 0,
    device: torch.device | str = "cpu",
    name: str | None = None,
    progress: Progress | None = None,
) -> Dissection:
    """Find out which concept each unit of a layer answers to.

    The network is put into evaluation mode. Memory does not depend on the number of images.

    Args:
        model: any network.
        layer: one of its layers by name, see `find_layer`.
        source: what it looks at, or draws.
        share: of its cells in which a unit is active; what ``level`` is.
        level: how the level is found, see `estimate_levels`.
        confusion: of the segmenter that labelled the images, to set IoU right.
        least_share: of the labelled pixels that a concept needs.
        least_images: in each half that a concept needs.
        resamples: for intervals.
        pairings: for cuts; more are drawn where the number of concepts asks for it.
        alpha: probability that a layer that answers to nothing has any detector.
        top: images kept for each unit.
        seed: of order, resamples and pairings.
        device: where the network runs.
        name: of the model, for the report.
        progress: is told (done, total, stage).

    Raises:
        ValueError: no such layer; a share or rate that makes no sense.
        DatasetError: too few images, or no concept is frequent enough.
        WeightsError: the network gives values that are not numbers.
    """
    model = model.eval().to(device)
    viewer = Viewer(model, find_layer(model, layer), source, seed=seed, device=device, progress=progress)
    levels = estimate_levels(viewer, share, level)
    classes = len(source.concepts)
    pairings = max(pairings, int(np.ceil(classes / alpha))) if 0 < alpha < 1 else pairings
    halves, tops = _count(viewer, levels, resamples, pairings, top)
    frequent = _frequent(halves, source, least_share, least_images)
    chances = [estimate_chance(half.paired().of_concepts(frequent).iou(), alpha) for half in halves]
    assert viewer.cells is not None
    assert viewer.grid is not None
    settings = {
        "images": len(source), "share": share, "level": level, "resamples": resamples, "pairings": pairings,
        "alpha": alpha, "seed": seed, "cells": list(viewer.cells), "cell_step_px": list(viewer.grid.step),
        "first_cell_px": list(viewer.grid.first), "image_px": list(viewer.grid.size),
        "named_on": halves[0].images, "scored_on": halves[1].images, "segmenter_corrected": confusion is not None,
    }  # fmt: skip
    return _conclude(
        name or type(model).__name__, layer, source, halves, tops, levels, frequent, chances, confusion, settings
    )


def _count(
    viewer: Viewer, levels: Tensor, resamples: int, pairings: int, top: int
) -> tuple[tuple[Tally, Tally], NDArray[np.int64]]:
    units, classes = len(levels), len(viewer.concept_indices)
    # No interval is needed of the half that names.
    naming = Tally(units, classes, resamples=0, pairings=pairings, seed=viewer.seed, stream="naming")
    scoring = Tally(units, classes, resamples=resamples, pairings=pairings, seed=viewer.seed, stream="scoring")
    concepts = viewer.concept_indices.to(viewer.device)
    threshold = levels.to(viewer.device)[None, :, None]
    best = torch.full((units, top), -torch.inf)
    places = torch.full((units, top), -1, dtype=torch.int64)
    for number, block in enumerate(viewer.blocks("overlap")):
        view = viewer.look(block)
        active = view.activations.flatten(2) > threshold
        (naming, scoring)[number % 2].add(active, view.labels.flatten(1), concepts)
        numbers = torch.from_numpy(block).expand(units, -1)
        merged, order = torch.cat([best, view.peaks.T.cpu()], dim=1).sort(dim=1, descending=True, stable=True)
        best = merged[:, :top]
        places = torch.cat([places, numbers], dim=1).gather(1, order[:, :top])
    return (naming, scoring), places.numpy()


def _frequent(halves: tuple[Tally, Tally], source: Source, least_share: float, least_images: int) -> NDArray[np.int64]:
    """Places of the concepts that are frequent enough, the largest first."""
    shares = _shares(halves)
    enough = shares >= least_share
    for half in halves:
        # Of few images, a quarter is asked for.
        enough &= half.images_with >= min(least_images, max(1, half.images // 4))
    if not enough.any():
        names = [source.concepts[index] for index in sorted(source.concepts)]
        rarest = ", ".join(f"{names[place]} {100 * shares[place]:.2g} %" for place in np.argsort(-shares)[:5])
        raise DatasetError(
            f"no concept is frequent enough: each needs {100 * least_share:g} % of the labelled pixels and "
            f"{least_images} images in each half; the most frequent are {rarest or 'none'}; give more images"
        )
    chosen = np.flatnonzero(enough)
    return chosen[np.argsort(-shares[chosen], kind="stable")]


def _shares(halves: tuple[Tally, Tally]) -> Floats:
    whole = halves[0].observed() + halves[1].observed()
    return whole.present / max(float(whole.pixels), 1.0)


def _conclude(
    model: str,
    layer: str,
    source: Source,
    halves: tuple[Tally, Tally],
    tops: NDArray[np.int64],
    levels: Tensor,
    frequent: NDArray[np.int64],
    chances: list[Chance],
    confusion: Confusion | None,
    settings: dict[str, Any],
) -> Dissection:
    indices, chance = np.array(sorted(source.concepts)), chances[1]
    names = [source.concepts[int(index)] for index in indices[frequent]]
    beyond = halves[0].observed().of_concepts(frequent).iou() / np.maximum(chances[0].cuts, 1e-9)
    labels = beyond.argmax(axis=1)
    scored = halves[1].observed().of_concepts(frequent)
    whole = (halves[0].observed() + halves[1].observed()).of_concepts(frequent)
    own, corrected = _estimate_overlaps(halves[1], confusion, frequent, labels)
    units = _describe_units(scored, whole, labels, names, chance, tops, levels, own, corrected)
    shares, images = _shares(halves), halves[0].images_with + halves[1].images_with
    concepts = [
        Concept(
            name=name,
            index=int(indices[place]),
            share=float(shares[place]),
            images=int(images[place]),
            cut=float(cut),
            detectors=sum(unit.detector and unit.concept == name for unit in units),
        )
        for name, place, cut in zip(names, frequent, chance.cuts, strict=True)
    ]
    rare = np.setdiff1d(np.arange(len(indices)), frequent)
    left_out = {source.concepts[int(indices[place])]: float(shares[place]) for place in rare}
    return Dissection(
        model, layer, tuple(units), tuple(concepts), left_out, chance.layer_cut, settings, whole.iou(), levels.cpu()
    )


def _describe_units(
    scored: Overlap,
    whole: Overlap,
    labels: NDArray[np.int64],
    names: list[str],
    chance: Chance,
    tops: NDArray[np.int64],
    levels: Tensor,
    own: list[Estimate],
    corrected: list[Estimate],
) -> list[Unit]:
    iou_all, information = whole.iou(), scored.information_quality()
    above, found = scored.iou() > chance.cuts, []
    for unit, label in enumerate(labels):
        best = int(iou_all[unit].argmax())
        found.append(
            Unit(
                unit=unit,
                concept=names[label],
                iou=own[unit].value,
                low=own[unit].low,
                high=own[unit].high,
                chance=float(chance.mean[unit, label]),
                detector=bool(above[unit, label]),
                information=float(information[unit, label]),
                corrected=corrected[unit].value,
                corrected_low=corrected[unit].low,
                corrected_high=corrected[unit].high,
                iou_all=float(iou_all[unit, best]),
                concept_all=names[best],
                level=float(levels[unit]),
                active=float(whole.active[unit] / whole.pixels),
                also=tuple(names[place] for place in np.flatnonzero(above[unit]) if place != label),
                top=tuple(int(image) for image in tops[unit] if image >= 0),
            )
        )
    return found


def _estimate_overlaps(
    half: Tally, confusion: Confusion | None, frequent: NDArray[np.int64], labels: NDArray[np.int64]
) -> tuple[list[Estimate], list[Estimate]]:
    """For each unit, its IoU with its concept, and that IoU set right by the confusion (NaN without one)."""
    rows = np.arange(len(labels))

    def iou(overlap: Overlap) -> Floats:
        return overlap.of_concepts(frequent).iou()[..., rows, labels]

    observed, resampled = half.observed(), half.resampled()
    own = [estimate(value, again) for value, again in zip(iou(observed), iou(resampled).T, strict=True)]
    if confusion is None:
        return own, [Estimate(math.nan, math.nan, math.nan)] * len(labels)
    again = iou(confusion.correct_resamples(resampled))
    return own, [estimate(value, some) for value, some in zip(iou(confusion.correct(observed)), again.T, strict=True)]
