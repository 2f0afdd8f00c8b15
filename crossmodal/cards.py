"""Cards of data sets: what a folder must hold, where it comes from, and what to type when it is missing.

A card is ``datasets/<name>/card.yaml`` in the tree, ``crossmodal/_cards/<name>/card.yaml`` in an installed package.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from crossmodal.errors import DatasetError, FormatError
from crossmodal.progress import readable_size
from crossmodal.spelling import suggestion

_REQUIRED: dict[str, type] = {
    "name": str,
    "title": str,
    "source": str,
    "archives": list,
    "licence": str,
    "layout": str,
    "expected": list,
    "prepare": str,
    "stand_in_command": str,
}
_PACKAGE = Path(__file__).resolve().parent


def folder() -> Path:
    """Return the folder of the cards: beside the package in a source tree, inside it once installed."""
    inside = _PACKAGE / "_cards"
    return inside if inside.is_dir() else _PACKAGE.parent / "datasets"


def names() -> list[str]:
    """Return the names of all data sets that have a card, in order."""
    return sorted(path.parent.name for path in folder().glob("*/card.yaml"))


@cache
def _read(name: str) -> dict[str, Any]:
    path = folder() / name / "card.yaml"
    if not path.is_file():
        raise DatasetError(f"unknown data set {name!r}{suggestion(name, names())}")
    try:
        card = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise FormatError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(card, dict):
        raise FormatError(f"{path}: a card is a mapping of keys to values, found {type(card).__name__}")
    wrong = [f"{key} ({kind.__name__})" for key, kind in _REQUIRED.items() if not isinstance(card.get(key), kind)]
    wrong += [
        f"archives[{i}] (name, url, bytes)"
        for i, archive in enumerate(card.get("archives") or [])
        if not isinstance(archive, dict) or not {"name", "url", "bytes"} <= archive.keys()
    ]
    if wrong:
        raise FormatError(f"{path}: missing or of the wrong type: {', '.join(wrong)}")
    return card


def load(name: str) -> dict[str, Any]:
    """Return the card of one data set.

    Keys: ``name``, ``title``, ``source`` (a page), ``archives`` (each with ``name``, ``url`` and roughly its
    ``bytes``), ``licence``, ``layout`` (the tree of files as text), ``expected`` (patterns of file names),
    ``prepare`` (what to do by hand) and ``stand_in_command`` (what makes a free substitute; may be empty).

    Raises:
        DatasetError: there is no such card.
        FormatError: the card lacks a key or holds another type there.
    """
    return dict(_read(name))


def missing_data(name: str, place: str | os.PathLike[str], found: str) -> DatasetError:
    """Make the error for a folder that does not hold the data set: place, cause, and every way out.

    ``found`` says what is there instead, as in "no such folder" or "an empty folder".
    """
    card = load(name)
    lines = [f"{os.fspath(place)}: {found}; {card['title']} was expected here", "", "expected files:"]
    lines += [f"  {pattern}" for pattern in card["expected"]]
    lines += ["", "layout:"] + [f"  {line}" for line in str(card["layout"]).rstrip().splitlines()]
    if card["archives"]:
        lines += ["", f"where to get it ({card['source']}):"]
        lines += [f"  {a['name']}, about {readable_size(a['bytes'])}: {a['url']}" for a in card["archives"]]
    lines += ["", f"licence: {card['licence']}", "", "what to do next:"]
    lines += [f"  {line}" for line in str(card["prepare"]).rstrip().splitlines()]
    if card["stand_in_command"]:
        lines += [f"  or make a free stand-in: {card['stand_in_command']}"]
    return DatasetError("\n".join(lines))
