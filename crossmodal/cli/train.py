"""``crossmodal train``."""

import argparse
from pathlib import Path

from crossmodal.cli.arguments import Parser, add_json, add_recipe_keys, figures_table, show_result

EXAMPLES = """\
  crossmodal train greatest_hits/convolution --data.root vis-data-256
  crossmodal train mine.yaml --out runs/second --task.learning_rate 1e-4 --trainer.devices 2
  crossmodal train greatest_hits/convolution --out runs/first --resume      resume where it was stopped
  crossmodal train greatest_hits/convolution --init_from runs/first         start a new run from its weights

Any key of the recipe can be set: --task.learning_rate 1e-4. Ctrl-C finishes the step, saves a checkpoint and exits.
"""


def add_arguments(parser: Parser) -> None:
    """Add the arguments of the command."""
    add_recipe_keys(parser)
    parser.add_argument("recipe", metavar="RECIPE", help="name of a recipe, or path of a .yaml file")
    parser.add_argument("--out", metavar="DIR", type=Path, help="run directory (default: runs/RECIPE)")
    parser.add_argument("--resume", action="store_true", help="resume the run in DIR from its last checkpoint, exactly")
    parser.add_argument(
        "--dry-run", action="store_true", help="check the recipe and build everything; read no data, write nothing"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Train into the run directory and print the results.

    The recipe is read before torch is imported, so mistakes in it are reported at once.
    """
    from crossmodal import recipe as recipes

    recipe = recipes.override(recipes.read(args.recipe), args.changes)
    out = args.out or Path("runs") / Path(args.recipe).with_suffix("").as_posix().strip("/.").replace("/", "-")
    from crossmodal.progress import Progress
    from crossmodal.run import train

    result = train(
        recipe,
        out,
        resume=args.resume,
        dry_run=args.dry_run,
        progress=Progress(label=args.recipe),
        name=args.recipe,
    )
    summary = {
        "directory": str(result.directory),
        "steps": result.steps,
        "parameters": result.parameters,
        "weights": str(result.weights) if result.weights else None,
        "metrics": result.metrics,
    }
    if args.dry_run:
        text = f"{args.recipe}: ok; {result.parameters:,} parameters; would write to {result.directory}"
    else:
        figures = [figures_table(result.metrics)] if result.metrics else []
        text = "\n".join([*figures, f"{result.steps} steps; weights in {result.weights}"])
    show_result(summary, text, args.json)
    return 0
