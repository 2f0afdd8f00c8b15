"""Names in docstrings and pages: recipes, weights, commands and Python names are those that there are."""

import ast
import re
from collections.abc import Callable
from functools import cache
from importlib import import_module
from itertools import chain
from pathlib import Path

from crossmodal import recipe as recipes
from crossmodal.cli.entry import COMMANDS
from crossmodal.weights import shipped_names

TREE = Path(__file__).resolve().parents[1]
SOURCES = sorted((TREE / "crossmodal").rglob("*.py"))
PAGES = [
    TREE / "README.md",
    TREE / "CONTRIBUTING.md",
    TREE / "Makefile",
    *chain.from_iterable(sorted((TREE / folder).rglob("*.md")) for folder in ("docs", "datasets")),
    *chain.from_iterable(sorted((TREE / folder).rglob("*.yaml")) for folder in ("recipes", "datasets")),
]
KNOWN = frozenset({*recipes.names(), *shipped_names()})
STEMS = frozenset(name.partition("/")[0] for name in KNOWN)
# Weights of the folder `noise` have three parts; two are the name of a stream of random numbers.
SLASHED = re.compile(r"(?<![\w/.<-])([a-z]\w*)((?:/[a-z]\w*)+)(?![\w/.*<-])")
DOTTED = re.compile(r"\bcrossmodal(?:\.[A-Za-z_]\w*)+")
COMMAND = re.compile(r"`crossmodal ([a-z][\w-]*)")


def docstrings(path: Path) -> str:
    """All docstrings of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef))
    return "\n".join(ast.get_docstring(node) or "" for node in documented)


def wrong_names(text: str) -> list[str]:
    """What looks like a recipe or like weights that ship, and is neither, nor a path of the tree."""
    found = [match.group(0) for match in SLASHED.finditer(text) if match.group(1) in STEMS]
    found = [name for name in found if not (name.startswith("noise/") and name.count("/") == 1)]
    return [name for name in found if name not in KNOWN and not (TREE / name).exists()]


def there_is(dotted: str) -> bool:
    """Whether a module, an attribute of one, or a field of a class has this name."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for name in parts[count:]:
            if name in getattr(found, "__dataclass_fields__", {}):
                return True
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False


def found_by(look: Callable[[Path], list[str]]) -> dict[str, list[str]]:
    found = {path.relative_to(TREE).as_posix(): look(path) for path in (*SOURCES, *PAGES)}
    return {path: names for path, names in found.items() if names}


def test_recipes_and_weights_that_are_named_exist() -> None:
    assert not found_by(
        lambda path: wrong_names(docstrings(path) if path.suffix == ".py" else path.read_text(encoding="utf-8"))
    )


def test_commands_that_are_named_exist() -> None:
    assert not found_by(
        lambda path: [name for name in COMMAND.findall(path.read_text(encoding="utf-8")) if name not in COMMANDS]
    )


def test_modules_and_functions_that_are_named_exist() -> None:
    exists = cache(there_is)
    assert not found_by(
        lambda path: [name for name in DOTTED.findall(path.read_text(encoding="utf-8")) if not exists(name)]
    )


def test_what_is_looked_for_is_found() -> None:
    text = "`greatest_hits/paper`, `greatest_hits/published`, noise/programs/alexnet, noise/programs/resnet18, noise/a"
    assert wrong_names(text) == ["greatest_hits/paper", "noise/programs/alexnet"]
    assert there_is("crossmodal.noise.create")
    assert there_is("crossmodal.gait.Stance.heel_strike_s")
    assert not there_is("crossmodal.tactile.reed")
