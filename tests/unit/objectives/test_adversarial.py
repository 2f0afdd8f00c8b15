"""The game: values, gradients, and where it comes to rest."""

import math

import pytest
import torch
import torch.nn.functional as F

from crossmodal.objectives import discriminator_loss, generator_loss, gradient_penalty


def test_losses_are_cross_entropies():
    draw = torch.Generator().manual_seed(0)
    true, drawn = torch.randn(2, 7, generator=draw)
    ones, zeros = torch.ones(7), torch.zeros(7)
    wanted = F.binary_cross_entropy_with_logits(true, ones) + F.binary_cross_entropy_with_logits(drawn, zeros)
    torch.testing.assert_close(discriminator_loss(true, drawn), wanted)
    torch.testing.assert_close(generator_loss(drawn), F.binary_cross_entropy_with_logits(drawn, ones))


def test_who_cannot_tell_pays_two_log_two():
    assert float(discriminator_loss(torch.zeros(3), torch.zeros(5))) == pytest.approx(2 * math.log(2))


def test_extreme_scores_stay_finite():
    large = torch.tensor([1e4, -1e4])
    assert torch.isfinite(discriminator_loss(large, large))
    assert torch.isfinite(generator_loss(large))


def test_the_penalty_of_a_linear_score_is_half_its_squared_slope():
    slope = torch.tensor([3.0, 4.0]).requires_grad_()
    images = torch.randn(6, 2).requires_grad_()
    penalty = gradient_penalty(images @ slope, images)
    assert float(penalty.detach()) == pytest.approx(12.5)
    penalty.backward()
    # It reaches the parameters: the slope shrinks.
    torch.testing.assert_close(slope.grad, slope.detach())


def test_the_penalty_of_a_square_is_the_obvious_mean():
    images = torch.randn(5, 3, 4, 4).requires_grad_()
    scores = images.square().flatten(1).sum(dim=1)
    slow = torch.stack([0.5 * (2 * one).square().sum() for one in images]).mean()
    torch.testing.assert_close(gradient_penalty(scores, images), slow)


def test_images_without_gradients_are_refused():
    with pytest.raises(ValueError, match="require gradients"):
        gradient_penalty(torch.zeros(2), torch.zeros(2, 3))


def play(weight: float) -> float:
    """The simplest game: a point against a linear score, with all true points at 0. Returns how far the point ends."""
    point, slope = torch.tensor([1.0], requires_grad=True), torch.tensor([0.5], requires_grad=True)
    for _ in range(400):
        true = torch.zeros(1, 1, requires_grad=True)
        scores = (true * slope).sum(dim=1)
        loss = generator_loss(point * slope.detach()) + discriminator_loss(scores, point.detach() * slope)
        loss = loss + weight * gradient_penalty(scores, true)
        steps = torch.autograd.grad(loss, [point, slope])
        with torch.no_grad():
            for player, step in zip((point, slope), steps, strict=True):
                player.sub_(0.1 * step)
    return float(point.detach().abs() + slope.detach().abs())


def test_the_penalty_makes_the_simplest_game_converge():
    # Mescheder et al., ICML 2018, section 2.1: without it, players of a Dirac circle around the equilibrium.
    assert play(1.0) < 1e-3
    assert play(0.0) > 0.5
