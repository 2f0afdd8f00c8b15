"""Splits by subject, and leaks listed by name."""

import pytest

from crossmodal.data.subject_split import refuse_leaks, split_subjects
from crossmodal.errors import DatasetError

PEOPLE = [f"p{number:02d}" for number in range(20)]


def test_everybody_is_in_one_part_in_any_order() -> None:
    remaining, chosen = split_subjects(PEOPLE, 0.25, seed=3, part="test")
    assert sorted(remaining + chosen) == PEOPLE
    assert len(chosen) == 5
    assert split_subjects(PEOPLE[::-1] * 2, 0.25, seed=3, part="test") == (remaining, chosen)
    assert split_subjects(PEOPLE, 0.25, seed=4, part="test") != (remaining, chosen)


def test_a_fraction_is_at_least_one_subject_and_zero_is_none() -> None:
    assert len(split_subjects(PEOPLE, 0.001, 0, "test")[1]) == 1
    assert split_subjects(PEOPLE, 0, 0, "test") == (PEOPLE, [])


def test_explicit_names_are_the_part() -> None:
    assert split_subjects(PEOPLE, ["p03", "p01"], 0, "test")[1] == ["p01", "p03"]


def test_mistakes_are_named() -> None:
    with pytest.raises(DatasetError, match=r"test: unknown names xx; expected some of: p00, p01"):
        split_subjects(PEOPLE, ["p01", "xx"], 0, "test")
    with pytest.raises(DatasetError, match="test takes all 1 names"):
        split_subjects(["a"], 0.5, 0, "test")
    with pytest.raises(ValueError, match="fraction from 0 to below 1"):
        split_subjects(PEOPLE, 1.0, 0, "test")


def test_all_leaks_are_listed() -> None:
    refuse_leaks({"train": ["a"], "test": ["b"], "validation": []}, "subject")
    with pytest.raises(DatasetError) as raised:
        refuse_leaks({"train": ["a", "b"], "validation": ["b"], "test": ["a"]}, "subject")
    assert "subject b is in train and in validation" in str(raised.value)
    assert "subject a is in train and in test" in str(raised.value)
