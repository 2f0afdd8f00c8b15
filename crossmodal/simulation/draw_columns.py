"""Random numbers for many images at once, handed out column by column."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crossmodal.randomness import uniforms

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


class DrawColumns:
    """Uniform numbers of a stream, one row an image; every call takes the next columns.

    Raises:
        ValueError: the seed or an index is negative.
    """

    def __init__(self, seed: int, stream: str, indices: Whole, columns: int) -> None:
        self._numbers = uniforms(seed, stream, indices, columns).numpy().astype(np.float64)
        self._next = 0

    def uniform(self, low: float | Floats = 0.0, high: float | Floats = 1.0) -> Floats:
        """Draw from ``low`` to ``high``: (n,)."""
        column = self._numbers[:, self._next]
        self._next += 1
        return np.asarray(low + (high - low) * column)

    def whole(self, most: int) -> Whole:
        """Draw a whole number from 0 to ``most``, each as often: (n,)."""
        return (self.uniform() * (most + 1)).astype(np.int64)

    def happens(self, probability: float) -> NDArray[np.bool_]:
        """Draw whether something of this probability happens: (n,)."""
        return np.asarray(self.uniform() < probability)

    def one_of(self, rows: Sequence[Sequence[float]]) -> Floats:
        """Draw one of some rows of numbers, each as often: (n, numbers)."""
        return np.asarray(rows, np.float64)[self.whole(len(rows) - 1)]
