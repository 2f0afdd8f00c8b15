"""``crossmodal evaluate``."""

import argparse

from crossmodal.cli.words import Parser, add_json, show_result, table

EXAMPLES = """\
  crossmodal evaluate runs/first
  crossmodal evaluate runs/first --data.root vis-data-256 --json metrics.json
  crossmodal evaluate weights --data.root vis-data-256 --json -
"""


def add_arguments(parser: Parser) -> None:
    """Declare the words of the command."""
    parser.takes_recipe_keys = True
    parser.add_argument(
        "source", metavar="RUN_OR_WEIGHTS", help="a finished run, a folder of weights, or a name that ships"
    )
    add_json(parser)


def run(words: argparse.Namespace) -> int:
    """Measure a model and print its figures."""
    from crossmodal.progress import Progress
    from crossmodal.run import evaluate_run

    results = evaluate_run(words.source, words.changes, Progress(label="evaluate"))
    rows = [
        (name, key, f"{value:.4g}" if isinstance(value, float) else str(value))
        for name, figures in results.items()
        for key, value in figures.items()
    ]
    show_result(results, table([("evaluation", "figure", "value"), *rows]), words.json)
    return 0
