"""Philox4x32-10: four random words from a counter of four words and a key of two, for compiled loops and tensors.

References:
    Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 3.3.
"""

import numpy as np
import torch
from torch import Tensor

from crossmodal.compiled import compiled

_MULTIPLIER_0, _MULTIPLIER_1 = 0xD2511F53, 0xCD9E8D57
_WEYL_0, _WEYL_1 = 0x9E3779B9, 0xBB67AE85
_ROUNDS = 10
_WORD = 0xFFFFFFFF

# Typed constants: numba would treat plain ones as signed.
_M0, _M1 = np.uint64(_MULTIPLIER_0), np.uint64(_MULTIPLIER_1)
_W0, _W1 = np.uint32(_WEYL_0), np.uint32(_WEYL_1)
_SHIFT, _LOW = np.uint64(32), np.uint64(_WORD)

#: The step between neighbouring results of `uniform_of`.
UNIFORM_STEP = 2.0**-24


@compiled
def philox(
    c0: np.uint32, c1: np.uint32, c2: np.uint32, c3: np.uint32, k0: np.uint32, k1: np.uint32
) -> tuple[np.uint32, np.uint32, np.uint32, np.uint32]:
    """Mix a counter (c0 to c3) with a key (k0, k1), all 32-bit words; for calls from compiled code."""
    for _ in range(_ROUNDS):
        product0 = _M0 * np.uint64(c0)
        product1 = _M1 * np.uint64(c2)
        high0, high1 = np.uint32(product0 >> _SHIFT), np.uint32(product1 >> _SHIFT)
        c0, c1, c2, c3 = (
            np.uint32(high1 ^ c1 ^ k0),
            np.uint32(product1 & _LOW),
            np.uint32(high0 ^ c3 ^ k1),
            np.uint32(product0 & _LOW),
        )
        k0 = np.uint32(k0 + _W0)
        k1 = np.uint32(k1 + _W1)
    return c0, c1, c2, c3


@compiled
def uniform_of(word: np.uint32) -> np.float32:
    """Convert a random word to a number in [0, 1), a multiple of 2**-24; for calls from compiled code."""
    return np.float32(np.float32(word >> np.uint32(8)) * np.float32(UNIFORM_STEP))


def philox_tensors(counter: tuple[Tensor, Tensor, Tensor, Tensor], key: tuple[int, int]) -> tuple[Tensor, ...]:
    """Mix counters with a key like `philox`, on any device.

    Words are int64 tensors in 0 to 2**32 - 1 that broadcast against each other.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        # The product wraps around in 64 bits; the mask makes the shift a logical one.
        product0, product1 = c0 * _MULTIPLIER_0, c2 * _MULTIPLIER_1
        high0, high1 = (product0 >> 32) & _WORD, (product1 >> 32) & _WORD
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, product1 & _WORD, high0 ^ c3 ^ k1, product0 & _WORD
        k0, k1 = (k0 + _WEYL_0) & _WORD, (k1 + _WEYL_1) & _WORD
    return tuple(torch.broadcast_tensors(c0, c1, c2, c3))  # type: ignore[no-untyped-call]  # missing in the stubs
