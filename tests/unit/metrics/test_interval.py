"""Bootstrap over videos."""

import numpy as np
import pytest

from crossmodal.metrics import bootstrap_interval, bootstrap_weights, percentile_interval


def test_every_resample_draws_as_many_videos_as_there_are():
    weights = bootstrap_weights(7, 50)
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()


def test_the_seed_alone_decides():
    assert np.array_equal(bootstrap_weights(5, 20, seed=3), bootstrap_weights(5, 20, seed=3))
    assert not np.array_equal(bootstrap_weights(5, 20, seed=3), bootstrap_weights(5, 20, seed=4))


def test_the_interval_of_a_mean_matches_its_standard_error():
    values = np.random.default_rng(0).normal(size=200)
    interval = bootstrap_interval(lambda weights: float(np.average(values, weights=weights)), 200)
    half = 1.96 * values.std() / np.sqrt(200)
    assert interval.low == pytest.approx(values.mean() - half, abs=0.15 * half)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.15 * half)
    assert interval.defined == 2000


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    # 200 experiments at 90 %: a right interval covers 168 to 192 with a false alarm below 1 in 200; the percentile
    # interval of 40 values is slightly narrow, hence the wider lower bound.
    draws = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        values = draws.normal(size=40)

        def mean(weights, values=values):
            return float(np.average(values, weights=weights))

        interval = bootstrap_interval(mean, 40, samples=300, level=0.9)
        covered += interval.low <= 0.0 <= interval.high
    assert 160 <= covered <= 192


def test_undefined_resamples_are_left_out_and_counted():
    interval = bootstrap_interval(lambda weights: 1.0 if weights[0] else float("nan"), 10, samples=400)
    assert interval[:2] == (1.0, 1.0)
    assert 200 < interval.defined < 320  # expected 400 (1 - 0.9**10) = 260


def test_mostly_undefined_means_undefined():
    assert np.isnan(percentile_interval(np.array([1.0, np.nan, np.nan])).low)
    assert percentile_interval(np.array([1.0, np.nan, np.nan])).defined == 1


def test_one_video_has_no_interval():
    assert np.isnan(bootstrap_interval(lambda _: 1.0, 1).low)


@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_a_level_that_is_no_share_is_refused(level):
    with pytest.raises(ValueError, match="level"):
        bootstrap_interval(lambda _: 1.0, 3, level=level)


def test_no_video_is_refused():
    with pytest.raises(ValueError, match="at least one video"):
        bootstrap_weights(0, 10)
