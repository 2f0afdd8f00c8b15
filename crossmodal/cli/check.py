"""``crossmodal check``."""

import argparse

from crossmodal.cli.arguments import Parser, add_recipe_keys
from crossmodal.errors import RecipeError

EXAMPLES = """\
  crossmodal check                              all recipes of the package
  crossmodal check mine.yaml
  crossmodal check greatest_hits/convolution --trainer.max_steps 100
"""


def add_arguments(parser: Parser) -> None:
    """Add the arguments of the command."""
    add_recipe_keys(parser)
    parser.add_argument(
        "recipes",
        metavar="RECIPE",
        nargs="*",
        help="name of a recipe, or path of a .yaml file (default: all recipes of the package)",
    )


def run(args: argparse.Namespace) -> int:
    """Check recipes against the constructors that they name, and build these; read no data and write nothing.

    Raises:
        RecipeError: there are mistakes; lists the mistakes of all recipes.
    """
    from crossmodal import recipe as recipes
    from crossmodal.run import rehearse

    found = []
    for name in args.recipes or recipes.names():
        try:
            rehearse(recipes.override(recipes.read(name), args.changes), name)
        except RecipeError as error:
            found.append(str(error))
        else:
            print(f"{name}: ok", flush=True)
    if found:
        raise RecipeError("\n".join(found))
    return 0
