"""Transfer of pretraining on noise to photographs: frozen ridge accuracy of recipes and weights, and baselines.

python benchmarks/noise_transfer.py --data images --out runs/see --protocol noise_pretraining/brief --processes wmm=3
python benchmarks/noise_transfer.py --data images --out runs/see --seeds 3 --recipes noise_pretraining/programs_half
python benchmarks/noise_transfer.py --data images --out runs/see --weights mine=runs/mine/weights --markdown docs/see.md

``--processes`` are rows of `noise_processes.PROCESSES`, trained with the recipe ``--protocol``; ``--recipes`` are
trained unchanged. Each is trained with the seeds 0 to N - 1 (``orbits=5``: five seeds for this one) into
``OUT/<name>/seed<k>``, unless its weights exist; an interrupted run is resumed. Then a ridge regression on frozen
features (``fc6`` if there is one) is fitted on the training photographs and scored on the test photographs, as in
`crossmodal probe`. Baselines are the first backbone from ``--random-starts`` random starts, raw pixels and mean colour.
Intervals are 95 % of resamples over test photographs and seeds; ratios to random starts are paired. Measurements are
cached in ``OUT/measured``. ``--vary data.options.programs 1 16 256`` trains everything with each value of a key. With
``--markdown`` the table replaces the text between ``<!-- results: begin -->`` and ``<!-- results: end -->``, or the
name of ``--table``; ``--figure`` draws it. Published accuracies are added, with the rank correlation of the orders.
"""

import argparse
import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from noise_processes import PROCESSES, PUBLISHED, read_under
from page import put
from runs import trained
from scipy.stats import spearmanr

from crossmodal import hub
from crossmodal import recipe as recipes
from crossmodal.backbones import Backbone
from crossmodal.data.image_folder import ImageFolder, read_image_folder
from crossmodal.evaluation.probe.baselines import IMAGE_SOURCES
from crossmodal.evaluation.probe.features import BackboneFeatures, Source, extract
from crossmodal.evaluation.probe.ridge import fit_ridge
from crossmodal.evaluation.probe.score import Right, difference, ratio, score
from crossmodal.files import replace_atomically
from crossmodal.interval import percentile_interval
from crossmodal.plot import save_figure
from crossmodal.provenance import describe_origin
from crossmodal.randomness import generator


class Row(NamedTuple):
    """A row of the table: its name, the number of views, and which test photographs each fit has right."""

    name: str
    views: str
    right: Right


