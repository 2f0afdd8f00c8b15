"""Quantiles of the activations of units: by a mergeable sketch, or exactly in two passes."""

import math
from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor

from crossmodal.randomness import generator

_HALF_BITS = 16
_BINS = 1 << _HALF_BITS


class QuantileSketch:
    """A sketch of the distribution of each unit's activations; memory grows with the logarithm of their number.

    Values are kept in buffers of ``size``; a value in level h has the weight 2**h. A full buffer is sorted, and every
    other value, from a random start, moves to the next level. The rank error of a quantile is about 0.6 / ``size`` of
    all values. Sketches of parts can be merged in any order.

    Args:
        units: number of distributions.
        size: of a buffer, even.
        seed: of the random starts.

    Raises:
        ValueError: ``size`` is not an even number of at least 2.

    References:
        Manku, Rajagopalan & Lindsay, "Approximate medians and other quantiles in one pass", SIGMOD 1998; Karnin, Lang &
        Liberty, "Optimal quantile approximation in streams", FOCS 2016, section 2.
    """

    def __init__(self, units: int, *, size: int = 4096, seed: int = 0) -> None:
        if size < 2 or size % 2:
            raise ValueError(f"size must be an even number of at least 2, got {size}")
        self.units, self.size = units, size
        self.count = 0
        self._levels: list[Tensor] = [torch.empty(units, 0)]
        self._starts = generator(seed, "dissect/quantile sketch")

    def add(self, values: Tensor) -> None:
        """Add values (units, n).

        Raises:
            ValueError: the number of units is wrong.
        """
        if values.ndim != 2 or len(values) != self.units:
            raise ValueError(f"expected values of {self.units} units, found shape {tuple(values.shape)}")
        self.count += values.shape[1]
        self._push(0, values.detach().to("cpu", torch.float32))

    def merge(self, other: "QuantileSketch") -> None:
        """Add the values of another sketch.

        Raises:
            ValueError: the sketches differ in units or size.
        """
        if (other.units, other.size) != (self.units, self.size):
            kinds = [f"{one.units} units in buffers of {one.size}" for one in (self, other)]
            raise ValueError(f"these sketches differ: {' and '.join(kinds)}")
        self.count += other.count
        for level, values in enumerate(other._levels):
            self._push(level, values)

    def quantiles(self, fractions: Iterable[float]) -> Tensor:
        """Estimate quantiles: (units, fractions), float32.

        Raises:
            ValueError: no value was added, or a fraction is not within 0 to 1.
        """
        checked = _checked(fractions, self.count)
        values = torch.cat(self._levels, dim=1)
        weights = torch.cat([torch.full((part.shape[1],), 2.0**level) for level, part in enumerate(self._levels)])
        ordered, order = values.sort(dim=1)
        weight = weights[order].double()
        # Each value covers a range of ranks; its own rank is the middle of the range, as in a sorted list.
        ranks = weight.cumsum(dim=1) - (weight + 1) / 2
        targets = torch.tensor(checked, dtype=torch.float64) * (self.count - 1)
        return torch.stack([_interpolate(ranks, ordered, float(target)) for target in targets], dim=1)

    def _push(self, level: int, values: Tensor) -> None:
        while len(self._levels) <= level:
            self._levels.append(torch.empty(self.units, 0))
        values = torch.cat([self._levels[level], values], dim=1)
        whole = values.shape[1] // 2 * 2 if values.shape[1] >= self.size else 0
        self._levels[level] = values[:, whole:]
        if whole:
            start = int(self._starts.integers(2))
            self._push(level + 1, values[:, :whole].sort(dim=1).values[:, start::2])


