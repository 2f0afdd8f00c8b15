"""Numbers in text files: one grammar for all of them.

A number is a sign, ASCII digits with at most one decimal point, and an exponent. `float` and `int` also take "1_000",
"nan", "infinity" and the digits of every script, none of which an instrument or a person means as a number.

A file may have decimal commas. A comma may also separate thousands: "1,250" is read by the line that it stands in.
"""

import math
import re
from collections.abc import Sequence

#: Digits of the longest whole number that is read.
_MOST_DIGITS = 18
#: What no number holds. Of all other characters `float` takes nothing but numbers.
_OTHER = re.compile(r"[^0-9.eE+\- \t]")
_COUNT = re.compile(rf"[0-9]{{1,{_MOST_DIGITS}}}")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:[,.'_\u2019 \u00a0\u202f][0-9]{3})+(?:[.,][0-9]*)?")


def find_number(text: str) -> float | None:
    """Read a number with a decimal point, white space around it left out; None for anything else.

    Numbers beyond the range of a float are none, as are "nan" and "inf".
    """
    return None if _OTHER.search(text.strip()) else _find_finite(text)


def find_numbers(fields: Sequence[str]) -> list[float | None]:
    """Read the fields of a line, with decimal points or commas; None for those that are no number.

    Commas are decimal where no field has a point, unless all of them could separate thousands ("1,250") and another
    field has none ("980").
    """
    line = " ".join(fields)
    if "," in line:
        commas = [field for field in fields if "," in field]
        decimal = len(commas) == len(fields) or not all(_THOUSANDS.fullmatch(field.strip()) for field in commas)
        if decimal and "." not in line:
            fields, line = [field.replace(",", ".") for field in fields], line.replace(",", ".")
    # One search for the line: a search for each field takes longer than `float`.
    find = find_number if _OTHER.search(line) else _find_finite
    return [find(field) for field in fields]


def find_count(text: str) -> int | None:
    """Read a whole number of 1 to 18 digits without a sign, white space around it left out; None for anything else."""
    word = text.strip()
    return int(word) if _COUNT.fullmatch(word) else None


def describe_fault(text: str, expected: str = "a number") -> str:
    """Write what was expected where a field is no number, and what was found: a part of a sentence."""
    hint = " without separators between its digits" if _GROUPED.fullmatch(text.strip()) else ""
    return f"expected {expected}{hint}, found {text.strip()[:40]!r}"


def _find_finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
