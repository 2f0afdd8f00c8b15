"""Quantiles: exact ones equal numpy's; the rank error of sketches is small for any order and grouping."""

import numpy as np
import pytest
import torch

from crossmodal.dissect import QuantileSketch, exact_quantiles

FRACTIONS = (0.0, 0.005, 0.5, 0.77, 0.99, 0.995, 1.0)


def values_of(kind, units=3, count=5000):
    draws = np.random.default_rng(3)
    values = {
        "normal": lambda: draws.normal(size=(units, count)),
        "rectified": lambda: draws.normal(size=(units, count)).clip(0),
        "few": lambda: draws.integers(-2, 3, size=(units, 7)),
        "one": lambda: draws.normal(size=(units, 1)),
        "wide": lambda: draws.normal(size=(units, count)) * 10.0 ** draws.integers(-30, 30, size=(units, count)),
        "zeros of both signs": lambda: np.where(draws.random((units, count)) < 0.5, -0.0, 0.0),
    }[kind]()
    return torch.from_numpy(values.astype(np.float32))


@pytest.mark.parametrize("kind", ["normal", "rectified", "few", "one", "wide", "zeros of both signs"])
def test_exact_quantiles_equal_those_of_numpy(kind):
    values = values_of(kind)
    found = exact_quantiles(lambda: values.split(617, dim=1), FRACTIONS)
    expected = np.quantile(values.double().numpy(), FRACTIONS, axis=1).T
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6, atol=1e-45)


@pytest.mark.parametrize("kind", ["few", "one"])
def test_a_sketch_of_few_values_is_exact(kind):
    values = values_of(kind)
    sketch = QuantileSketch(len(values))
    sketch.add(values)
    expected = np.quantile(values.double().numpy(), FRACTIONS, axis=1).T
    np.testing.assert_allclose(sketch.quantiles(FRACTIONS).numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("merged", [False, True], ids=["one sketch", "four merged"])
@pytest.mark.parametrize("order", ["random", "rising"])
def test_the_rank_error_of_a_sketch_is_small(merged, order):
    count, size = 200_000, 1024
    values = torch.from_numpy(np.random.default_rng(5).normal(size=(4, count)).astype(np.float32))
    values = values.sort(dim=1).values if order == "rising" else values
    sketches = [QuantileSketch(4, size=size, seed=part) for part in range(4 if merged else 1)]
    for number, part in enumerate(values.split(1000, dim=1)):
        sketches[number % len(sketches)].add(part)
    for other in sketches[1:]:
        sketches[0].merge(other)
    assert sketches[0].count == count
    found = sketches[0].quantiles(FRACTIONS[1:-1])
    ranks = (values[:, :, None] <= found[:, None, :]).float().mean(dim=1).numpy()
    # Four standard deviations of a rank: of the order of log2(count / size) / size.
    assert np.abs(ranks - FRACTIONS[1:-1]).max() < 4 / size


def test_memory_of_a_sketch_grows_with_the_logarithm():
    sketch = QuantileSketch(1, size=64)
    for _ in range(200):
        sketch.add(torch.rand(1, 1000))
    kept = sum(level.shape[1] for level in sketch._levels)
    assert kept <= 64 * (np.log2(200_000 / 64) + 2)


def test_invalid_arguments_are_refused():
    with pytest.raises(ValueError, match="even number"):
        QuantileSketch(1, size=3)
    with pytest.raises(ValueError, match="expected values of 2 units"):
        QuantileSketch(2).add(torch.zeros(3, 1))
    with pytest.raises(ValueError, match="differ"):
        QuantileSketch(2).merge(QuantileSketch(3))
    with pytest.raises(ValueError, match="no values"):
        QuantileSketch(2).quantiles([0.5])
    with pytest.raises(ValueError, match="within 0 to 1"):
        exact_quantiles(lambda: [torch.zeros(1, 2)], [1.5])
