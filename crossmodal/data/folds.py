"""Folds that leave whole recordings out."""

from collections.abc import Sequence

from crossmodal.randomness import generator


def fold_videos(ids: Sequence[str], folds: int, seed: int = 0) -> list[tuple[list[str], list[str]]]:
    """Split videos into folds that leave each video out exactly once: [(train ids, test ids), ...].

    The ids' order does not matter, the seed does; fold sizes differ by one at most.

    Raises:
        ValueError: fewer than two folds, or more folds than videos.
    """
    names = sorted(set(ids))
    if not 2 <= folds <= len(names):
        raise ValueError(f"folds must be 2 to {len(names)} (the number of videos), got {folds}")
    order = [names[i] for i in generator(seed, "folds of videos").permutation(len(names))]
    tests = [sorted(order[fold::folds]) for fold in range(folds)]
    return [([name for name in names if name not in set(test)], test) for test in tests]
