"""Activation thresholds of units: a quantile of their activations, or the most informative threshold."""

from collections.abc import Iterator
from itertools import chain
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from crossmodal.dissect.overlap import Overlap
from crossmodal.dissect.quantile import QuantileSketch, exact_quantiles
from crossmodal.dissect.recorder import LabelledActivations, Recorder
from crossmodal.spelling import check_choice

#: ``sketch`` and ``exact`` compute a quantile; ``information`` maximises the information quality ratio.
ThresholdMethod = Literal["sketch", "exact", "information"]
THRESHOLD_METHODS: tuple[ThresholdMethod, ...] = ("sketch", "exact", "information")
#: Fractions of active cells among which ``information`` chooses.
FRACTIONS = tuple(float(fraction) for fraction in np.geomspace(0.001, 0.5, 40))
#: ``information`` ignores concepts that are rarer than this among the labelled pixels, or agree less with the unit.
_MIN_FREQUENCY, _MIN_AGREEMENT = 1e-3, 0.8
#: Pixels per image from which candidate thresholds are computed.
_SAMPLED_PIXELS = 256


def estimate_thresholds(recorder: Recorder, fraction: float, method: ThresholdMethod) -> Tensor:
    """Compute the activation threshold of each unit: (units,), float32.

    With ``sketch`` and ``exact`` a unit exceeds its threshold in a ``fraction`` of the layer's own cells, before
    upsampling, over all images. ``information`` does not use ``fraction``: it tries 40 quantiles of the upsampled
    activations, on the naming half of the images.

    Raises:
        ValueError: the fraction is not between 0 and 1, or the method is unknown.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"the fraction of active cells must be between 0 and 1, got {fraction}")
    check_choice("threshold method", method, THRESHOLD_METHODS)
    if method == "exact":
        return exact_quantiles(lambda: _cell_values(recorder), [1 - fraction])[:, 0]
    if method == "sketch":
        return _sketch(_cell_values(recorder), recorder.seed).quantiles([1 - fraction])[:, 0]
    candidates = _sketch(_upsampled_values(recorder), recorder.seed).quantiles([1 - part for part in FRACTIONS])
    return _most_informative(recorder, candidates)


def _sketch(parts: Iterator[Tensor], seed: int) -> QuantileSketch:
    first = next(parts)
    sketch = QuantileSketch(len(first), seed=seed)
    for values in chain([first], parts):
        sketch.add(values)
    return sketch


def _cell_values(recorder: Recorder) -> Iterator[Tensor]:
    for block in recorder.blocks("thresholds"):
        yield recorder.activations(block).transpose(0, 1).flatten(1)


def _upsampled_values(recorder: Recorder) -> Iterator[Tensor]:
    """Upsampled activations at some of the pixels: a threshold may be between the values of two cells."""
    for block in recorder.blocks("thresholds"):
        values = recorder.labelled_activations(block).activations.transpose(0, 1).flatten(2)
        # An odd step, so that the pixels fall on different parts of the cells.
        yield values[:, :, :: values.shape[2] // _SAMPLED_PIXELS | 1].flatten(1)


def _most_informative(recorder: Recorder, candidates: Tensor) -> Tensor:
    """The candidate (units, candidates) of each unit with the most information about any concept, on naming blocks."""
    concepts = recorder.concept_indices
    counts = torch.zeros(candidates.shape[0], candidates.shape[1] + 1, len(concepts) + 1, dtype=torch.float64)
    ascending = candidates.flip(1).contiguous()
    for number, block in enumerate(recorder.blocks("most informative thresholds")):
        if number % 2 == 0:
            _count_bins(recorder.labelled_activations(block), ascending, concepts, counts)
    # Pixels above the k-th candidate are those in the bins above it; the last column counts all labelled pixels.
    above = counts.flip(1).cumsum(dim=1).flip(1)[:, 1:].numpy()
    whole = counts.sum(dim=(0, 1)).numpy() / len(candidates)
    tried, units = above.shape[1], above.shape[0]
    overlap = Overlap(
        both=above[..., :-1], active=above[..., -1], present=np.broadcast_to(whole[:-1], (units, whole.size - 1)),
        pixels=np.full(units, whole[-1]),
    )  # fmt: skip
    quality = overlap.information_quality()
    agreement = (overlap.pixels[:, None, None] - overlap.active[..., None] - whole[:-1] + 2 * overlap.both) / whole[-1]
    usable = (agreement > _MIN_AGREEMENT) & (whole[:-1] >= _MIN_FREQUENCY * whole[-1])
    quality = np.where(usable, quality, -1).reshape(units, tried, -1)
    chosen = quality.max(axis=2).argmax(axis=1)
    # A unit without information about any concept gets the highest candidate.
    chosen = np.where(quality.max(axis=(1, 2)) > 0, chosen, tried - 1)
    return ascending.gather(1, torch.from_numpy(chosen)[:, None])[:, 0]


def _count_bins(block: LabelledActivations, ascending: Tensor, concepts: Tensor, counts: Tensor) -> None:
    labels = block.labels.flatten(1)
    present = labels[:, :, None] == concepts
    # Pixels of no concept get a code that is dropped.
    codes = torch.where(present.any(dim=2), present.long().argmax(dim=2), len(concepts))
    keep = codes.flatten() < len(concepts)
    codes = codes.flatten()[keep]
    for unit, edges in enumerate(ascending):
        values = block.activations[:, unit].flatten()[keep]
        bins = torch.searchsorted(edges, values)
        joint = torch.bincount(bins * len(concepts) + codes, minlength=counts.shape[1] * len(concepts))
        joint = joint.view(counts.shape[1], -1)
        counts[unit, :, :-1] += joint
        counts[unit, :, -1] += joint.sum(dim=1)
