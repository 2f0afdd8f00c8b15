"""``crossmodal recipes``."""

import argparse
import re
from typing import Any

from crossmodal.cli.arguments import Parser, add_json, show_result, table

EXAMPLES = """\
  crossmodal recipes
  crossmodal recipes --json -
"""
WIDTH = 100
# Widths of the columns after the name; `crossmodal show` prints the full text.
_DATA, _COST, _EXPECTED = 18, 15, 20
_INDENT = "  "


def add_arguments(parser: Parser) -> None:
    """Add the arguments of the command."""
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print two lines per recipe: name, data, cost and expected metric; what it trains."""
    from crossmodal import recipe as recipes

    listed = [{"name": name, **(recipes.read(name).get("about") or {})} for name in recipes.names()]
    rows = [_row(entry) for entry in listed]
    heads, *listed_rows = table([("recipe", "data", "cost", "expected"), *rows]).splitlines()
    lines = [heads, f"{_INDENT}trains"]
    for line, entry in zip(listed_rows, listed, strict=True):
        lines += [line, _INDENT + _elide(_first_sentence(entry.get("trains", "")), WIDTH - len(_INDENT))]
    show_result(listed, "\n".join(lines), args.json)
    return 0


def _row(entry: dict[str, Any]) -> tuple[str, str, str, str]:
    data, cost = (_elide(_head(entry.get(key, "")), width) for key, width in (("data", _DATA), ("cost", _COST)))
    return entry["name"], data, cost, _elide(_expected(entry.get("expected")), _EXPECTED)


def _expected(stated: Any) -> str:
    """Return the first expected metric with its value, or a dash if it was not measured."""
    first = stated[0] if isinstance(stated, list) and stated else stated
    value = first.get("value") if isinstance(first, dict) else None
    return "-" if value is None else f"{value:g} {first['metric']}"


def _head(text: Any) -> str:
    """Return the text before the first semicolon."""
    return " ".join(str(text).partition(";")[0].split())


def _first_sentence(text: Any) -> str:
    return re.split(r"(?<=\.)\s", " ".join(str(text).split()), maxsplit=1)[0]


def _elide(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1].rstrip()}…"
