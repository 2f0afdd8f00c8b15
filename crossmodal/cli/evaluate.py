"""``crossmodal evaluate``."""

import argparse
import json
from pathlib import Path

from crossmodal.cli.arguments import (
    Parser,
    add_json,
    add_recipe_keys,
    check_writable,
    figures_table,
    show_result,
    table,
)
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
        "source", metavar="RUN_OR_WEIGHTS", help="finished run, weights folder, or name of weights that ship"
    )
    parser.add_argument(
        "--baselines",
        action="store_true",
        help="sound from video: also evaluate all baselines, fitted on the training videos",
    )
    parser.add_argument(
        "--table", metavar="FILE", type=Path, help="--baselines: write the table with its intervals as Markdown"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Evaluate a model, alone or with the baselines, and print its figures.

    Raises:
        UsageError: ``--table`` without ``--baselines``.
        OutputError: an output cannot be written; checked before the work begins.
    """
    if args.table is not None and not args.baselines:
        raise UsageError("--table: needs --baselines; add it")
    for path in (args.table, args.json):
        if path is not None and path != "-":
            check_writable(Path(path))
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
    shown = _aligned(compared.markdown(intervals=False))
    show_result(json.loads(compared.json()), shown, args.json)
    return 0


def _aligned(markdown: str) -> str:
    """Return a Markdown table as aligned columns; the text after it is left out."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return table([rows[0], *rows[2:]])
