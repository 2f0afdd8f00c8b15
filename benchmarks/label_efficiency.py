"""What noise-pretrained weights are worth where labels are few: a recipe trained from them and from random starts.

python benchmarks/label_efficiency.py gait --data walks --weights noise/programs/small_alexnet --out runs/labels
python benchmarks/label_efficiency.py sound --data vis-data-256 --weights noise/programs_quarter/small_alexnet \
    --out runs/labels
python benchmarks/label_efficiency.py stand_in --data stand_in_hits --weights noise/programs_quarter/small_alexnet \
    --out runs/labels

The recipe (`walks/gait_from_touch`; `greatest_hits/convolution`, or `stand_in_hits/demo` for ``stand_in``, with one of
three parts of the videos left out by each seed) is trained on 10 %, 30 % and 100 % of its training walkers or videos,
with every seed from both starts, for the same number of steps. Both starts of a seed see the same examples in the same
order, so differences are paired. A run that is finished is not trained again. Figures pool the seeds; intervals are 95
% of resamples over walks or videos.
With ``--markdown`` the table replaces what stands between ``<!-- labels-gait: begin -->`` (``labels-sound``,
``labels-stand_in``) and its end.
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
    """A figure: its key, its head in the table, and decimal places."""

    key: str
    head: str
    places: int = 3


class Modality(ABC):
    """What is learned, and how it is measured."""

    recipe: str
    columns: tuple[Column, ...]
    example: str

    def __init__(self, words: argparse.Namespace) -> None:
        self.data: Path = words.data
        self.words = words

    @abstractmethod
    def changes(self, weights: str | None, seed: int) -> dict[str, Any]:
        """What to change in the recipe for a start and a seed."""

    @abstractmethod
    def figures(self, runs: Sequence[Path]) -> dict[str, Floats]:
        """Figures of the runs of all seeds together: (1 + resamples,) each, the figure itself first."""


class Gait(Modality):
    """Footsteps of simulated walkers, measured on the first of the test walks."""

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
        """Start the backbone, in the width of the weights."""
        start = {"task.model.weights": weights, "task.model.width": width_of(self.words.weights)}
        return {"data.root": str(self.data), **start}

    def figures(self, runs: Sequence[Path]) -> dict[str, Floats]:
        """Figures over walks, the seeds of a walk together."""
        readers = [load_reader(run / "weights") for run in runs]
        names = (self.data / "test.txt").read_text(encoding="ascii").split()[: self.words.tests]
        walks = SavedWalks(self.data, names)
        scores = []
        for number in range(len(walks)):
            walk = walks[number]
            stances = [analyse(walk.recording, reader=reader).stances for reader in readers]
            scores.append(_together([score_walk(found, walk.truth) for found in stances]))
        return resample_walks(scores)


class Sound(Modality):
    """Sound of silent video: each seed leaves another third of the videos out, and is measured on it."""

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
        """Start the backbone, in the width of the weights, and leave a part of the videos out."""
        # The parts are dealt once; a seed of its own changes what the networks start from.
        parts = {"data.seed": 0, "data.folds": self.words.seeds, "data.fold": seed, "data.exemplars": 0}
        changes = {"data.root": str(self.data), **parts}
        if self.words.cache:
            changes["data.cache"] = str(self.words.cache)
        return changes | {"task.model.weights": weights, "task.model.width": width_of(self.words.weights)}

    def figures(self, runs: Sequence[Path]) -> dict[str, Floats]:
        """Figures over videos, each measured by the one run that has not seen it."""
        videos = GreatestHits(self.data, split="all", windows="videos", size=self.size, cache=self.words.cache)
        measured = []
        for seed, run in enumerate(runs):
            model = hub.load_model(run / "weights")
            assert isinstance(model, SoundFromVideo)
            left_out = fold_videos(videos.ids, self.words.seeds, 0)[seed][1]
            measured += measure({"it": predictor(model)}, videos.subset(left_out))["it"]
        evaluation = summarise(measured)
        return {key: np.concatenate([[value], evaluation.resamples[key]]) for key, value in evaluation.values.items()}


class StandIn(Sound):
    """Sound of simulated hits, as the demo learns it."""

    recipe = "stand_in_hits/demo"
    size = (36, 64)


_MODALITIES: Mapping[str, type[Modality]] = {"gait": Gait, "sound": Sound, "stand_in": StandIn}


def main() -> None:
    """Train what is missing, measure, print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=_MODALITIES)
    parser.add_argument("--data", type=Path, required=True, help="folder of the walks, or of the videos")
    parser.add_argument("--weights", required=True, help="of the noise-pretrained backbone: a name or a folder")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.1, 0.3, 1.0], help="of the labels")
    parser.add_argument("--seeds", type=int, default=3, help="of each start (default 3)")
    parser.add_argument("--steps", type=int, default=200, help="of each training (default 200)")
    parser.add_argument("--tests", type=int, default=60, help="test walks to measure gait on (default 60)")
    parser.add_argument("--cache", type=Path, help="where small frames of videos are kept")
    parser.add_argument("--out", type=Path, required=True, help="where runs lie")
    parser.add_argument("--markdown", type=Path, help="the page to put the table into")
    words = parser.parse_args()
    text = _table(_MODALITIES[words.what](words), words)
    print(text)
    if words.markdown:
        put(words.markdown, text, f"labels-{words.what}")


def _table(modality: Modality, words: argparse.Namespace) -> str:
    columns = modality.columns
    lines = [
        f"| {modality.example} to learn from | start | {' | '.join(column.head for column in columns)} |",
        f"|---|---|{'---|' * len(columns)}",
    ]
    for share in words.shares:
        found = {
            start: modality.figures([_trained(modality, words, start, share, seed) for seed in range(words.seeds)])
            for start in ("noise", "random")
        }
        found["difference"] = {key: found["noise"][key] - found["random"][key] for key in found["noise"]}
        for start, figures in found.items():
            cells = [_cell(figures[column.key], column.places, sign=start == "difference") for column in columns]
            lines.append(f"| {100 * share:g} % | {start} | {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    made = describe_origin()
    lines += [
        "",
        f"`{modality.recipe}`, {words.steps} steps, {words.seeds} seeds together; the backbone starts from "
        f"`{Path(words.weights).name if Path(words.weights).exists() else words.weights}` or from random numbers, and "
        f"learns on. In brackets: 95 % of 1000 resamples, of differences paired. {made['date']}, commit "
        f"{made['commit']}.",
    ]
    return "\n".join(lines) + "\n"


def _trained(modality: Modality, words: argparse.Namespace, start: str, share: float, seed: int) -> Path:
    """The run of a start, a share and a seed; trained where it is not there yet."""
    run: Path = words.out / words.what / f"{start}-{share:g}-seed{seed}"
    changes = modality.changes(words.weights if start == "noise" else None, seed)
    length = {"trainer.max_steps": words.steps, "trainer.val_check_interval": words.steps}
    recipe = recipes.override(recipes.read(modality.recipe), {**changes, **length, "data.share": share, "seed": seed})
    return trained(recipe | {"evaluations": []}, run, modality.recipe)


def _together(scores: Sequence[WalkScore]) -> WalkScore:
    """One walk's scores of all seeds as one."""
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


def _cell(values: Floats, places: int, *, sign: bool) -> str:
    return format(percentile_interval(values[0], values[1:]), f"{'+' if sign else ''}.{places}f")


if __name__ == "__main__":
    main()
