"""Published norms of gait parameters."""

import csv
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from crossmodal.errors import FormatError
from crossmodal.number_text import describe_fault, find_number

_COLUMNS = ("name", "age_from", "age_to", "mean", "sd", "unit", "source")


class Norm(NamedTuple):
    """A published mean of healthy people.

    Attributes:
        name: of the parameter, as in `parameters.DEFINITIONS`.
        mean, sd: mean and standard deviation; sd is NaN where it is not published.
        unit: of both.
        source: the publication and its population.
        age_from, age_to: range of ages in years, both included.
    """

    name: str
    mean: float
    sd: float
    unit: str
    source: str
    age_from: float = 18.0
    age_to: float = math.inf


_IMPRESSIONS = "adults, table of Impressions"
_MURRAY = "Murray et al., men"
#: Norms of adults; norms of children are read from a file (`read_norms`).
ADULTS: tuple[Norm, ...] = (
    Norm("cadence", 113.5, math.nan, "steps/min", _IMPRESSIONS),
    Norm("speed", 1.25, math.nan, "m/s", _IMPRESSIONS),
    Norm("step_length", 660.0, math.nan, "mm", _IMPRESSIONS),
    Norm("stride_length", 1320.0, math.nan, "mm", _IMPRESSIONS),
    Norm("step_width", 103.0, math.nan, "mm", _IMPRESSIONS),
    Norm("stance", 62.0, math.nan, "% cycle", _IMPRESSIONS),
    Norm("swing", 38.0, math.nan, "% cycle", _IMPRESSIONS),
    Norm("initial_double_support", 12.0, math.nan, "% cycle", _IMPRESSIONS),
    Norm("single_support", 38.0, math.nan, "% cycle", _IMPRESSIONS),
    Norm("terminal_double_support", 12.0, math.nan, "% cycle", _IMPRESSIONS),
    Norm("double_support", 24.0, math.nan, "% cycle", f"{_IMPRESSIONS} (12 + 12)"),
    Norm("foot_progression_angle", 7.0, math.nan, "degrees", _MURRAY),
)


def find_norm(name: str, norms: Sequence[Norm] = ADULTS, age: float | None = None) -> Norm | None:
    """Return the norm of a parameter for an age in years (adults by default); None where there is none."""
    years = 30.0 if age is None else age
    return next((norm for norm in norms if norm.name == name and norm.age_from <= years <= norm.age_to), None)


def read_norms(path: str | os.PathLike[str]) -> tuple[Norm, ...]:
    """Read norms from CSV with the columns name, age_from, age_to, mean, sd, unit, source.

    ``sd`` and ``source`` may be empty; ``age_to`` is included.

    Raises:
        FormatError: no such file, a column is missing, or a value is not a number (with its line).
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in _COLUMNS if name not in (reader.fieldnames or [])]
            if missing:
                raise FormatError(
                    f"{path}: norms need the columns {', '.join(_COLUMNS)}; missing: {', '.join(missing)}"
                )
            return tuple(_norm(path, reader.line_num, row) for row in reader)
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path}: not a table of norms: {error}") from error


def _norm(path: Path, line: int, row: dict[str, str]) -> Norm:
    numbers = {}
    for name in ("mean", "sd", "age_from", "age_to"):
        text = (row[name] or "").strip()
        number = find_number(text)
        if number is None and (text or name != "sd"):
            raise FormatError(f"{path}, line {line}: {name}: {describe_fault(text)}")
        numbers[name] = math.nan if number is None else number
    return Norm(
        row["name"].strip(),
        numbers["mean"],
        numbers["sd"],
        (row["unit"] or "").strip(),
        (row["source"] or "").strip() or path.name,
        numbers["age_from"],
        numbers["age_to"],
    )
