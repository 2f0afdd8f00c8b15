"""Command-line arguments: no abbreviations, and a misspelled option is answered with the nearest one."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from crossmodal.errors import UsageError
from crossmodal.files import replace_atomically
from crossmodal.spelling import suggestion

# Keys of a recipe that stand alone; all others have a dot.
_PLAIN_KEYS = ("seed", "init_from", "checkpoint_every_n_steps")


class Parser(argparse.ArgumentParser):
    """An argument parser that raises `UsageError` and can take keys of recipes, or options that it does not know."""

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
        """Raise an exception instead of leaving the process."""
        raise UsageError(f"{message} (`{self.prog} --help` says more)")

    def parse(self, args: Sequence[str]) -> argparse.Namespace:
        """Parse the arguments; keys of recipes and unknown options, where they are taken, become ``changes``.

        Raises:
            UsageError: an argument is unknown, missing or of the wrong kind.
        """
        found, rest = self.parse_known_args(args)
        changes: dict[str, Any] = {}
        remaining = iter(rest)
        for word in remaining:
            key, has_value, value = word.removeprefix("--").partition("=")
            if not (word.startswith("--") and self._takes(key)):
                self.error(self._unknown(word))
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

    def _unknown(self, word: str) -> str:
        if not word.startswith("-"):
            return f"unexpected argument: {word!r}"
        known = [option for action in self._actions for option in action.option_strings]
        return f"unknown option {word}{suggestion(word.partition('=')[0], known)}"


def add_recipe_keys(parser: Parser) -> None:
    """Let a command take any key of a recipe, and packages that recipes may name beside the known ones."""
    parser.takes_recipe_keys = True
    parser.add_argument(
        "--trust",
        metavar="PACKAGE",
        action="append",
        default=[],
        help="let the recipe name classes of your own package, too, whose code then runs; may be repeated",
    )


def add_json(parser: Parser) -> None:
    """Add the option that writes the result as JSON."""
    parser.add_argument("--json", metavar="FILE", help="write the result as JSON; - is the standard output")


def show_result(content: Any, text: str, json_out: str | None) -> None:
    """Print the result as text, or write it as JSON where that was asked for."""
    from crossmodal.json_text import as_json, write_json

    if json_out == "-":
        print(as_json(content))
        return
    if json_out is not None:
        write_json(json_out, content)
    print(text)


def make_sure_of(path: Path) -> None:
    """Check before long work whether its output can be written.

    Raises:
        OutputError: it cannot.
    """
    try:
        with replace_atomically(path):
            raise _OnlyTryingError
    except _OnlyTryingError:
        pass


class _OnlyTryingError(Exception):
    pass


def table(rows: Sequence[Sequence[str]]) -> str:
    """Align rows of text in columns."""
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(len(rows[0]) if rows else 0)]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def figures_table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Line up the figures of evaluations, each with its interval (the keys ``<figure>_low`` and ``_high``) if any."""
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
