"""Label efficiency of weights pretrained on noise: a recipe trained from them and from random starts.

python benchmarks/label_efficiency.py gait --data walks --weights noise/programs/small_alexnet --out runs/labels
python benchmarks/label_efficiency.py sound --data vis-data-256 --weights noise/programs_quarter/small_alexnet \
    --out runs/labels
python benchmarks/label_efficiency.py stand_in --data stand_in_hits --weights noise/programs_quarter/small_alexnet \
    --out runs/labels

The recipe (`walks/gait_from_touch`; `greatest_hits/convolution`, or `stand_in_hits/demo` for ``stand_in``, where each
seed tests on another third of the videos) is trained on 10 %, 30 % and 100 % of its training walkers or videos,
with every seed from both starts, for the same number of steps. Both starts of a seed use the same samples in the same
order, so differences are paired. Finished runs are not trained again. Figures pool the seeds; intervals contain 95 % of
resamples over walks or videos. With ``--markdown`` the table replaces the text between ``<!-- labels-gait: begin -->``
(``labels-sound``, ``labels-stand_in``) and its end.
"""

import argparse
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from page import put
from runs import trained

from crossmodal import hub
from crossmodal import recipe as recipes
from crossmodal.backbones.catalogue import width_of
from crossmodal.data import GreatestHits, fold_videos
from crossmodal.data.walks.dataset import SavedWalks
from crossmodal.evaluation.gait.events import WalkScore, resample_walks, score_walk
from crossmodal.evaluation.sound.measure import measure, summarise
from crossmodal.gait import analyse
from crossmodal.gait.learned import load_reader
from crossmodal.interval import percentile_interval
from crossmodal.models import SoundFromVideo
from crossmodal.predict import predictor
from crossmodal.provenance import describe_origin

Floats = npt.NDArray[np.float64]


class Column(NamedTuple):
    """A column of the table: the key of a figure, its header, and its number of decimals."""

    key: str
    head: str
    decimals: int = 3


class Modality(ABC):
    """A recipe and its evaluation."""

    recipe: str
    columns: tuple[Column, ...]
    example: str

    def __init__(self, args: argparse.Namespace) -> None:
        self.data: Path = args.data
        self.args = args

    @abstractmethod
    def changes(self, weights: str | None, seed: int) -> dict[str, Any]:
        """Return the changes of the recipe for a start and a seed."""

    @abstractmethod
    def figures(self, runs: Sequence[Path]) -> dict[str, Floats]:
        """Compute the figures of the runs of all seeds: (1 + resamples,) each, the point estimate first."""


class Gait(Modality):
    """Footsteps of simulated walkers, evaluated on the first test walks."""

    recipe = "walks/gait_from_touch"
    example = "walkers"
    columns = (
        Column("heel_strike_f1_20ms", "heel strike F1 ±20 ms"),
        Column("toe_off_f1_20ms", "toe off F1 ±20 ms"),
        Column("side_accuracy", "side"),
        Column("heel_mm", "heel (mm)", 1),
        Column("axis_deg", "axis (°)", 2),
    )

    def changes(self, weights: str | None, seed: int) -> dict[str, Any]:
        """Set the start and the width of the backbone."""
        start = {"task.model.weights": weights, "task.model.width": width_of(self.args.weights)}
        return {"data.root": str(self.data), **start}

    def figures(self, runs: Sequence[Path]) -> dict[str, Floats]:
        """Compute figures over walks; the seeds of a walk are pooled."""
        readers = [load_reader(run / "weights") for run in runs]
        names = (self.data / "test.txt").read_text(encoding="ascii").split()[: self.args.tests]
        walks = SavedWalks(self.data, names)
        scores = []
        for number in range(len(walks)):
            walk = walks[number]
            stances = [analyse(walk.recording, reader=reader).stances for reader in readers]
            scores.append(_pool([score_walk(found, walk.truth) for found in stances]))
        return resample_walks(scores)


class Sound(Modality):
    """Sound of silent video: each seed is evaluated on another third of the videos, left out of training."""

    recipe = "greatest_hits/convolution"
    size = (54, 96)
    example = "videos"
    columns = (
        Column("loudness_r", "loudness r"),
        Column("loudness_error", "loudness error"),
        Column("centroid_r", "centroid r"),
        Column("onset_f1_100ms", "onset F1 ±100 ms"),
        Column("onset_ap_100ms", "onset AP ±100 ms"),
    )

    def changes(self, weights: str | None, seed: int) -> dict[str, Any]:
        """Set the start and the width of the backbone, and the fold of the videos."""
        # The folds are the same for all seeds; the seed of the recipe changes the random start of the networks.
        folds = {"data.seed": 0, "data.folds": self.args.seeds, "data.fold": seed, "data.exemplars": 0}
        changes = {"data.root": str(self.data), **folds}
        if self.args.cache:
            changes["data.cache"] = str(self.args.cache)
        return changes | {"task.model.weights": weights, "task.model.width": width_of(self.args.weights)}

    def figures(self, runs: Sequence[Path]) -> dict[str, Floats]:
        """Compute figures over videos, each predicted by the run that was not trained on it."""
        videos = GreatestHits(self.data, split="all", windows="videos", size=self.size, cache=self.args.cache)
        measured = []
        for seed, run in enumerate(runs):
            model = hub.load_model(run / "weights")
            assert isinstance(model, SoundFromVideo)
            left_out = fold_videos(videos.ids, self.args.seeds, 0)[seed][1]
            measured += measure({"model": predictor(model)}, videos.subset(left_out))["model"]
        evaluation = summarise(measured)
        return {key: np.concatenate([[value], evaluation.resamples[key]]) for key, value in evaluation.values.items()}


