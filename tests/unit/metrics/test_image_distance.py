"""Distances between sets of vectors: closed forms and invariances."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from crossmodal.metrics import frechet_distance, sliced_wasserstein

DRAW = torch.Generator().manual_seed(0)
FIRST, SECOND = (torch.randn(400, 5, generator=DRAW) @ torch.randn(5, 5, generator=DRAW) for _ in range(2))


@pytest.mark.parametrize("distance", [sliced_wasserstein, frechet_distance])
def test_a_set_is_at_no_distance_from_itself_in_any_order(distance):
    assert distance(FIRST, FIRST.flip(0)) == pytest.approx(0, abs=1e-6)
    assert distance(FIRST, SECOND) == pytest.approx(distance(SECOND, FIRST))
    assert distance(FIRST, SECOND) > 0.1


def test_a_shift_by_s_is_s_over_the_root_of_the_dimension_when_sliced():
    # The mean square of one coordinate of a unit vector in d dimensions is 1 / d.
    shift = torch.tensor([3.0, 0, 0, 0, 0])
    assert sliced_wasserstein(FIRST, FIRST + shift, directions=4000) == pytest.approx(3 / 5**0.5, rel=0.03)


def test_sliced_in_one_dimension_is_the_distance_of_the_sorted_numbers():
    a, b = FIRST[:, :1], SECOND[:, :1]
    exact = np.sqrt(np.mean((np.sort(a[:, 0]) - np.sort(b[:, 0])) ** 2))
    assert sliced_wasserstein(a, b, directions=3) == pytest.approx(exact, rel=1e-5)


def test_sliced_directions_are_those_of_the_seed():
    assert sliced_wasserstein(FIRST, SECOND, 4, seed=1) == sliced_wasserstein(FIRST, SECOND, 4, seed=1)
    assert sliced_wasserstein(FIRST, SECOND, 4, seed=1) != sliced_wasserstein(FIRST, SECOND, 4, seed=2)


def test_frechet_is_the_formula_with_a_general_matrix_root():
    a, b = np.cov(FIRST.T.double()), np.cov(SECOND.T.double())
    apart = ((FIRST.double().mean(0) - SECOND.double().mean(0)) ** 2).sum()
    exact = float(apart) + np.trace(a + b - 2 * sqrtm(a @ b).real)
    assert frechet_distance(FIRST, SECOND) == pytest.approx(exact, rel=1e-6)


def test_frechet_of_a_shift_and_of_a_scale():
    assert frechet_distance(FIRST, FIRST + 2) == pytest.approx(5 * 4, rel=1e-4)
    assert frechet_distance(FIRST[:, :1], 3 * FIRST[:, :1]) == pytest.approx(
        float((2 * FIRST[:, 0].mean()) ** 2 + (2 * FIRST[:, 0].std()) ** 2), rel=1e-4
    )


def test_sets_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="as many vectors in both"):
        sliced_wasserstein(FIRST, SECOND[:10])
    with pytest.raises(ValueError, match="two vectors"):
        frechet_distance(FIRST, SECOND[:1])
