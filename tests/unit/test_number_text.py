"""Numbers in text files: what is one, what is none, and what is said of it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossmodal.number_text import describe_fault, find_count, find_number, find_numbers

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(FINITE, st.sampled_from(["", " ", "\t"]))
def test_a_number_that_was_written_comes_back(number: float, padding: str) -> None:
    assert find_number(f"{padding}{number!r}{padding}") == number


@given(st.lists(FINITE.map(lambda number: f"{number:.6f}"), min_size=1))
def test_a_line_of_decimal_commas_gives_what_points_give(fields: list[str]) -> None:
    assert find_numbers([field.replace(".", ",") for field in fields]) == find_numbers(fields)
    assert None not in find_numbers(fields)


@given(st.text(max_size=12) | st.text("0123456789.,+-eE_ naifNIxX", max_size=12))
def test_what_is_taken_is_ascii_and_means_what_float_says(text: str) -> None:
    number = find_number(text)
    if number is None:
        return
    assert math.isfinite(number)
    assert number == float(text)
    assert text.strip().isascii()
    assert not set(text.strip()) - set("0123456789.+-eE")


@given(st.integers(0, 10**18 - 1))
def test_a_count_comes_back(count: int) -> None:
    assert find_count(f" {count} ") == count
    assert find_count(f"-{count}") is None


@given(st.integers(1000), st.sampled_from(",'_ \u00a0\u202f\u2019"))
def test_separators_of_thousands_are_refused(number: int, separator: str) -> None:
    grouped = f"{number:_}".replace("_", separator)
    assert find_number(grouped) is None
    assert describe_fault(grouped).startswith("expected a number without separators between its digits, found ")
    if separator == ",":
        assert find_numbers([grouped, "0.5"]) == [None, 0.5]


@pytest.mark.parametrize(
    "text",
    ["", " ", ".", "-", "+.", "e5", "1e", "nan", "-inf", "Infinity", "1_000", "0x10", "1 2", "--1", "1.2.3", "1,5",
     "1e400", "9" * 400, "\u0661", "\uff11", "\u00b2"],
)  # fmt: skip
def test_what_is_no_number(text: str) -> None:
    assert find_number(text) is None


@pytest.mark.parametrize("text", ["", "-1", "+1", "6.0", "1e3", "1_0", "9" * 19, "9" * 5000, "\u0661", "\u00b2"])
def test_what_is_no_count(text: str) -> None:
    assert find_count(text) is None


@pytest.mark.parametrize(
    ("fields", "numbers"),
    [
        (["1,5", "2"], [1.5, 2]),
        (["1,250", "0,125", "980"], [1.25, 0.125, 980]),
        (["1,250", "2,500"], [1.25, 2.5]),
        (["1,250", "980"], [None, 980]),
        (["1,250", "0.5"], [None, 0.5]),
        (["1,250.5"], [None]),
        (["1.250,5"], [None]),
        (["1,250,000"], [None]),
        (["0,5", "x"], [0.5, None]),
        ([], []),
    ],
)
def test_a_comma_is_read_by_its_line(fields: list[str], numbers: list[float | None]) -> None:
    assert find_numbers(fields) == numbers


def test_what_was_found_is_shortened() -> None:
    assert describe_fault(" soon ", "a time in seconds") == "expected a time in seconds, found 'soon'"
    assert len(describe_fault("x" * 1000)) < 80