class StandIn(Sound):
    """Sound of simulated hits, with the recipe of the demo."""

    recipe = "stand_in_hits/demo"
    size = (36, 64)


_MODALITIES: Mapping[str, type[Modality]] = {"gait": Gait, "sound": Sound, "stand_in": StandIn}


def main() -> None:
    """Train missing runs, evaluate, print the table, and write it to a page if requested."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=_MODALITIES)
    parser.add_argument("--data", type=Path, required=True, help="folder of the walks, or of the videos")
    parser.add_argument("--weights", required=True, help="name or folder of the backbone pretrained on noise")
    parser.add_argument("--fractions", type=float, nargs="+", default=[0.1, 0.3, 1.0], help="fractions of the labels")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of each start (default: 3)")
    parser.add_argument("--steps", type=int, default=200, help="training steps of each run (default: 200)")
    parser.add_argument("--tests", type=int, default=60, help="number of test walks for gait (default: 60)")
    parser.add_argument("--cache", type=Path, help="folder of cached frames of videos")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--markdown", type=Path, help="page for the table")
    args = parser.parse_args()
    text = _table(_MODALITIES[args.what](args), args)
    print(text)
    if args.markdown:
        put(args.markdown, text, f"labels-{args.what}")


def _table(modality: Modality, args: argparse.Namespace) -> str:
    columns = modality.columns
    lines = [
        f"| {modality.example} to learn from | start | {' | '.join(column.head for column in columns)} |",
        f"|---|---|{'---|' * len(columns)}",
    ]
    for fraction in args.fractions:
        found = {
            start: modality.figures([_trained(modality, args, start, fraction, seed) for seed in range(args.seeds)])
            for start in ("noise", "random")
        }
        found["difference"] = {key: found["noise"][key] - found["random"][key] for key in found["noise"]}
        for start, figures in found.items():
            cells = [_cell(figures[column.key], column.decimals, sign=start == "difference") for column in columns]
            lines.append(f"| {100 * fraction:g} % | {start} | {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    made = describe_origin()
    lines += [
        "",
        f"`{modality.recipe}`, {args.steps} steps, {args.seeds} seeds together; the backbone starts from "
        f"`{Path(args.weights).name if Path(args.weights).exists() else args.weights}` or from random numbers, and "
        f"learns on. In brackets: 95 % of 1000 resamples, of differences paired. {made['date']}, commit "
        f"{made['commit']}.",
    ]
    return "\n".join(lines) + "\n"


def _trained(modality: Modality, args: argparse.Namespace, start: str, fraction: float, seed: int) -> Path:
    """Return the run of a start, a fraction and a seed; train it if it does not exist."""
    run: Path = args.out / args.what / f"{start}-{fraction:g}-seed{seed}"
    changes = modality.changes(args.weights if start == "noise" else None, seed)
    length = {"trainer.max_steps": args.steps, "trainer.val_check_interval": args.steps}
    recipe = recipes.override(
        recipes.read(modality.recipe), {**changes, **length, "data.share": fraction, "seed": seed}
    )
    return trained(recipe | {"evaluations": []}, run, modality.recipe)


def _pool(scores: Sequence[WalkScore]) -> WalkScore:
    """Pool the scores of one walk over seeds."""
    return WalkScore(
        true=sum(score.true for score in scores),
        found=sum(score.found for score in scores),
        heel_strike_s=np.concatenate([score.heel_strike_s for score in scores]),
        toe_off_s=np.concatenate([score.toe_off_s for score in scores]),
        heel_mm=np.concatenate([score.heel_mm for score in scores]),
        axis_deg=np.concatenate([score.axis_deg for score in scores]),
        sides=sum(score.sides for score in scores),
        walkers=sum(score.walkers for score in scores),
    )


def _cell(values: Floats, decimals: int, *, sign: bool) -> str:
    return format(percentile_interval(values[0], values[1:]), f"{'+' if sign else ''}.{decimals}f")


if __name__ == "__main__":
    main()