def main() -> None:
    """Train what is missing, measure, print the table, and write it to files if requested."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="photographs, as for `crossmodal probe --data`")
    parser.add_argument("--out", type=Path, required=True, help="folder of runs and measurements")
    parser.add_argument(
        "--processes", nargs="*", default=[], metavar="NAME[=SEEDS]", help=f"any of {', '.join(PROCESSES)}"
    )
    parser.add_argument(
        "--protocol",
        default="noise_pretraining/reduced",
        metavar="RECIPE",
        help="recipe of the processes (default noise_pretraining/reduced)",
    )
    parser.add_argument("--recipes", nargs="*", default=[], metavar="RECIPE[=SEEDS]", help="recipes to train")
    parser.add_argument("--seeds", type=int, default=1, help="runs of each process and recipe (default 1)")
    parser.add_argument("--weights", nargs="*", default=[], metavar="NAME=FOLDER", help="existing weights")
    parser.add_argument(
        "--set", nargs=2, action="append", default=[], metavar=("KEY", "VALUE"), help="change a recipe key"
    )
    parser.add_argument("--vary", nargs="+", default=[], metavar=("KEY", "VALUE"), help="a recipe key and its values")
    parser.add_argument("--random-starts", type=int, default=5, help="random networks to compare with (default 5)")
    parser.add_argument("--size", type=int, default=64, help="side of the photographs in pixels (default 64)")
    parser.add_argument("--markdown", type=Path, help="page for the table")
    parser.add_argument("--table", default="results", help="name of the markers in the page (default results)")
    parser.add_argument("--minus", metavar="ROW", help="also print the paired difference of each row to this one")
    parser.add_argument("--figure", type=Path, help="draw the table (PNG)")
    args = parser.parse_args()
    if not args.processes and not args.recipes and not args.weights:
        parser.error("nothing to measure: give --processes, --recipes or --weights")
    bench = _Bench(read_image_folder(args.data), args.out, args.size)
    changes = {key: recipes.parse_value(value) for key, value in args.set}
    made = {name: (read_under(args.protocol, name), seeds) for name, seeds in _seeds(args.processes, args.seeds)}
    made |= {name: (recipes.read(name), seeds) for name, seeds in _seeds(args.recipes, args.seeds)}
    varied = [{args.vary[0]: recipes.parse_value(value)} for value in args.vary[1:]] or [{}]
    chosen = [
        (name, variant, recipes.override(recipe, changes | variant))
        for name, (recipe, _) in made.items()
        for variant in varied
    ]
    labels = [_label(name, variant) for name, variant, _ in chosen]
    if args.minus not in (None, *labels):
        parser.error(f"--minus: one of these rows was expected: {'; '.join(labels)}; found {args.minus}")
    rows = [bench.recipe_row(name, variant, recipe, made[name][1]) for name, variant, recipe in chosen]
    rows += [bench.weights_row(*entry.split("=", 1)) for entry in args.weights]
    random = bench.random_row(chosen[0][2] if chosen else None, args.weights, args.random_starts)
    if not args.vary:
        rows = sorted(rows, key=lambda row: -row.right.mean())
    everything = [*rows, random, *bench.image_rows()]
    text = _table(everything, random, bench, args)
    print(text)
    if args.figure:
        save_figure(_figure(everything), args.figure)
    if args.markdown:
        put(args.markdown, text, args.table)


def _seeds(entries: list[str], usual: int) -> list[tuple[str, int]]:
    return [(name, int(own or usual)) for name, _, own in (entry.partition("=") for entry in entries)]


def _label(name: str, variant: dict[str, Any]) -> str:
    """Return the name of a recipe's row: its last part, and the varied values."""
    return ", ".join(
        [name.rpartition("/")[2], *(f"{value} {key.rpartition('.')[2]}" for key, value in variant.items())]
    )


class _Bench:
    """Measures sources of vectors on the photographs of a folder, with a cache."""

    def __init__(self, folder: ImageFolder, out: Path, size: int) -> None:
        self.folder = folder
        self.out = out
        self.size = size

    def recipe_row(self, name: str, variant: dict[str, Any], recipe: dict[str, Any], seeds: int) -> Row:
        label = _label(name, variant)
        right = []
        for seed in range(seeds):
            run = self.out / label.replace(", ", "-").replace(" ", "-") / f"seed{seed}"
            right.append(self._right_of(trained(recipe | {"seed": seed}, run, name) / "weights"))
        views = 2 * recipe["data"]["init_args"]["batch_size"] * recipe["trainer"]["max_steps"]
        return Row(label, f"{views:,}", np.stack(right))

    def weights_row(self, name: str, weights: str) -> Row:
        return Row(name, "", self._right_of(Path(weights))[None])

    def random_row(self, recipe: dict[str, Any] | None, weights: list[str], starts: int) -> Row:
        right = []
        for seed in range(starts):
            torch.manual_seed(seed)
            if recipe is not None:
                backbone: Backbone = recipes.build(recipe["task"]["init_args"]["model"], "task", annotation=Backbone)
            else:
                like = hub.load_model(weights[0].split("=", 1)[1])
                backbone = type(like)(**like.arguments)  # type: ignore[assignment, arg-type]
            right.append(self._measure(BackboneFeatures(backbone)))
        return Row("random start", "0", np.stack(right))

    def image_rows(self) -> list[Row]:
        return [Row(name, "", self._measure(kind())[None]) for name, kind in IMAGE_SOURCES.items()]

    def _right_of(self, weights: Path) -> Right:
        backbone = hub.load_model(weights)
        if not isinstance(backbone, Backbone):
            raise SystemExit(f"{weights}: a backbone was expected, found {type(backbone).__name__}")
        return self._measure(BackboneFeatures(backbone))

    def _measure(self, source: Source) -> Right:
        listed = f"{source.identity}/{self.folder.root.resolve()}/{len(self.folder.train)}/{self.size}"
        kept = self.out / "measured" / f"{hashlib.blake2b(listed.encode(), digest_size=12).hexdigest()}.npy"
        if kept.is_file():
            return np.asarray(np.load(kept, allow_pickle=False))
        fitted_on = extract(self.folder.train, source, self.size)
        labels = self.folder.train.labels[fitted_on.indices]
        fitted = fit_ridge(fitted_on.values, labels, len(self.folder.classes))
        asked = extract(self.folder.test, source, self.size)
        right = np.asarray(fitted.predict(asked.values) == self.folder.test.labels[asked.indices])
        with replace_atomically(kept) as temporary, temporary.open("wb") as file:
            np.save(file, right)
        return right


