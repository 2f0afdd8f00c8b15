"""Bootstrap intervals."""

import numpy as np
import pytest

from crossmodal.interval import (
    Interval,
    bootstrap_interval,
    bootstrap_values,
    bootstrap_weights,
    percentile_interval,
    poisson_weights,
)


def test_every_resample_draws_as_many_items_as_there_are():
    weights = bootstrap_weights(7, 50)
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()


def test_resamples_depend_on_the_seed_only():
    assert np.array_equal(bootstrap_weights(5, 20, seed=3), bootstrap_weights(5, 20, seed=3))
    assert not np.array_equal(bootstrap_weights(5, 20, seed=3), bootstrap_weights(5, 20, seed=4))


def test_the_interval_of_a_mean_matches_its_standard_error():
    values = np.random.default_rng(0).normal(size=200)

    def mean(weights):
        return float(np.average(values, weights=weights))

    interval = bootstrap_interval(mean, 200)
    half = 1.96 * values.std() / np.sqrt(200)
    assert interval.value == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - half, abs=0.15 * half)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.15 * half)
    assert np.isfinite(bootstrap_values(mean, 200)).sum() == 2000


def test_the_interval_covers_the_truth_about_as_often_as_stated():
    # 200 experiments at 90 %: a right interval covers 168 to 192 with a false alarm below 1 in 200; the percentile
    # interval of 40 values is slightly narrow, hence the wider lower bound.
    draws = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        values = draws.normal(size=40)

        def mean(weights, values=values):
            return float(np.average(values, weights=weights))

        interval = bootstrap_interval(mean, 40, resamples=300, confidence_level=0.9)
        covered += interval.low <= 0.0 <= interval.high
    assert 160 <= covered <= 192


def test_undefined_resamples_are_left_out():
    def one_with_the_first(weights):
        return 1.0 if weights[0] else float("nan")

    assert bootstrap_interval(one_with_the_first, 10, resamples=400) == (1.0, 1.0, 1.0)
    defined = np.isfinite(bootstrap_values(one_with_the_first, 10, resamples=400)).sum()
    assert 200 < defined < 320  # expected 400 (1 - 0.9**10) = 260


def test_mostly_undefined_means_undefined():
    interval = percentile_interval(2.0, np.array([1.0, np.nan, np.nan]))
    assert interval.value == 2.0
    assert np.isnan([interval.low, interval.high]).all()
    assert percentile_interval(2.0, np.array([1.0, np.nan])) == (2.0, 1.0, 1.0)
    assert np.isnan(percentile_interval(2.0, np.zeros(0)).low)


def test_one_item_has_no_interval():
    assert np.isnan(bootstrap_interval(lambda _: 1.0, 1).low)


@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_a_confidence_level_outside_0_to_1_is_refused(level):
    with pytest.raises(ValueError, match="level"):
        bootstrap_interval(lambda _: 1.0, 3, confidence_level=level)


def test_no_item_is_refused():
    with pytest.raises(ValueError, match="at least one item"):
        bootstrap_weights(0, 10)


def test_poisson_weights_begin_with_the_images_themselves():
    weights = poisson_weights(np.arange(16, 32), 2000, seed=1)
    assert weights.shape == (2001, 16)
    assert (weights[0] == 1).all()
    # The mean of 32,000 Poisson(1) numbers has a standard deviation of 0.0056; four of them.
    assert weights[1:].mean() == pytest.approx(1, abs=0.023)
    np.testing.assert_array_equal(weights, poisson_weights(np.arange(16, 32), 2000, seed=1))
    assert not np.array_equal(weights, poisson_weights(np.arange(32, 48), 2000, seed=1))


def test_an_interval_is_written_scaled_and_named():
    interval = Interval(0.5, 0.25, 0.75)
    assert f"{interval:.1f}" == "0.5 [0.2, 0.8]"
    assert f"{interval.scaled(100):+.0f} %" == "+50 [+25, +75] %"
    assert f"{interval}" == "Interval(value=0.5, low=0.25, high=0.75)"
    assert np.isnan(Interval(0.5)[1:]).all()
    assert interval.named("f1") == {"f1": 0.5, "f1_low": 0.25, "f1_high": 0.75}
