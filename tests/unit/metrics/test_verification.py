"""Equal error rates against a slow reference and closed forms; intervals over people."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import norm

from crossmodal.interval import bootstrap_weights, percentile_interval
from crossmodal.metrics import equal_error_rate, rank_one, reference_scores, verify


def slow_eer(genuine, impostor):
    """All thresholds one by one, and linear interpolation between the two at the crossing."""
    thresholds = [*sorted({*genuine, *impostor}), math.inf]
    points = [
        (sum(g < t for g in genuine) / len(genuine), sum(i >= t for i in impostor) / len(impostor)) for t in thresholds
    ]
    for (reject, accept), (next_reject, next_accept) in pairwise(points):
        if next_reject >= next_accept:
            fraction = (accept - reject) / ((accept - reject) + (next_reject - next_accept))
            return reject + fraction * (next_reject - reject)
    return points[0][0]


@pytest.mark.parametrize("seed", range(6))
def test_against_the_slow_reference_with_ties(seed):
    rng = np.random.default_rng(seed)
    genuine = np.round(rng.normal(1, 1, 23), seed % 3)
    impostor = np.round(rng.normal(0, 1, 57), seed % 3)
    assert equal_error_rate(genuine, impostor) == pytest.approx(slow_eer(genuine.tolist(), impostor.tolist()))


@pytest.mark.parametrize("distance", [0.0, 1.0, 2.0, 4.0])
def test_two_normal_distributions(distance):
    # Quantiles of the distributions instead of draws, hence nothing random. EER = Phi(-d / 2).
    quantiles = norm.ppf((np.arange(4000) + 0.5) / 4000)
    assert equal_error_rate(quantiles + distance, quantiles) == pytest.approx(norm.cdf(-distance / 2), abs=1e-3)


def test_extremes():
    assert equal_error_rate([2.0, 3.0], [0.0, 1.0]) == 0
    assert equal_error_rate([0.0, 1.0], [2.0, 3.0]) == 1
    assert equal_error_rate([1.0], [1.0]) == 0.5
    assert math.isnan(equal_error_rate([], [1.0]))
    assert math.isnan(equal_error_rate([1.0], []))


def test_reference_scores_are_mean_cosines():
    rng = np.random.default_rng(0)
    probes, references = rng.normal(size=(3, 4)), rng.normal(size=(2, 5, 4))
    twin = [[np.mean([probe @ vector for vector in one]) for one in references] for probe in probes]
    np.testing.assert_allclose(reference_scores(probes, references), twin)
    with pytest.raises(ValueError, match="sets, vectors, dimension"):
        reference_scores(probes, references[0])


def table(people, probes_each, seed, spread=0.6):
    """Scores of people against one set each: genuine ones a little larger, some people harder than others."""
    rng = np.random.default_rng(seed)
    probe, claimed = np.repeat(np.arange(people), probes_each), np.arange(people)
    scores = rng.normal(0, 1, (len(probe), people))
    ease = 2 + spread * rng.normal(size=people)
    scores[np.arange(len(probe)), probe] += ease[probe]
    return scores, probe, claimed


def test_verify_counts_what_is_not_nan():
    scores, probe, claimed = table(6, 4, 0)
    scores[0, 1:3] = np.nan
    result = verify(scores, probe, claimed, resamples=50)
    same = probe[:, None] == claimed
    counted = np.isfinite(scores)
    assert result.rate.value == pytest.approx(equal_error_rate(scores[same & counted], scores[~same & counted]))
    assert result.scores == counted.sum()
    assert result.rate.low <= result.rate.value <= result.rate.high


def test_a_resample_is_the_rate_of_copied_people():
    # With integer weights the weighted rate is that of a table in which people are repeated.
    scores, probe, claimed = table(5, 3, 1)
    rates = []
    for weights in bootstrap_weights(5, 40, seed=2).astype(int):
        genuine, impostor = [], []
        for row, person in enumerate(probe):
            for column, other in enumerate(claimed):
                times = weights[person] * (1 if person == other else weights[other])
                (genuine if person == other else impostor).extend([scores[row, column]] * times)
        rates.append(equal_error_rate(genuine, impostor))
    result = verify(scores, probe, claimed, resamples=40, seed=2)
    assert result.rate == pytest.approx(percentile_interval(result.rate.value, np.array(rates)))


def test_the_interval_covers_the_truth_about_as_often_as_stated():
    truth = np.mean([verify(*table(60, 5, seed), resamples=0).rate.value for seed in range(1000, 1040)])
    covered = 0
    for seed in range(60):
        result = verify(*table(20, 5, seed), resamples=100, seed=seed).rate
        covered += result.low <= truth <= result.high
    # 95 % of 60 is 57; fewer than 49 would have a chance below 1 in 1000 even at 91 %, which 20 people deserve.
    assert covered >= 49


def test_rank_one_by_hand():
    scores = np.array([[0.9, 0.1, 0.5], [0.2, 0.1, 0.5], [np.nan, 0.3, 0.1], [0.1, 0.2, np.nan]])
    # The first is right, the second wrong, the third has no scored set of its own person, the fourth is right.
    result = rank_one(scores, [0, 1, 0, 1], [0, 1, 2], resamples=20)
    assert result.rate.value == pytest.approx(2 / 3)
    assert result.scores == 3
    with pytest.raises(ValueError, match="a person for each"):
        rank_one(scores, [0, 1], [0, 1, 2])


def test_random_scores_have_a_rank_one_of_one_over_the_number_of_people():
    rng = np.random.default_rng(3)
    scores, probe = rng.normal(size=(4000, 10)), np.repeat(np.arange(10), 400)
    # Binomial of 4000 at 0.1: a deviation of 0.0047; 4 of them are missed once in 16,000 times.
    assert rank_one(scores, probe, np.arange(10), resamples=10).rate.value == pytest.approx(0.1, abs=0.019)
