"""Causal effects of units of the shipped generator: removal and insertion of concepts.

python benchmarks/interventions.py [--generator WEIGHTS] [--json FILE] [--markdown docs/dissect.md]

Layer, units and patch size are selected on images of one seed and measured on images of three other seeds. Removal: the
four units that remove most pixels when they are switched off one after the other, compared with four random units.
Insertion: units are set to their mean at the concept, at a random position of each image; positions are grouped by
whether the scenes allow the concept there. The shipped segmenter counts pixels. One thread, CPU seconds.
``--markdown`` writes the tables between ``<!-- causes: begin -->`` and ``<!-- causes: end -->`` of a page.
"""

import argparse
import json
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import torch
from page import put
from torch import Tensor, nn

from crossmodal import hub
from crossmodal.dissect import (
    DrawnSource,
    ablation_curve,
    inputs_of,
    insertion_by_context,
    mean_at_concept,
    rank_by_effect,
)
from crossmodal.dissect.source import segment_images
from crossmodal.provenance import describe_origin
from crossmodal.simulation.scenes import OUTDOOR_CONTEXT

SEEDS = (0, 1, 2)
_CHOOSING = 100
LAYERS = ("layer2", "layer3")
TOP = 4
#: Concepts to remove, with the classes that belong to each.
REMOVED = {
    "sun": ("sun",),
    "tree": ("trunk", "crown"),
    "cloud": ("cloud",),
    "roof": ("roof",),
    "house": ("wall", "roof", "door", "window"),
}
INSERTED = ("sun", "door", "cloud", "window")
_RANKED, _REMOVED_FROM, _CHOSEN_ON, _INSERTED_INTO = 128, 300, 1500, 4000
_PROMISED_LOSS, _PROMISED_RANDOM, _PROMISED_FACTOR = 0.8, 0.25, 5.0
_ELSEWHERE = "elsewhere"


class Removal(NamedTuple):
    """Relative change of a concept's pixels with four units of a layer off, by seed, and with random units off."""

    layer: str
    units: list[int]
    change: list[float]
    random: list[float]


class Insertion(NamedTuple):
    """Fraction of positions that became the concept with units on, by seed: where it is allowed and elsewhere."""

    layer: str
    units: int
    patch: int
    allowed: list[float]
    elsewhere: list[float]
    positions: int

    @property
    def factor(self) -> float:
        """Ratio of the two fractions, means over seeds."""
        return mean(self.allowed) / max(mean(self.elsewhere), 1e-9)


