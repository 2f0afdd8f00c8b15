"""Footsteps claimed to be somebody's: verification with few references, in the same and in other footwear."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from crossmodal.metrics.verification import rank_one, reference_scores, verify
from crossmodal.randomness import generator

Floats = NDArray[np.float64]


class FootstepDataset(Protocol):
    """What is evaluated on, as `crossmodal.data.StepUpFootsteps` is it."""

    people: list[str]

    @property
    def by_person(self) -> Sequence[dict[str, list[int]]]:
        """For each person the indices of their footsteps by footwear."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> dict[str, Any]: ...


class _Drawn(NamedTuple):
    """Indices of what takes part, with the person and the footwear of each: sets of references, and probes."""

    sets: list[list[int]]
    set_people: NDArray[np.int64]
    set_footwear: NDArray[np.str_]
    probes: list[int]
    probe_people: NDArray[np.int64]
    probe_footwear: NDArray[np.str_]


def evaluate_identity(
    predict: Callable[[dict[str, Any]], Any],
    dataset: FootstepDataset,
    references: int = 5,
    probes: int = 10,
    seed: int = 0,
    bootstrap: int = 500,
) -> dict[str, float]:
    """Measure a predictor of embeddings, and registered peak pressures, by verification and by closed-set search.

    A set of references are a few footsteps of one person in one footwear; probes are other footsteps. Each probe is
    scored against every set by its mean cosine. ``…_unseen_eer`` counts sets of another footwear than the probe's,
    ``…_same_eer`` those of the same; ``…_rank_one`` is how often the best set, of all other footwear or of the same, is
    the person's own. Methods are ``model``, and ``baseline``: the cosine of peak-pressure images that are registered
    by their centre and long axis. Each figure comes with ``_low`` and ``_high``, the 95 % interval over people.

    Args:
        predict: from a sample to a vector of length 1.
        dataset: samples with ``peak_kpa``, ``footwear`` and what the predictor needs, of people nobody was trained on.
        references: footsteps of a set; people with fewer than that and one in a footwear have no set of it.
        probes: most probes of a person in a footwear.
        seed: decides references and probes, and the bootstrap.
        bootstrap: number of resamples.

    Raises:
        ValueError: fewer than two people, or nobody has enough footsteps.

    References:
        The protocol follows the first StepUP competition, arXiv 2602.11086, with few references in one footwear and
        probes in another. Its people and draws are not ours: compare with care.
    """
    drawn = _draw(dataset, references, probes, seed)
    needed = sorted({*drawn.probes, *(index for one in drawn.sets for index in one)})
    vectors: dict[str, dict[int, Floats]] = {"model": {}, "baseline": {}}
    for index in needed:
        sample = dataset[index]
        vectors["model"][index] = np.asarray(predict(sample), np.float64)
        vectors["baseline"][index] = _unit(register_peaks(np.asarray(sample["peak_kpa"])).ravel())
    other = drawn.probe_footwear[:, None] != drawn.set_footwear
    people = len(np.unique(drawn.probe_people))
    figures: dict[str, float] = {"people": people, "probes": len(drawn.probes), "sets": len(drawn.sets)}
    for method, of in vectors.items():
        scores = reference_scores(
            np.stack([of[index] for index in drawn.probes]),
            np.stack([[of[index] for index in one] for one in drawn.sets]),
        )
        for kind, counted in (("unseen", other), ("same", ~other)):
            table = np.where(counted, scores, np.nan)
            for name, measure in (("eer", verify), ("rank_one", rank_one)):
                score = measure(table, drawn.probe_people, drawn.set_people, resamples=bootstrap, seed=seed)
                figures |= score.rate.named(f"{method}_{kind}_{name}")
    return figures


def register_peaks(peak_kpa: NDArray[np.floating]) -> Floats:
    """Turn an image of peaks (rows, columns) so that its long axis runs along the rows, its centre in the middle.

    Both are of the loaded area, weighted by pressure. An image without load stays as it is.
    """
    peaks = np.asarray(peak_kpa, np.float64)
    total = peaks.sum()
    if total <= 0:
        return peaks
    places = np.stack(np.meshgrid(*(np.arange(size) for size in peaks.shape), indexing="ij"), axis=-1)
    centre = (peaks[..., None] * places).sum(axis=(0, 1)) / total
    away = places - centre
    spread = np.einsum("rc,rci,rcj->ij", peaks / total, away, away)
    axis = np.linalg.eigh(spread)[1][:, 1]
    axis = axis if axis[0] >= 0 else -axis
    # From places of the result to those of the image: rows along the axis.
    turn = np.stack([axis, [-axis[1], axis[0]]], axis=1)
    middle = 0.5 * (np.array(peaks.shape) - 1)
    return np.asarray(affine_transform(peaks, turn, centre - turn @ middle, order=1), np.float64)


def _draw(dataset: FootstepDataset, references: int, probes: int, seed: int) -> _Drawn:
    sets: list[tuple[list[int], int, str]] = []
    asked: list[tuple[int, int, str]] = []
    for person, by_footwear in enumerate(dataset.by_person):
        rng = generator(seed, "verification", person)
        for footwear, indices in sorted(by_footwear.items()):
            order = [indices[i] for i in rng.permutation(len(indices))]
            if len(order) > references:
                sets.append((order[:references], person, footwear))
            asked += [(index, person, footwear) for index in order[references : references + probes]]
    if len({person for _, person, _ in sets}) < 2:
        raise ValueError(f"verification needs two people with more than {references} footsteps in a footwear")
    return _Drawn(
        [one[0] for one in sets],
        np.array([one[1] for one in sets]),
        np.array([one[2] for one in sets]),
        [one[0] for one in asked],
        np.array([one[1] for one in asked]),
        np.array([one[2] for one in asked]),
    )


def _unit(vector: Floats) -> Floats:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)
