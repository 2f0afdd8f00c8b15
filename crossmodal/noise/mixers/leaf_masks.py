"""Soft masks from two clusters of the colours of an image, and images composed with them.

References:
    Rodríguez-Muñoz et al., "Separating knowledge and perception with procedural data", ICML 2025.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.compiled import compiled

_STEPS = 3
# Cluster centres are integers in units of 1/_PARTS of a grey level, so that all devices agree.
_PARTS = 256
# The side of the published masks, in pixels.
_SIDE = 256
# A mask value of 1 is 2**_BITS.
_BITS = 16


def compose_by_leaves(source: Tensor, inside: Tensor, outside: Tensor) -> Tensor:
    """Compose ``inside`` and ``outside`` by the mask of ``source``: all uint8 (n, 3, height, width) on one device.

    The mask is 1 for the pixels of ``source`` that are nearer to the first of two cluster centres. Three Lloyd steps
    compute these from the smallest and the largest colour (ordered by red, then green, then blue). The mask is blurred
    by a box of 3 x 3 pixels, which grows with the shorter side above 256 pixels, and then by a box of 3 x 3, both with
    replicated edges.
    """
    reach = max(1, round(min(source.shape[-2:]) / _SIDE))
    if source.device.type == "cpu":
        composed = torch.empty_like(source)
        _compose(reach, composed.numpy(), source.numpy(), inside.numpy(), outside.numpy())
        return composed
    return compose_tensors(source, inside, outside, reach)


def compose_tensors(source: Tensor, inside: Tensor, outside: Tensor, reach: int) -> Tensor:
    """Compose like `compose_by_leaves` on any device; the first box has 2 * ``reach`` + 1 pixels."""
    mask = _box_sums(_box_sums(nearer_tensors(source).int(), reach), 1)
    weight = ((mask << _BITS) // (9 * (2 * reach + 1) ** 2))[:, None]
    return ((outside.int() << _BITS) + weight * (inside.int() - outside) + (1 << (_BITS - 1)) >> _BITS).to(torch.uint8)


def nearer_tensors(images: Tensor) -> Tensor:
    """Return a mask of the pixels nearer to the first centre: bool (n, height, width); see `nearer_first_colour`."""
    n, _, height, width = images.shape
    pixels = images.flatten(2).long()
    order = (pixels[:, 0] << 16) + (pixels[:, 1] << 8) + pixels[:, 2]
    ends = torch.stack([order.amin(1), order.amax(1)])
    centres = torch.stack([ends >> 16, ends >> 8 & 255, ends & 255], -1) * _PARTS
    total, nearer = pixels.sum(-1), torch.zeros_like(order, dtype=torch.bool)
    for step in range(_STEPS + 1):
        difference = centres[1] - centres[0]
        middle = torch.div((centres[1] ** 2 - centres[0] ** 2).sum(-1), 2 * _PARTS, rounding_mode="floor")
        nearer = (pixels * difference[..., None]).sum(1) <= middle[:, None]
        if step == _STEPS:
            break
        first = (pixels * nearer[:, None]).sum(-1)
        counts = nearer.sum(-1)
        members = ((first, counts[:, None]), (total - first, height * width - counts[:, None]))
        for cluster, (colours, count) in enumerate(members):
            mean = torch.div(colours * _PARTS + count // 2, count.clamp(min=1), rounding_mode="floor")
            centres[cluster] = torch.where(count > 0, mean, centres[cluster])
    return nearer.reshape(n, height, width)


@compiled
def _compose(
    reach: int,
    composed: NDArray[np.uint8],
    source: NDArray[np.uint8],
    inside: NDArray[np.uint8],
    outside: NDArray[np.uint8],
) -> None:
    n, _, height, width = source.shape
    full, half = 9 * (2 * reach + 1) ** 2, 1 << (_BITS - 1)
    nearer = np.empty(height * width, np.uint8)
    for i in range(n):
        nearer_first_colour(nearer, source[i].reshape(3, -1))
        mask = _blur(_blur(nearer.reshape(height, width).astype(np.int32), reach), 1)
        for row in range(height):
            for column in range(width):
                mask[row, column] = (mask[row, column] << _BITS) // full
        for channel in range(3):
            for row in range(height):
                for column in range(width):
                    low, high = np.int32(outside[i, channel, row, column]), np.int32(inside[i, channel, row, column])
                    mixed = (low << _BITS) + mask[row, column] * (high - low) + half
                    composed[i, channel, row, column] = mixed >> _BITS


@compiled
def _blur(values: NDArray[np.int32], reach: int) -> NDArray[np.int32]:
    """Sum (height, width) over boxes of 2 * reach + 1 pixels, with replicated edges."""
    height, width = values.shape
    rows, sums = np.zeros_like(values), np.zeros_like(values)
    for row in range(height):
        for offset in range(-reach, reach + 1):
            rows[row] += values[min(max(row + offset, 0), height - 1)]
    for row in range(height):
        for column in range(width):
            if reach <= column < width - reach:
                for offset in range(-reach, reach + 1):
                    sums[row, column] += rows[row, column + offset]
            else:
                for offset in range(-reach, reach + 1):
                    sums[row, column] += rows[row, min(max(column + offset, 0), width - 1)]
    return sums


@compiled
def nearer_first_colour(nearer: NDArray[np.uint8], pixels: NDArray[np.uint8]) -> None:
    """Write to ``nearer`` (pixels,) whether ``pixels`` (3, pixels) are nearer to the first of two centres, or halfway.

    A pixel p is nearer to centre a than to b where p . (b - a) is at most (b . b - a . a) / 2. An empty cluster keeps
    its centre.
    """
    count = pixels.shape[1]
    low, high = np.int32(1 << 24), np.int32(-1)
    for i in range(count):
        order = (np.int32(pixels[0, i]) << 16) + (np.int32(pixels[1, i]) << 8) + np.int32(pixels[2, i])
        low, high = min(low, order), max(high, order)
    centres = np.empty((2, 3), np.int64)
    for channel in range(3):
        centres[0, channel] = (low >> (16 - 8 * channel) & 255) * _PARTS
        centres[1, channel] = (high >> (16 - 8 * channel) & 255) * _PARTS
    for step in range(_STEPS + 1):
        difference = (centres[1] - centres[0]).astype(np.int32)
        middle = np.int32((centres[1] * centres[1] - centres[0] * centres[0]).sum() // (2 * _PARTS))
        red, green, blue = difference[0], difference[1], difference[2]
        for i in range(count):
            nearer[i] = red * pixels[0, i] + green * pixels[1, i] + blue * pixels[2, i] <= middle
        if step == _STEPS:
            break
        for cluster in range(2):  # cluster 0 has the nearer pixels
            members = 0
            for i in range(count):
                members += nearer[i] != cluster
            if members == 0:
                continue
            for channel in range(3):
                total = 0
                for i in range(count):
                    total += pixels[channel, i] * (nearer[i] != cluster)
                centres[cluster, channel] = (total * _PARTS + members // 2) // members


def _box_sums(values: Tensor, reach: int) -> Tensor:
    """Sum (n, height, width) over boxes of 2 * reach + 1 pixels, with replicated edges."""
    for dimension in (1, 2):
        positions = torch.arange(values.shape[dimension], device=values.device)
        sums = values.clone()
        for offset in [*range(-reach, 0), *range(1, reach + 1)]:
            shifted = (positions + offset).clamp(0, len(positions) - 1)
            sums += values.index_select(dimension, shifted)
        values = sums
    return values
