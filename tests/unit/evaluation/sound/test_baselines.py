"""Baselines of sound."""

import numpy as np
import pytest

from crossmodal.errors import DatasetError
from crossmodal.evaluation import ImageMatch, MeanSound, RandomImpact, SoundPrediction, evaluate
from crossmodal.evaluation.sound.baselines import place_windows
from tests.fakes.sounding_videos import FakeVideos, make_videos

BASELINES = [RandomImpact(), MeanSound(), ImageMatch("image"), ImageMatch("spacetime"), ImageMatch("both")]


@pytest.mark.parametrize("baseline", BASELINES, ids=lambda b: f"{type(b).__name__}-{getattr(b, 'by', '')}")
class TestEveryBaseline:
    def test_predicts_sound_of_the_right_shape_and_no_onsets(self, baseline, train, test):
        prediction = baseline.fit(train).predict(test[0])
        assert isinstance(prediction, SoundPrediction)
        assert prediction.cochleagram.shape == test[0]["cochleagram"].shape
        assert prediction.onset_times_s is None

    def test_does_not_look_at_the_sound_of_the_video(self, baseline, train, test):
        baseline.fit(train)
        deaf = {**test[1], "cochleagram": 0 * test[1]["cochleagram"]}
        assert np.array_equal(baseline.predict(deaf).cochleagram, baseline.predict(test[1]).cochleagram)

    def test_a_video_without_hits_is_silent(self, baseline, train):
        assert not baseline.fit(train).predict(FakeVideos(["still"], [])[0]).cochleagram.any()

    def test_needs_impacts_with_sound(self, baseline):
        silent = make_videos(["a", "b"], silent=["a", "b"])
        with pytest.raises(DatasetError, match="2 training videos"):
            type(baseline)().fit(silent)

    def test_needs_a_fit(self, baseline, test):
        with pytest.raises(RuntimeError, match="fit"):
            type(baseline)().predict(test[0])


def test_images_that_tell_the_sound_are_matched(train, test):
    """In these videos the square's place gives the channel, so a match finds it; loudness cannot be seen."""
    scores = evaluate(ImageMatch("spacetime").fit(train), test, train=train, bootstrap=0)
    assert scores["centroid_r"] > 0.95
    assert scores["material_accuracy"] == 1.0


def test_a_random_impact_is_uncorrelated():
    train = make_videos([f"a{i}" for i in range(20)], hits=10, seconds=8.0)
    test = make_videos([f"b{i}" for i in range(20)], hits=10, seconds=8.0, seed=1)
    scores = evaluate(RandomImpact().fit(train), test, bootstrap=0)
    assert abs(scores["centroid_r"]) < 4 / np.sqrt(200)


def test_a_random_impact_is_drawn_by_seed_and_video(train, test):
    draws = [RandomImpact(seed).fit(train).predict(test[0]).cochleagram for seed in (0, 0, 1)]
    assert np.array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


def test_the_mean_sound_has_no_correlation(train, test):
    scores = evaluate(MeanSound().fit(train), test, bootstrap=0)
    assert np.isnan(scores["centroid_r"])
    assert scores["centroid_error"] > 0


def test_an_unknown_descriptor_is_refused():
    with pytest.raises(ValueError, match="'smell'"):
        ImageMatch("smell")


class TestLaying:
    def test_windows_are_centred_on_their_hits(self):
        laid = place_windows(np.full((2, 1, 5), [[[1.0]], [[2.0]]]), np.array([4, 20]), 1, 30)
        assert np.flatnonzero(laid[0]).tolist() == [2, 3, 4, 5, 6, 18, 19, 20, 21, 22]
        assert laid[0, 20] == 2.0

    def test_between_close_hits_the_nearer_one_sounds(self):
        laid = place_windows(np.full((2, 1, 9), [[[1.0]], [[2.0]]]), np.array([10, 14]), 1, 30)
        assert laid[0, 6:19].tolist() == [1.0] * 6 + [2.0] * 7

    @pytest.mark.parametrize("step", [0, 1, 28, 29])
    def test_ends_are_cut(self, step):
        window = np.arange(1.0, 10.0)[None, None]
        laid = place_windows(window, np.array([step]), 1, 30)
        assert laid[0, step] == 5.0
        assert laid.shape == (1, 30)
