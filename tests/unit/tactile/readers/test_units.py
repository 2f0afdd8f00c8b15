"""Units by the names that vendors use."""

import pytest

from crossmodal.tactile.readers.units import kpa_per, mm_per, read_quantity


@pytest.mark.parametrize(
    ("unit", "kpa"),
    [("KPa", 1), ("mmHg", 0.13332), ("N/cm²", 10), ("PSI", 6.89476), (" n/cm2 ", 10), ("raw", None), ("", None)],
)
def test_pressure(unit: str, kpa: float | None) -> None:
    assert kpa_per(unit) == (None if kpa is None else pytest.approx(kpa, rel=1e-4))


@pytest.mark.parametrize(("unit", "mm"), [("mm", 1), ("cm", 10), ("centimeters", 10), ("in", 25.4), ("foot", None)])
def test_length(unit: str, mm: float | None) -> None:
    assert mm_per(unit) == mm


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("5.08 mm", (5.08, "mm")),
        (" 1514.73 KPa ", (1514.73, "KPa")),
        ("10.0ms", (10.0, "ms")),
        (".5", (0.5, "")),
        ("1e3", (1000.0, "")),
        ("1e999", None),
        ("9" * 5000, None),
        ("nan", None),
        ("", None),
        ("mm 5", None),
        ("5,08 mm", None),
        ("1,514.73 KPa", None),
        ("5.0.8 mm", None),
        ("1_000 mm", (1.0, "_000 mm")),
    ],
)
def test_quantity(text: str, found: tuple[float, str] | None) -> None:
    assert read_quantity(text) == found
