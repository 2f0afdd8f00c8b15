"""Units of pressure and length by the names that vendors use, and numbers with units."""

import re
from typing import NamedTuple

from crossmodal.number_text import find_number

_KPA_PER = {
    "pa": 1e-3,
    "kpa": 1.0,
    "mpa": 1e3,
    "n/cm2": 10.0,
    "n/mm2": 1e3,
    "psi": 6.894757,
    "mmhg": 0.1333224,
    "kg/cm2": 98.0665,
    "g/cm2": 0.0980665,
    "bar": 100.0,
    "mbar": 0.1,
}
_MM_PER = {
    "mm": 1.0,
    "millimeters": 1.0,
    "cm": 10.0,
    "centimeters": 10.0,
    "in": 25.4,
    "inches": 25.4,
    "m": 1000.0,
}
_QUANTITY = re.compile(r"\s*([-+]?[\d.,]+(?:[eE][-+]?\d+)?)\s*(.*?)\s*", re.ASCII)


class Quantity(NamedTuple):
    """A number and its unit."""

    value: float
    unit: str


def read_quantity(text: str) -> Quantity | None:
    """Read a number with a unit, such as ``5.08 mm``; None if the text does not begin with a finite number."""
    found = _QUANTITY.fullmatch(text)
    number = find_number(found[1]) if found else None
    if not found or number is None or abs(number) > 1e30:
        return None
    return Quantity(number, found[2])


def kpa_per(unit: str) -> float | None:
    """Return a unit in kilopascals; None if it is not a unit of pressure, such as ``raw``."""
    return _KPA_PER.get(_plain(unit))


def mm_per(unit: str) -> float | None:
    """Return a unit in millimetres; None if it is not a unit of length."""
    return _MM_PER.get(_plain(unit))


def _plain(unit: str) -> str:
    return unit.strip().casefold().replace("²", "2").replace("^", "")
