"""``crossmodal recipes``."""

import argparse

from crossmodal.cli.arguments import Parser, add_json, show_result, table

EXAMPLES = """\
  crossmodal recipes
  crossmodal recipes --json -
"""


def add_arguments(parser: Parser) -> None:
    """Declare the words of the command."""
    add_json(parser)


def run(words: argparse.Namespace) -> int:
    """List name, status, cost and purpose of every recipe."""
    from crossmodal import recipe as recipes

    listed = []
    for name in recipes.names():
        about = recipes.read(name).get("about") or {}
        listed.append({"name": name, **{key: str(about.get(key, "")) for key in ("status", "cost", "trains")}})
    rows = [tuple(" ".join(entry[key].split()) for key in ("name", "status", "cost", "trains")) for entry in listed]
    show_result(listed, table([("recipe", "status", "cost", "trains"), *rows]), words.json)
    return 0
