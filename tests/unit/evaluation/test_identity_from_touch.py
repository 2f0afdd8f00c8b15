"""Verification by predictors that know everything, nothing, or the shoe alone."""

import numpy as np
import pytest
from scipy.ndimage import rotate, shift

from crossmodal.data import StepUpFootsteps
from crossmodal.evaluation import evaluate_identity
from crossmodal.evaluation.identity_from_touch import register_peaks
from tests.fakes.step_up import footsteps, write_step_up

PEOPLE = 5


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> StepUpFootsteps:
    root = tmp_path_factory.mktemp("step_up")
    write_step_up(root / "d", people=PEOPLE, steps=10, frames=9)
    return StepUpFootsteps(root / "d", phases=3, cache=root / "cache")


def one_hot(place: int, length: int = 16) -> np.ndarray:
    return np.eye(length)[place]


def measure(predict, dataset, **options):
    return evaluate_identity(predict, dataset, **({"references": 3, "probes": 5, "bootstrap": 50} | options))


def test_who_knows_the_person_makes_no_mistake(dataset: StepUpFootsteps) -> None:
    figures = measure(lambda sample: one_hot(sample["person"]), dataset)
    for kind in ("unseen", "same"):
        assert figures[f"model_{kind}_eer"] == 0
        assert figures[f"model_{kind}_rank_one"] == 1
        assert (figures[f"model_{kind}_eer_low"], figures[f"model_{kind}_eer_high"]) == (0, 0)
    assert (figures["people"], figures["sets"], figures["probes"]) == (PEOPLE, 2 * PEOPLE, 2 * PEOPLE * 5)


def test_who_knows_nothing_is_at_chance(dataset: StepUpFootsteps) -> None:
    figures = measure(lambda sample: one_hot(0), dataset)
    assert figures["model_unseen_eer"] == pytest.approx(0.5)
    assert figures["model_unseen_rank_one"] == pytest.approx(1 / PEOPLE)


def test_who_knows_person_and_shoe_together_fails_in_other_footwear_alone(dataset: StepUpFootsteps) -> None:
    def predict(sample):
        shoe = sample["footwear"] == "ST"
        # In the other shoe everybody looks like the next person.
        return one_hot((sample["person"] + shoe) % PEOPLE)

    figures = measure(predict, dataset)
    assert figures["model_same_eer"] == 0
    assert figures["model_unseen_rank_one"] == 0
    assert figures["model_unseen_eer"] > 0.5


def test_the_draws_depend_on_the_seed_alone(dataset: StepUpFootsteps) -> None:
    def predict(sample):
        vector = sample["phases_kpa"].numpy().mean(axis=(0, 2))
        return vector / np.linalg.norm(vector)

    assert measure(predict, dataset, seed=1) == measure(predict, dataset, seed=1)
    assert measure(predict, dataset, seed=1) != measure(predict, dataset, seed=2)


def test_too_few_footsteps_are_refused(dataset: StepUpFootsteps) -> None:
    with pytest.raises(ValueError, match="two people with more than 10 footsteps"):
        measure(lambda sample: one_hot(0), dataset, references=10)


def test_registration_undoes_turns_and_shifts() -> None:
    peak = footsteps(1, "BF", ["Left"], frames=21)[0].max(axis=0).astype(float)
    registered = register_peaks(peak)
    turned = shift(rotate(peak, 8, reshape=False, order=1), (2, -3), order=1)
    again = register_peaks(turned)
    likeness = (registered * again).sum() / np.sqrt((registered**2).sum() * (again**2).sum())
    assert likeness > 0.98
    assert np.abs(register_peaks(registered) - registered).max() < 0.1 * peak.max()
    rows, columns = (np.arange(size) for size in peak.shape)
    centre = registered.sum(axis=1) @ rows, registered.sum(axis=0) @ columns
    np.testing.assert_allclose(np.array(centre) / registered.sum(), [37, 19.5], atol=0.1)


def test_an_empty_image_stays_as_it_is() -> None:
    assert not register_peaks(np.zeros((75, 40))).any()


def test_the_baseline_identifies_drawn_people(dataset: StepUpFootsteps) -> None:
    figures = measure(lambda sample: one_hot(0), dataset)
    assert figures["baseline_unseen_eer"] < 0.25
    assert figures["baseline_unseen_rank_one"] > 0.5
