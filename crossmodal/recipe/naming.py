"""Names in recipes: classes of known packages, with the base class that their section requires.

Recipes are data that people share. A name is looked up only in the packages below, and the base class of the found
class is checked before any of its code is called.
"""

import inspect
import typing
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from types import ModuleType, NoneType
from typing import Any

from crossmodal.errors import RecipeError
from crossmodal.spelling import suggestion

#: The packages whose classes any recipe may name.
KNOWN_PACKAGES = ("crossmodal", "lightning.pytorch", "torch.optim")
# Packages in which such a class may be defined: lightning.pytorch re-exports classes of lightning.fabric.
_DEFINED_IN = ("crossmodal", "lightning", "torch.optim")
# Modules in which a name without dots is looked up, in this order.
HOMES = {
    "data": ("crossmodal.data",),
    "task": ("crossmodal.tasks", "crossmodal.models", "crossmodal.backbones", "crossmodal.objectives"),
    "trainer": ("lightning.pytorch.callbacks", "lightning.pytorch.strategies", "lightning.pytorch.plugins"),
    "evaluations": ("crossmodal.evaluation",),
}
_BASES = {"data": "lightning.pytorch.LightningDataModule", "task": "lightning.pytorch.LightningModule"}
_EVALUATION_TAKES = ["predict", "dataset"]
_trusted: set[str] = set()


def trust(package: str) -> None:
    """Allow recipes, in this process, to name classes of another package.

    Recipes can then import its modules and call its classes. Pass only packages that the user named, never one that a
    recipe names.

    Raises:
        RecipeError: ``package`` is not the dotted name of a package or module.
    """
    if not all(part.isidentifier() for part in package.split(".")):
        raise RecipeError(f"{package!r} is not the name of a package; as in: --trust mypackage")
    _trusted.add(package)


def named_object(name: str, section: str) -> Any:
    """Return the class or function of a ``class_path``: a dotted name, or a short name of this section.

    Raises:
        RecipeError: the name is outside the known packages, or does not exist; suggests the nearest one.
    """
    found = _dotted(name) if "." in name else _short(name, section)
    home = getattr(found, "__module__", None)
    if not (callable(found) and isinstance(home, str) and _is_inside(home, (*_DEFINED_IN, *_trusted))):
        raise RecipeError(f"{name}: not a class or function of {_packages()}")
    return found


def place_type(section: str) -> Any:
    """Return the base class that a section (``data``, ``task``) requires."""
    return _dotted(_BASES[section])


def misfit(target: Callable[..., Any], name: str, annotation: Any) -> str | None:
    """Return why a class, or a function that returns an instance, does not have this type; None if it does."""
    expected = tuple(classes_of(annotation))
    if not expected:
        return f"{name}: a plain value was expected, found a class"
    made = target if isinstance(target, type) else _returned(target)
    if isinstance(made, type) and any(_is_subclass(made, one) for one in expected):
        return None
    return f"a {' or '.join(one.__name__ for one in expected)} was expected, found {name}"


def evaluation_misfit(target: Callable[..., Any], name: str) -> str | None:
    """Return why a function is not an evaluation, whose arguments are ``(predict, dataset, ...)``; None if it is."""
    home = str(getattr(target, "__module__", ""))
    takes = [] if isinstance(target, type) else list(inspect.signature(target).parameters)
    if _is_inside(home, ("crossmodal.evaluation", *_trusted)) and takes[:2] == _EVALUATION_TAKES:
        return None
    return f"a function of crossmodal.evaluation with the arguments (predict, dataset) was expected, found {name}"


def classes_of(annotation: Any) -> Iterator[type]:
    """Yield the classes in a type that a ``class_path`` can name; numbers, strings and the like are left out."""
    parts = typing.get_args(annotation)
    if annotation is Any or typing.get_origin(annotation) is typing.Literal:
        return
    if isinstance(annotation, type) and not parts:
        if annotation.__module__ not in ("builtins", "datetime", "pathlib", "enum"):
            yield annotation
        return
    for part in parts:
        yield from classes_of(part)


def without_classes(annotation: Any) -> Any:
    """Return the part of a type that plain values can have, or None.

    The parser of values must not get the rest: it would import any module that a string names.
    """
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is Any or origin is typing.Literal or annotation in (None, NoneType):
        return annotation if annotation is not None else NoneType
    if _is_union(annotation):
        plain = [part for part in map(without_classes, parts) if part is not None]
        return typing.Union[tuple(plain)] if plain else None  # noqa: UP007  (made at run time)
    if parts:
        inner = [part for part in parts if part is not Ellipsis]
        is_plain = not list(classes_of(origin)) or getattr(origin, "__module__", "") == "collections.abc"
        return annotation if is_plain and all(without_classes(part) == part for part in inner) else None
    return annotation if isinstance(annotation, type) and not list(classes_of(annotation)) else None


def _dotted(name: str) -> Any:
    module_name, _, attribute = name.rpartition(".")
    allowed = (*KNOWN_PACKAGES, *_trusted)
    if not _is_inside(module_name, allowed):
        top = module_name.partition(".")[0]
        raise RecipeError(
            f"{name}: {module_name} is not a package that recipes may name{suggestion(module_name, allowed)} "
            f"(to allow a package that you trust, add --trust {top})"
        )
    module = _module(module_name)
    if not hasattr(module, attribute):
        raise RecipeError(f"{module_name} has no {attribute!r}{_suggestion(attribute, _public(module), module_name)}")
    return getattr(module, attribute)


def _short(name: str, section: str) -> Any:
    known: dict[str, str] = {}
    for home in HOMES.get(section, ()):
        public = _public(_module(home))
        if name in public:
            return getattr(_module(home), name)
        known |= {other: home for other in public if other not in known}
    guess = suggestion(name, known, lambda other: f"{known[other]}.{other}")
    raise RecipeError(f"there is no {name!r} in {', '.join(HOMES.get(section, ()))}{guess}")


def _packages() -> str:
    *others, last = (*KNOWN_PACKAGES, *sorted(_trusted))
    return f"{', '.join(others)} and {last}"


def _is_inside(module: str, packages: Iterable[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (typing.Union, type(int | str))


def _is_subclass(kind: type, base: type) -> bool:
    try:
        return issubclass(kind, base)
    except TypeError:  # a protocol without runtime checks
        return False


def _returned(function: Callable[..., Any]) -> Any:
    try:
        return typing.get_type_hints(function).get("return")
    except (NameError, TypeError):
        return None


def _module(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise RecipeError(f"{name} needs the package {error.name!r}, which is not installed") from error
        parent, _, last = name.rpartition(".")
        known = [word for word in dir(_module(parent)) if not word.startswith("_")] if parent else []
        raise RecipeError(f"there is no module {name!r}{_suggestion(last, known, parent)}") from None


def _public(module: ModuleType) -> list[str]:
    return list(getattr(module, "__all__", None) or [n for n in vars(module) if not n.startswith("_")])


def _suggestion(word: str, known: Iterable[str], prefix: str) -> str:
    return suggestion(word, known, lambda name: f"{prefix}.{name}")
