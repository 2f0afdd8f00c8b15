"""Options that are one of a few words."""

import difflib
from collections.abc import Collection


def check_choice(option: str, word: str, known: Collection[str]) -> None:
    """Refuse a word that is not among the known ones.

    Raises:
        ValueError: says the nearest word, or all of them.
    """
    if word in known:
        return
    close = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}?" if close else f"choose one of: {', '.join(known)}"
    raise ValueError(f"there is no {option} {word!r}; {hint}")
