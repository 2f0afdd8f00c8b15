"""Ablation curves: the change of a network's output as more and more units are switched off.

The output is measured with and without the edit, by default by the pixels of each concept in the images of a generator.
Intervals are over images and, for random units, also over their draws.

References:
    Bau et al., "GAN dissection: visualizing and understanding generative adversarial networks", ICLR 2019, section 4.2.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crossmodal.dissect.editing import edit
from crossmodal.dissect.layer import Inputs, find_layer, record_with_output, to_device
from crossmodal.dissect.source import DrawnSource, Source, image_batches
from crossmodal.interval import Interval, percentile_interval, poisson_weights
from crossmodal.randomness import generator

Floats = NDArray[np.float64]
#: Maps a network's output to quantities (n, quantities), such as the pixels of each concept.
Measure = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class AblationCurve:
    """Relative change of quantities of the output against the number of units switched off.

    Attributes:
        quantities: names of the quantities.
        counts: numbers of units switched off.
        change: (counts, quantities, 3): relative change (-1: nothing is left) with its interval, for the first units of
            the ranking.
        random_change: the same for random units; NaN without random rankings.
        random_rankings: number of random rankings.
        images: number of images.
    """

    quantities: tuple[str, ...]
    counts: tuple[int, ...]
    change: Floats
    random_change: Floats
    random_rankings: int
    images: int

    def of(self, quantity: str) -> list[tuple[int, Interval, Interval]]:
        """Return the curve of one quantity: number of units, change by the ranked units, change by random units."""
        column = self.quantities.index(quantity)
        return [
            (count, Interval(*map(float, ranked[column])), Interval(*map(float, random[column])))
            for count, ranked, random in zip(self.counts, self.change, self.random_change, strict=True)
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values: for each quantity, one row per number of units."""
        rows = {
            name: [
                {"units": count, "change": ranked._asdict(), "random": random._asdict()}
                for count, ranked, random in self.of(name)
            ]
            for name in self.quantities
        }
        return {"images": self.images, "random_rankings": self.random_rankings, "curves": rows}


def ablation_curve(
    model: nn.Module,
    layer: str,
    source: Source,
    ranking: Sequence[int],
    *,
    counts: Sequence[int] = (1, 2, 4, 8),
    measure: Measure | None = None,
    quantities: Sequence[str] = (),
    random_rankings: int = 5,
    resamples: int = 200,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> AblationCurve:
    """Measure the relative change of the output when the first units of a ranking are switched off.

    The same numbers of random units are switched off for comparison.

    Args:
        model: any network.
        layer: one of its layers.
        source: inputs of the network; for `DrawnSource` the quantities are by default the pixels of its concepts.
        ranking: units, the most important first.
        counts: numbers of units to switch off.
        measure: maps the output to quantities.
        quantities: names of the quantities of ``measure``.
        random_rankings: number of random rankings of all units of the layer.
        resamples: number of bootstrap resamples.
        seed: of the resamples and the random rankings.
        device: where the network runs.

    Raises:
        ValueError: a count exceeds the ranking, or ``measure`` is missing for a source other than `DrawnSource`.
    """
    if max(counts) > len(ranking):
        raise ValueError(f"cannot switch off {max(counts)} units: the ranking holds {len(ranking)}")
    measure, names = _measure(source, measure, quantities)
    model = model.eval().to(device)
    units = _count_units(model, layer, source, device)
    draws = generator(seed, "dissect/random units")
    rankings = [list(ranking), *(draws.permutation(units).tolist() for _ in range(random_rankings))]
    totals = np.zeros((len(rankings), 1 + len(counts), 1 + resamples, len(names)))
    for indices in image_batches(len(source)):
        weights = poisson_weights(indices, resamples, seed=seed)
        inputs = to_device(source.inputs(indices), device)
        unedited = weights @ _quantities(model, inputs, measure)
        for row, ordered_units in enumerate(rankings):
            totals[row, 0] += unedited
            for column, count in enumerate(counts, start=1):
                with edit(model, layer, ordered_units[:count]):
                    totals[row, column] += weights @ _quantities(model, inputs, measure)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = totals[:, 1:] / totals[:, :1] - 1
    size = max(random_rankings, 1)
    picks = draws.integers(size, size=(1 + resamples, size))
    picks[0] = np.arange(size)
    random = np.full_like(change[0], np.nan)
    if random_rankings:
        for resample, pick in enumerate(picks):
            random[:, resample] = change[1:][pick][:, :, resample].mean(axis=0)
    return AblationCurve(
        tuple(names), tuple(counts), _with_intervals(change[0]), _with_intervals(random), random_rankings, len(source)
    )


def rank_by_effect(
    model: nn.Module,
    layer: str,
    source: DrawnSource,
    concept: str,
    *,
    greedy: int = 4,
    device: torch.device | str = "cpu",
) -> list[int]:
    """Rank units by the number of pixels of a concept that switching them off removes, the largest first.

    The first ``greedy`` units are selected one after the other: each removes most of what the units before it leave.
    The remaining units follow in the order of what each removes in addition to these. Measure the ablation curve of the
    ranking on other images: on the images of the selection it is biased.

    Raises:
        ValueError: there is no such layer or concept.
    """
    measure, names = _measure(source, None, ())
    column = names.index(source.concepts[source.index_of(concept)])
    model = model.eval().to(device)
    chosen: list[int] = []
    rest = list(range(_count_units(model, layer, source, device)))
    while rest:
        pixels = np.zeros(len(rest))
        for indices in image_batches(len(source)):
            inputs = to_device(source.inputs(indices), device)
            for position, unit in enumerate(rest):
                with edit(model, layer, [*chosen, unit]):
                    pixels[position] += _quantities(model, inputs, measure)[:, column].sum()
        order = [rest[position] for position in np.argsort(pixels, kind="stable")]
        if len(chosen) + 1 >= greedy:
            return [*chosen, *order]
        chosen.append(order[0])
        rest.remove(order[0])
    return chosen


def _measure(source: Source, measure: Measure | None, quantities: Sequence[str]) -> tuple[Measure, list[str]]:
    if measure is not None:
        return measure, list(quantities)
    if not isinstance(source, DrawnSource):
        raise ValueError(
            "a network that draws no images needs a measure of its output, such as its class probabilities"
        )
    classes = sorted(source.concepts)

    def count(output: Tensor) -> Tensor:
        labels = source.label_output(output).labels.flatten(1)
        return torch.stack([(labels == index).sum(dim=1) for index in classes], dim=1)

    return count, [source.concepts[index] for index in classes]


@torch.inference_mode()
def _quantities(model: nn.Module, inputs: Inputs, measure: Measure) -> Floats:
    return measure(model(*inputs)).double().cpu().numpy()


def _count_units(model: nn.Module, layer: str, source: Source, device: torch.device | str) -> int:
    maps, _ = record_with_output(model, find_layer(model, layer), to_device(source.inputs(np.arange(1)), device))
    return int(maps.shape[1])


def _with_intervals(change: Floats) -> Floats:
    """(counts, 1 + resamples, quantities) to (counts, quantities, 3)."""
    return np.array([[percentile_interval(column[0], column[1:]) for column in row.T] for row in change])
