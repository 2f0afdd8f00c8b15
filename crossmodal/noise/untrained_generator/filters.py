"""The 3x3 filters that replace learned kernels in the untrained generators.

References:
    Baradad et al., "Learning to see by looking at noise", NeurIPS 2021, section 3.3: the wavelets of the StyleGAN
    variants. The values are our own, from the description.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Values = NDArray[np.float64]

_TURN = np.pi / 8  # 22.5 degrees
# A delta, a centre with its surround, a plus, and a plus with negative corners.
_SPOTS: Values = np.array(
    [
        [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
        [[-1 / 8, -1 / 8, -1 / 8], [-1 / 8, 1, -1 / 8], [-1 / 8, -1 / 8, -1 / 8]],
        [[0, 1, 0], [1, 1, 1], [0, 1, 0]],
        [[-1, 1, -1], [1, 1, 1], [-1, 1, -1]],
    ]
)


@cache
def high_frequency_bank() -> Tensor:
    """Return the 40 filters of the high-frequency variant: float32 (40, 3, 3).

    The signs of 16 edges, one every 22.5 degrees; the signs of 8 lines; 4 spots; the negatives of lines and spots.
    """
    lines = np.sign(_turned(_line, 8))
    return _bank(np.sign(_turned(_edge, 16)), lines, -lines, _SPOTS, -_SPOTS)


@cache
def sparse_bank() -> Tensor:
    """Return the 40 filters of the sparse and the oriented variants: float32 (40, 3, 3).

    8 edges and 8 lines of zero mean, one every 22.5 degrees; 4 spots; the negatives of all.
    """
    oriented = np.concatenate([_turned(_edge, 8), _turned(_line, 8)])
    half = np.concatenate([oriented - oriented.mean(axis=(1, 2), keepdims=True), _SPOTS])
    return _bank(half, -half)


def _bank(*filters: Values) -> Tensor:
    return torch.from_numpy(np.concatenate(filters)).float()


def _turned(profile: Callable[[Values], Values], count: int) -> Values:
    """Return a pattern that varies along one axis, rotated by multiples of 22.5 degrees: (count, 3, 3)."""
    angles = _TURN * np.arange(count)[:, None, None]
    rows, columns = np.mgrid[-1:2, -1:2]
    across = columns * np.cos(angles) + rows * np.sin(angles)
    # Sums that should be 0 are about 1e-17, and their signs would matter.
    return profile(np.round(across, 12))


def _edge(across: Values) -> Values:
    return np.clip(across, -1.0, 1.0)


def _line(across: Values) -> Values:
    # The second difference -1/2, 1, -1/2, interpolated: zero mean, and its signs differ for all eight angles.
    return np.maximum(1.0 - 1.5 * np.abs(across), -0.5)
