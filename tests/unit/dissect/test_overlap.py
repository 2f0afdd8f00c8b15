"""Overlap counts and ratios against slow references that visit one pixel after the other."""

import math

import numpy as np
import pytest
import torch

from crossmodal.dissect import Overlap
from crossmodal.dissect.counter import OverlapCounter, count_pairs, draw_derangements


def slow_iou(active, present):
    both = sum(a and t for a, t in zip(active, present, strict=True))
    either = sum(a or t for a, t in zip(active, present, strict=True))
    return both / either if either else 0.0


def slow_quality(active, present):
    """Mutual information over joint entropy, from the joint frequencies."""
    n = len(active)
    pairs = list(zip(active, present, strict=True))

    def entropy(outcomes):
        fractions = [outcomes.count(one) / n for one in set(outcomes)]
        return -sum(fraction * math.log2(fraction) for fraction in fractions)

    joint = entropy(pairs)
    return (entropy(list(active)) + entropy(list(present)) - joint) / joint if joint else 0.0


@pytest.fixture
def block():
    draws = np.random.default_rng(2)
    active = torch.from_numpy(draws.random((5, 3, 40)) < np.array([0.1, 0.5, 0.0])[:, None])
    labels = torch.from_numpy(draws.choice([0, 2, 5, 255], size=(5, 40)))
    return active, labels, torch.tensor([0, 2, 5, 9])


def test_iou_and_information_equal_slow_references(block):
    active, labels, concepts = block
    counter = OverlapCounter(3, 4, resamples=0, permutations=0, seed=0, stream="test")
    counter.add(active[:2], labels[:2], concepts)
    counter.add(active[2:], labels[2:], concepts)
    overlap = counter.observed()
    labelled = (labels != 255).flatten().tolist()
    for unit in range(3):
        own = [a for a, known in zip(active[:, unit].flatten().tolist(), labelled, strict=True) if known]
        for column, concept in enumerate(concepts.tolist()):
            present = [t for t, known in zip((labels == concept).flatten().tolist(), labelled, strict=True) if known]
            assert overlap.iou()[unit, column] == pytest.approx(slow_iou(own, present))
            assert overlap.information_quality()[unit, column] == pytest.approx(slow_quality(own, present), abs=1e-12)
    assert counter.images == 5
    assert counter.images_with.tolist() == [5, 5, 5, 0]


def test_closed_forms():
    def quality(both, active, present, pixels):
        arrays = (np.array([[both]]), np.array([active]), np.array([present]), np.array(pixels))
        return Overlap(*(array.astype(float) for array in arrays)).information_quality()[0, 0]

    assert quality(25, 25, 25, 100) == pytest.approx(1)
    assert quality(0, 25, 75, 100) == pytest.approx(1), "the negation is as informative"
    assert quality(25, 50, 50, 100) == pytest.approx(0, abs=1e-12), "independent"
    assert quality(0, 0, 50, 100) == 0, "a silent unit has no information"


def test_each_image_is_compared_with_each_mask(block):
    active, labels, concepts = block
    pairs = count_pairs(active, labels, concepts)
    assert pairs.shape == (5, 5, 4, 5)
    for one in range(5):
        for other in range(5):
            present = labels[other, None] == concepts[:, None]
            assert torch.equal(pairs[one, other, :3, :4], (active[one][:, None] & present).sum(dim=2).float())
            assert torch.equal(pairs[one, other, :3, 4], (active[one] & (labels[other] != 255)).sum(dim=1).float())
            assert torch.equal(pairs[one, other, 3, :4], present.sum(dim=1).float())


def test_resamples_vary_about_the_counts_and_permutations_exclude_own_masks(block):
    active, labels, concepts = block
    counter = OverlapCounter(3, 4, resamples=4000, permutations=2000, seed=0, stream="test")
    counter.add(active, labels, concepts)
    counts, resampled = counter.observed().both, counter.resampled().both
    np.testing.assert_allclose(resampled.mean(axis=0), counts, rtol=0.06, atol=0.06)
    pairs = count_pairs(active, labels, concepts)[:, :, :3, :4]
    others = (pairs.sum(dim=(0, 1)) - torch.einsum("iiuc->uc", pairs)) / 4
    np.testing.assert_allclose(counter.permuted().both.mean(axis=0), others, rtol=0.05, atol=0.1)
    np.testing.assert_array_equal(counter.permuted().present[0], counter.observed().present)


def test_derangements_are_equally_likely():
    found = draw_derangements(np.random.default_rng(0), 9000, 4)
    assert not (found == np.arange(4)).any()
    kinds, counts = np.unique(found, axis=0, return_counts=True)
    assert len(kinds) == 9
    # Chi-square of 8 degrees of freedom: 26.1 has a false-alarm rate of 0.1 %.
    assert ((counts - 1000) ** 2 / 1000).sum() < 26.1
    with pytest.raises(ValueError, match="at least two"):
        draw_derangements(np.random.default_rng(0), 1, 1)
