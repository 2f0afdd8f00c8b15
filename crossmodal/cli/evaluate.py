"""``crossmodal evaluate``."""

import argparse
import json
from pathlib import Path

from crossmodal.cli.arguments import Parser, add_json, add_recipe_keys, figures_table, make_sure_of, show_result, table
from crossmodal.errors import UsageError
from crossmodal.files import replace_atomically

EXAMPLES = """\
  crossmodal evaluate runs/first
  crossmodal evaluate runs/first --data.root vis-data-256 --json metrics.json
  crossmodal evaluate weights --data.root vis-data-256 --json -
  crossmodal evaluate runs/first --baselines --table table.md --json metrics.json
"""


def add_arguments(parser: Parser) -> None:
    """Add the arguments of the command."""
    add_recipe_keys(parser)
    parser.add_argument(
        "source", metavar="RUN_OR_WEIGHTS", help="a finished run, a folder of weights, or a name that ships"
    )
    parser.add_argument(
        "--baselines",
        action="store_true",
        help="beside all baselines of sound from video, fitted on the training videos",
    )
    parser.add_argument(
        "--table", metavar="FILE", type=Path, help="with --baselines: write the table with its intervals as Markdown"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Measure a model, alone or beside the baselines, and print its figures.

    Raises:
        UsageError: a table without baselines.
        OutputError: an output cannot be written; found out before the work begins.
    """
    if args.table is not None and not args.baselines:
        raise UsageError("--table: shows methods side by side; add --baselines")
    for path in (args.table, args.json):
        if path is not None and path != "-":
            make_sure_of(Path(path))
    from crossmodal.progress import Progress
    from crossmodal.run import compare_run, evaluate_run

    progress = Progress(label="evaluate")
    if not args.baselines:
        results = evaluate_run(args.source, args.changes, progress)
        show_result(results, figures_table(results), args.json)
        return 0
    compared = compare_run(args.source, args.changes, progress)
    if args.table is not None:
        with replace_atomically(args.table) as temporary:
            temporary.write_text(compared.markdown(), encoding="utf-8")
    shown = _lined_up(compared.markdown(intervals=False))
    show_result(json.loads(compared.json()), shown, args.json)
    return 0


def _lined_up(markdown: str) -> str:
    """Turn a Markdown table into columns for a terminal; what follows the table is left out."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return table([rows[0], *rows[2:]])
