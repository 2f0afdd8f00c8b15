"""Tables of numbers in text files, parsed strictly line by line, with decimal points or commas."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError
from crossmodal.number_text import describe_fault, find_numbers


def parse_numbers(path: Path, line: int, fields: Sequence[str]) -> list[float]:
    """Parse the fields of a line (counted from 1) as numbers, with decimal points or commas.

    Raises:
        FormatError: a field is not a number; names line and column.
    """
    numbers = []
    for column, (field, number) in enumerate(zip(fields, find_numbers(fields), strict=True), start=1):
        if number is None:
            raise FormatError(f"{path}: line {line}, column {column}: {describe_fault(field)}")
        numbers.append(number)
    return numbers


def as_table(rows: list[list[float]], columns: int) -> NDArray[np.float64]:
    """Stack rows of numbers: float64 (rows, columns)."""
    return np.array(rows, dtype=np.float64).reshape(len(rows), columns)
