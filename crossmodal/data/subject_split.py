"""Splits by subject: no subject of the training data is in another part; leaks are listed by name."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from crossmodal.errors import DatasetError
from crossmodal.randomness import generator


def split_subjects(
    subjects: Iterable[str], fraction: float | Sequence[str], seed: int, part: str
) -> tuple[list[str], list[str]]:
    """Split off a part of the subjects: a random fraction of them, or explicit names.

    The result does not depend on the order of the subjects. A fraction above 0 is at least one subject.

    Args:
        subjects: names of the subjects; duplicates are ignored.
        fraction: fraction of the subjects in the part, or their names.
        seed: seed of the random fraction.
        part: name of the part, such as ``test``.

    Returns:
        Names of the remaining subjects and of those in the part, both sorted.

    Raises:
        DatasetError: an explicit name is unknown, or no subject remains.
        ValueError: the fraction is negative, or 1 or more.
    """
    names = sorted(set(subjects))
    if isinstance(fraction, int | float):
        if not 0 <= fraction < 1:
            raise ValueError(f"{part} must be a fraction from 0 to below 1, or a list of names, got {fraction}")
        count = max(round(fraction * len(names)), 1) if fraction else 0
        chosen = {names[i] for i in generator(seed, f"split/{part}").permutation(len(names))[:count]}
    else:
        chosen = set(fraction)
        unknown = sorted(chosen - set(names))
        if unknown:
            raise DatasetError(f"{part}: unknown names {', '.join(unknown)}; expected some of: {', '.join(names)}")
    remaining = [name for name in names if name not in chosen]
    if not remaining:
        raise DatasetError(f"{part} takes all {len(names)} names ({', '.join(names)}); none is left to train on")
    return remaining, sorted(chosen)


def refuse_leaks(parts: Mapping[str, Iterable[str]], kind: str) -> None:
    """Refuse parts of a split that have members in common; ``kind`` is what the members are, such as ``subject``.

    Raises:
        DatasetError: two parts have a common member; all are listed.
    """
    members = {name: set(part) for name, part in parts.items()}
    leaks = [
        f"{kind} {leak} is in {first} and in {second}"
        for first, second in combinations(members, 2)
        for leak in sorted(members[first] & members[second])
    ]
    if leaks:
        raise DatasetError("the split leaks:\n" + "\n".join(f"  {leak}" for leak in leaks))
