"""Build objects from ``class_path`` and ``init_args``; constructor signatures are the schema."""

import inspect
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from crossmodal.errors import RecipeError
from crossmodal.recipe.naming import misfit, named_object, place_type, without_classes

# What constructors raise for invalid arguments. Any other exception is a bug and keeps its traceback.
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
# Compared by name: recipes do not import Lightning.
_LIGHTNING_REFUSAL = "MisconfigurationException"
_ALLOCATION = re.compile(r"tried to allocate (\d+) bytes")


class Argument(typing.NamedTuple):
    """An argument of a constructor: its type and whether it is required."""

    annotation: Any
    required: bool


def arguments(target: Callable[..., Any], *, skip: int = 0) -> dict[str, Argument]:
    """Return the named arguments of a constructor or function, without the first ``skip``.

    ``*args`` and ``**kwargs`` are left out: arguments without names cannot be checked.
    """
    # Lightning wraps some constructors; inspect unwraps them, get_type_hints needs the wrapped function.
    function = inspect.unwrap(target.__init__ if isinstance(target, type) else target)  # type: ignore[misc]
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError):
        hints = {}
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = [p for p in inspect.signature(target).parameters.values() if p.kind in kinds]
    return {p.name: Argument(hints.get(p.name, Any), p.default is inspect.Parameter.empty) for p in parameters[skip:]}


def is_spec(value: Any) -> bool:
    """Return whether a value is a mapping with a ``class_path``."""
    return isinstance(value, Mapping) and "class_path" in value


def converted(annotation: Any, value: Any) -> Any:
    """Convert a plain value to the type of an argument: a list to a tuple, a string to a Path.

    Raises:
        ValueError: the value has another type; the message is the expected type.
    """
    if value == [] and _takes_a_list(annotation):
        return []  # a list of no classes
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
    """Build the object of a ``class_path`` from its ``init_args``; objects named in these are built first.

    ``path`` is the dotted key, for error messages, by default that of the section. ``annotation`` is the expected type,
    by default that of the section; a class of another type is refused before it is called. ``defaults`` are arguments
    that are used if the constructor has them and the spec does not set them.

    Raises:
        RecipeError: the class may not be named, has another type, or its constructor refuses the arguments.
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
    """Convert exceptions that a constructor raises for invalid arguments to `RecipeError`.

    Raises:
        RecipeError: states the place and the reason.
    """
    try:
        yield
    except Exception as error:
        if not (isinstance(error, _REFUSALS) or type(error).__name__ == _LIGHTNING_REFUSAL):
            raise
        raise RecipeError(f"{where}: {reason(error)}") from error


def reason(error: BaseException) -> str:
    """Return the message of an exception as the end of a sentence."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0].rstrip(".") if lines else type(error).__name__
    asked = _ALLOCATION.search(text)
    if asked:
        return f"needs {int(asked[1]) / 1e9:,.1f} GB of contiguous memory, which this machine does not have"
    return text


def built_arguments(
    target: Callable[..., Any], given: Mapping[str, Any], section: str, *, path: str = "", **defaults: Any
) -> dict[str, Any]:
    """Return the ``init_args`` of a constructor with all specs built and all plain values converted."""
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
