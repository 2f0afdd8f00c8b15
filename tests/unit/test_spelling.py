import pytest

from crossmodal.spelling import nearest

WORDS = ["learning_rate", "weight_decay", "lr_head", "batch"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("learing_rate", "learning_rate"), ("wieght_decay", "weight_decay"), ("lr", "lr_head"), ("batch", "batch")],
)
def test_a_misspelt_or_shortened_word_finds_its_own(written: str, meant: str) -> None:
    assert nearest(written, WORDS) == meant


@pytest.mark.parametrize("written", ["", "zzz"])
def test_a_word_like_none_finds_none(written: str) -> None:
    assert nearest(written, WORDS) is None
