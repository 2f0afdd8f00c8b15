"""Tables of numbers in text files, line by line: strict numbers, with decimal points or commas."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError


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
