"""Find recipes by name or path, read them with their bases, and write them."""

import os
import re
from pathlib import Path
from typing import Any

import yaml

from crossmodal.errors import RecipeError
from crossmodal.files import replace_atomically
from crossmodal.recipe.changing import merge
from crossmodal.spelling import suggestion

_PACKAGE = Path(__file__).resolve().parent.parent
_SUFFIXES = (".yaml", ".yml")


# Raised for values that YAML allows and Python refuses: integers of more than 4,300 digits, very deep nesting.
_BEYOND_PYTHON = (ValueError, RecursionError)
# Aliases (`*name`) repeat values: a few lines can expand to billions of values.
_MAX_VALUES, _MAX_NESTED = 100_000, 50


class _Loader(yaml.SafeLoader):
    """A YAML loader that reads ``1e-3`` as a number and refuses duplicate keys."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$"),
    list("-+.0123456789"),
)


def _construct_mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(
                "while reading a mapping", node.start_mark, f"duplicate key {key!r}", key_node.start_mark
            )
        seen.add(key)
    return dict(loader.construct_pairs(node, deep=True))


def _construct_date(loader: _Loader, node: yaml.ScalarNode) -> str:
    # Keep dates as text: recipes are plain dicts that JSON can represent.
    return str(loader.construct_scalar(node))


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct_mapping)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _construct_date)


def parse_value(text: str) -> Any:
    """Parse one value as YAML: ``1e-3``, ``true``, ``[1, 2]``, ``null``; any other text is returned unchanged."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  (_Loader is a SafeLoader)
    except (yaml.YAMLError, *_BEYOND_PYTHON):
        return text


def folder() -> Path:
    """Return the folder of the recipes: beside the package in a source tree, inside an installed package."""
    inside = _PACKAGE / "_recipes"
    return inside if inside.is_dir() else _PACKAGE.parent / "recipes"


def names() -> list[str]:
    """Return the sorted names of all recipes of the package, such as ``greatest_hits/published``."""
    root = folder()
    return sorted(path.relative_to(root).with_suffix("").as_posix() for path in root.glob("**/*.yaml"))


def find(name: str | os.PathLike[str]) -> Path:
    """Return the file of a recipe, given by its name in the package or by a path.

    Raises:
        RecipeError: there is no such recipe; suggests the nearest name.
    """
    text = os.fspath(name)
    path = Path(text)
    if path.suffix in _SUFFIXES and path.is_file():
        return path
    inside = folder() / f"{text.removesuffix('.yaml')}.yaml"
    if text in names() or text.removesuffix(".yaml") in names():
        return inside
    kind = "no such file" if path.suffix in _SUFFIXES else "no recipe of this name"
    guess = suggestion(text, names())
    raise RecipeError(f"{text}: {kind}{guess} (see `crossmodal recipes`; a path must end in .yaml)")


def read(name: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a recipe by name or path, merged over the recipe that its ``base`` names, if any.

    Raises:
        RecipeError: there is no such recipe, it is not YAML (states file, line and column), it is not a mapping, or
            its bases form a cycle.
    """
    return _read(find(name), ())


def _read(path: Path, below: tuple[Path, ...]) -> dict[str, Any]:
    resolved = path.resolve()
    if resolved in below:
        cycle = " -> ".join(p.name for p in (*below, resolved))
        raise RecipeError(f"{path}: base: the recipes form a cycle: {cycle}; remove one `base`")
    recipe = _parse(path)
    base = recipe.pop("base", None)
    if base is None:
        return recipe
    if not isinstance(base, str):
        raise RecipeError(f"{path}: base: the name or path of a recipe was expected, found {base!r}")
    beside = path.parent / base
    try:
        lower = beside if beside.suffix in _SUFFIXES and beside.is_file() else find(base)
    except RecipeError as error:
        raise RecipeError(f"{path}: base: {error}") from None
    under = _read(lower, (*below, resolved))
    # `about` is not inherited: a changed recipe has other costs and another result.
    under.pop("about", None)
    return merge(under, recipe)


def _parse(path: Path) -> dict[str, Any]:
    try:
        recipe = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  (a SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise RecipeError(f"{path}{where}: not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: not valid YAML: {error}") from error
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read: {error.strerror}") from error
    except _BEYOND_PYTHON as error:
        raise RecipeError(f"{path}: a number has more than 4,300 digits, or values are nested too deeply") from error
    _check_size(recipe, path)
    if not isinstance(recipe, dict) or not all(isinstance(key, str) for key in recipe):
        raise RecipeError(f"{path}: a recipe is a mapping of section names, found {type(recipe).__name__}")
    return recipe


def _check_size(recipe: Any, path: Path) -> None:
    pending, count = [iter([recipe])], 0
    while pending:
        value = next(pending[-1], pending)
        if value is pending:
            pending.pop()
            continue
        count += 1
        if count > _MAX_VALUES or len(pending) > _MAX_NESTED:
            raise RecipeError(
                f"{path}: more than {_MAX_VALUES:,} values, or more than {_MAX_NESTED} levels of nesting; "
                "remove aliases (*name) that repeat large values"
            )
        if isinstance(value, dict):
            pending.append(iter(value.values()))
        elif isinstance(value, list):
            pending.append(iter(value))


def to_yaml(recipe: dict[str, Any]) -> str:
    """Return a recipe as YAML text, with its keys in order."""
    return yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True, width=100)


def write(recipe: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """Write a recipe as YAML, atomically.

    Raises:
        OutputError: the file cannot be written.
    """
    with replace_atomically(path) as temporary:
        temporary.write_text(to_yaml(recipe), encoding="utf-8")
