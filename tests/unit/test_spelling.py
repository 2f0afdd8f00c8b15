import pytest

from crossmodal.spelling import check_choice, nearest, suggestion

WORDS = ["learning_rate", "weight_decay", "lr_head", "batch"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("learing_rate", "learning_rate"), ("wieght_decay", "weight_decay"), ("lr", "lr_head"), ("batch", "batch")],
)
def test_a_misspelt_or_shortened_name_has_a_nearest_one(written: str, meant: str) -> None:
    assert nearest(written, WORDS) == meant


@pytest.mark.parametrize("written", ["", "zzz"])
def test_a_name_unlike_all_others_has_no_nearest_one(written: str) -> None:
    assert nearest(written, WORDS) is None


def test_a_suggestion_is_the_nearest_name() -> None:
    assert suggestion("batsh", WORDS) == "; did you mean batch?"
    assert suggestion("batsh", WORDS, lambda name: f"--{name}") == "; did you mean --batch?"


def test_without_a_similar_name_a_suggestion_lists_all() -> None:
    assert suggestion("zzz", WORDS) == "; choose one of: learning_rate, weight_decay, lr_head, batch"
    assert suggestion("zzz", WORDS[2:], lambda name: f"--{name}") == "; choose one of: --lr_head, --batch"
    assert suggestion("zzz", []) == "; there are none"


def test_a_long_list_ends_after_30_names() -> None:
    shown = suggestion("zzz", [str(number) for number in range(32)])
    assert shown.startswith("; choose one of: 0, 1, 2, ")
    assert shown.endswith(", 28, 29 and 2 more")


def test_only_an_unknown_choice_is_refused() -> None:
    check_choice("option", "batch", WORDS)
    with pytest.raises(ValueError, match=r"^unknown option 'batsh'; did you mean batch\?$"):
        check_choice("option", "batsh", WORDS)
