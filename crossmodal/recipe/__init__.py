"""Recipes: read, override, check, compare and write them as plain dicts. torch is imported only by a check.

A recipe is a YAML file with ``about``, ``seed``, ``data``, ``task``, ``trainer`` and, optionally, ``evaluations``,
``init_from``, ``checkpoint_every_n_steps`` and ``base``. The signatures of the constructors that it names are its
schema.
"""

from crossmodal.recipe.building import build
from crossmodal.recipe.changing import difference, merge, override
from crossmodal.recipe.checking import check, mistakes
from crossmodal.recipe.naming import named_object, trust
from crossmodal.recipe.reading import find, folder, names, parse_value, read, to_yaml, write

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
    "to_yaml",
    "trust",
    "write",
]
