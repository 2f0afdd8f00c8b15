import math

import pytest
import torch

from crossmodal.objectives import (
    impact_weights,
    onset_loss,
    onset_targets,
    robust_feature_loss,
    squared_feature_loss,
)


def test_robust_loss_against_its_formula():
    torch.manual_seed(0)
    predicted, wanted = torch.randn(2, 5, 7), torch.randn(2, 5, 7)
    total = 0.0
    for b in range(2):
        for t in range(7):
            squared = sum(float(predicted[b, k, t] - wanted[b, k, t]) ** 2 for k in range(5))
            total += math.log(1 / 25**2 + squared) - math.log(1 / 25**2)
    assert float(robust_feature_loss(predicted, wanted)) == pytest.approx(total / 14, rel=1e-5)


def test_robust_loss_is_zero_for_the_truth_and_flat_for_outliers():
    wanted = torch.zeros(1, 3, 4)
    assert float(robust_feature_loss(wanted, wanted)) == 0
    slopes = []
    for distance in (0.05, 50.0):
        predicted = torch.full((1, 3, 4), distance, requires_grad=True)
        robust_feature_loss(predicted, wanted).backward()
        slopes.append(float(predicted.grad.abs().max()))
    assert slopes[1] < slopes[0] / 100


def test_onset_targets_are_bumps_joined_by_their_maximum():
    onset = torch.zeros(1, 30)
    onset[0, [10, 13]] = 1
    targets = onset_targets(onset, spread_steps=2.0)
    twin = [max(math.exp(-0.5 * ((step - at) / 2) ** 2) for at in (10, 13)) for step in range(30)]
    torch.testing.assert_close(targets[0, 5:20], torch.tensor(twin)[5:20])
    assert float(targets.max()) == 1


def test_onset_targets_keep_their_length_at_the_edges():
    onset = torch.zeros(2, 5)
    onset[:, 0] = 1
    assert onset_targets(onset, 3.0).shape == (2, 5)
    assert torch.equal(onset_targets(onset, 0.0), onset)


def test_onset_loss_falls_towards_the_targets():
    onset = torch.zeros(1, 20)
    onset[0, 8] = 1
    right = torch.logit(onset_targets(onset, 2.0).clamp(0.01, 0.99))
    assert float(onset_loss(right, onset)) < float(onset_loss(torch.zeros(1, 20), onset))
    assert float(onset_loss(torch.zeros(1, 20), onset)) < float(onset_loss(-right, onset))


def test_impact_weights_reach_from_before_an_onset_to_its_end():
    onset = torch.zeros(1, 20)
    onset[0, [5, 16]] = 1
    weights = impact_weights(onset, weight=4.0, lead_steps=2, tail_steps=3)
    twin = [4.0 if any(at - 2 <= step <= at + 3 for at in (5, 16)) else 1.0 for step in range(20)]
    assert weights[0].tolist() == twin


def test_squared_loss_against_its_formula():
    torch.manual_seed(0)
    predicted, wanted, weights = torch.randn(2, 3, 4), torch.randn(2, 3, 4), torch.rand(2, 4)
    total = sum(
        float(weights[b, t]) * float(predicted[b, k, t] - wanted[b, k, t]) ** 2
        for b in range(2)
        for k in range(3)
        for t in range(4)
    )
    assert float(squared_feature_loss(predicted, wanted, weights)) == pytest.approx(
        total / float(weights.sum()), rel=1e-5
    )
