"""Cards say what a folder must hold, and what to type when it does not."""

from pathlib import Path

import pytest
import yaml

from crossmodal import cards
from crossmodal.errors import DatasetError, FormatError


@pytest.fixture
def card_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cards, "folder", lambda: tmp_path)
    cards._read.cache_clear()
    yield tmp_path
    cards._read.cache_clear()


def write_card(folder: Path, **changes: object) -> Path:
    card = {
        "name": "bells",
        "title": "Bells of the world",
        "source": "https://example.org/bells",
        "archives": [{"name": "bells.zip", "url": "https://example.org/bells.zip", "bytes": 20_000_000_000}],
        "licence": "CC0-1.0",
        "layout": "bells/\n  1.wav\n",
        "expected": ["<n>.wav"],
        "prepare": "unpack bells.zip",
        "stand_in_command": "crossmodal data make gongs --out DIR",
    }
    path = folder / "bells" / "card.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(card | changes))
    return path


def test_every_card_of_the_tree_is_complete() -> None:
    assert "greatest_hits" in cards.names()
    for name in cards.names():
        assert cards.load(name)["name"] == name


def test_missing_data_are_answered_with_everything_needed(card_folder: Path) -> None:
    write_card(card_folder)
    error = cards.missing_data("bells", "/data/bels", "no such folder")
    assert isinstance(error, DatasetError)
    told = str(error)
    assert told.startswith("/data/bels: no such folder")
    for part in ("<n>.wav", "20 GB", "https://example.org/bells.zip", "CC0-1.0", "unpack", "data make gongs"):
        assert part in told


def test_unknown_card_lists_the_known_ones(card_folder: Path) -> None:
    write_card(card_folder)
    with pytest.raises(DatasetError, match=r"'bels'; did you mean bells"):
        cards.load("bels")


def test_incomplete_card_names_every_key(card_folder: Path) -> None:
    path = write_card(card_folder, licence=3, archives=[{"name": "x"}])
    with pytest.raises(FormatError) as raised:
        cards.load("bells")
    assert str(path) in str(raised.value)
    assert "licence (str)" in str(raised.value)
    assert "archives[0]" in str(raised.value)


@pytest.mark.parametrize("text", ["a: [", "- a list"])
def test_card_that_is_no_card(card_folder: Path, text: str) -> None:
    write_card(card_folder).write_text(text)
    with pytest.raises(FormatError, match=r"card\.yaml"):
        cards.load("bells")
