"""Verification of identity from footsteps with few references, in the same and in other footwear."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from crossmodal.metrics.verification import rank_one, reference_scores, verify
from crossmodal.randomness import generator

Floats = NDArray[np.float64]


class FootstepDataset(Protocol):
    """Data set of footsteps, such as `crossmodal.data.StepUpFootsteps`."""

    people: list[str]

    @property
    def by_person(self) -> Sequence[dict[str, list[int]]]:
        """Indices of the footsteps of each person by footwear."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> dict[str, Any]: ...


class _Drawn(NamedTuple):
    """Indices of the sets of references and of the probes, with the person and the footwear of each."""

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
    """Evaluate embeddings, and registered peak pressures, by verification and closed-set identification.

    A set of references has a few footsteps of one person in one footwear; probes are other footsteps. The score of a
    probe and a set is their mean cosine. ``…_unseen_eer`` is the equal error rate over sets in other footwear than the
    probe, ``…_same_eer`` over sets in the same footwear; ``…_rank_one`` is the fraction of probes whose best set, of
    those in other or in the same footwear, is of the same person. Methods are ``model`` and ``baseline``, the cosine of
    peak-pressure images registered by their centre and long axis. Each figure has ``_low`` and ``_high``, the 95 %
    interval over people.

    Args:
        predict: from a sample to a vector of length 1.
        dataset: samples with ``peak_kpa``, ``footwear`` and the input of the predictor, of people not used in training.
        references: footsteps per set; a person has no set in a footwear with ``references`` or fewer footsteps.
        probes: maximum number of probes of a person in a footwear.
        seed: seed of references, probes and the bootstrap.
        bootstrap: number of resamples.

    Raises:
        ValueError: fewer than two people have enough footsteps.

    References:
        The protocol follows the first StepUP competition, arXiv 2602.11086, with few references in one footwear and
        probes in another. Its people and draws differ: compare with care.
    """
    drawn = _draw(dataset, references, probes, seed)
    needed = sorted({*drawn.probes, *(index for members in drawn.sets for index in members)})
    vectors: dict[str, dict[int, Floats]] = {"model": {}, "baseline": {}}
    for index in needed:
        sample = dataset[index]
        vectors["model"][index] = np.asarray(predict(sample), np.float64)
        vectors["baseline"][index] = _unit(register_peaks(np.asarray(sample["peak_kpa"])).ravel())
    other = drawn.probe_footwear[:, None] != drawn.set_footwear
    people = len(np.unique(drawn.probe_people))
    figures: dict[str, float] = {"people": people, "probes": len(drawn.probes), "sets": len(drawn.sets)}
    for method, embeddings in vectors.items():
        scores = reference_scores(
            np.stack([embeddings[index] for index in drawn.probes]),
            np.stack([[embeddings[index] for index in members] for members in drawn.sets]),
        )
        for kind, counted in (("unseen", other), ("same", ~other)):
            table = np.where(counted, scores, np.nan)
            for name, measure in (("eer", verify), ("rank_one", rank_one)):
                score = measure(table, drawn.probe_people, drawn.set_people, resamples=bootstrap, seed=seed)
                figures |= score.rate.named(f"{method}_{kind}_{name}")
    return figures


def register_peaks(peak_kpa: NDArray[np.floating]) -> Floats:
    """Rotate and centre an image of peak pressures (rows, columns); its long axis is then along the rows.

    Axis and centre are weighted by pressure. An image without load is returned unchanged.
    """
    peaks = np.asarray(peak_kpa, np.float64)
    total = peaks.sum()
    if total <= 0:
        return peaks
    positions = np.stack(np.meshgrid(*(np.arange(size) for size in peaks.shape), indexing="ij"), axis=-1)
    centre = (peaks[..., None] * positions).sum(axis=(0, 1)) / total
    away = positions - centre
    spread = np.einsum("rc,rci,rcj->ij", peaks / total, away, away)
    axis = np.linalg.eigh(spread)[1][:, 1]
    axis = axis if axis[0] >= 0 else -axis
    # From positions in the result to positions in the image: rows along the axis.
    rotation = np.stack([axis, [-axis[1], axis[0]]], axis=1)
    middle = 0.5 * (np.array(peaks.shape) - 1)
    return np.asarray(affine_transform(peaks, rotation, centre - rotation @ middle, order=1), np.float64)


def _draw(dataset: FootstepDataset, references: int, probes: int, seed: int) -> _Drawn:
    sets: list[tuple[list[int], int, str]] = []
    chosen: list[tuple[int, int, str]] = []
    for person, by_footwear in enumerate(dataset.by_person):
        rng = generator(seed, "verification", person)
        for footwear, indices in sorted(by_footwear.items()):
            order = [indices[i] for i in rng.permutation(len(indices))]
            if len(order) > references:
                sets.append((order[:references], person, footwear))
            chosen += [(index, person, footwear) for index in order[references : references + probes]]
    if len({person for _, person, _ in sets}) < 2:
        raise ValueError(
            f"verification needs at least two people with more than {references} footsteps in one footwear"
        )
    return _Drawn(
        [one[0] for one in sets],
        np.array([one[1] for one in sets]),
        np.array([one[2] for one in sets]),
        [one[0] for one in chosen],
        np.array([one[1] for one in chosen]),
        np.array([one[2] for one in chosen]),
    )


def _unit(vector: Floats) -> Floats:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)
