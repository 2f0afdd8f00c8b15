"""Merge recipes, override values by dotted key, and list differences."""

import copy
from collections.abc import Mapping
from typing import Any

from crossmodal.errors import RecipeError

_SPEC = frozenset({"class_path", "init_args"})
# Keys that choose a class or a process, each with the key of its arguments.
_ARGUMENTS_OF = {"class_path": "init_args", "process": "options"}


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two mappings recursively; values of ``over`` win, and lists are replaced as a whole.

    If ``over`` names another ``class_path``, the ``init_args`` of ``under`` are dropped, because they belong to another
    constructor; so are the ``options`` of another ``process``.
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

    ``init_args`` may be left out of a key; list entries are addressed by index. Another ``class_path`` drops the
    ``init_args`` beside it, another ``process`` its ``options``. These are set before the keys that depend on them, in
    any order of the changes. Unknown keys are found by `check`, together with all other mistakes.

    Raises:
        RecipeError: a key leads through a value without keys, or through a list entry that does not exist.
    """
    result = copy.deepcopy(dict(recipe))
    wrong: list[str] = []
    for key in sorted(changes, key=_order):
        try:
            _set(result, key.split("."), changes[key])
        except RecipeError as error:
            wrong.append(f"{key}: {error}")
    if wrong:
        raise RecipeError("\n".join(wrong))
    return result


def _order(key: str) -> tuple[int, bool]:
    """Return the sorting key of a change: outer keys first, and among these ``class_path`` and ``process`` first."""
    path = [name for name in key.split(".") if name != "init_args"]
    return len(path), path[-1] not in _ARGUMENTS_OF


def _set(node: Any, path: list[str], value: Any) -> None:
    key, rest = path[0], path[1:]
    if isinstance(node, list):
        if not key.isdecimal() or int(key) >= len(node):
            raise RecipeError(f"{key!r} is not an entry of a list of {len(node)}")
        if rest:
            _set(node[int(key)], rest, value)
        else:
            node[int(key)] = value
        return
    if not isinstance(node, dict):
        raise RecipeError(f"{key!r} cannot be set in {node!r}, which has no keys")
    if "class_path" in node and key not in _SPEC:
        node = node.setdefault("init_args", {})
    if not rest:
        if key in _ARGUMENTS_OF:
            _drop_arguments(node, key, value)
        node[key] = value
        return
    if node.get(key) is None:
        node[key] = {}
    _set(node[key], rest, value)


def _drop_arguments(node: dict[str, Any], choice: str, value: Any) -> None:
    """Remove the arguments of a class or process if ``value`` chooses another one."""
    if node.get(choice) not in (None, value):
        node.pop(_ARGUMENTS_OF[choice], None)


def difference(first: Any, second: Any, path: str = "") -> list[str]:
    """Return the differences of two recipes, one line each: dotted key, first value, second value."""
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
