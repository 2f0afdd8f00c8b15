"""Rows of numbers in text files of pressure sensors, parsed in one pass."""

import math
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crossmodal.number_text import describe_fault, find_numbers
from crossmodal.tactile.readers.text_file import TextFile

#: Largest plausible value: a thousand megapascals, or more than any converter counts.
_MAX_VALUE = 1e6


def parse_cells(
    file: TextFile, rows: Sequence[int], columns: int, *, separator: str, blank: str = ""
) -> NDArray[np.float64]:
    """Parse lines of numbers.

    Args:
        file: the text file.
        rows: numbers of the lines, from 0.
        columns: number of cells that each line must have.
        separator: one character between cells.
        blank: text of a cell without a value; an empty cell has no value either.

    Returns:
        float64 (rows, columns), NaN in cells without a value, all others between 0 and a million.

    Raises:
        FormatError: a line has another number of cells, or a cell is not a number or out of range; names the line.
    """
    texts = [file.lines[row] for row in rows]
    for row, text in zip(rows, texts, strict=True):
        if text.count(separator) != columns - 1:
            raise file.error(row, f"{text.count(separator) + 1} cells in the row, expected {columns}")
    cells = _parse_all("\n".join(["", *texts, ""]), separator, blank)
    if cells is None or len(cells) != len(texts) * columns:
        # Damaged files, and files with spaces beside numbers: slower, but the wrong cell is named.
        cells = np.array([_parse_line(file, row, separator, blank) for row in rows]).ravel()
    cells = cells.reshape(len(texts), columns)
    impossible = (cells < 0) | (cells > _MAX_VALUE)
    if impossible.any():
        row, column = np.argwhere(impossible)[0]
        message = f"an impossible value, {cells[row, column]:g}, in cell {column + 1}; expected 0 to {_MAX_VALUE:g}"
        raise file.error(rows[row], message)
    return cells


def fill_blanks(cells: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Set cells without a value to 0; return float32 (frames, ...), and bool (...) of cells that ever have a value."""
    missing = np.isnan(cells)
    return np.where(missing, 0.0, cells).astype(np.float32), np.asarray(~missing.all(axis=0))


def _parse_all(text: str, separator: str, blank: str) -> NDArray[np.float64] | None:
    """Parse all cells in one pass of NumPy; None if a cell is not a number."""
    if separator != " " and " " in text:
        # NumPy would treat the space as another separator.
        return None
    if blank:
        text = text.replace(blank, "nan")
    # Twice, since neighbouring empty cells share a separator.
    for _ in range(2):
        text = text.replace(separator * 2, f"{separator}nan{separator}")
    text = text.replace(f"\n{separator}", f"\nnan{separator}").replace(f"{separator}\n", f"{separator}nan\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        try:
            return np.fromstring(text.replace(separator, " "), dtype=np.float64, sep=" ")
        except (DeprecationWarning, ValueError):
            return None


def _parse_line(file: TextFile, row: int, separator: str, blank: str) -> list[float]:
    fields = [field.strip() for field in file.lines[row].split(separator)]
    # Decimal commas are detected only from cells with a value.
    filled = [column for column, field in enumerate(fields) if field not in {"", blank} and field.lower() != "nan"]
    numbers = [math.nan] * len(fields)
    for column, number in zip(filled, find_numbers([fields[column] for column in filled]), strict=True):
        if number is None:
            raise file.error(row, f"cell {column + 1}: {describe_fault(fields[column])}")
        numbers[column] = number
    return numbers
