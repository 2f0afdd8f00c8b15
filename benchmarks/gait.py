"""Measure gait on walks whose truth is exact: every method under every condition, with speed.

python benchmarks/gait.py --walks 16 --real FOLDER --markdown docs/feel.md

Three tables: events and places of walks on mats, parameters of the walks of one person, events and times of insoles.
Walks are simulated; with ``--real`` real stances are laid out as walks as well (FOLDER holds emed, footscan, F-Scan,
XSENSOR, Zebris and gaitpdb recordings). Walkers of one condition are not those of another. Intervals are of a bootstrap
over walks. With ``--markdown`` the tables replace what stands between ``<!-- results: begin -->`` and ``<!-- results:
end -->``.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gait_conditions import INSOLES, MAT, SECONDS, SIMULATED, Condition, list_semi_real
from page import put

from crossmodal.evaluation.gait.events import WalkScore, score_insoles, score_walk, summarise_walks
from crossmodal.evaluation.gait.parameters import score_parameters, summarise_parameters
from crossmodal.gait import analyse
from crossmodal.gait.analysis import METHODS, Method
from crossmodal.gait.learned import load_reader
from crossmodal.provenance import describe_origin

_METHODS: tuple[Method, ...] = ("learned", "classical", "threshold-20", "threshold-50")


class Column(NamedTuple):
    """A column: its head, the keys of its figures, decimal places, and a factor on the figures."""

    head: str
    keys: tuple[str, ...]
    places: int = 1
    factor: float = 1.0


class Measured(NamedTuple):
    """Walks measured by one method."""

    scores: list[WalkScore]
    errors: list[dict[str, float]]


_EVENTS = tuple(
    column
    for head, event in (("heel strike", "heel_strike"), ("toe off", "toe_off"))
    for column in (
        Column(f"{head} F1 ±20 ms", (f"{event}_f1_20ms",), 3),
        Column("±50 ms", (f"{event}_f1_50ms",), 3),
        Column("bias (ms)", (f"{event}_bias_ms",)),
    )
)
_PLACES = (
    Column("side", ("side_accuracy",), 3),
    Column("walker", ("walker_accuracy",), 3),
    Column("heel (mm)", ("heel_mm",)),
    Column("axis (°)", ("axis_deg",)),
)


def _error(head: str, name: str, places: int = 1, factor: float = 1.0) -> Column:
    return Column(head, (f"{name}_mae", f"{name}_bias"), places, factor)


_TIMES = (
    _error("double support (points)", "double_support", 2),
    _error("stance (points)", "stance", 2),
    _error("step time (ms)", "step_time", factor=1000.0),
)
_PARAMETERS = (
    _error("step length (mm)", "step_length"),
    _error("step width (mm)", "step_width"),
    _error("foot angle (°)", "foot_progression_angle", 2),
    *_TIMES,
)


def main() -> None:
    """Measure, print the tables, and write them where asked."""
    words = _parse()
    methods: list[Method] = words.methods
    mats = [*SIMULATED, *(list_semi_real(words.real) if words.real else [])]
    measured, spent_s = _measure([*mats, *INSOLES], methods, words.walks, words.seed)
    semi_real = [name for name in measured if name.startswith("semi-real, ") and "random" not in name]
    if semi_real:
        measured["semi-real, all of these"] = {
            method: Measured(
                [score for name in semi_real for score in measured[name][method].scores],
                [errors for name in semi_real for errors in measured[name][method].errors],
            )
            for method in measured[semi_real[0]]
        }
    on_mats = {name: rows for name, rows in measured.items() if not name.startswith("insoles")}
    told = {name: rows for name, rows in on_mats.items() if all(row.errors for row in rows.values())}
    insoles = {name: rows for name, rows in measured.items() if name.startswith("insoles")}
    walked = words.walks * len(mats)
    per_walk = ", ".join(f"{method} {seconds / walked:.2f}" for method, seconds in spent_s.items())
    made = describe_origin()
    lines = [
        *_table(on_mats, (*_EVENTS, *_PLACES), words.seed),
        "",
        "Parameters: mean absolute error of a walk's means; bias.",
        "",
        *_table(told, _PARAMETERS, words.seed),
        "",
        "Insoles: a pair, gains unequal, loaded in the swing as well.",
        "",
        *_table(insoles, (*_EVENTS, *_TIMES), words.seed),
        "",
        f"{words.walks} walks for each kind, simulated ones of {SECONDS:g} s on {MAT.rows} x {MAT.columns} cells of"
        " 5 mm (to and fro: of 20 s on 400 x 100 cells); heel and axis are medians. In brackets: 95 % of 1000"
        f" resamples over walks, left out where all are alike. CPU seconds a walk on a mat: {per_walk}. {made['date']},"
        f" commit {made['commit']}."
        + ("" if words.real else " Semi-real walks were skipped: no folder of real recordings was given (--real)."),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if words.markdown:
        put(words.markdown, text)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--walks", type=int, default=16, help="of each condition (default 16)")
    parser.add_argument("--seed", type=int, default=0, help="of walkers, walks and resamples (default 0)")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=_METHODS, help="default: all")
    parser.add_argument("--real", type=Path, help="folder of real recordings, for the semi-real walks")
    parser.add_argument("--markdown", type=Path, help="the page to put the tables into")
    return parser.parse_args()


def _measure(
    conditions: Sequence[Condition], methods: Sequence[Method], walks: int, seed: int
) -> tuple[dict[str, dict[Method, Measured]], dict[Method, float]]:
    """Measure every method on every condition, by name, and the CPU seconds of each method on mats."""
    spent_s = dict.fromkeys(methods, 0.0)
    reader = load_reader() if "learned" in methods else None
    measured: dict[str, dict[Method, Measured]] = {}
    for condition in conditions:
        # The network reads mats; insoles would be read by the classical method a second time.
        fitting = [method for method in methods if method != "learned" or condition not in INSOLES]
        rows = measured[condition.name] = {method: Measured([], []) for method in fitting}
        for index in range(walks):
            recordings, truth = condition.make(seed, index)
            for method in fitting:
                began = time.process_time()
                analysis = analyse(recordings, method, reader=reader if method == "learned" else None)
                spent_s[method] += (time.process_time() - began) * (condition not in INSOLES)
                score = score_insoles if analysis.kind == "insoles" else score_walk
                rows[method].scores.append(score(analysis.stances, truth))
                if condition.told:
                    rows[method].errors.append(score_parameters(analysis, truth))
        print(f"{condition.name}: measured", flush=True)
    return measured, spent_s


def _table(measured: Mapping[str, Mapping[Method, Measured]], columns: Sequence[Column], seed: int) -> list[str]:
    lines = [f"| walk | method | {' | '.join(one.head for one in columns)} |", f"|---|---|{'---|' * len(columns)}"]
    for name, rows in measured.items():
        for method, row in rows.items():
            figures = summarise_walks(row.scores, seed=seed)
            figures |= summarise_parameters(row.errors, seed=seed) if row.errors else {}
            lines.append(f"| {name} | {method} | {' | '.join(_cell(figures, one) for one in columns)} |")
    return lines


def _cell(figures: Mapping[str, float], column: Column) -> str:
    texts = []
    for key in column.keys:
        value, low, high = (f"{column.factor * figures[key + end]:.{column.places}f}" for end in ("", "_low", "_high"))
        texts.append(value if value == low == high else f"{value} [{low}, {high}]")
    return "; ".join(texts)


if __name__ == "__main__":
    main()
