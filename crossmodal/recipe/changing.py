"""Change recipes: lay one over another, override single values by dotted key, list the differences."""

import copy
from collections.abc import Mapping
from typing import Any

from crossmodal.errors import RecipeError

_SPEC = frozenset({"class_path", "init_args"})
# Keys that choose something, each with the key beside it that holds the arguments of what is chosen.
_ARGUMENTS_OF = {"class_path": "init_args", "process": "options"}


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another, key by key; lists and plain values are replaced whole.

    Where ``over`` names another ``class_path``, the ``init_args`` of ``under`` go: they belong to another constructor.
    So do the ``options`` of another ``process``.
    """
    result = copy.deepcopy(dict(under))
    for choice in _ARGUMENTS_OF.keys() & over.keys():
        _drop_arguments(result, choice, over[choice])
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, dict) and isinstance(value, Mapping):
            result[key] = merge(below, value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def override(recipe: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy with the values at dotted keys replaced: ``{"task.learning_rate": 1e-3}``.

    ``init_args`` may be left out of a key; list entries go by their number. Another ``class_path`` drops the
    ``init_args`` beside it, another ``process`` its ``options``. Choices are set before what depends on them, whatever
    the order of the changes. Whether the keys are any good is for `check` to say, together with all other mistakes.

    Raises:
        RecipeError: a key leads through a value that has no keys, or through a list entry that is not there.
    """
    result = copy.deepcopy(dict(recipe))
    wrong: list[str] = []
    for key in sorted(changes, key=_turn):
        try:
            _set(result, key.split("."), changes[key])
        except RecipeError as error:
            wrong.append(f"{key}: {error}")
    if wrong:
        raise RecipeError("\n".join(wrong))
    return result


def _turn(key: str) -> tuple[int, bool]:
    """Where a key stands in the order of changes: outer ones first, and of these the choices first."""
    path = [name for name in key.split(".") if name != "init_args"]
    return len(path), path[-1] not in _ARGUMENTS_OF


def _set(place: Any, path: list[str], value: Any) -> None:
    key, rest = path[0], path[1:]
    if isinstance(place, list):
        if not key.isdecimal() or int(key) >= len(place):
            raise RecipeError(f"{key!r} is not an entry of a list of {len(place)}")
        if rest:
            _set(place[int(key)], rest, value)
        else:
            place[int(key)] = value
        return
    if not isinstance(place, dict):
        raise RecipeError(f"{key!r} cannot be set inside of {place!r}")
    if "class_path" in place and key not in _SPEC:
        place = place.setdefault("init_args", {})
    if not rest:
        if key in _ARGUMENTS_OF:
            _drop_arguments(place, key, value)
        place[key] = value
        return
    if place.get(key) is None:
        place[key] = {}
    _set(place[key], rest, value)


def _drop_arguments(place: dict[str, Any], choice: str, value: Any) -> None:
    """Remove the arguments of what was chosen, where ``value`` chooses something else."""
    if place.get(choice) not in (None, value):
        place.pop(_ARGUMENTS_OF[choice], None)


def difference(first: Any, second: Any, path: str = "") -> list[str]:
    """List where two recipes differ, one line each: the dotted key, the first value, the second."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        lines: list[str] = []
        for key in [*first, *(key for key in second if key not in first)]:
            inner = f"{path}.{key}" if path else str(key)
            if key not in second:
                lines.append(f"{inner}: {first[key]!r} -> (nothing)")
            elif key not in first:
                lines.append(f"{inner}: (nothing) -> {second[key]!r}")
            else:
                lines += difference(first[key], second[key], inner)
        return lines
    return [] if first == second else [f"{path}: {first!r} -> {second!r}"]
