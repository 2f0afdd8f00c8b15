"""The banks of 3x3 filters that the untrained generators choose from."""

import pytest
import torch

from crossmodal.noise.untrained_generator.filters import high_frequency_bank, sparse_bank


@pytest.mark.parametrize("bank", [high_frequency_bank, sparse_bank])
def test_a_bank_has_40_different_filters_that_come_with_their_negatives(bank):
    filters = bank()
    assert filters.shape == (40, 3, 3)
    assert filters.dtype == torch.float32
    found = (filters[:, None] + filters[None]).abs().amax(dim=(2, 3)) < 1e-6
    assert (found.sum(dim=1) == 1).all()
    assert len(torch.unique(filters, dim=0)) == 40


def test_high_frequency_edges_and_lines_are_signs_of_oriented_patterns():
    filters = high_frequency_bank()
    edges, lines = filters[:16], filters[16:24]
    assert set(filters[:32].unique().tolist()) == {-1, 0, 1}
    assert torch.equal(edges, -edges.flip(1, 2))
    assert torch.equal(lines, lines.flip(1, 2))
    assert edges[0].tolist() == [[-1, 0, 1]] * 3
    assert lines[0].tolist() == [[-1, 1, -1]] * 3
    # Half a turn on, and a quarter of a turn on.
    assert torch.equal(edges[8:], -edges[:8])
    assert torch.equal(edges[4:8], edges[:4].rot90(-1, dims=(1, 2)))
    assert torch.equal(lines[4:], lines[:4].rot90(-1, dims=(1, 2)))


def test_sparse_edges_and_lines_have_zero_mean_and_keep_their_values():
    filters = sparse_bank()
    assert torch.equal(filters[20:], -filters[:20])
    assert filters[:16].sum(dim=(1, 2)).abs().max() < 1e-6
    assert len(filters[:16].unique()) > 10


def test_spots_are_the_same_under_quarter_turns():
    for spots in (high_frequency_bank()[32:36], sparse_bank()[16:20]):
        assert torch.equal(spots, spots.rot90(1, dims=(1, 2)))
        assert spots[0].tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
        assert spots[1].sum() == 0
