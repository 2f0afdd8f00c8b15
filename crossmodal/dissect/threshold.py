"""The level above which a unit counts as active: exceeded in a given share of its cells, or the most telling one."""

from collections.abc import Iterator
from itertools import chain
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from crossmodal.dissect.overlap import Overlap
from crossmodal.dissect.quantile import QuantileSketch, exact_quantiles
from crossmodal.dissect.viewing import View, Viewer

#: ``sketch`` and ``exact`` take the wanted share of cells; ``information`` seeks the level that tells most.
LevelKind = Literal["sketch", "exact", "information"]
LEVEL_KINDS: tuple[LevelKind, ...] = ("sketch", "exact", "information")
#: Shares of cells among which ``information`` chooses.
SHARES = tuple(float(share) for share in np.geomspace(0.001, 0.5, 40))
#: A concept rarer than this among the labelled pixels, or that agrees with the unit less, names no level.
_LEAST_FREQUENT, _LEAST_AGREEMENT = 1e-3, 0.8
#: Pixels of an image that candidate levels are taken from.
_SAMPLED = 256


def estimate_levels(viewer: Viewer, share: float, kind: LevelKind) -> Tensor:
    """Find the level of each unit: (units,), float32.

    The share is one of the layer's own cells, before they are enlarged, over all images; ``information`` needs none:
    it tries forty shares of interpolated pixels, on the images that name units.

    Raises:
        ValueError: the share is not between 0 and 1, or the kind is unknown.
    """
    if not 0 < share < 1:
        raise ValueError(f"the share of active cells must lie between 0 and 1, got {share}")
    if kind not in LEVEL_KINDS:
        raise ValueError(f"levels are found by one of {', '.join(LEVEL_KINDS)}, got {kind!r}")
    if kind == "exact":
        return exact_quantiles(lambda: _values(viewer), [1 - share])[:, 0]
    if kind == "sketch":
        return _sketched(_values(viewer), viewer.seed).quantiles([1 - share])[:, 0]
    return _most_telling(
        viewer, _sketched(_values_between(viewer), viewer.seed).quantiles([1 - part for part in SHARES])
    )


def _sketched(parts: Iterator[Tensor], seed: int) -> QuantileSketch:
    first = next(parts)
    sketch = QuantileSketch(len(first), seed=seed)
    for values in chain([first], parts):
        sketch.add(values)
    return sketch


def _values(viewer: Viewer) -> Iterator[Tensor]:
    for block in viewer.blocks("levels"):
        yield viewer.activations(block).transpose(0, 1).flatten(1)


def _values_between(viewer: Viewer) -> Iterator[Tensor]:
    """Interpolated activations at some of the pixels: levels may lie between the values that cells have."""
    for block in viewer.blocks("levels"):
        values = viewer.look(block).activations.transpose(0, 1).flatten(2)
        # An odd step, so that the pixels drift over the cells.
        yield values[:, :, :: values.shape[2] // _SAMPLED | 1].flatten(1)


def _most_telling(viewer: Viewer, levels: Tensor) -> Tensor:
    """Of levels (units, shares), the one of each unit that has most information about any concept, in naming blocks."""
    concepts = viewer.concept_indices
    counts = torch.zeros(levels.shape[0], levels.shape[1] + 1, len(concepts) + 1, dtype=torch.float64)
    rising = levels.flip(1).contiguous()
    for number, block in enumerate(viewer.blocks("most telling levels")):
        if number % 2 == 0:
            _count_bins(viewer.look(block), rising, concepts, counts)
    # Pixels above the k-th level are those in bins above it; the last column counts all labelled pixels.
    above = counts.flip(1).cumsum(dim=1).flip(1)[:, 1:].numpy()
    whole = counts.sum(dim=(0, 1)).numpy() / len(levels)
    shares, units = above.shape[1], above.shape[0]
    overlap = Overlap(
        both=above[..., :-1], active=above[..., -1], present=np.broadcast_to(whole[:-1], (units, whole.size - 1)),
        pixels=np.full(units, whole[-1]),
    )  # fmt: skip
    quality = overlap.information_quality()
    agreement = (overlap.pixels[:, None, None] - overlap.active[..., None] - whole[:-1] + 2 * overlap.both) / whole[-1]
    usable = (agreement > _LEAST_AGREEMENT) & (whole[:-1] >= _LEAST_FREQUENT * whole[-1])
    quality = np.where(usable, quality, -1).reshape(units, shares, -1)
    chosen = quality.max(axis=2).argmax(axis=1)
    # A unit that tells nothing keeps the highest level.
    chosen = np.where(quality.max(axis=(1, 2)) > 0, chosen, shares - 1)
    return rising.gather(1, torch.from_numpy(chosen)[:, None])[:, 0]


def _count_bins(view: View, rising: Tensor, concepts: Tensor, counts: Tensor) -> None:
    labels = view.labels.flatten(1)
    there = labels[:, :, None] == concepts
    # Pixels of no concept go to a bin that is thrown away.
    codes = torch.where(there.any(dim=2), there.long().argmax(dim=2), len(concepts))
    keep = codes.flatten() < len(concepts)
    codes = codes.flatten()[keep]
    for unit, level in enumerate(rising):
        values = view.activations[:, unit].flatten()[keep]
        bins = torch.searchsorted(level, values)
        joint = torch.bincount(bins * len(concepts) + codes, minlength=counts.shape[1] * len(concepts))
        joint = joint.view(counts.shape[1], -1)
        counts[unit, :, :-1] += joint
        counts[unit, :, -1] += joint.sum(dim=1)
