"""What is lost without units: concepts that shrink as more and more units are switched off, and what else changes.

Everything is measured on the images a network gives, with and without the edit, by the pixels of each concept (or any
other amounts of its output). Intervals are over images and, for random units, over their draws, too.

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
from crossmodal.dissect.estimate import Estimate, estimate, image_batches, poisson_weights
from crossmodal.dissect.layer import Inputs, find_layer, record_with_output, to_device
from crossmodal.dissect.source import DrawnSource, Source
from crossmodal.randomness import generator

Floats = NDArray[np.float64]
#: Turns a network's output into amounts (n, quantities), such as pixels of each concept.
Measure = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class AblationCurve:
    """How amounts change as more and more units are switched off.

    Attributes:
        quantities: names of the amounts.
        counts: numbers of units switched off.
        change: (counts, quantities, 3): relative change (-1: nothing is left) with its interval, best units first.
        random_change: the same for units drawn at random; NaN without any draw.
        rivals: draws of random units.
        images: that all this is measured on.
    """

    quantities: tuple[str, ...]
    counts: tuple[int, ...]
    change: Floats
    random_change: Floats
    rivals: int
    images: int

    def of(self, quantity: str) -> list[tuple[int, Estimate, Estimate]]:
        """The curve of one amount: number of units, change by the best, change by random ones."""
        place = self.quantities.index(quantity)
        return [
            (count, Estimate(*map(float, own[place])), Estimate(*map(float, other[place])))
            for count, own, other in zip(self.counts, self.change, self.random_change, strict=True)
        ]

    def as_dict(self) -> dict[str, Any]:
        """Plain values: by amount, a row for each number of units."""
        rows = {
            name: [
                {"units": count, "change": own._asdict(), "random": other._asdict()}
                for count, own, other in self.of(name)
            ]
            for name in self.quantities
        }
        return {"images": self.images, "rivals": self.rivals, "curves": rows}


def ablation_curve(
    model: nn.Module,
    layer: str,
    source: Source,
    ranking: Sequence[int],
    *,
    counts: Sequence[int] = (1, 2, 4, 8),
    measure: Measure | None = None,
    quantities: Sequence[str] = (),
    rivals: int = 5,
    resamples: int = 200,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> AblationCurve:
    """Switch off the first units of a ranking, and as many random ones, and measure what becomes of everything.

    Args:
        model: any network.
        layer: one of its layers.
        source: what the network is given; for `DrawnSource` the amounts are pixels of its concepts by default.
        ranking: units, the one that is expected to matter most first.
        counts: how many are switched off.
        measure: the amounts, for other sources or quantities.
        quantities: their names.
        rivals: rankings drawn at random from all units of the layer.
        resamples: for intervals.
        seed: of resamples and random rankings.
        device: where the network runs.

    Raises:
        ValueError: a count exceeds the ranking, or no measure is given for a source that has none of its own.
    """
    if max(counts) > len(ranking):
        raise ValueError(f"{max(counts)} units were to be switched off, the ranking holds {len(ranking)}")
    measure, names = _measure(source, measure, quantities)
    model = model.eval().to(device)
    units = _count_units(model, layer, source, device)
    draws = generator(seed, "dissect/random units")
    rankings = [list(ranking), *(draws.permutation(units).tolist() for _ in range(rivals))]
    totals = np.zeros((len(rankings), 1 + len(counts), 1 + resamples, len(names)))
    for indices in image_batches(len(source)):
        weights = poisson_weights(seed, indices, resamples)
        inputs = to_device(source.inputs(indices), device)
        whole = weights @ _amounts(model, inputs, measure)
        for place, units_in_order in enumerate(rankings):
            totals[place, 0] += whole
            for column, count in enumerate(counts, start=1):
                with edit(model, layer, units_in_order[:count]):
                    totals[place, column] += weights @ _amounts(model, inputs, measure)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = totals[:, 1:] / totals[:, :1] - 1
    picks = draws.integers(max(rivals, 1), size=(1 + resamples, max(rivals, 1)))
    picks[0] = np.arange(max(rivals, 1))
    others = np.full_like(change[0], np.nan)
    if rivals:
        for sample, pick in enumerate(picks):
            others[:, sample] = change[1:][pick][:, :, sample].mean(axis=0)
    return AblationCurve(
        tuple(names), tuple(counts), _with_interval(change[0]), _with_interval(others), rivals, len(source)
    )


def rank_by_effect(
    model: nn.Module,
    layer: str,
    source: DrawnSource,
    concept: str,
    *,
    together: int = 4,
    device: torch.device | str = "cpu",
) -> list[int]:
    """Rank units by how many pixels of a concept go when they are switched off, the most first.

    The first ``together`` units are chosen one after the other, each as the one that takes most away from what those
    before it leave; the others follow by what each takes away besides them. Measure the curve of such a ranking on
    other images than these: chosen units look better on the images that chose them.

    Raises:
        ValueError: no such layer or concept.
    """
    measure, names = _measure(source, None, ())
    column = names.index(source.concepts[source.index_of(concept)])
    model = model.eval().to(device)
    chosen: list[int] = []
    rest = list(range(_count_units(model, layer, source, device)))
    while rest:
        left = np.zeros(len(rest))
        for indices in image_batches(len(source)):
            inputs = to_device(source.inputs(indices), device)
            for place, unit in enumerate(rest):
                with edit(model, layer, [*chosen, unit]):
                    left[place] += _amounts(model, inputs, measure)[:, column].sum()
        order = [rest[place] for place in np.argsort(left, kind="stable")]
        if len(chosen) + 1 >= together:
            return [*chosen, *order]
        chosen.append(order[0])
        rest.remove(order[0])
    return chosen


def _measure(source: Source, measure: Measure | None, quantities: Sequence[str]) -> tuple[Measure, list[str]]:
    if measure is not None:
        return measure, list(quantities)
    if not isinstance(source, DrawnSource):
        raise ValueError("a network that draws nothing needs a measure of its output, such as its class probabilities")
    classes = sorted(source.concepts)

    def count(output: Tensor) -> Tensor:
        labels = source.see(output).labels.flatten(1)
        return torch.stack([(labels == index).sum(dim=1) for index in classes], dim=1)

    return count, [source.concepts[index] for index in classes]


@torch.inference_mode()
def _amounts(model: nn.Module, inputs: Inputs, measure: Measure) -> Floats:
    return measure(model(*inputs)).double().cpu().numpy()


def _count_units(model: nn.Module, layer: str, source: Source, device: torch.device | str) -> int:
    maps, _ = record_with_output(model, find_layer(model, layer), to_device(source.inputs(np.arange(1)), device))
    return int(maps.shape[1])


def _with_interval(change: Floats) -> Floats:
    """(counts, 1 + resamples, quantities) to (counts, quantities, 3)."""
    return np.array([[estimate(column[0], column[1:]) for column in row.T] for row in change])
