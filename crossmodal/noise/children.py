"""Images that other images are made of: their own numbers, their own seeds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.noise.process import Process
from crossmodal.randomness import stream_key

# Numbers of children stay below this; what is beyond goes into their seed.
_INDICES = 2**62


def child_seed(seed: int, stream: str) -> int:
    """Derive the seed of images that a process takes from another one, under the name ``stream``."""
    return int.from_bytes(stream_key(seed, stream).tobytes(), "little")


@dataclass(frozen=True, eq=False)
class Part:
    """Images of one process: their places (m,) among all children, and their draws."""

    process: Process[Any]
    places: NDArray[np.int64]
    draws: Any


@dataclass(frozen=True, eq=False)
class Children:
    """Draws of ``count`` images of one size (height, width), each in one of the parts."""

    count: int
    size: tuple[int, int]
    parts: tuple[Part, ...]

    def render(self, device: torch.device) -> Tensor:
        """Render the images in their order: uint8 (count, 3, height, width) on ``device``."""
        images = torch.empty(self.count, 3, *self.size, dtype=torch.uint8, device=device)
        for part in self.parts:
            images[torch.from_numpy(part.places).to(device)] = part.process.render(part.draws, device)
        return images


def sample_child(
    process: Process[Any], which: int, of: int, indices: NDArray[np.int64], size: tuple[int, int], seed: int
) -> Children:
    """Draw child ``which`` (from 0) out of ``of`` of each of the images ``indices``: no image is a child twice.

    The children of image i are the images of * i to of * i + of - 1 of ``process``.
    """
    numbers = [of * index + which for index in indices.tolist()]  # Python's numbers do not overflow
    beyond = np.array([number // _INDICES for number in numbers], np.int64)
    below = np.array([number % _INDICES for number in numbers], np.int64)
    parts = []
    for turn in np.unique(beyond).tolist():
        places = np.flatnonzero(beyond == turn)
        draws = process.sample(below[places], size, child_seed(seed, f"noise/children/{turn}"))
        parts.append(Part(process, places, draws))
    return Children(len(indices), size, tuple(parts))
