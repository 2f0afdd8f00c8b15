"""Measure gait on simulated walks whose truth is exact: every method under every condition, with speed.

python benchmarks/gait.py --walks 16 --markdown docs/feel.md

Walkers of one condition are not those of another. Intervals are of a bootstrap over walks, each of other people. With
``--markdown`` the table replaces what stands between ``<!-- results: begin -->`` and ``<!-- results: end -->``.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from crossmodal.evaluation.gait import WalkScore, score_walk, summarise_walks
from crossmodal.evaluation.table import describe_origin
from crossmodal.files import replace_atomically
from crossmodal.tactile.gait import analyse
from crossmodal.tactile.walking import (
    EMED_LIKE,
    Mat,
    PathKind,
    Pathology,
    SimulatedWalk,
    draw_sensor,
    draw_walker,
    simulate_walk,
)

_BEGIN, _END = "<!-- results: begin -->", "<!-- results: end -->"
_METHODS = ("classical", "threshold-20", "threshold-50")
_MAT = Mat(720, 240, (5.0, 5.0))
_SECONDS = 8.0


class Condition(NamedTuple):
    """A kind of walk: made from a seed and a number."""

    name: str
    make: Callable[[int, int], SimulatedWalk]


def _walk(
    *,
    people: int = 1,
    pathology: Pathology = "none",
    path: PathKind = "straight",
    sensors: bool = False,
    first: int = 0,
) -> Callable[[int, int], SimulatedWalk]:
    def make(seed: int, index: int) -> SimulatedWalk:
        walkers = [draw_walker(seed, first + people * index + k, pathology=pathology) for k in range(people)]
        sensor = draw_sensor(seed, first + index) if sensors else EMED_LIKE
        return simulate_walk(walkers, _MAT, seed, first + index, _SECONDS, sensor=sensor, path=path)

    return make


CONDITIONS = [
    Condition("straight", _walk(first=0)),
    Condition("straight, random sensors", _walk(sensors=True, first=1000)),
    Condition("oblique", _walk(path="oblique", first=2000)),
    Condition("turning", _walk(path="turning", first=3000)),
    Condition("two walkers", _walk(people=2, first=4000)),
    Condition("limping (antalgic)", _walk(pathology="antalgic", first=5000)),
    Condition("toe walking", _walk(pathology="toe_walking", first=6000)),
    Condition("drop foot, toes drag", _walk(pathology="drop_foot", first=7000)),
    Condition("shuffling", _walk(pathology="shuffling", first=8000)),
]
_COLUMNS = (
    ("heel strike F1 ±20 ms", "heel_strike_f1_20ms"),
    ("±50 ms", "heel_strike_f1_50ms"),
    ("bias (ms)", "heel_strike_bias_ms"),
    ("toe off F1 ±20 ms", "toe_off_f1_20ms"),
    ("±50 ms", "toe_off_f1_50ms"),
    ("bias (ms)", "toe_off_bias_ms"),
    ("side", "side_accuracy"),
    ("walker", "walker_accuracy"),
    ("heel (mm)", "heel_mm"),
    ("axis (°)", "axis_deg"),
)


def main() -> None:
    """Measure, print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--walks", type=int, default=16, help="of each condition (default 16)")
    parser.add_argument("--seed", type=int, default=0, help="of walkers, walks and resamples (default 0)")
    parser.add_argument("--markdown", type=Path, help="the page to put the table into")
    words = parser.parse_args()
    lines = [f"| walk | method | {' | '.join(title for title, _ in _COLUMNS)} |", f"|---|---|{'---|' * len(_COLUMNS)}"]
    spent_s = dict.fromkeys(_METHODS, 0.0)
    for condition in CONDITIONS:
        walks = [condition.make(words.seed, index) for index in range(words.walks)]
        for method in _METHODS:
            began = time.process_time()
            found = [analyse(walk.recording, method=method).stances for walk in walks]
            spent_s[method] += time.process_time() - began
            scores = [score_walk(stances, walk.truth) for stances, walk in zip(found, walks, strict=True)]
            lines.append(f"| {condition.name} | {method} | {' | '.join(_cells(scores, words.seed))} |")
            print(lines[-1], flush=True)
    walked = words.walks * len(CONDITIONS)
    per_walk = ", ".join(f"{method} {seconds / walked:.2f}" for method, seconds in spent_s.items())
    made = describe_origin()
    lines += [
        "",
        f"{words.walks} walks of {_SECONDS:g} s for each kind, on {_MAT.rows} x {_MAT.columns} cells of 5 mm; heel and"
        f" axis are medians. In brackets: 95 % of 1000 resamples over walks. CPU seconds a walk: {per_walk}."
        f" {made['date']}, commit {made['commit']}.",
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if words.markdown:
        before, _, rest = words.markdown.read_text(encoding="utf-8").partition(_BEGIN)
        after = rest.partition(_END)[2]
        with replace_atomically(words.markdown) as temporary:
            temporary.write_text(f"{before}{_BEGIN}\n{text}{_END}{after}", encoding="utf-8")


def _cells(scores: list[WalkScore], seed: int) -> list[str]:
    figures = summarise_walks(scores, seed=seed)
    cells = []
    for _, name in _COLUMNS:
        places = 3 if "_f1_" in name or "accuracy" in name else 1
        value, low, high = (f"{figures[name + end]:.{places}f}" for end in ("", "_low", "_high"))
        cells.append(f"{value} [{low}, {high}]")
    return cells


if __name__ == "__main__":
    main()
