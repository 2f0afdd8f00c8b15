"""Counter-based random numbers: (seed, stream, index) names a generator, whatever ran before it.

A draw depends on these three alone, so any batch, worker, rank or order gives the same numbers and any sample can be
made again from its index.
"""

import hashlib

import numpy as np


def generator(seed: int, stream: str, index: int = 0) -> np.random.Generator:
    """Make the generator of one (seed, stream, index).

    The streams of different names are independent. Philox is counter-based: the key comes from seed and stream, the
    upper half of the counter from the index, which leaves 2**128 draws to each index.

    Raises:
        ValueError: seed or index is negative.

    References:
        Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011 (Philox4x64).
    """
    if seed < 0 or index < 0:
        raise ValueError(f"seed and index must not be negative, got seed={seed}, index={index}")
    digest = hashlib.blake2b(f"{seed}/{stream}".encode(), digest_size=16).digest()
    key = np.frombuffer(digest, dtype="<u8")
    counter = np.array([0, 0, index & (2**64 - 1), index >> 64], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))
