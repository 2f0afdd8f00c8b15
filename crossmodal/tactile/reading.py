"""Reading of pressure files, whose format is found by the content."""

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from crossmodal.errors import FormatError
from crossmodal.tactile.recording import Recording

#: Bytes at the beginning of a file from which its format is found.
_HEAD = 65536
# Formats with the most specific beginning come first. Each is a module with `matches(path, head)` and `read(path)`.
FORMATS = (
    "tekscan",
    "emed",
    "footscan",
    "xsensor",
    "zebris",
    "pedar",
    "stappone",
    "saved",
    "step_up",
    "motionpro",
    "presstrack",
    "intelligent_carpet",
    "intelligent_carpet_sample",
    "socks",
    "gaitpdb",
)


class Reader(NamedTuple):
    """The reader of a format.

    Attributes:
        name: of the format.
        matches: returns whether a file or folder has the format, from its path and first bytes (none for a folder).
        read: reads it.
    """

    name: str
    matches: Callable[[Path, bytes], bool]
    read: Callable[[Path], Recording]


def read(path: str | os.PathLike[str]) -> Recording:
    """Read a pressure recording of any known format; ``source`` of the result is the format's name.

    Raises:
        FormatError: no such file, an unknown format, or a damaged file (with the position of the fault).
    """
    path = Path(path)
    return find_reader(path).read(path)


def find_reader(path: Path) -> Reader:
    """Find the reader of a file or folder by its content.

    Raises:
        FormatError: no such file, or an unknown format.
    """
    try:
        head = b"" if path.is_dir() else _beginning(path)
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not head and not path.is_dir():
        raise FormatError(f"{path}: an empty file")
    for name in FORMATS:
        module = import_module(f"crossmodal.tactile.readers.{name}")
        reader = Reader(name, module.matches, module.read)
        if reader.matches(path, head):
            return reader
    raise FormatError(f"{path}: not a pressure recording of any known format; known are: {', '.join(FORMATS)}")


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)
