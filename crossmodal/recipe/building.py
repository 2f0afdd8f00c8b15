"""Turn ``class_path`` and ``init_args`` into the thing they name; constructor signatures are the schema."""

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from crossmodal.errors import RecipeError
from crossmodal.spelling import nearest

# Where a name without dots is looked for, in this order; the first entry of each section goes before the common ones.
HOMES = {
    "data": ("crossmodal.data",),
    "task": ("crossmodal.tasks", "crossmodal.models", "crossmodal.backbones", "crossmodal.objectives"),
    "trainer": ("lightning.pytorch.callbacks", "lightning.pytorch.strategies", "lightning.pytorch.plugins"),
    "evaluations": ("crossmodal.evaluation",),
}


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


def named_object(name: str, section: str) -> Any:
    """Return the class or function of a ``class_path``: dotted, or a short name known in this section.

    Raises:
        RecipeError: no such module or name; says the nearest one.
    """
    if "." in name:
        module_name, _, attribute = name.rpartition(".")
        module = _module(module_name)
        if not hasattr(module, attribute):
            raise RecipeError(f"{module_name} has no {attribute!r}{_guess(attribute, _public(module), module_name)}")
        return getattr(module, attribute)
    known: dict[str, str] = {}
    for home in HOMES.get(section, ()):
        public = _public(_module(home))
        if name in public:
            return getattr(_module(home), name)
        known |= {other: home for other in public if other not in known}
    close = nearest(name, known)
    guess = f"; did you mean {known[close]}.{close}?" if close else ""
    raise RecipeError(f"nothing is called {name!r} in {', '.join(HOMES.get(section, ()))}{guess}")


def _module(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise RecipeError(f"{name} needs the package {error.name!r}, which is not installed") from error
        parent, _, last = name.rpartition(".")
        known = _public(_module(parent)) if parent else []
        raise RecipeError(f"there is no module {name!r}{_guess(last, known, parent)}") from None


def _public(module: ModuleType) -> list[str]:
    return list(getattr(module, "__all__", None) or [n for n in vars(module) if not n.startswith("_")])


def _guess(word: str, known: Iterable[str], prefix: str) -> str:
    close = nearest(word, known)
    return f"; did you mean {prefix}.{close}?" if close else ""


def is_spec(value: Any) -> bool:
    """Tell whether a value names something to build."""
    return isinstance(value, Mapping) and "class_path" in value


def converted(annotation: Any, value: Any) -> Any:
    """Return a plain value as the type that an argument asks for: a list as a tuple, a string as a Path.

    Raises:
        ValueError: the value is of another type; the text says what was expected.
    """
    if annotation is Any:
        return value
    import jsonargparse

    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    try:
        parser.add_argument("--value", type=annotation)
        return parser.parse_object({"value": value}).value
    except jsonargparse.ArgumentError as error:
        raise ValueError(_expectation(annotation)) from error
    except (ValueError, TypeError):
        return value  # a type that jsonargparse cannot read: the constructor itself has the last word


def _expectation(annotation: Any) -> str:
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return annotation.__name__
    return str(annotation).replace("typing.", "").replace("collections.abc.", "").replace("pathlib.", "")


def build(spec: Mapping[str, Any], section: str, **defaults: Any) -> Any:
    """Build what a ``class_path`` names from its ``init_args``, whatever is named inside of them first.

    ``defaults`` are arguments that are used where the constructor has them and the spec does not give them.

    Raises:
        RecipeError: the constructor refuses its arguments.
    """
    target = named_object(spec["class_path"], section)
    options = built_arguments(target, spec.get("init_args") or {}, section, **defaults)
    try:
        return target(**options)
    except ValueError as error:  # what the types allow and the constructor does not
        raise RecipeError(f"{section}: {spec['class_path']}: {error}") from error


def built_arguments(
    target: Callable[..., Any], given: Mapping[str, Any], section: str, **defaults: Any
) -> dict[str, Any]:
    """Return the ``init_args`` of a constructor with everything they name built and every value converted."""
    known = arguments(target)
    built = {
        name: _built(known[name].annotation if name in known else Any, value, section) for name, value in given.items()
    }
    return {name: value for name, value in defaults.items() if name in known} | built


def _built(annotation: Any, value: Any, section: str) -> Any:
    if is_spec(value):
        return build(value, section)
    if isinstance(value, list) and any(is_spec(entry) for entry in value):
        return [_built(Any, entry, section) for entry in value]
    return converted(annotation, value)