def exact_quantiles(passes: Callable[[], Iterable[Tensor]], fractions: Iterable[float]) -> Tensor:
    """Compute exact quantiles, as `numpy.quantile` does, in two passes over the values: (units, fractions), float32.

    The first pass counts the upper 16 bits of the values. The second counts the lower 16 bits of the values that have
    the upper bits of a target rank. Memory does not depend on the number of values: half a megabyte per unit.

    Args:
        passes: returns an iterator over values (units, n), the same values each time, in any grouping.
        fractions: of the quantiles.

    Raises:
        ValueError: there are no values, or a fraction is not within 0 to 1.
    """
    upper: Tensor | None = None
    for values in passes():
        codes = _ordered_codes(values) >> _HALF_BITS
        upper = _counted(upper, codes)
    count = 0 if upper is None else int(upper[0].sum())
    checked = _checked(fractions, count)
    assert upper is not None
    targets = [fraction * (count - 1) for fraction in checked]
    ranks = sorted({rank for target in targets for rank in (math.floor(target), math.ceil(target))})
    heads, rests = zip(*(_bin_of(upper, rank) for rank in ranks), strict=True)
    del upper
    found = dict(zip(ranks, _lower_halves(passes, list(heads), list(rests)), strict=True))
    columns = []
    for target in targets:
        low, high, part = found[math.floor(target)], found[math.ceil(target)], target - math.floor(target)
        columns.append((low.double() + part * (high.double() - low.double())).float())
    return torch.stack(columns, dim=1)


def _lower_halves(passes: Callable[[], Iterable[Tensor]], heads: list[Tensor], rests: list[Tensor]) -> list[Tensor]:
    """The values of the target ranks, given the upper bits of each and its rank among the values with these bits."""
    lower: list[Tensor | None] = [None] * len(heads)
    for values in passes():
        codes = _ordered_codes(values)
        for index, head in enumerate(heads):
            inside = (codes >> _HALF_BITS) == head[:, None]
            lower[index] = _counted(lower[index], codes & (_BINS - 1), inside)
    found = []
    for head, rest, counts in zip(heads, rests, lower, strict=True):
        assert counts is not None
        tail, _ = _bin_of(counts, rest)
        found.append(_values_of((head << _HALF_BITS) | tail))
    return found


def _ordered_codes(values: Tensor) -> Tensor:
    """Integers 0 to 2**32 - 1 in the order of the float32 values: sign bit flipped, negative values reversed."""
    # Adding zero makes -0 and 0 one value.
    bits = (values.detach().to("cpu", torch.float32) + 0.0).contiguous().view(torch.int32).long() & 0xFFFFFFFF
    return torch.where(bits >> 31 == 1, 0xFFFFFFFF - bits, bits | 0x80000000)


def _values_of(codes: Tensor) -> Tensor:
    bits = torch.where(codes >> 31 == 1, codes & 0x7FFFFFFF, 0xFFFFFFFF - codes)
    return torch.from_numpy(bits.numpy().astype(np.uint32).view(np.float32))


def _counted(counts: Tensor | None, codes: Tensor, inside: Tensor | None = None) -> Tensor:
    if counts is None:
        counts = torch.zeros(len(codes), _BINS, dtype=torch.int64)
    ones = torch.ones_like(codes) if inside is None else inside.long()
    return counts.scatter_add_(1, codes, ones)


def _bin_of(counts: Tensor, rank: int | Tensor) -> tuple[Tensor, Tensor]:
    """The bin of each unit's value of a rank (from 0), and the rank within the bin."""
    below = counts.cumsum(dim=1)
    target = torch.as_tensor(rank).expand(len(counts)).contiguous()
    bins = torch.searchsorted(below, target[:, None], right=True)
    before = (below - counts).gather(1, bins)
    return bins[:, 0], target - before[:, 0]


def _interpolate(ranks: Tensor, values: Tensor, rank: float) -> Tensor:
    target = torch.full((len(ranks), 1), rank, dtype=ranks.dtype)
    high = torch.searchsorted(ranks, target).clamp(1, max(ranks.shape[1] - 1, 1)).clamp(max=ranks.shape[1] - 1)
    low = (high - 1).clamp(min=0)
    low_rank, high_rank = ranks.gather(1, low), ranks.gather(1, high)
    part = ((rank - low_rank) / (high_rank - low_rank).clamp(min=1)).clamp(0, 1).float()
    low_value, high_value = values.gather(1, low), values.gather(1, high)
    return (low_value + part * (high_value - low_value))[:, 0]


def _checked(fractions: Iterable[float], count: int) -> list[float]:
    checked = [float(fraction) for fraction in fractions]
    if not count:
        raise ValueError("there are no values to compute quantiles of")
    if not all(0 <= fraction <= 1 for fraction in checked):
        raise ValueError(f"fractions must be within 0 to 1, got {checked}")
    return checked
