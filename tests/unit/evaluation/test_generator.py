"""Drawn against true images: the truth scores as the truth, and what is wrong shows where it should."""

import pytest
import torch

from crossmodal import hub
from crossmodal.data import SceneDataset
from crossmodal.errors import DatasetError, WeightsError
from crossmodal.evaluation import evaluate_generator
from crossmodal.models import Segmenter
from crossmodal.simulation.scenes import OutdoorScenes

DATASET = SceneDataset(OutdoorScenes(), 600)


def scores_of(process):
    return evaluate_generator(lambda indices: process([10_000 + index for index in indices], 32), DATASET)


@pytest.fixture(scope="module")
def truth():
    """True images that the data set does not hold, scored as if they had been drawn."""
    return scores_of(OutdoorScenes())


def test_true_images_score_like_the_truth(truth):
    assert truth["images"] == 300
    for name in ("frechet", "sliced", "presence_gap"):
        assert truth[name] == pytest.approx(truth[f"{name}_real"], rel=1.0)
    assert truth["spread"] == pytest.approx(1, abs=0.1)


def test_presence_of_true_images_is_their_law():
    # Five standard deviations; a sun is seldom hidden.
    scores = scores_of(OutdoorScenes(sun=1.0))
    assert scores["presence_sun"] > 0.95
    assert scores["presence_sun_real"] == pytest.approx(0.5, abs=5 * (0.25 / 300) ** 0.5)
    assert scores["presence_sky"] == 1


def test_too_few_houses_show(truth):
    scores = scores_of(OutdoorScenes(houses=0))
    assert scores["presence_wall"] < 0.05 < scores["presence_wall_real"]
    assert scores["presence_gap"] > 4 * truth["presence_gap"]
    assert scores["frechet"] > 4 * truth["frechet"]


def test_a_lack_of_variety_shows(truth):
    one = OutdoorScenes()([7], 32)
    scores = evaluate_generator(lambda indices: one.expand(len(indices), -1, -1, -1), DATASET)
    assert scores["spread"] == 0
    assert scores["frechet"] > 10 * truth["frechet"]
    assert scores["sliced"] > 3 * truth["sliced"]


def test_nothing_to_compare_with_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="at least 4"):
        evaluate_generator(lambda indices: torch.zeros(0), SceneDataset(OutdoorScenes(), 3))
    hub.save_weights(Segmenter(["a", "b"], width=2), tmp_path / "other", card="")
    with pytest.raises(WeightsError, match="of the classes sky, ground"):
        evaluate_generator(lambda indices: torch.zeros(0), DATASET, segmenter=str(tmp_path / "other"))
