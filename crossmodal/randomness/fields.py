"""Tensors of random numbers for many indices at once, the same on every device."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.compiled import compiled
from crossmodal.randomness.philox import UNIFORM_STEP, philox, philox_tensors
from crossmodal.randomness.stream import stream_key

_WORDS = 4


def random_bits(
    seed: int, stream: str, indices: Sequence[int] | NDArray[np.int64], count: int, device: torch.device | str = "cpu"
) -> Tensor:
    """Draw ``count`` random words for each index: int64 (indices, count) in 0 to 2**32 - 1.

    Row i depends only on (seed, stream, indices[i]); a larger ``count`` only appends to it. Word j is word j % 4 of
    Philox4x32-10 at the counter (j // 4, 0, low half of the index, high half of the index).

    Raises:
        ValueError: the seed or an index is negative.
    """
    counters = np.asarray(indices, dtype=np.int64)
    if counters.size and counters.min() < 0:
        raise ValueError(f"indices must not be negative, got {counters.min()}")
    key = stream_key(seed, stream)
    blocks = math.ceil(count / _WORDS)
    if torch.device(device).type == "cpu":
        words = np.empty((len(counters), blocks * _WORDS), dtype=np.uint32)
        _fill(words, counters, key)
        return torch.from_numpy(words[:, :count].astype(np.int64))
    index = torch.from_numpy(counters).to(device)[:, None]
    zero = torch.zeros_like(index)
    block = torch.arange(blocks, device=device)[None]
    words_of = philox_tensors((block, zero, index & 0xFFFFFFFF, index >> 32), (int(key[0]), int(key[1])))
    return torch.stack(words_of, dim=-1).flatten(1)[:, :count]


def uniforms(
    seed: int, stream: str, indices: Sequence[int] | NDArray[np.int64], count: int, device: torch.device | str = "cpu"
) -> Tensor:
    """Draw ``count`` float32 numbers in [0, 1) for each index, multiples of 2**-24: (indices, count).

    The numbers come from `random_bits` and are bitwise the same on every device.
    """
    return (random_bits(seed, stream, indices, count, device) >> 8).float() * UNIFORM_STEP


def normals(
    seed: int, stream: str, indices: Sequence[int] | NDArray[np.int64], count: int, device: torch.device | str = "cpu"
) -> Tensor:
    """Draw ``count`` standard normal float32 numbers for each index: (indices, count).

    Devices agree to within 1e-5, since their logarithms and cosines differ in the last bits.

    References:
        Box & Muller, "A note on the generation of random normal deviates", 1958.
    """
    half = math.ceil(count / 2)
    pairs = uniforms(seed, stream, indices, 2 * half, device).reshape(len(indices), half, 2)
    # Half a step avoids the logarithm of zero.
    radius = torch.sqrt(-2.0 * torch.log(pairs[..., 0] + 0.5 * UNIFORM_STEP))
    angle = (2.0 * math.pi) * pairs[..., 1]
    return torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], dim=-1).flatten(1)[:, :count]


@compiled
def _fill(words: NDArray[np.uint32], indices: NDArray[np.int64], key: NDArray[np.uint32]) -> None:
    for row in range(words.shape[0]):
        low = np.uint32(indices[row] & 0xFFFFFFFF)
        high = np.uint32(indices[row] >> 32)
        for block in range(words.shape[1] // 4):
            a, b, c, d = philox(np.uint32(block), np.uint32(0), low, high, key[0], key[1])
            words[row, 4 * block] = a
            words[row, 4 * block + 1] = b
            words[row, 4 * block + 2] = c
            words[row, 4 * block + 3] = d
