"""Histogram matching: a monotonic map of values to a target distribution.

The range of the values is divided into as many bins as the target has; the cumulative counts at the edges are looked up
in the target's cumulative histogram, and values between two edges are mapped linearly. So the least value becomes the
lower end of the target and the greatest its upper end.

References:
    Heeger & Bergen, "Pyramid-based texture analysis/synthesis", SIGGRAPH 1995, section 3.2.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.compiled import compiled

# A range below this counts as 0.
_TINY = 1e-30
# Independent partial sums, for vector instructions.
_LANES = 16


class HistogramTarget(NamedTuple):
    """Target distributions of rows of values: piecewise uniform between equally spaced edges."""

    #: Cumulative histogram at the edges: float64 (rows, bins + 1), strictly increasing from 0 to 1.
    cumulative: Tensor
    #: The first edge of each row: float32 (rows,).
    low: Tensor
    #: The distance between edges: float32 (rows,).
    step: Tensor


def has_compiled_loops(device: torch.device) -> bool:
    """Whether images on a device are computed by compiled loops, one at a time, instead of by batched tensors."""
    return device.type == "cpu"


def histogram_target(weights: Tensor, low: Tensor, step: Tensor) -> HistogramTarget:
    """Return the target with bin weights ``weights`` (rows, bins); bin k begins at ``low`` + k * ``step``."""
    counts = weights.double()
    # Empty bins get a tiny weight, so that the cumulative histogram can be inverted.
    counts = counts + counts.mean(dim=1, keepdim=True) * 1e-8
    cumulative = torch.nn.functional.pad(counts.cumsum(dim=1), (1, 0))
    return HistogramTarget(cumulative / cumulative[:, -1:], low.float(), step.float())


def histogram(values: Tensor, bins: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the histogram of each row of ``values`` float32 (rows, n), with equal bins between the row's extremes.

    Returns:
        counts int64 (rows, bins), lower ends float32 (rows,), widths of the bins float32 (rows,).
    """
    if has_compiled_loops(values.device):
        counts = torch.empty(len(values), bins, dtype=torch.int64)
        ends = torch.empty(len(values), 2)
        _count_rows(values.numpy(), counts.numpy(), ends.numpy())
        return counts, ends[:, 0], (ends[:, 1] - ends[:, 0]) / bins
    position, least, span = _positions(values, bins)
    return _counted(position, bins), least[:, 0], span[:, 0] / bins


def match_histograms(values: Tensor, target: HistogramTarget, deviation: Tensor | None = None) -> Tensor:
    """Match each row of ``values`` float32 (rows, n) to the target's row; ``values`` may be overwritten.

    A constant row becomes the target's lower end. Devices agree as far as their float32 sums do.

    Args:
        values: contiguous.
        target: of the same number of rows.
        deviation: standard deviations (rows,) to which the matched rows are scaled, after their mean is subtracted; if
            None, the rows stay as matched.

    Returns:
        The matched values, float32 (rows, n).
    """
    if has_compiled_loops(values.device):
        _match_rows(values.numpy(), target.cumulative.numpy(), target.low.numpy(), target.step.numpy())
        if deviation is not None:
            _standardize_rows(values.numpy(), deviation.numpy())
        return values
    matched = _matched(values, target)
    if deviation is None:
        return matched
    spread, mean = torch.std_mean(matched, dim=1, correction=0, keepdim=True)
    return (matched - mean) * torch.where(spread > _TINY, deviation[:, None] / spread, 0.0)


def _matched(values: Tensor, target: HistogramTarget) -> Tensor:
    """The same as `_match_rows`, with tensors."""
    bins = target.cumulative.shape[1] - 1
    position, _, _ = _positions(values, bins)
    number = position.long().clamp_(max=bins - 1)
    fractions = torch.nn.functional.pad(_counted(position, bins).cumsum(dim=1), (1, 0)).double() / values.shape[1]
    after = torch.searchsorted(target.cumulative, fractions).clamp_(1, bins)
    upper, lower = target.cumulative.gather(1, after), target.cumulative.gather(1, after - 1)
    edges = (after - 1 + (fractions - lower) / (upper - lower)).float()
    nodes = target.low[:, None] + target.step[:, None] * edges
    before = nodes.gather(1, number)
    return before + (position - number) * (nodes.gather(1, number + 1) - before)


