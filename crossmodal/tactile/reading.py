"""Read any pressure file: the format is found by looking at the content."""

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from crossmodal.errors import FormatError
from crossmodal.tactile.recording import Recording

#: Bytes at the beginning of a file that tell its format.
_HEAD = 65536
# Those whose beginning is most telling come first. Each is a module with `matches(path, head)` and `read(path)`.
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
    """A format: whether a file or folder is of it, by its first bytes (none for a folder), and how it is read."""

    name: str
    matches: Callable[[Path, bytes], bool]
    read: Callable[[Path], Recording]


def read(path: str | os.PathLike[str]) -> Recording:
    """Read a pressure recording of any known format; ``source`` of the result says which it was.

    Raises:
        FormatError: no such file, an unknown format, or a file that is damaged; says where.
    """
    place = Path(path)
    return find_reader(place).read(place)


def find_reader(path: Path) -> Reader:
    """Find the format of a file or folder by its content.

    Raises:
        FormatError: no such file, or none of the formats.
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
    raise FormatError(f"{path}: not a pressure recording of any format that is known; there are: {', '.join(FORMATS)}")


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)
