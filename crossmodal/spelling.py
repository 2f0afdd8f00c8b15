"""Suggestions for unknown names in error messages."""

import difflib
from collections.abc import Callable, Collection, Iterable

#: Largest number of names that a message lists.
_MAX_LISTED = 30


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most similar to ``word``, or None if none is similar."""
    words = list(known)
    found = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    if found:
        return found[0]
    # An abbreviation ("lr" for "lr_head") is below the cutoff of the ratio.
    longer = sorted((w for w in words if word and w.startswith(word)), key=len)
    return longer[0] if longer else None


def suggestion(word: str, known: Iterable[str], write: Callable[[str], str] = str) -> str:
    """Return the end of an error message about an unknown name.

    Args:
        word: the name that was given.
        known: the names that exist.
        write: formats a name, for example with ``--`` in front.

    Returns:
        ``; did you mean NAME?`` if a known name is similar, else ``; choose one of: a, b, c`` with at most 30 names,
        or ``; there are none`` if ``known`` is empty.
    """
    words = list(known)
    close = nearest(word, words)
    if close:
        return f"; did you mean {write(close)}?"
    if not words:
        return "; there are none"
    more = f" and {len(words) - _MAX_LISTED} more" if len(words) > _MAX_LISTED else ""
    return f"; choose one of: {', '.join(map(write, words[:_MAX_LISTED]))}{more}"


def check_choice(kind: str, word: str, known: Collection[str]) -> None:
    """Refuse a name that is not one of the known ones.

    Raises:
        ValueError: the name is unknown; the message suggests the nearest one, or lists all.
    """
    if word not in known:
        raise ValueError(f"unknown {kind} {word!r}{suggestion(str(word), known)}")
