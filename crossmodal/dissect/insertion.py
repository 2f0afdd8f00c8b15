"""What units bring about where they are switched on: at random places, measured at these places.

Intervals are over images, of which each has a place of its own.

References:
    Bau et al., "GAN dissection: visualizing and understanding generative adversarial networks", ICLR 2019, section 3.2
    (average causal effect) and 4.3 (what an insertion needs around it). There the effect of an insertion is read at the
    place of another image; here at its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crossmodal.dissect.editing import edit
from crossmodal.dissect.estimate import Estimate, estimate, image_batches, poisson_weights
from crossmodal.dissect.grid import centred_grid
from crossmodal.dissect.layer import Inputs, find_layer, record_with_output
from crossmodal.dissect.source import DrawnSource
from crossmodal.errors import DatasetError
from crossmodal.randomness import generator

Floats = NDArray[np.float64]


@torch.inference_mode()
def mean_at_concept(model: nn.Module, layer: str, source: DrawnSource, concept: str) -> Tensor:
    """Mean of every unit over the cells where a concept is, weighted by how much of the cell it fills: (units,).

    Raises:
        ValueError: no such concept.
        DatasetError: the images never show it.
    """
    index, found = source.index_of(concept), find_layer(model, layer)
    total, weight = torch.zeros(()), 0.0
    for indices in image_batches(len(source)):
        maps, output = record_with_output(model, found, source.inputs(indices))
        there = (source.see(output).labels == index).float()
        share = torch.nn.functional.adaptive_avg_pool2d(there[:, None], (maps.shape[2], maps.shape[3]))
        total = total + (maps * share).sum(dim=(0, 2, 3))
        weight += float(share.sum())
    if not weight:
        raise DatasetError(f"none of {len(source)} images shows {concept!r}; draw more, or choose another concept")
    return total / weight


@dataclass(frozen=True)
class CausalEffect:
    """The average causal effect of units on a concept, at the place where they are edited.

    Attributes:
        effect: share of the place's pixels that are the concept with the units on, less that with them off.
        inserted: the share with the units on.
        ablated: the share with the units off.
    """

    effect: Estimate
    inserted: Estimate
    ablated: Estimate


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
    """Turn units on and off at a random place of every image, and compare what is seen at that same place.

    Args:
        model: a generator.
        layer: one of its layers.
        source: what it draws.
        units: that are edited together.
        concept: whose pixels count.
        value: of the units when on, (units,); by default their mean where the concept is (`mean_at_concept`).
        patch: side of the place, in cells.
        resamples: for intervals.
        seed: of places and resamples.

    Raises:
        ValueError: no such layer or concept, or a patch larger than the layer.
        DatasetError: the images never show the concept.
    """
    value = mean_at_concept(model, layer, source, concept)[list(units)] if value is None else value
    index = source.index_of(concept)
    totals = np.zeros((2, 1 + resamples))
    for indices in image_batches(len(source)):
        inputs, weights = source.inputs(indices), poisson_weights(seed, indices, resamples)
        cells, pixels = _draw_places(model, layer, source, inputs, indices, patch, seed)
        for row, wanted in enumerate((value, torch.zeros_like(value))):
            with edit(model, layer, units, wanted, cells=cells):
                seen = _labels(model, source, inputs)
            totals[row] += weights @ _share_at(seen == index, pixels)
    inserted, ablated = totals / _weight_sums(seed, len(source), resamples)
    return CausalEffect(*(estimate(values[0], values[1:]) for values in (inserted - ablated, inserted, ablated)))


@dataclass(frozen=True)
class Insertion:
    """What became of insertions at places of one context.

    Attributes:
        context: the concept that filled most of the place before.
        places: how many.
        gain: mean share of the place's pixels that became the concept.
        rate: share of places at which at least ``enough`` of the pixels did.
    """

    context: str
    places: int
    gain: Estimate
    rate: Estimate


def insertion_by_context(
    model: nn.Module,
    layer: str,
    source: DrawnSource,
    units: Sequence[int],
    concept: str,
    *,
    value: Tensor | None = None,
    patch: int = 3,
    enough: float = 0.25,
    resamples: int = 200,
    seed: int = 0,
) -> list[Insertion]:
    """Turn units on at a random place of every image, and tell how that goes by what was under the place.

    Places that show the concept already do not count. Contexts come by number of places, the most frequent first.

    Args:
        model: a generator.
        layer: one of its layers.
        source: what it draws.
        units: that are set together.
        concept: that is to appear.
        value: of the units, (units,); by default their mean where the concept is (`mean_at_concept`).
        patch: side of the place, in cells.
        enough: share of the place's pixels that makes a success.
        resamples: for intervals.
        seed: of places and resamples.

    Raises:
        ValueError: no such layer or concept, or a patch larger than the layer.
        DatasetError: the images never show the concept.
    """
    value = mean_at_concept(model, layer, source, concept)[list(units)] if value is None else value
    wanted, contexts = source.index_of(concept), sorted(source.concepts)
    sums = np.zeros((len(contexts), 3, 1 + resamples))
    for indices in image_batches(len(source)):
        inputs, weights = source.inputs(indices), poisson_weights(seed, indices, resamples)
        cells, pixels = _draw_places(model, layer, source, inputs, indices, patch, seed)
        before = _labels(model, source, inputs)
        with edit(model, layer, units, value, cells=cells):
            after = _labels(model, source, inputs)
        gain = _share_at(after == wanted, pixels)
        shares = np.stack([_share_at(before == index, pixels) for index in contexts], axis=1)
        free = shares[:, contexts.index(wanted)] == 0
        for row in range(len(contexts)):
            here = free & (shares.argmax(axis=1) == row) & (shares[:, row] > 0)
            sums[row] += np.stack([weights @ here, weights @ (here * gain), weights @ (here & (gain >= enough))])
    found = []
    for index, (places, gains, successes) in zip(contexts, sums, strict=True):
        if places[0]:
            with np.errstate(divide="ignore", invalid="ignore"):
                mean_gain, rate = (estimate(some[0], some[1:]) for some in (gains / places, successes / places))
            found.append(Insertion(source.concepts[index], int(places[0]), mean_gain, rate))
    return sorted(found, key=lambda one: -one.places)


def _draw_places(
    model: nn.Module, layer: str, source: DrawnSource, inputs: Inputs, indices: NDArray[np.int64], patch: int, seed: int
) -> tuple[Tensor, Tensor]:
    """A square of cells at a random place of each image: (n, rows, columns), and its pixels (n, height, width)."""
    maps, output = record_with_output(model, find_layer(model, layer), tuple(part[:1] for part in inputs))
    rows, columns = int(maps.shape[2]), int(maps.shape[3])
    if not 1 <= patch <= min(rows, columns):
        raise ValueError(f"a patch of 1 to {min(rows, columns)} cells was expected, got {patch}")
    cells = torch.zeros(len(indices), rows, columns)
    for place, index in enumerate(indices):
        draws = generator(seed, "dissect/places", int(index))
        top, left = int(draws.integers(rows - patch + 1)), int(draws.integers(columns - patch + 1))
        cells[place, top : top + patch, left : left + patch] = 1
    size = (int(output.shape[2]), int(output.shape[3]))
    grid = centred_grid((rows, columns), size)
    # The cell whose share of the image a pixel's centre lies in.
    down, across = (((torch.arange(size[axis]) + 0.5) / grid.step[axis]).long() for axis in (0, 1))
    return cells, cells[:, down][:, :, across]


def _share_at(there: Tensor, pixels: Tensor) -> Floats:
    counted = (there.cpu() * pixels).sum(dim=(1, 2)) / pixels.sum(dim=(1, 2))
    return counted.double().numpy()


@torch.inference_mode()
def _labels(model: nn.Module, source: DrawnSource, inputs: Inputs) -> Tensor:
    return source.see(model(*inputs)).labels


def _weight_sums(seed: int, count: int, resamples: int) -> Floats:
    sums = np.zeros(1 + resamples)
    for indices in image_batches(count):
        sums += poisson_weights(seed, indices, resamples).sum(axis=1)
    return np.maximum(sums, 1)
