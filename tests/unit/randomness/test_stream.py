import numpy as np
import pytest
from scipy import stats

from crossmodal.randomness import generator


def test_a_draw_depends_on_seed_stream_and_index_alone():
    first = generator(1, "leaves", 7).random(5)
    generator(2, "other").random(100)
    assert np.array_equal(generator(1, "leaves", 7).random(5), first)


@pytest.mark.parametrize("other", [(2, "leaves", 7), (1, "leave", 7), (1, "leaves", 8)])
def test_any_other_name_gives_other_numbers(other):
    assert not np.array_equal(generator(*other).random(5), generator(1, "leaves", 7).random(5))


def test_first_draws_of_neighbouring_indices_are_uniform_and_independent():
    # Kolmogorov-Smirnov and lag-1 correlation, each with a false-alarm rate of 1e-4 on fixed seeds.
    draws = np.array([generator(3, "check", index).random() for index in range(2000)])
    assert stats.kstest(draws, "uniform").pvalue > 1e-4
    assert stats.pearsonr(draws[:-1], draws[1:]).pvalue > 1e-4


def test_streams_of_an_index_do_not_overlap():
    long = generator(0, "s", 0).integers(0, 2**63, 5000)
    following = generator(0, "s", 1).integers(0, 2**63, 5000)
    assert not set(long.tolist()) & set(following.tolist())


def test_negative_numbers_are_refused():
    with pytest.raises(ValueError, match="negative"):
        generator(-1, "s")
    with pytest.raises(ValueError, match="negative"):
        generator(0, "s", -1)
