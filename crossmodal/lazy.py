"""Public names of a package that are imported at first use (PEP 562)."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make the ``__getattr__`` and ``__dir__`` of a package, for names that cost time to import.

    The package also imports the names under ``TYPE_CHECKING`` and lists them in ``__all__``: type checkers read these
    two, and not the mapping.

    Args:
        package: the package's ``__name__``.
        homes: by the dotted name of each module the names that it gives, with spaces between them.
    """
    home_of = {name: module for module, names in homes.items() for name in names.split()}

    def find(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(home_of[name]), name)

    return find, lambda: sorted(home_of)
