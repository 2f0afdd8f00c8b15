"""Onset metrics: exact matching, and misses that cost."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from crossmodal.metrics import PooledOnsets, count_onsets, find_by_rank, match_onsets, onset_scores

# A coarse grid makes ties, chains and distances of exactly the tolerance likely.
times = st.lists(st.integers(0, 40).map(lambda step: step * 0.05), max_size=14)


def reachable(predicted, true, tolerance_s):
    return np.abs(np.subtract.outer(predicted, true)) <= tolerance_s + 1e-9


def largest_matching(predicted, true, tolerance_s):
    """The slow reference: a general bipartite matching."""
    if not len(predicted) or not len(true):
        return 0
    partner = maximum_bipartite_matching(csr_array(reachable(predicted, true, tolerance_s).astype(np.int8)))
    return int(np.count_nonzero(partner >= 0))


class TestMatching:
    @settings(deadline=None, max_examples=300)
    @given(times, times, st.sampled_from([0.0, 0.05, 0.1, 0.3]))
    def test_is_as_large_as_a_general_bipartite_matching(self, predicted, true, tolerance_s):
        pairs = match_onsets(predicted, true, tolerance_s)
        assert len(pairs) == largest_matching(predicted, true, tolerance_s)

    @settings(deadline=None)
    @given(times, times, st.sampled_from([0.05, 0.1, 0.3]))
    def test_is_one_to_one_and_within_tolerance(self, predicted, true, tolerance_s):
        pairs = match_onsets(predicted, true, tolerance_s)
        assert len(set(pairs[:, 0])) == len(set(pairs[:, 1])) == len(pairs)
        near = reachable(predicted, true, tolerance_s)
        assert all(near[i, j] for i, j in pairs)

    def test_is_the_best_of_all_assignments_by_brute_force(self):
        draws = np.random.default_rng(0)
        for _ in range(60):
            predicted, true = np.sort(draws.uniform(0, 1, 4)), np.sort(draws.uniform(0, 1, 5))
            near = reachable(predicted, true, 0.2)
            best = max(sum(near[i, j] for i, j in enumerate(chosen)) for chosen in itertools.permutations(range(5), 4))
            assert len(match_onsets(predicted, true, 0.2)) == best

    def test_a_nearest_first_choice_would_lose_a_pair(self):
        # 1.0 is nearest to 1.1, but 1.4 can only have 1.1.
        assert match_onsets([1.0, 1.4], [0.75, 1.1], 0.3).tolist() == [[0, 0], [1, 1]]

    def test_the_bound_itself_counts(self):
        assert len(match_onsets([1.05], [1.0], 0.05)) == 1
        assert len(match_onsets([1.0501], [1.0], 0.05)) == 0

    def test_indices_refer_to_the_lists_as_given(self):
        assert match_onsets([5.0, 1.0], [1.0, 3.0, 5.0], 0.1).tolist() == [[1, 0], [0, 2]]

    @pytest.mark.parametrize("predicted", [[np.nan], [np.inf]])
    def test_a_time_that_is_no_time_is_refused(self, predicted):
        with pytest.raises(ValueError, match="predicted_s must be finite"):
            match_onsets(predicted, [1.0], 0.1)

    def test_a_negative_tolerance_is_refused(self):
        with pytest.raises(ValueError, match="negative"):
            match_onsets([1.0], [1.0], -0.1)


class TestRanking:
    @settings(deadline=None, max_examples=200)
    @given(times, times, st.sampled_from([0.05, 0.3]), st.randoms(use_true_random=False))
    def test_every_prefix_is_a_largest_matching(self, predicted, true, tolerance_s, random):
        scores = [random.choice([0.1, 0.5, 0.9]) for _ in predicted]
        found = find_by_rank(predicted, scores, true, tolerance_s)
        order = np.argsort(-np.array(scores), kind="stable")
        for k in range(len(order) + 1):
            admitted = np.array(predicted)[order[:k]]
            assert found[order[:k]].sum() == largest_matching(admitted, true, tolerance_s)

    def test_long_chains_do_not_exhaust_the_stack(self):
        true = np.arange(3000) * 0.1
        predicted = np.append(true + 0.05, -0.05)  # the last one moves every claim by one
        assert find_by_rank(predicted, np.linspace(1, 0, 3001), true, 0.05).sum() == 3000

    def test_each_prediction_needs_a_score(self):
        with pytest.raises(ValueError, match="1 scores for 2 times"):
            find_by_rank([1.0, 2.0], [0.5], [1.0], 0.1)


class TestScores:
    def test_a_worked_example(self):
        # 2 of 3 predictions match, 2 of 4 onsets are found.
        scores = onset_scores([1.0, 2.0, 9.0], [1.02, 2.04, 3.0, 4.0], 0.05)
        assert scores.precision == pytest.approx(2 / 3)
        assert scores.recall == pytest.approx(2 / 4)
        assert scores.f1 == pytest.approx(4 / 7)
        assert (scores.matched, scores.predicted, scores.true) == (2, 3, 4)

    def test_average_precision_of_a_worked_example(self):
        # By descending score: right, wrong, right; two of four onsets have no candidate at all.
        scores = onset_scores([1.0, 9.0, 2.0], [1.0, 2.0, 3.0, 4.0], 0.05, scores=[0.9, 0.8, 0.7])
        assert scores.average_precision == pytest.approx((1 / 1 + 2 / 3) / 4)

    def test_missed_onsets_lower_average_precision(self):
        few = onset_scores([1.0], [1.0], 0.05).average_precision
        many = onset_scores([1.0], [1.0, 2.0, 3.0, 4.0], 0.05).average_precision
        assert (few, many) == (1.0, 0.25)

    def test_equal_scores_enter_together_whatever_their_order(self):
        forward = onset_scores([1.0, 9.0], [1.0], 0.05, scores=[0.5, 0.5]).average_precision
        backward = onset_scores([9.0, 1.0], [1.0], 0.05, scores=[0.5, 0.5]).average_precision
        assert forward == backward == 0.5

    def test_two_claims_on_one_onset_count_once(self):
        scores = onset_scores([1.0, 1.01, 1.02], [1.0], 0.05)
        assert (scores.matched, scores.precision, scores.recall) == (1, pytest.approx(1 / 3), 1.0)

    def test_the_threshold_sets_the_operating_point_and_leaves_the_curve(self):
        options = {"predicted_s": [1.0, 2.0], "true_s": [1.0, 2.0], "tolerance_s": 0.05, "scores": [0.9, 0.1]}
        scores = onset_scores(**options, threshold=0.5)
        assert (scores.recall, scores.average_precision) == (0.5, 1.0)

    def test_average_precision_agrees_with_scikit_learn_when_nothing_is_missed(self):
        from sklearn.metrics import average_precision_score

        draws = np.random.default_rng(1)
        true = np.arange(20.0)
        predicted = np.concatenate([true, np.arange(20) + 0.5])
        scores = np.round(draws.uniform(size=40), 1)
        expected = average_precision_score(np.arange(40) < 20, scores)
        assert onset_scores(predicted, true, 0.1, scores=scores).average_precision == pytest.approx(expected)

    def test_nothing_predicted(self):
        scores = onset_scores([], [1.0, 2.0], 0.05)
        assert np.isnan(scores.precision)
        assert (scores.recall, scores.f1, scores.average_precision) == (0.0, 0.0, 0.0)

    def test_nothing_to_find(self):
        scores = onset_scores([1.0], [], 0.05)
        assert (scores.precision, scores.f1) == (0.0, 0.0)
        assert np.isnan([scores.recall, scores.average_precision]).all()

    def test_nothing_at_all(self):
        assert np.isnan(onset_scores([], [], 0.05)[:4]).all()


class TestPooling:
    def test_counts_are_summed_before_dividing(self):
        pooled = PooledOnsets([count_onsets([1.0], [1.0], 0.1), count_onsets([5.0], [1.0, 2.0, 3.0], 0.1)])
        assert pooled.scores().f1 == pytest.approx(2 * 1 / (2 + 4))

    def test_a_weight_is_a_repetition(self):
        one = count_onsets([1.0, 4.0], [1.0, 2.0], 0.1, scores=[0.9, 0.3])
        two = count_onsets([1.0, 4.0], [4.0, 2.0, 3.0], 0.1, scores=[0.9, 0.5])
        weighted = PooledOnsets([one, two]).scores(np.array([2.0, 1.0]))
        assert weighted == pytest.approx(PooledOnsets([one, one, two]).scores())

    def test_no_recordings(self):
        assert np.isnan(PooledOnsets([]).scores().f1)
