"""What a misspelt word was meant to be."""

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that looks most like the given one, or None when none does."""
    words = list(known)
    found = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    if found:
        return found[0]
    # A word cut short ("lr" for "lr_head") is too unlike for the ratio, yet what its writer meant is plain.
    longer = sorted((w for w in words if word and w.startswith(word)), key=len)
    return longer[0] if longer else None
