"""Recipes: read, override, check, compare and write them as plain dicts; no torch until one is checked.

A recipe is YAML with ``about``, ``seed``, ``data``, ``task``, ``trainer`` and, where wanted, ``evaluations``,
``init_from``, ``checkpoint_every_n_steps`` and ``base``. The constructors it names are its schema.
"""

from crossmodal.recipe.building import build
from crossmodal.recipe.changing import difference, merge, override
from crossmodal.recipe.checking import check, mistakes
from crossmodal.recipe.naming import named_object, trust
from crossmodal.recipe.reading import find, folder, names, parse_value, read, write, written

__all__ = [
    "build",
    "check",
    "difference",
    "find",
    "folder",
    "merge",
    "mistakes",
    "named_object",
    "names",
    "override",
    "parse_value",
    "read",
    "trust",
    "write",
    "written",
]
