"""Change recipes: lay one over another, override single values by dotted key, list the differences."""

import copy
from collections.abc import Mapping
from typing import Any

from crossmodal.errors import RecipeError

_SPEC = frozenset({"class_path", "init_args"})


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another, key by key; lists and plain values are replaced whole.

    Where ``over`` names another ``class_path``, the ``init_args`` below it go: they belong to another constructor.
    """
    result = copy.deepcopy(dict(under))
    if "class_path" in over and over["class_path"] != result.get("class_path", over["class_path"]):
        result.pop("init_args", None)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, dict) and isinstance(value, Mapping):
            result[key] = merge(below, value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def override(recipe: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy with the values at dotted keys replaced: ``{"task.learning_rate": 1e-3}``.

    ``init_args`` may be left out of a key; list entries go by their number. Whether the keys are any good is for
    `check` to say, together with all other mistakes.

    Raises:
        RecipeError: a key leads through a value that has no keys, or through a list entry that is not there.
    """
    result = copy.deepcopy(dict(recipe))
    wrong: list[str] = []
    for key, value in changes.items():
        try:
            _set(result, key.split("."), value)
        except RecipeError as error:
            wrong.append(f"{key}: {error}")
    if wrong:
        raise RecipeError("\n".join(wrong))
    return result


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
        if key == "class_path" and place.get("class_path") not in (None, value):
            place.pop("init_args", None)
        place[key] = value
        return
    if place.get(key) is None:
        place[key] = {}
    _set(place[key], rest, value)


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
