"""Error rates of the thresholds: a layer that responds to nothing has a detector in no more than 5 % of cases."""

import numpy as np
import pytest

from crossmodal.dissect import estimate_null_distribution


def random_iou(draws, runs, units=12, concepts=6):
    """Random IoU whose scale differs by concept and whose units are correlated."""
    scale = np.geomspace(0.005, 0.3, concepts)
    shared = draws.normal(size=(runs, 1, 1))
    return scale * np.exp(0.3 * (0.6 * shared + draws.normal(size=(runs, units, concepts))))


def test_family_wise_rate():
    draws = np.random.default_rng(11)
    null = estimate_null_distribution(random_iou(draws, 4000), alpha=0.05)
    other = random_iou(draws, 4000)
    rate = (other > null.thresholds).any(axis=(1, 2)).mean()
    # Two samples of 4000 at 5 %: a standard deviation of 0.0049; three of them.
    assert abs(rate - 0.05) < 0.015
    assert abs((other.max(axis=(1, 2)) > null.layer_threshold).mean() - 0.05) < 0.015


def test_concepts_have_similar_error_rates():
    draws = np.random.default_rng(12)
    null = estimate_null_distribution(random_iou(draws, 4000), alpha=0.05)
    by_concept = (random_iou(draws, 4000) > null.thresholds).any(axis=1).mean(axis=0)
    assert by_concept.max() < 2.5 * by_concept.min()
    assert np.all(np.diff(null.thresholds) > 0)
    np.testing.assert_allclose(null.mean.mean(axis=0), random_iou(draws, 4000).mean(axis=(0, 1)), rtol=0.05)


def test_invalid_arguments_are_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        estimate_null_distribution(np.zeros((100, 2, 2)), alpha=0)
    with pytest.raises(ValueError, match="at least 20 permutations"):
        estimate_null_distribution(np.zeros((10, 2, 2)))
