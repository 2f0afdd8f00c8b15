"""Options that are one of a few words."""

from collections.abc import Collection

from crossmodal.spelling import nearest


def check_choice(option: str, word: str, known: Collection[str]) -> None:
    """Refuse a word that is not among the known ones.

    Raises:
        ValueError: says the nearest word, or all of them.
    """
    if word in known:
        return
    raise ValueError(f"there is no {option} {word!r}{meant(str(word), known)}")


def meant(word: str, known: Collection[str]) -> str:
    """Say which of the known words a misspelt one was meant to be, or which there are; ends a sentence."""
    close = nearest(word, known)
    return f"; did you mean {close!r}?" if close else f"; there are: {', '.join(known) or 'none'}"
