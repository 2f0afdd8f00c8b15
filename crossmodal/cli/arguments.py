"""Command-line arguments: parsing without abbreviations, suggestions for misspelled options, output of results."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from crossmodal.errors import UsageError
from crossmodal.files import replace_atomically
from crossmodal.spelling import suggestion

# The keys of a recipe without a dot.
_PLAIN_KEYS = ("seed", "init_from", "checkpoint_every_n_steps")


class Parser(argparse.ArgumentParser):
    """An argument parser that raises `UsageError` and can accept keys of recipes, or any unknown option."""

    def __init__(self, *, prog: str, description: str = "", examples: str = "") -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=f"examples:\n{examples.rstrip()}" if examples else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self.takes_recipe_keys = False
        self.takes_any_option = False

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` instead of exiting."""
        raise UsageError(f"{message} (see `{self.prog} --help`)")

    def parse(self, args: Sequence[str]) -> argparse.Namespace:
        """Parse the arguments; keys of recipes and unknown options, where accepted, are collected in ``changes``.

        Raises:
            UsageError: an argument is unknown, missing or of the wrong type.
        """
        found, rest = self.parse_known_args(args)
        changes: dict[str, Any] = {}
        remaining = iter(rest)
        for argument in remaining:
            key, has_value, value = argument.removeprefix("--").partition("=")
            if not (argument.startswith("--") and self._takes(key)):
                self.error(self._unknown(argument))
            if not has_value:
                given = next(remaining, None)
                if given is None:
                    self.error(f"--{key} needs a value, as in --{key} VALUE")
                value = given
            from crossmodal.recipe import parse_value

            changes[key] = parse_value(value)
        found.changes = changes
        for package in getattr(found, "trust", ()):
            from crossmodal.recipe import trust

            trust(package)
        return found

    def _takes(self, key: str) -> bool:
        return self.takes_any_option or (self.takes_recipe_keys and ("." in key or key in _PLAIN_KEYS))

    def _unknown(self, argument: str) -> str:
        if not argument.startswith("-"):
            return f"unexpected argument: {argument!r}"
        known = [option for action in self._actions for option in action.option_strings]
        return f"unknown option {argument}{suggestion(argument.partition('=')[0], known)}"


def add_recipe_keys(parser: Parser) -> None:
    """Let a command accept any key of a recipe, and add the option ``--trust``."""
    parser.takes_recipe_keys = True
    parser.add_argument(
        "--trust",
        metavar="PACKAGE",
        action="append",
        default=[],
        help="allow the recipe to name classes of PACKAGE and run its code; may be repeated",
    )


def add_json(parser: Parser) -> None:
    """Add the option that writes the result as JSON."""
    parser.add_argument("--json", metavar="FILE", help="write the result as JSON; - writes it to standard output")


def show_result(content: Any, text: str, json_out: str | None) -> None:
    """Print the result as text, and write it as JSON to ``json_out`` if given; ``-`` prints JSON instead of text."""
    from crossmodal.json_text import as_json, write_json

    if json_out == "-":
        print(as_json(content))
        return
    if json_out is not None:
        write_json(json_out, content)
    print(text)


def check_writable(path: Path) -> None:
    """Check before long work that an output file can be written; ``path`` is unchanged.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        with replace_atomically(path):
            raise _DiscardedError
    except _DiscardedError:
        pass


class _DiscardedError(Exception):
    pass


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of text aligned in columns."""
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(len(rows[0]) if rows else 0)]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def figures_table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a table of the figures of evaluations, with their intervals (the keys ``<figure>_low`` and ``_high``)."""
    rows = [("evaluation", "figure", "value", "95 % interval")]
    for name, figures in results.items():
        for key, value in figures.items():
            if key.removesuffix("_low").removesuffix("_high") in figures and key.endswith(("_low", "_high")):
                continue
            bounds = [figures[key + end] for end in ("_low", "_high") if key + end in figures]
            rows.append((name, key, _figure(value), " to ".join(map(_figure, bounds))))
    return table(rows)


def _figure(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
