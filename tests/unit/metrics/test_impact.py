"""Loudness and spectral centroid of impacts."""

import numpy as np
import pytest
from scipy.stats import pearsonr

from crossmodal.metrics import cut_impact_windows, impact_scores, loudness, pearson_r, spectral_centroid

draws = np.random.default_rng(0)


class TestWindows:
    def test_the_impact_is_in_the_middle(self):
        features = np.arange(200.0)[None].repeat(42, axis=0)
        windows = cut_impact_windows(features, [100, 30])
        assert windows.shape == (2, 42, 45)
        assert windows[:, 0, 22].tolist() == [100, 30]

    @pytest.mark.parametrize(("step", "silent"), [(0, slice(0, 22)), (99, slice(23, 45)), (-60, slice(0, 45))])
    def test_steps_outside_the_recording_are_silent(self, step, silent):
        window = cut_impact_windows(np.ones((42, 100)), [step])[0]
        expected = np.ones((42, 45))
        expected[:, silent] = 0
        assert np.array_equal(window, expected)

    def test_a_recording_shorter_than_the_window(self):
        assert cut_impact_windows(np.ones((42, 3)), [1])[0].sum() == 42 * 3

    def test_without_impacts_there_are_no_windows(self):
        assert cut_impact_windows(np.ones((42, 100)), []).shape == (0, 42, 45)

    def test_features_of_another_rank_are_refused(self):
        with pytest.raises(ValueError, match=r"\(1, 42, 100\)"):
            cut_impact_windows(np.ones((1, 42, 100)), [1])


class TestLoudness:
    def test_is_the_largest_norm_over_channels(self):
        window = np.zeros((2, 5))
        window[:, 3] = [3.0, 4.0]
        window[0, 1] = 4.5
        assert loudness(window) == 5.0

    def test_silence_is_zero_and_batches_keep_their_shape(self):
        assert loudness(np.zeros((7, 42, 45))).tolist() == [0.0] * 7


class TestCentroid:
    def test_a_single_channel_is_its_own_centre(self):
        window = np.zeros((42, 45))
        window[17] = 0.3
        assert spectral_centroid(window) == pytest.approx(17.0)

    def test_is_the_centre_of_mass(self):
        window = np.zeros((4, 45))
        window[1], window[3] = 3.0, 1.0
        assert spectral_centroid(window) == pytest.approx(1.5)

    def test_looks_at_one_frame_only(self):
        window = np.ones((42, 45))
        window[:, 21:24] = 0
        window[5, 21:24] = 1
        assert spectral_centroid(window) == pytest.approx(5.0)
        window[30, [20, 24]] = 100
        assert spectral_centroid(window) == pytest.approx(5.0)

    def test_silence_has_none(self):
        assert np.isnan(spectral_centroid(np.zeros((42, 45))))


class TestScores:
    def test_error_and_correlation(self):
        true = draws.normal(size=50)
        predicted = true + draws.normal(size=50)
        scores = impact_scores(predicted, true)
        assert scores.error == pytest.approx(np.mean((predicted - true) ** 2))
        assert scores.r == pytest.approx(pearsonr(predicted, true).statistic)
        assert scores.impacts == 50

    def test_weights_are_repetitions(self):
        predicted, true = draws.normal(size=(2, 6))
        weights = np.array([2, 0, 1, 1, 3, 0])
        repeated = impact_scores(np.repeat(predicted, weights), np.repeat(true, weights))
        assert impact_scores(predicted, true, weights)[:2] == pytest.approx(repeated[:2])

    def test_undefined_values_are_left_out_and_counted(self):
        scores = impact_scores([1.0, np.nan, 3.0, 2.0], [1.0, 2.0, 4.0, np.nan])
        assert (scores.impacts, scores.error) == (2, pytest.approx(0.5))

    def test_no_impacts(self):
        scores = impact_scores([], [])
        assert np.isnan([scores.error, scores.r]).all()
        assert scores.impacts == 0

    def test_lengths_that_differ_are_refused(self):
        with pytest.raises(ValueError, match="one length"):
            impact_scores([1.0], [1.0, 2.0])

    @pytest.mark.parametrize("constant", [0.0, 0.1, -3e5])
    def test_a_constant_has_no_correlation(self, constant):
        column = constant + np.float32(constant) * 1e-8 * draws.normal(size=20)
        assert np.isnan(pearson_r(column, draws.normal(size=20)))

    def test_one_pair_has_no_correlation(self):
        assert np.isnan(pearson_r([1.0, 2.0], [1.0, 2.0], [1.0, 0.0]))

    def test_correlation_does_not_depend_on_level(self):
        true = draws.normal(size=30)
        assert pearson_r(1000 + 1e-2 * true, true) == pytest.approx(1.0)
