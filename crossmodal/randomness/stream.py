"""NumPy generators by seed, stream and index."""

import hashlib

import numpy as np
from numpy.typing import NDArray


def generator(seed: int, stream: str, index: int = 0) -> np.random.Generator:
    """Return the generator of one (seed, stream, index).

    Streams of different names are independent. Philox is counter-based: the key is a hash of seed and stream, the upper
    half of the counter is the index, which leaves 2**128 draws for each index.

    Raises:
        ValueError: seed or index is negative.

    References:
        Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011 (Philox4x64).
    """
    if seed < 0 or index < 0:
        raise ValueError(f"seed and index must not be negative, got seed={seed}, index={index}")
    key = np.frombuffer(_digest(seed, stream, 16), dtype="<u8")
    counter = np.array([0, 0, index & (2**64 - 1), index >> 64], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def stream_key(seed: int, stream: str) -> NDArray[np.uint32]:
    """Return the key (2 words of 32 bits) of a stream for `crossmodal.randomness.philox`.

    Raises:
        ValueError: the seed is negative.
    """
    if seed < 0:
        raise ValueError(f"the seed must not be negative, got {seed}")
    return np.frombuffer(_digest(seed, stream, 8), dtype="<u4").astype(np.uint32)


def _digest(seed: int, stream: str, size: int) -> bytes:
    return hashlib.blake2b(f"{seed}/{stream}".encode(), digest_size=size).digest()