def _table(rows: list[Row], random: Row, bench: _Bench, args: argparse.Namespace) -> str:
    known = [row for row in rows if row.name in PUBLISHED and row.views not in ("", "0")]
    heads = ["pretrained on", "views", "seeds", "top-1 (%)", "times a random start"]
    heads += [f"minus {args.minus} (points)"] if args.minus else []
    heads += ["published (%)"] if known else []
    less = next((row for row in rows if row.name == args.minus), None)
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in rows:
        cells = [row.name, row.views, str(len(row.right)), f"{score(row.right).scaled(100):.1f}"]
        cells.append("" if row is random else f"{ratio(row.right, random.right):.2f}")
        if less is not None:
            cells.append("" if row is less else f"{difference(row.right, less.right).scaled(100):+.1f}")
        if known:
            cells.append(f"{PUBLISHED[row.name]:.1f}" if row.name in PUBLISHED else "")
        lines.append(f"| {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    made, folder = describe_origin(), bench.folder
    changed = ", ".join(f"`{key}` {value}" for key, value in args.set)
    protocol = f"Trained by `{args.protocol}`. " if args.processes else ""
    protocol += f"Changed recipe keys: {changed}. " if changed else ""
    lines += [
        "",
        f"{protocol}Ridge regression on frozen features, {len(folder.classes)} classes, {len(folder.train):,} "
        f"training photographs, {len(folder.test):,} test photographs, {bench.size} pixels. In brackets: 95 % of 1000 "
        f"resamples.{_agreement(known)} {made['date']}, commit {made['commit']}.",
    ]
    return "\n".join(lines) + "\n"


def _agreement(rows: list[Row]) -> str:
    """Return a sentence with the rank correlation to the published order; empty for fewer than three processes."""
    if len(rows) < 3:
        return ""
    published = [PUBLISHED[row.name] for row in rows]
    accuracies = np.stack([row.right.mean(axis=0) for row in rows])
    draws = generator(0, "noise_transfer/order")
    images = accuracies.shape[1]
    resampled = [
        spearmanr(accuracies[:, draws.integers(images, size=images)].mean(axis=1), published).statistic
        for _ in range(1000)
    ]
    found = percentile_interval(spearmanr(accuracies.mean(axis=1), published).statistic, np.array(resampled))
    return (
        f" Rank correlation with the published order, {len(rows)} processes: {found:.2f}, test photographs resampled."
    )


def _figure(rows: list[Row]) -> Figure:
    figure = Figure((7.5, 0.6 + 0.24 * len(rows)), layout="constrained")
    axis = figure.add_subplot()
    for position, row in enumerate(reversed(rows)):
        value, low, high = score(row.right).scaled(100)
        axis.barh(position, value, color="#1f6f8b" if row.views not in ("", "0") else "#b5b5b5")
        axis.hlines(position, low, high, color="#333333", lw=1.2)
    axis.set_yticks(range(len(rows)), [row.name for row in reversed(rows)], fontsize=8)
    axis.set_xlabel("top-1 accuracy on photographs (%)", fontsize=9)
    axis.spines[["top", "right"]].set_visible(False)
    return figure


if __name__ == "__main__":
    main()
