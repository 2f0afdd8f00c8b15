"""Turn ``class_path`` and ``init_args`` into the thing they name; constructor signatures are the schema."""

import inspect
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from crossmodal.errors import RecipeError
from crossmodal.recipe.naming import misfit, named_object, place_type, without_classes

# What constructors raise for arguments that make no sense. Anything else is a fault of the code, with its traceback.
_REFUSALS = (
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    RuntimeError,
    MemoryError,
    ImportError,
    AssertionError,
)
# By its name: recipes do not import Lightning.
_LIGHTNINGS_OWN = "MisconfigurationException"
_ALLOCATION = re.compile(r"tried to allocate (\d+) bytes")


class Argument(typing.NamedTuple):
    """One argument of a constructor: its type and whether it must be given."""

    annotation: Any
    required: bool


def arguments(target: Callable[..., Any], *, skip: int = 0) -> dict[str, Argument]:
    """Return the named arguments of a constructor or function, leaving out the first ``skip``.

    ``*args`` and ``**kwargs`` are not arguments: what has no name cannot be checked.
    """
    # Lightning wraps some constructors; inspect looks through the wrapper, get_type_hints needs the function below.
    function = inspect.unwrap(target.__init__ if isinstance(target, type) else target)  # type: ignore[misc]
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError):
        hints = {}
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = [p for p in inspect.signature(target).parameters.values() if p.kind in kinds]
    return {p.name: Argument(hints.get(p.name, Any), p.default is inspect.Parameter.empty) for p in parameters[skip:]}


def is_spec(value: Any) -> bool:
    """Return whether a value names something to build."""
    return isinstance(value, Mapping) and "class_path" in value


def converted(annotation: Any, value: Any) -> Any:
    """Return a plain value as the type that an argument asks for: a list as a tuple, a string as a Path.

    Raises:
        ValueError: the value is of another type; the text says what was expected.
    """
    if value == [] and _takes_a_list(annotation):
        return []  # of no classes, which has nothing to build
    plain = without_classes(annotation)
    if plain is None:
        raise ValueError(f"a class_path of {_expectation(annotation)}")
    if plain is Any:
        return value
    import jsonargparse

    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--value", type=plain)
    try:
        return parser.parse_object({"value": value}).value
    except jsonargparse.ArgumentError as error:
        raise ValueError(_expectation(annotation)) from error


def _takes_a_list(annotation: Any) -> bool:
    return any(typing.get_origin(part) is list for part in (annotation, *typing.get_args(annotation)))


def _expectation(annotation: Any) -> str:
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return annotation.__name__
    return str(annotation).replace("typing.", "").replace("collections.abc.", "").replace("pathlib.", "")


def build(spec: Mapping[str, Any], section: str, *, path: str = "", annotation: Any = None, **defaults: Any) -> Any:
    """Build what a ``class_path`` names from its ``init_args``, whatever is named inside of them first.

    ``path`` is the dotted key of the place, by default that of the section; it stands in errors. ``annotation`` is the
    type of the place, by default that of the section's head; a class of another kind is refused before it is called.
    ``defaults`` are arguments that are used where the constructor has them and the spec does not give them.

    Raises:
        RecipeError: a class that may not be named or is of another kind, or a constructor that refuses its arguments.
    """
    name, path = spec["class_path"], path or section
    target = named_object(name, section)
    wrong = misfit(target, name, place_type(section) if annotation is None else annotation)
    if wrong:
        raise RecipeError(f"{path}: {wrong}")
    options = built_arguments(target, spec.get("init_args") or {}, section, path=f"{path}.init_args", **defaults)
    with refusals_of(f"{path}: {name}"):
        return target(**options)


@contextmanager
def refusals_of(where: str) -> Iterator[None]:
    """Turn what a constructor raises for arguments that its types allow into a mistake of the recipe.

    Raises:
        RecipeError: says where and why.
    """
    try:
        yield
    except Exception as error:
        if not (isinstance(error, _REFUSALS) or type(error).__name__ == _LIGHTNINGS_OWN):
            raise
        raise RecipeError(f"{where}: {reason(error)}") from error


def reason(error: BaseException) -> str:
    """Return what an exception says, as the end of a sentence."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0].rstrip(".") if lines else type(error).__name__
    asked = _ALLOCATION.search(text)
    if asked:
        return f"needs {int(asked[1]) / 1e9:,.1f} GB of memory in one piece, which this machine does not have"
    return text


def built_arguments(
    target: Callable[..., Any], given: Mapping[str, Any], section: str, *, path: str = "", **defaults: Any
) -> dict[str, Any]:
    """Return the ``init_args`` of a constructor with everything they name built and every value converted."""
    known, path = arguments(target), path or section
    built = {
        name: _built(known[name].annotation if name in known else Any, value, section, f"{path}.{name}")
        for name, value in given.items()
    }
    return {name: value for name, value in defaults.items() if name in known} | built


def _built(annotation: Any, value: Any, section: str, path: str) -> Any:
    if is_spec(value):
        return build(value, section, path=path, annotation=annotation)
    if isinstance(value, list) and any(is_spec(entry) for entry in value):
        return [_built(annotation, entry, section, f"{path}.{i}") for i, entry in enumerate(value)]
    return converted(annotation, value)
