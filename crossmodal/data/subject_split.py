"""Splits by person: who is trained on is in no other part, and whoever breaks that is told by name."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from crossmodal.errors import DatasetError
from crossmodal.randomness import generator


def deal_subjects(
    subjects: Iterable[str], share: float | Sequence[str], seed: int, part: str
) -> tuple[list[str], list[str]]:
    """Deal subjects into those who stay and those of a part: a share drawn by seed, or the ones that are named.

    The order of the subjects does not matter. A share above 0 takes one subject at least.

    Returns:
        (who stays, who is of the part), in order.

    Raises:
        DatasetError: a named subject is not there, or nobody stays.
        ValueError: the share is not from 0 to below 1.
    """
    names = sorted(set(subjects))
    if isinstance(share, int | float):
        if not 0 <= share < 1:
            raise ValueError(f"{part} must be a share from 0 to below 1, or a list of names, got {share}")
        count = max(round(share * len(names)), 1) if share else 0
        taken = {names[i] for i in generator(seed, f"split/{part}").permutation(len(names))[:count]}
    else:
        taken = set(share)
        strange = sorted(taken - set(names))
        if strange:
            raise DatasetError(f"{part} names {', '.join(strange)}; there are: {', '.join(names)}")
    stay = [name for name in names if name not in taken]
    if not stay:
        raise DatasetError(f"{part} takes all {len(names)} there are ({', '.join(names)}); nothing is left to train on")
    return stay, sorted(taken)


def refuse_leaks(parts: Mapping[str, Iterable[str]], kind: str) -> None:
    """Refuse parts of a split that share anything; ``kind`` says what is shared, such as ``subject``.

    Raises:
        DatasetError: lists every leak at once.
    """
    members = {name: set(part) for name, part in parts.items()}
    leaks = [
        f"{kind} {leak} is in {first} and in {second}"
        for first, second in combinations(members, 2)
        for leak in sorted(members[first] & members[second])
    ]
    if leaks:
        raise DatasetError("the split leaks:\n" + "\n".join(f"  {leak}" for leak in leaks))
