"""A process that paints in microseconds: stripes of two random colours, upright or level."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.noise import Process, catalogue
from crossmodal.randomness import random_bits


@dataclass(frozen=True)
class StripeDraws:
    colours: Tensor  # uint8 (n, 2, 3)
    across: Tensor  # bool (n,)
    size: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Stripes(Process[StripeDraws]):
    """Stripes ``width`` pixels wide; upright ones are label 0, level ones label 1."""

    name: ClassVar[str] = "stripes"
    width: int = 4
    colour: str = "random"

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"width must be at least 1, got {self.width}")

    @property
    def classes(self) -> int:
        return 2

    def _labels(self, indices: NDArray[np.int64], seed: int) -> Tensor:
        return random_bits(seed, "noise/stripes", indices, 1)[:, 0] % 2

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> StripeDraws:
        words = random_bits(seed, "noise/stripes", indices, 7)
        colours = (words[:, 1:] & 0xFF).to(torch.uint8).reshape(-1, 2, 3)
        return StripeDraws(colours, words[:, 0] % 2 == 1, size)

    def _render(self, draws: StripeDraws, device: torch.device) -> Tensor:
        rows, columns = (torch.arange(side, device=device) // self.width % 2 for side in draws.size)
        level, upright = rows[:, None].expand(draws.size), columns[None].expand(draws.size)
        which = torch.where(draws.across.to(device)[:, None, None], level, upright)
        first, second = draws.colours.to(device)[:, :, :, None, None].unbind(1)
        return torch.where(which[:, None] == 0, first, second)


def know_stripes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `create` know the process by its name, for the length of a test."""
    monkeypatch.setitem(catalogue._HOMES, Stripes.name, (Stripes.__module__, "Stripes"))
