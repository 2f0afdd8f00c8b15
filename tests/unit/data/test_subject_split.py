"""Splits by person, and leaks told by name."""

import pytest

from crossmodal.data.subject_split import deal_subjects, refuse_leaks
from crossmodal.errors import DatasetError

PEOPLE = [f"p{number:02d}" for number in range(20)]


def test_everybody_is_dealt_once_whatever_the_order() -> None:
    stay, taken = deal_subjects(PEOPLE, 0.25, seed=3, part="test")
    assert sorted(stay + taken) == PEOPLE
    assert len(taken) == 5
    assert deal_subjects(PEOPLE[::-1] * 2, 0.25, seed=3, part="test") == (stay, taken)
    assert deal_subjects(PEOPLE, 0.25, seed=4, part="test") != (stay, taken)


def test_a_share_takes_one_at_least_and_none_takes_none() -> None:
    assert len(deal_subjects(PEOPLE, 0.001, 0, "test")[1]) == 1
    assert deal_subjects(PEOPLE, 0, 0, "test") == (PEOPLE, [])


def test_names_are_taken_as_they_are() -> None:
    assert deal_subjects(PEOPLE, ["p03", "p01"], 0, "test")[1] == ["p01", "p03"]


def test_mistakes_are_told() -> None:
    with pytest.raises(DatasetError, match=r"test names xx; there are: p00, p01"):
        deal_subjects(PEOPLE, ["p01", "xx"], 0, "test")
    with pytest.raises(DatasetError, match="test takes all 1 there are"):
        deal_subjects(["a"], 0.5, 0, "test")
    with pytest.raises(ValueError, match="share from 0 to below 1"):
        deal_subjects(PEOPLE, 1.0, 0, "test")


def test_leaks_are_listed_all_at_once() -> None:
    refuse_leaks({"train": ["a"], "test": ["b"], "validation": []}, "subject")
    with pytest.raises(DatasetError) as raised:
        refuse_leaks({"train": ["a", "b"], "validation": ["b"], "test": ["a"]}, "subject")
    assert "subject b is in train and in validation" in str(raised.value)
    assert "subject a is in train and in test" in str(raised.value)
