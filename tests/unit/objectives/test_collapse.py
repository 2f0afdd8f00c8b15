"""Figures that tell of collapse, on embeddings whose answer is known."""

import pytest
import torch

from crossmodal.objectives import effective_rank, is_collapsed


def _random(n, dimension, seed=0):
    return torch.randn(n, dimension, generator=torch.Generator().manual_seed(seed))


def test_effective_rank_of_equal_directions_is_their_number():
    assert effective_rank(torch.eye(7)) == pytest.approx(7)
    assert effective_rank(1e-6 * torch.eye(9)[:, :4]) == pytest.approx(4)


def test_effective_rank_of_two_directions_is_the_entropy_of_their_shares():
    z = torch.diag(torch.tensor([3.0, 1.0]))
    assert effective_rank(z) == pytest.approx((0.75**-0.75) * (0.25**-0.25))


def test_effective_rank_of_a_line_and_of_nothing():
    assert effective_rank(_random(20, 1) * torch.ones(1, 8)) == pytest.approx(1, abs=1e-4)
    assert effective_rank(torch.zeros(5, 3)) == 0


def test_effective_rank_is_blind_to_scale_and_turns():
    z, turn = _random(50, 6), torch.linalg.qr(_random(6, 6, seed=1)).Q
    assert effective_rank(100 * z @ turn) == pytest.approx(effective_rank(z), rel=1e-4)


def test_embeddings_all_around_have_not_collapsed():
    assert not is_collapsed(_random(200, 16))


@pytest.mark.parametrize(
    "z",
    [
        torch.ones(50, 8),
        torch.ones(50, 8) + 0.02 * _random(50, 8),  # nearly a point
        _random(50, 1) * torch.ones(1, 8),  # a line through 0
        torch.full((4, 3), torch.nan),
        torch.zeros(6, 3),
    ],
)
def test_a_point_a_line_and_nonsense_have_collapsed(z):
    assert is_collapsed(z)


def test_limits_can_be_moved():
    z = torch.ones(500, 8) + 0.4 * _random(500, 8)
    assert not is_collapsed(z)
    assert is_collapsed(z, least_spread=0.5)
    assert is_collapsed(z, least_rank=7.9)


def test_refuses_what_is_no_batch():
    with pytest.raises(ValueError, match=r"\(n, dimension\)"):
        effective_rank(torch.zeros(3))
    with pytest.raises(ValueError, match="at least 1"):
        is_collapsed(torch.zeros(0, 3))
