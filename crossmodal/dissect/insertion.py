"""Insertion: units switched on at random positions, with the effect measured at the same positions.

Each image has its own position. Intervals are over images.

References:
    Bau et al., "GAN dissection: visualizing and understanding generative adversarial networks", ICLR 2019, section 3.2
    (average causal effect) and 4.3 (the context that an insertion needs). There the effect of an insertion is measured
    at the position of another image; here at its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crossmodal.dissect.editing import edit
from crossmodal.dissect.grid import centred_grid
from crossmodal.dissect.layer import Inputs, find_layer, record_with_output
from crossmodal.dissect.source import DrawnSource, image_batches
from crossmodal.errors import DatasetError
from crossmodal.interval import Interval, percentile_interval, poisson_weights
from crossmodal.randomness import generator

Floats = NDArray[np.float64]


@torch.inference_mode()
def mean_at_concept(model: nn.Module, layer: str, source: DrawnSource, concept: str) -> Tensor:
    """Return the mean of each unit at a concept: (units,), cells weighted by the fraction that the concept fills.

    Raises:
        ValueError: there is no such concept.
        DatasetError: no image shows the concept.
    """
    index, found = source.index_of(concept), find_layer(model, layer)
    total, weight = torch.zeros(()), 0.0
    for indices in image_batches(len(source)):
        maps, output = record_with_output(model, found, source.inputs(indices))
        present = (source.label_output(output).labels == index).float()
        fraction = torch.nn.functional.adaptive_avg_pool2d(present[:, None], (maps.shape[2], maps.shape[3]))
        total = total + (maps * fraction).sum(dim=(0, 2, 3))
        weight += float(fraction.sum())
    if not weight:
        raise DatasetError(f"none of {len(source)} images shows {concept!r}; draw more, or choose another concept")
    return total / weight


@dataclass(frozen=True)
class CausalEffect:
    """The average causal effect of units on a concept, at the position of the edit.

    Attributes:
        effect: ``inserted`` minus ``ablated``.
        inserted: fraction of the edited pixels that show the concept with the units on.
        ablated: the same with the units off.
    """

    effect: Interval
    inserted: Interval
    ablated: Interval


def average_causal_effect(
    model: nn.Module,
    layer: str,
    source: DrawnSource,
    units: Sequence[int],
    concept: str,
    *,
    value: Tensor | None = None,
    patch: int = 3,
    resamples: int = 200,
    seed: int = 0,
) -> CausalEffect:
    """Switch units on and off at a random position of each image, and compare the concept's pixels at that position.

    Args:
        model: a generator.
        layer: one of its layers.
        source: images of the generator.
        units: edited together.
        concept: its pixels are counted.
        value: of the units when on, (units,); by default their mean at the concept (`mean_at_concept`).
        patch: side of the edited square, in cells.
        resamples: number of bootstrap resamples.
        seed: of the positions and the resamples.

    Raises:
        ValueError: there is no such layer or concept, or the patch is larger than the layer.
        DatasetError: no image shows the concept.
    """
    value = mean_at_concept(model, layer, source, concept)[list(units)] if value is None else value
    index = source.index_of(concept)
    totals = np.zeros((2, 1 + resamples))
    for indices in image_batches(len(source)):
        inputs, weights = source.inputs(indices), poisson_weights(indices, resamples, seed=seed)
        cells, pixels = _draw_positions(model, layer, source, inputs, indices, patch, seed)
        for row, setting in enumerate((value, torch.zeros_like(value))):
            with edit(model, layer, units, setting, cells=cells):
                labels = _labels(model, source, inputs)
            totals[row] += weights @ _fraction_at(labels == index, pixels)
    inserted, ablated = totals / _weight_sums(seed, len(source), resamples)
    return CausalEffect(
        *(percentile_interval(values[0], values[1:]) for values in (inserted - ablated, inserted, ablated))
    )


@dataclass(frozen=True)
class Insertion:
    """Result of insertions at positions of one context.

    Attributes:
        context: the concept that filled most of the position before.
        positions: number of positions.
        gain: mean fraction of the edited pixels that became the concept.
        rate: fraction of positions where at least ``success_fraction`` of the pixels became the concept.
    """

    context: str
    positions: int
    gain: Interval
    rate: Interval


def insertion_by_context(
    model: nn.Module,
    layer: str,
    source: DrawnSource,
    units: Sequence[int],
    concept: str,
    *,
    value: Tensor | None = None,
    patch: int = 3,
    success_fraction: float = 0.25,
    resamples: int = 200,
    seed: int = 0,
) -> list[Insertion]:
    """Switch units on at a random position of each image, and return the results by the context of the position.

    Positions that already show the concept do not count. The most frequent context comes first.

    Args:
        model: a generator.
        layer: one of its layers.
        source: images of the generator.
        units: edited together.
        concept: the concept to insert.
        value: of the units, (units,); by default their mean at the concept (`mean_at_concept`).
        patch: side of the edited square, in cells.
        success_fraction: fraction of the edited pixels that counts as a success.
        resamples: number of bootstrap resamples.
        seed: of the positions and the resamples.

    Raises:
        ValueError: there is no such layer or concept, or the patch is larger than the layer.
        DatasetError: no image shows the concept.
    """
    value = mean_at_concept(model, layer, source, concept)[list(units)] if value is None else value
    target, contexts = source.index_of(concept), sorted(source.concepts)
    sums = np.zeros((len(contexts), 3, 1 + resamples))
    for indices in image_batches(len(source)):
        inputs, weights = source.inputs(indices), poisson_weights(indices, resamples, seed=seed)
        cells, pixels = _draw_positions(model, layer, source, inputs, indices, patch, seed)
        before = _labels(model, source, inputs)
        with edit(model, layer, units, value, cells=cells):
            after = _labels(model, source, inputs)
        gain = _fraction_at(after == target, pixels)
        fractions = np.stack([_fraction_at(before == index, pixels) for index in contexts], axis=1)
        free = fractions[:, contexts.index(target)] == 0
        success = gain >= success_fraction
        for row in range(len(contexts)):
            here = free & (fractions.argmax(axis=1) == row) & (fractions[:, row] > 0)
            sums[row] += np.stack([weights @ here, weights @ (here * gain), weights @ (here & success)])
    found = []
    for index, (positions, gains, successes) in zip(contexts, sums, strict=True):
        if positions[0]:
            with np.errstate(divide="ignore", invalid="ignore"):
                mean_gain, rate = (percentile_interval(p[0], p[1:]) for p in (gains / positions, successes / positions))
            found.append(Insertion(source.concepts[index], int(positions[0]), mean_gain, rate))
    return sorted(found, key=lambda insertion: -insertion.positions)


def _draw_positions(
    model: nn.Module, layer: str, source: DrawnSource, inputs: Inputs, indices: NDArray[np.int64], patch: int, seed: int
) -> tuple[Tensor, Tensor]:
    """A square of cells at a random position of each image: (n, rows, columns), and its pixels (n, height, width)."""
    maps, output = record_with_output(model, find_layer(model, layer), tuple(part[:1] for part in inputs))
    rows, columns = int(maps.shape[2]), int(maps.shape[3])
    if not 1 <= patch <= min(rows, columns):
        raise ValueError(f"expected a patch of 1 to {min(rows, columns)} cells, got {patch}")
    cells = torch.zeros(len(indices), rows, columns)
    for row, index in enumerate(indices):
        draws = generator(seed, "dissect/places", int(index))
        top, left = int(draws.integers(rows - patch + 1)), int(draws.integers(columns - patch + 1))
        cells[row, top : top + patch, left : left + patch] = 1
    size = (int(output.shape[2]), int(output.shape[3]))
    grid = centred_grid((rows, columns), size)
    # The cell that covers the centre of each pixel.
    down, across = (((torch.arange(size[axis]) + 0.5) / grid.step[axis]).long() for axis in (0, 1))
    return cells, cells[:, down][:, :, across]


def _fraction_at(present: Tensor, pixels: Tensor) -> Floats:
    fraction = (present.cpu() * pixels).sum(dim=(1, 2)) / pixels.sum(dim=(1, 2))
    return fraction.double().numpy()


@torch.inference_mode()
def _labels(model: nn.Module, source: DrawnSource, inputs: Inputs) -> Tensor:
    return source.label_output(model(*inputs)).labels


def _weight_sums(seed: int, count: int, resamples: int) -> Floats:
    sums = np.zeros(1 + resamples)
    for indices in image_batches(count):
        sums += poisson_weights(indices, resamples, seed=seed).sum(axis=1)
    return np.maximum(sums, 1)