def main() -> None:
    """Measure, print the tables and, with ``--json`` or ``--markdown``, write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generator", default="scenes/generator", help="weights (default: the shipped ones)")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    parser.add_argument("--markdown", type=Path, help="write the tables into this page")
    args = parser.parse_args()
    torch.set_num_threads(1)
    began = time.process_time()
    model, segmenter = hub.load_model(args.generator).eval(), hub.load_model("scenes/segmenter").eval()
    bench = Bench(model, segmenter)
    removed = {name: bench.remove(classes) for name, classes in REMOVED.items()}
    inserted = {name: bench.insert(name) for name in INSERTED}
    seconds = time.process_time() - began
    lines = [*removal_table(removed), "", *insertion_table(inserted), "", origin(seconds)]
    print("\n".join(lines))
    for name in ("sun", "tree"):
        held = mean(removed[name].change) <= -_PROMISED_LOSS and abs(mean(removed[name].random)) < _PROMISED_RANDOM
        print(f"{name} is removed by {TOP} units and not by random ones: {'kept' if held else 'BROKEN'}")
    for name in ("sun", "door"):
        held = inserted[name].factor >= _PROMISED_FACTOR
        print(f"{name} appears {_PROMISED_FACTOR:g} times as often where allowed: {'kept' if held else 'BROKEN'}")
    if args.json:
        content = {"removed": removed, "inserted": inserted, **describe_origin()}
        args.json.write_text(json.dumps(content, indent=2, default=lambda row: row._asdict()) + "\n")
    if args.markdown:
        put(args.markdown, "\n".join(lines), "causes")


class Bench:
    """A generator, and a segmenter whose classes can be merged."""

    def __init__(self, model: nn.Module, segmenter: Any) -> None:
        self.model, self.segmenter = model, segmenter

    def source(self, kinds: Sequence[Sequence[str]], names: Sequence[str], seed: int, count: int) -> DrawnSource:
        """Return images of a seed with the classes merged into kinds; the last name is that of all other classes."""
        classes = list(self.segmenter.classes)
        merged = torch.full((len(classes),), len(kinds))
        for kind, members in enumerate(kinds):
            merged[[classes.index(member) for member in members]] = kind

        def segment(images: Tensor) -> Tensor:
            return merged[segment_images(self.segmenter, images)]

        return DrawnSource(inputs_of(self.model, seed=seed), segment, dict(enumerate(names)), count=count)

    def remove(self, classes: Sequence[str]) -> Removal:
        """Select layer and units, then switch the units off in other images."""

        def source(seed: int, count: int) -> DrawnSource:
            return self.source([classes], ("it", _ELSEWHERE), seed, count)

        best: tuple[float, str, list[int]] = (1.0, "", [])
        for layer in LAYERS:
            chosen = source(_CHOOSING, _RANKED)
            units = rank_by_effect(self.model, layer, chosen, "it", greedy=TOP)
            curve = ablation_curve(self.model, layer, chosen, units, counts=(TOP,), random_rankings=0, resamples=1)
            best = min(best, (curve.of("it")[0][1].value, layer, units))
        _, layer, units = best
        change, random = [], []
        for seed in SEEDS:
            curve = ablation_curve(
                self.model, layer, source(seed, _REMOVED_FROM), units, counts=(TOP,), resamples=1, seed=seed
            )
            _, own, other = curve.of("it")[0]
            change.append(own.value)
            random.append(other.value)
        return Removal(layer, units[:TOP], change, random)

    def insert(self, name: str) -> Insertion:
        """Select layer, units and patch size, then switch the units on in other images."""

        def source(seed: int, count: int) -> DrawnSource:
            allowed = [context for context in OUTDOOR_CONTEXT[name] if context != name]
            return self.source([[name], allowed], (name, "allowed", _ELSEWHERE), seed, count)

        choosing, best = source(_CHOOSING, _CHOSEN_ON), (-1.0, "", [0], 0)
        for layer in LAYERS:
            value = mean_at_concept(self.model, layer, choosing, name)
            ranking = rank_by_effect(self.model, layer, source(_CHOOSING, _RANKED), name, greedy=1)
            for units, patch in product((ranking[: len(value) // 2], ranking), (2, 3)):
                rates = self._rates(layer, choosing, units, name, patch, value)
                best = max(best, (rates["allowed"][0] - 3 * rates[_ELSEWHERE][0], layer, units, patch))
        _, layer, units, patch = best
        value = mean_at_concept(self.model, layer, choosing, name)
        found = [self._rates(layer, source(seed, _INSERTED_INTO), units, name, patch, value, seed) for seed in SEEDS]
        rates = ([one[context][0] for one in found] for context in ("allowed", _ELSEWHERE))
        return Insertion(layer, len(units), patch, *rates, sum(one["allowed"][1] for one in found))

    def _rates(
        self, layer: str, source: DrawnSource, units: Sequence[int], name: str, patch: int, value: Tensor, seed: int = 0
    ) -> dict[str, tuple[float, int]]:
        """Fraction of positions that became the concept, and their number, by whether it is allowed there."""
        chosen = value[list(units)]
        found = insertion_by_context(
            self.model, layer, source, units, name, value=chosen, patch=patch, resamples=1, seed=seed
        )
        return {"allowed": (0.0, 0), _ELSEWHERE: (0.0, 0)} | {
            one.context: (one.rate.value, one.positions) for one in found
        }


def removal_table(removed: dict[str, Removal]) -> list[str]:
    """Return the table of removals."""
    lines = ["| removed | layer | units | change of its pixels, % | with random units, % |", "|---|---|---|---|---|"]
    for name, row in removed.items():
        units = ", ".join(map(str, row.units))
        lines.append(f"| {name} | {row.layer} | {units} | {_percent(row.change)} | {_percent(row.random)} |")
    return lines


def insertion_table(inserted: dict[str, Insertion]) -> list[str]:
    """Return the table of insertions."""
    lines = [
        "| inserted | layer | units | cells | where allowed, % of positions | positions | elsewhere, % | factor |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in inserted.items():
        lines.append(
            f"| {name} | {row.layer} | {row.units} | {row.patch} x {row.patch} | {_percent(row.allowed)} "
            f"| {row.positions} | {_percent(row.elsewhere)} | {row.factor:.1f} |"
        )
    return lines


def origin(seconds: float) -> str:
    """Return the line on the origin of the tables."""
    made = describe_origin()
    return (
        f"In brackets: the extremes of {len(SEEDS)} seeds, of {_REMOVED_FROM} images each (insertion: "
        f"{_INSERTED_INTO}). {seconds:.0f} CPU seconds. {made['date']}, commit {made['commit']}."
    )


def _percent(values: Sequence[float]) -> str:
    value, low, high = (100 * part for part in (mean(values), min(values), max(values)))
    return f"{value:.0f} [{low:.0f}, {high:.0f}]"


if __name__ == "__main__":
    main()
