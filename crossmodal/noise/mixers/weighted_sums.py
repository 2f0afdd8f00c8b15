"""Weighted sums of images in integer arithmetic, bitwise the same on all devices."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.compiled import compiled

# The weights of an image sum to 2**_BITS.
_BITS = 16


def whole_weights(weights: NDArray[np.float64]) -> NDArray[np.int32]:
    """Round weights (n, k) that sum to 1 to integers that sum to 2**16."""
    # The running sums are rounded, not the weights, so that the total is exact.
    sums = np.round(2**_BITS * np.cumsum(weights, 1)).astype(np.int32)
    whole: NDArray[np.int32] = np.diff(sums, axis=1, prepend=np.int32(0))
    return whole


def sum_weighted(images: list[Tensor], weights: NDArray[np.int32]) -> Tensor:
    """Return the sum of k tensors of n images, uint8 (n, 3, height, width) on one device, by `whole_weights` (n, k)."""
    if images[0].device.type != "cpu":
        return sum_weighted_tensors(images, weights)
    sums = torch.empty(images[0].shape, dtype=torch.uint8)
    work = np.empty(images[0][:1].numel(), np.int32)
    for i in range(len(sums)):
        work[:] = 1 << (_BITS - 1)
        for image, weight in zip(images, weights[i], strict=True):
            _add(work, image[i].contiguous().numpy().reshape(-1), weight)
        _shift(sums[i].numpy().reshape(-1), work)
    return sums


def sum_weighted_tensors(images: list[Tensor], weights: NDArray[np.int32]) -> Tensor:
    """The same as `sum_weighted`, on any device."""
    factors = torch.from_numpy(weights).to(images[0].device)
    sums = torch.full(images[0].shape, 1 << (_BITS - 1), dtype=torch.int32, device=factors.device)
    for image, factor in zip(images, factors.T, strict=True):
        sums += image * factor[:, None, None, None]
    return (sums >> _BITS).to(torch.uint8)


@compiled
def _add(sums: NDArray[np.int32], values: NDArray[np.uint8], weight: np.int32) -> None:
    for i in range(len(sums)):
        sums[i] += weight * values[i]


@compiled
def _shift(pixels: NDArray[np.uint8], sums: NDArray[np.int32]) -> None:
    for i in range(len(sums)):
        pixels[i] = sums[i] >> _BITS
