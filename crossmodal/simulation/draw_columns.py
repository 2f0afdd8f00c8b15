"""Random numbers for many images at once, drawn column by column."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crossmodal.randomness import uniforms

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class DrawColumns:
    """Uniform numbers of a stream, one row per image; each call uses the next column.

    Raises:
        ValueError: the seed or an index is negative.
    """

    def __init__(self, seed: int, stream: str, indices: Integers, columns: int) -> None:
        self._numbers = uniforms(seed, stream, indices, columns).numpy().astype(np.float64)
        self._next = 0

    def uniform(self, low: float | Floats = 0.0, high: float | Floats = 1.0) -> Floats:
        """Draw uniform numbers from ``low`` to ``high``: (n,)."""
        column = self._numbers[:, self._next]
        self._next += 1
        return np.asarray(low + (high - low) * column)

    def integers(self, high: int) -> Integers:
        """Draw uniform integers from 0 to ``high``, inclusive: (n,)."""
        return (self.uniform() * (high + 1)).astype(np.int64)

    def bernoulli(self, probability: float) -> NDArray[np.bool_]:
        """Draw True with a probability: (n,)."""
        return np.asarray(self.uniform() < probability)

    def choice(self, rows: Sequence[Sequence[float]]) -> Floats:
        """Draw one of some rows of numbers, with equal probability: (n, numbers)."""
        return np.asarray(rows, np.float64)[self.integers(len(rows) - 1)]
