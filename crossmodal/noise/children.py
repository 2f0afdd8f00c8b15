"""Child images, of which other images are made: their indices and seeds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.noise.process import Process
from crossmodal.randomness import stream_key

# Indices of children stay below this; what exceeds it goes into their seed.
_INDICES = 2**62


def child_seed(seed: int, stream: str) -> int:
    """Return the seed of the images that a process takes from another process, for the name ``stream``."""
    return int.from_bytes(stream_key(seed, stream).tobytes(), "little")


@dataclass(frozen=True, eq=False)
class Part:
    """Images of one process: their positions (m,) among all children, and their draws."""

    process: Process[Any]
    positions: NDArray[np.int64]
    draws: Any


@dataclass(frozen=True, eq=False)
class Children:
    """Draws of ``count`` images of one size (height, width); each image belongs to one part."""

    count: int
    size: tuple[int, int]
    parts: tuple[Part, ...]

    def render(self, device: torch.device) -> Tensor:
        """Return the images in their order: uint8 (count, 3, height, width) on ``device``."""
        images = torch.empty(self.count, 3, *self.size, dtype=torch.uint8, device=device)
        for part in self.parts:
            images[torch.from_numpy(part.positions).to(device)] = part.process.render(part.draws, device)
        return images


def sample_child(
    process: Process[Any], which: int, count: int, indices: NDArray[np.int64], size: tuple[int, int], seed: int
) -> Children:
    """Draw child ``which`` (from 0) of ``count`` children of each of the images ``indices``.

    The children of image i are the images count * i to count * i + count - 1 of ``process``: no image is a child twice.
    """
    numbers = [count * index + which for index in indices.tolist()]  # Python's integers do not overflow
    beyond = np.array([number // _INDICES for number in numbers], np.int64)
    below = np.array([number % _INDICES for number in numbers], np.int64)
    parts = []
    for turn in np.unique(beyond).tolist():
        positions = np.flatnonzero(beyond == turn)
        draws = process.sample(below[positions], size, child_seed(seed, f"noise/children/{turn}"))
        parts.append(Part(process, positions, draws))
    return Children(len(indices), size, tuple(parts))
