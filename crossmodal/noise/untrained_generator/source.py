"""Random numbers of the parts of a generator."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.randomness import normals, uniforms


@dataclass(frozen=True)
class Source:
    """The random numbers of images; each part of a generator has its own stream."""

    seed: int
    stream: str
    indices: NDArray[np.int64]
    device: torch.device

    def normals(self, part: str, *counts: int) -> Sequence[Tensor]:
        """Draw standard normal numbers: a tensor (indices, count) for each count."""
        numbers = normals(self.seed, f"{self.stream}/{part}", self.indices, sum(counts), self.device)
        return torch.split(numbers, list(counts), dim=1)

    def uniforms(self, part: str, *counts: int) -> Sequence[Tensor]:
        """Draw numbers uniform in [0, 1): a tensor (indices, count) for each count."""
        numbers = uniforms(self.seed, f"{self.stream}/{part}", self.indices, sum(counts), self.device)
        return torch.split(numbers, list(counts), dim=1)
