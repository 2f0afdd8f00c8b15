"""Cross-validation folds that leave out whole recordings."""

from collections.abc import Sequence

from crossmodal.randomness import generator


def fold_videos(ids: Sequence[str], folds: int, seed: int = 0) -> list[tuple[list[str], list[str]]]:
    """Split videos into folds that leave out each video exactly once: [(train ids, test ids), ...].

    The folds depend on the set of ids and the seed, not on the order of the ids. Their sizes differ by at most one.

    Raises:
        ValueError: ``folds`` is below 2 or above the number of videos.
    """
    names = sorted(set(ids))
    if not 2 <= folds <= len(names):
        raise ValueError(f"folds must be 2 to {len(names)} (the number of videos), got {folds}")
    order = [names[i] for i in generator(seed, "folds of videos").permutation(len(names))]
    tests = [sorted(order[fold::folds]) for fold in range(folds)]
    return [([name for name in names if name not in set(test)], test) for test in tests]
