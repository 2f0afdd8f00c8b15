"""Measure gait analysis on walks with an exact truth: errors of every method in every condition, and CPU time.

python benchmarks/gait.py --walks 16 --real FOLDER --markdown docs/feel.md

It prints three tables: events and positions of walks on mats, parameters of walks of one person, events and times of
insoles. Walks are simulated; with ``--real`` real stances are replayed as walks too (FOLDER has emed, footscan, F-Scan,
XSENSOR, Zebris and gaitpdb recordings). Conditions have different walkers. Intervals are of a bootstrap over walks.
With ``--markdown`` the tables replace the text between ``<!-- results: begin -->`` and ``<!-- results: end -->``.
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
    """A column: its heading, the keys of its figures, their decimals, and a factor on the figures."""

    heading: str
    keys: tuple[str, ...]
    decimals: int = 1
    factor: float = 1.0


class Measured(NamedTuple):
    """Scores and errors of parameters of walks, by one method."""

    scores: list[WalkScore]
    errors: list[dict[str, float]]


_EVENTS = tuple(
    column
    for heading, event in (("heel strike", "heel_strike"), ("toe off", "toe_off"))
    for column in (
        Column(f"{heading} F1 ±20 ms", (f"{event}_f1_20ms",), 3),
        Column("±50 ms", (f"{event}_f1_50ms",), 3),
        Column("bias (ms)", (f"{event}_bias_ms",)),
    )
)
_POSITIONS = (
    Column("side", ("side_accuracy",), 3),
    Column("walker", ("walker_accuracy",), 3),
    Column("heel (mm)", ("heel_mm",)),
    Column("axis (°)", ("axis_deg",)),
)


def _error(heading: str, name: str, decimals: int = 1, factor: float = 1.0) -> Column:
    return Column(heading, (f"{name}_mae", f"{name}_bias"), decimals, factor)


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
    """Measure, print the tables, and write them into a page."""
    args = _parse()
    methods: list[Method] = args.methods
    mats = [*SIMULATED, *(list_semi_real(args.real) if args.real else [])]
    measured, spent_s = _measure([*mats, *INSOLES], methods, args.walks, args.seed)
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
    one_walker = {name: rows for name, rows in on_mats.items() if all(row.errors for row in rows.values())}
    insoles = {name: rows for name, rows in measured.items() if name.startswith("insoles")}
    walked = args.walks * len(mats)
    per_walk = ", ".join(f"{method} {seconds / walked:.2f}" for method, seconds in spent_s.items())
    made = describe_origin()
    lines = [
        *_table(on_mats, (*_EVENTS, *_POSITIONS), args.seed),
        "",
        "Parameters: mean absolute error of a walk's means; bias.",
        "",
        *_table(one_walker, _PARAMETERS, args.seed),
        "",
        "Insoles: a pair with unequal gains and a residual load in the swing.",
        "",
        *_table(insoles, (*_EVENTS, *_TIMES), args.seed),
        "",
        f"{args.walks} walks of each kind, simulated ones of {SECONDS:g} s on {MAT.rows} x {MAT.columns} cells of"
        " 5 mm (to and fro: of 20 s on 400 x 100 cells); heel and axis are medians. In brackets: 95 % of 1000"
        f" resamples over walks, left out where all are equal. CPU seconds per walk on a mat: {per_walk}."
        f" {made['date']},"
        f" commit {made['commit']}."
        + ("" if args.real else " Semi-real walks were skipped: no folder of real recordings was given (--real)."),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if args.markdown:
        put(args.markdown, text)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--walks", type=int, default=16, help="walks of each condition (default 16)")
    parser.add_argument("--seed", type=int, default=0, help="seed of walkers, walks and resamples (default 0)")
    parser.add_argument(
        "--methods", nargs="+", choices=METHODS, default=_METHODS, help="methods to measure (default: all)"
    )
    parser.add_argument("--real", type=Path, help="folder of real recordings, for the semi-real walks")
    parser.add_argument("--markdown", type=Path, help="page into which the tables are written")
    return parser.parse_args()


def _measure(
    conditions: Sequence[Condition], methods: Sequence[Method], walks: int, seed: int
) -> tuple[dict[str, dict[Method, Measured]], dict[Method, float]]:
    """Measure every method in every condition; return the scores by condition and the CPU seconds by method on mats."""
    spent_s = dict.fromkeys(methods, 0.0)
    reader = load_reader() if "learned" in methods else None
    measured: dict[str, dict[Method, Measured]] = {}
    for condition in conditions:
        # On insoles the learned method is the classical one.
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
                if condition.one_walker:
                    rows[method].errors.append(score_parameters(analysis, truth))
        print(f"{condition.name}: measured", flush=True)
    return measured, spent_s


def _table(measured: Mapping[str, Mapping[Method, Measured]], columns: Sequence[Column], seed: int) -> list[str]:
    lines = [f"| walk | method | {' | '.join(one.heading for one in columns)} |", f"|---|---|{'---|' * len(columns)}"]
    for name, rows in measured.items():
        for method, row in rows.items():
            figures = summarise_walks(row.scores, seed=seed)
            figures |= summarise_parameters(row.errors, seed=seed) if row.errors else {}
            lines.append(f"| {name} | {method} | {' | '.join(_cell(figures, one) for one in columns)} |")
    return lines


def _cell(figures: Mapping[str, float], column: Column) -> str:
    texts = []
    for key in column.keys:
        value, low, high = (
            f"{column.factor * figures[key + end]:.{column.decimals}f}" for end in ("", "_low", "_high")
        )
        texts.append(value if value == low == high else f"{value} [{low}, {high}]")
    return "; ".join(texts)


if __name__ == "__main__":
    main()
