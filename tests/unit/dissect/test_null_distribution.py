"""Cuts keep their promise: a layer that answers to nothing has a detector in no more than 5 % of cases."""

import numpy as np
import pytest

from crossmodal.dissect import estimate_chance


def random_iou(draws, runs, units=12, concepts=6):
    """IoU by chance whose size differs by concept and whose units go together."""
    scale = np.geomspace(0.005, 0.3, concepts)
    shared = draws.normal(size=(runs, 1, 1))
    return scale * np.exp(0.3 * (0.6 * shared + draws.normal(size=(runs, units, concepts))))


def test_family_wise_rate():
    draws = np.random.default_rng(11)
    chance = estimate_chance(random_iou(draws, 4000), alpha=0.05)
    fresh = random_iou(draws, 4000)
    rate = (fresh > chance.cuts).any(axis=(1, 2)).mean()
    # Two samples of 4000 at 5 %: a standard deviation of 0.0049; three of them.
    assert abs(rate - 0.05) < 0.015
    assert abs((fresh.max(axis=(1, 2)) > chance.layer_cut).mean() - 0.05) < 0.015


def test_every_concept_gets_its_share():
    draws = np.random.default_rng(12)
    chance = estimate_chance(random_iou(draws, 4000), alpha=0.05)
    by_concept = (random_iou(draws, 4000) > chance.cuts).any(axis=1).mean(axis=0)
    assert by_concept.max() < 2.5 * by_concept.min()
    assert np.all(np.diff(chance.cuts) > 0)
    np.testing.assert_allclose(chance.mean.mean(axis=0), random_iou(draws, 4000).mean(axis=(0, 1)), rtol=0.05)


def test_what_makes_no_sense_is_said():
    with pytest.raises(ValueError, match="between 0 and 1"):
        estimate_chance(np.zeros((100, 2, 2)), alpha=0)
    with pytest.raises(ValueError, match="at least 20 pairings"):
        estimate_chance(np.zeros((10, 2, 2)))
