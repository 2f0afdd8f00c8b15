"""A package as if it had never been imported."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def forgotten(package: str) -> Iterator[None]:
    """Remove a package and its modules from ``sys.modules`` while a ``with`` block runs, and restore them afterwards.

    The whole package is replaced: a module that is imported for the first time in the block would otherwise be an
    attribute of the new package object only.
    """
    parent, _, name = package.rpartition(".")

    def loaded() -> list[str]:
        return [module for module in sys.modules if module == package or module.startswith(f"{package}.")]

    before = {module: sys.modules.pop(module) for module in loaded()}
    try:
        yield
    finally:
        for module in loaded():
            del sys.modules[module]
        vars(sys.modules[parent]).pop(name, None)
        sys.modules.update(before)
        if package in before:
            setattr(sys.modules[parent], name, before[package])
