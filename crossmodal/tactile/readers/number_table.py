"""Tables of numbers in text files: tolerant decoding, strict numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError


class TextLines(NamedTuple):
    """The lines of a text; ``whole`` is False where the last one lacks its end, so that it may have been cut."""

    lines: list[str]
    whole: bool


def decode(data: bytes) -> str:
    """Decode UTF-8, or else Latin-1, which takes any bytes; byte order marks go, all line ends become ``\\n``."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_bytes(path: Path) -> bytes:
    """Read a file whole.

    Raises:
        FormatError: the file cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}") from error


def read_lines(path: Path) -> TextLines:
    """Read a text file.

    Raises:
        FormatError: the file cannot be read.
    """
    lines = decode(read_bytes(path)).split("\n")
    whole = not lines[-1].strip()
    return TextLines(lines[:-1] if whole else lines, whole)


def parse_numbers(path: Path, line: int, fields: Sequence[str]) -> list[float]:
    """Turn the fields of a line (counted from 1) into numbers; a decimal comma is taken for a point.

    Raises:
        FormatError: a field is no number; names line and column.
    """
    numbers = []
    for column, field in enumerate(fields, start=1):
        try:
            numbers.append(float(field.replace(",", ".").replace("_", "?")))
        except ValueError:
            raise FormatError(
                f"{path}: line {line}, column {column}: expected a number, found {field[:40]!r}"
            ) from None
    return numbers


def is_number(text: str) -> bool:
    """Tell whether a field is a number."""
    try:
        float(text.replace(",", ".").replace("_", "?"))
    except ValueError:
        return False
    return True


def as_table(rows: list[list[float]], columns: int) -> NDArray[np.float64]:
    """Stack rows of numbers: float64 (rows, columns)."""
    return np.array(rows, dtype=np.float64).reshape(len(rows), columns)
