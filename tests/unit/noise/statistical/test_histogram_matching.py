"""Histogram matching: the published rule, written twice for speed and once plainly."""

import numpy as np
import pytest
import torch
from torch import Tensor

from crossmodal.noise.statistical import histogram_matching
from crossmodal.noise.statistical.histogram_matching import (
    HistogramTarget,
    histogram,
    histogram_target,
    match_histograms,
)
from crossmodal.randomness import generator
from tests.fakes.statistical_twin import plainly_matched


def some_rows() -> tuple[Tensor, Tensor, HistogramTarget]:
    """Three rows of 5,003 values, weights of 40 bins and their target."""
    random = generator(1, "tests/matching")
    values = np.stack([random.normal(size=5003), random.uniform(-3, 900, 5003), random.laplace(size=5003) ** 3])
    weights = torch.from_numpy(random.uniform(0, 1, (3, 40)) * (random.uniform(size=(3, 40)) < 0.5))
    target = histogram_target(weights, torch.tensor([0.0, -5.0, 100.0]), torch.tensor([1.0, 0.1, 20.0]))
    return torch.from_numpy(values).float(), weights, target


@pytest.fixture(params=["loops", "tensors"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to compute: compiled loops of the CPU, and tensors of other devices."""
    monkeypatch.setattr(histogram_matching, "has_compiled_loops", lambda _: request.param == "loops")


@pytest.mark.usefixtures("path")
def test_matching_is_the_plain_rule() -> None:
    values, weights, target = some_rows()
    expected = [
        plainly_matched(row.double().numpy(), weight.numpy(), float(low), float(step))
        for row, weight, low, step in zip(values, weights, target.low, target.step, strict=True)
    ]
    difference = np.abs(match_histograms(values.clone(), target).numpy() - np.stack(expected))
    # A value on the edge of two bins may fall on either side, in float32 or float64.
    assert np.mean(difference > 1e-4 * target.step[:, None].numpy()) < 0.01
    assert difference.max() < 40 * target.step.max()


def test_loops_and_tensors_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    values, _, target = some_rows()
    loops = match_histograms(values.clone(), target)
    scaled = match_histograms(values.clone(), target, torch.tensor([1.0, 2.0, 3.0]))
    counted = histogram(values, 7)
    monkeypatch.setattr(histogram_matching, "has_compiled_loops", lambda _: False)
    torch.testing.assert_close(match_histograms(values, target), loops, rtol=0, atol=0)
    torch.testing.assert_close(match_histograms(values, target, torch.tensor([1.0, 2.0, 3.0])), scaled)
    for ours, theirs in zip(histogram(values, 7), counted, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.usefixtures("path")
def test_matched_values_keep_their_order_and_have_the_histogram() -> None:
    values, weights, target = some_rows()
    matched = match_histograms(values.clone(), target)
    for row in range(3):
        assert bool((matched[row][values[row].argsort()].diff() >= -1e-3 * float(target.step[row])).all())
        edges = (target.low[row] + target.step[row] * torch.arange(41)).numpy()
        shares = np.histogram(matched[row].numpy(), edges)[0] / 5003
        wanted = weights[row].numpy() / float(weights[row].sum())
        # Exact at the edges of the bins of the values; in between off by what a bin holds at most.
        fullest = np.histogram(values[row].numpy(), 40)[0].max() / 5003
        assert np.abs(np.cumsum(shares - wanted)).max() < fullest + 0.002
    torch.testing.assert_close(matched.amin(1), target.low)
    torch.testing.assert_close(matched.amax(1), target.low + 40 * target.step)


@pytest.mark.usefixtures("path")
def test_rows_are_scaled_to_a_deviation() -> None:
    values, _, target = some_rows()
    matched = match_histograms(values.clone(), target, torch.tensor([1.0, 20.0, 3.0]))
    torch.testing.assert_close(matched.std(1, correction=0), torch.tensor([1.0, 20.0, 3.0]))
    assert float(matched.mean(1).abs().max()) < 1e-4


@pytest.mark.usefixtures("path")
def test_a_constant_row_stays_one() -> None:
    values, _, target = some_rows()
    constant = torch.full_like(values, 3.0)
    assert (match_histograms(constant.clone(), target) == target.low[:, None]).all()
    assert (match_histograms(constant.clone(), target, torch.ones(3)) == 0.0).all()
    counts, low, width = histogram(constant, 5)
    assert counts[:, 0].tolist() == [5003] * 3
    assert low.tolist() == [3.0] * 3
    assert width.tolist() == [0.0] * 3


@pytest.mark.usefixtures("path")
def test_one_value_alone() -> None:
    target = histogram_target(torch.ones(1, 4), torch.tensor([2.0]), torch.tensor([1.0]))
    assert match_histograms(torch.tensor([[7.0]]), target).tolist() == [[2.0]]


@pytest.mark.usefixtures("path")
def test_counts_are_those_of_numpy() -> None:
    values = some_rows()[0][:1]
    counts, low, width = histogram(values, 25)
    expected, edges = np.histogram(values[0].numpy(), 25)
    assert np.abs(counts[0].numpy() - expected).sum() <= 4  # values on an edge
    assert float(low[0]) == pytest.approx(edges[0])
    assert float(width[0]) == pytest.approx(edges[1] - edges[0], rel=1e-5)