def _positions(values: Tensor, bins: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the positions of values in their row's range, in bins; and the range's start and length (rows, 1)."""
    least, most = values.amin(dim=1, keepdim=True), values.amax(dim=1, keepdim=True)
    span = most - least
    # A Python number divided by a tensor would be rounded twice, unlike in `_bins_per_unit`.
    scale = torch.full_like(span, bins) / span
    return (values - least) * torch.where(span > _TINY, scale, 0.0), least, span


def _counted(position: Tensor, bins: int) -> Tensor:
    number = position.long().clamp_(max=bins - 1)
    return torch.zeros(len(position), bins, dtype=torch.int64, device=position.device).scatter_add_(
        1, number, torch.ones_like(number)
    )


@compiled
def _match_rows(
    values: NDArray[np.float32], cumulative: NDArray[np.float64], low: NDArray[np.float32], step: NDArray[np.float32]
) -> None:
    bins = cumulative.shape[1] - 1
    counts = np.empty(bins, dtype=np.int64)
    nodes = np.empty(bins + 1, dtype=np.float32)
    for row in range(values.shape[0]):
        least, most = _extremes(values[row])
        scale = _bins_per_unit(least, most, bins)
        _count(values[row], least, scale, counts)
        _place_nodes(counts, values.shape[1], cumulative[row], low[row], step[row], nodes)
        _look_up(values[row], least, scale, nodes)


@compiled
def _count_rows(values: NDArray[np.float32], counts: NDArray[np.int64], ends: NDArray[np.float32]) -> None:
    bins = counts.shape[1]
    for row in range(values.shape[0]):
        least, most = _extremes(values[row])
        _count(values[row], least, _bins_per_unit(least, most, bins), counts[row])
        ends[row, 0] = least
        ends[row, 1] = most


@compiled
def _extremes(row: NDArray[np.float32]) -> tuple[np.float32, np.float32]:
    low, high = np.full(_LANES, row[0]), np.full(_LANES, row[0])
    whole = row.size - row.size % _LANES
    for start in range(0, whole, _LANES):
        for lane in range(_LANES):
            value = row[start + lane]
            low[lane] = value if value < low[lane] else low[lane]
            high[lane] = value if value > high[lane] else high[lane]
    least, most = low.min(), high.max()
    for i in range(whole, row.size):
        least, most = min(least, row[i]), max(most, row[i])
    return least, most


@compiled
def _bins_per_unit(least: np.float32, most: np.float32, bins: int) -> np.float32:
    span = np.float32(most - least)
    return np.float32(np.float32(bins) / span) if span > np.float32(_TINY) else np.float32(0.0)


@compiled
def _count(row: NDArray[np.float32], least: np.float32, scale: np.float32, counts: NDArray[np.int64]) -> None:
    last = np.int32(counts.size - 1)
    counts[:] = 0
    for i in range(row.size):
        counts[min(np.int32((row[i] - least) * scale), last)] += 1


@compiled
def _place_nodes(
    counts: NDArray[np.int64],
    total: int,
    cumulative: NDArray[np.float64],
    low: np.float32,
    step: np.float32,
    nodes: NDArray[np.float32],
) -> None:
    """Compute the values to which the edges of the counted bins are mapped: equal fractions lie below."""
    below, after = 0, 1
    for k in range(nodes.size):
        fraction = below / total
        while after < counts.size and cumulative[after] < fraction:
            after += 1
        into = (fraction - cumulative[after - 1]) / (cumulative[after] - cumulative[after - 1])
        nodes[k] = low + step * np.float32(after - 1 + into)
        if k < counts.size:
            below += counts[k]


@compiled
def _look_up(row: NDArray[np.float32], least: np.float32, scale: np.float32, nodes: NDArray[np.float32]) -> None:
    last = np.int32(nodes.size - 2)
    for i in range(row.size):
        position = (row[i] - least) * scale
        number = min(np.int32(position), last)
        before = nodes[number]
        row[i] = before + (position - np.float32(number)) * (nodes[number + 1] - before)


@compiled
def _standardize_rows(values: NDArray[np.float32], deviation: NDArray[np.float32]) -> None:
    for row in range(values.shape[0]):
        mean = _mean(values[row])
        values[row] -= mean
        spread = np.sqrt(_mean_square(values[row]))
        values[row] *= np.float32(deviation[row] / spread) if spread > _TINY else np.float32(0.0)


@compiled
def _mean(row: NDArray[np.float32]) -> np.float32:
    sums = np.zeros(_LANES)
    whole = row.size - row.size % _LANES
    for start in range(0, whole, _LANES):
        for lane in range(_LANES):
            sums[lane] += row[start + lane]
    return np.float32((sums.sum() + row[whole:].sum()) / row.size)


@compiled
def _mean_square(row: NDArray[np.float32]) -> float:
    sums = np.zeros(_LANES)
    whole = row.size - row.size % _LANES
    for start in range(0, whole, _LANES):
        for lane in range(_LANES):
            sums[lane] += row[start + lane] * row[start + lane]
    rest = 0.0
    for i in range(whole, row.size):
        rest += row[i] * row[i]
    return float((sums.sum() + rest) / row.size)
