"""``crossmodal show``."""

import argparse

from crossmodal.cli.arguments import Parser, add_json, show_result

EXAMPLES = """\
  crossmodal show greatest_hits/convolution
  crossmodal show greatest_hits/convolution --task.learning_rate 1e-4
  crossmodal show greatest_hits/published --against greatest_hits/convolution
"""


def add_arguments(parser: Parser) -> None:
    """Add the arguments of the command."""
    parser.takes_recipe_keys = True
    parser.add_argument("recipe", metavar="RECIPE", help="name of a recipe, or path of a .yaml file")
    parser.add_argument("--against", metavar="RECIPE", help="print the differences from this recipe instead")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print a recipe with its bases and overrides resolved, or its differences from another recipe."""
    from crossmodal import recipe as recipes

    recipe = recipes.override(recipes.read(args.recipe), args.changes)
    if args.against is None:
        show_result(recipe, recipes.to_yaml(recipe).rstrip(), args.json)
        return 0
    lines = recipes.difference(recipes.read(args.against), recipe)
    show_result(lines, "\n".join(lines) or "no difference", args.json)
    return 0
