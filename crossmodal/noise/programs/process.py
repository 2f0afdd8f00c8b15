"""The process that draws images of programs."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.noise.process import Process
from crossmodal.noise.programs.program import Program
from crossmodal.noise.programs.selection import ATTEMPTS, select_program
from crossmodal.noise.programs.tensors import paint_tensors
from crossmodal.randomness import random_bits, uniforms

_STREAM = "noise/programs"
_MOST_PROGRAMS = 2**31
# The number of a program times the attempts must fit into a counter.
_LAST_NUMBER = 2**62 // ATTEMPTS
# Pixels per batch on a device, which take about 2 GB.
_PIXELS_TOGETHER = 2**22
# Maxima at a jitter of 1: zoom as a natural logarithm, shift in half images, rotation in turns.
_ZOOM, _SHIFT, _TURN = 0.3, 0.3, 0.04


@dataclass(frozen=True)
class ProgramDraws:
    """Program, time and view of each image."""

    numbers: NDArray[np.int64]  #: (n,) of programs of the grammar
    times_s: NDArray[np.float32]  #: (n,)
    views: NDArray[np.float32]  #: (n, 6) a to f: programs get a x + b y + c and d x + e y + f of the screen's x and y
    size: tuple[int, int]  #: height and width in pixels


@dataclass(frozen=True, kw_only=True)
class Programs(Process[ProgramDraws]):
    """Images of thousands of small programs, similar to fragment shaders, written by a seeded grammar.

    A program places and bends the plane, fills it with noises, patterns, iterated maps and shapes, colours them and
    composites them; some of its parameters depend on time. Program k of the grammar does not depend on the seed of the
    images, so labels mean the same in every run. Image i shows a random program at a random time, both uniform, from a
    view that is shifted, zoomed and rotated a little. The shorter side of the image spans -1 to 1 of the plane.

    A program is the grammar's first attempt whose image is not nearly uniform (see
    `crossmodal.noise.programs.selection`). Its brightness is set from the range of grey of a sample.

    On the CPU images are bitwise the same on every machine that draws the same parameters. Other devices, and the
    programs printed as GLSL, differ by rounding: by less than 0.1 of 255 on average over several images; in each image
    fewer than 1 % of the pixels differ by more than 8, since rounding may move an edge by a pixel.

    References:
        Baradad et al., "Procedural image programs for representation learning", NeurIPS 2022, where accuracy grows with
        the number of programs. The programs here are written by our own grammar.
    """

    name: ClassVar[str] = "programs"

    programs: int = 21_000
    """Number of programs, which is the number of classes."""
    first_program: int = 0
    """Number of the first program in the unlimited list of the grammar."""
    grammar_seed: int = 0
    """Seed of the list of programs."""
    time_range: tuple[float, float] = (0.1, 10.0)
    """First and last time, in seconds."""
    view_jitter: float = 1.0
    """Variation of views, 0 for none; at 1: zoom up to 1.35, shift up to 15 % of the shorter side, turn up to 14°."""

    def __post_init__(self) -> None:
        if not 1 <= self.programs <= _MOST_PROGRAMS:
            raise ValueError(f"programs must be 1 to {_MOST_PROGRAMS}, got {self.programs}")
        if not 0 <= self.first_program <= _LAST_NUMBER - self.programs:
            raise ValueError(f"first_program must be 0 to 2**57, got {self.first_program}")
        if self.grammar_seed < 0:
            raise ValueError(f"grammar_seed must not be negative, got {self.grammar_seed}")
        start, end = map(float, self.time_range)
        if not (math.isfinite(start) and math.isfinite(end) and start <= end):
            raise ValueError(f"time_range must be two times in order, got {self.time_range}")
        if not 0.0 <= self.view_jitter <= 3.0:
            raise ValueError(f"view_jitter must be 0 to 3, got {self.view_jitter}")
        object.__setattr__(self, "time_range", (start, end))

    @property
    def classes(self) -> int:
        """The number of programs."""
        return self.programs

    def program(self, label: int) -> Program:
        """Return the program of a label.

        Raises:
            ValueError: no such label.
        """
        if not 0 <= label < self.programs:
            raise ValueError(f"labels are 0 to {self.programs - 1}, got {label}")
        return select_program(self.grammar_seed, self.first_program + label)[0]

    def _labels(self, indices: NDArray[np.int64], seed: int) -> Tensor:
        return (random_bits(seed, _STREAM, indices, 1)[:, 0] * self.programs) >> 32

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> ProgramDraws:
        start, end = self.time_range
        _, when, zoom, right, up, turn = uniforms(seed, _STREAM, indices, 6).double().numpy().T
        return ProgramDraws(
            numbers=self.first_program + self._labels(indices, seed).numpy(),
            times_s=(start + (end - start) * when).astype(np.float32),
            views=_views(self.view_jitter * (2.0 * np.stack([zoom, right, up, turn]) - 1.0)),
            size=size,
        )

    def _render(self, draws: ProgramDraws, device: torch.device) -> Tensor:
        paint = self._paint_compiled if device.type == "cpu" else self._paint_tensors
        return paint(draws, device)

    def _paint_compiled(self, draws: ProgramDraws, device: torch.device) -> Tensor:
        height, width = draws.size
        images = np.empty((len(draws.numbers), 3, height * width), dtype=np.uint8)
        positions = np.stack([plane.ravel() for plane in screen(height, width)])
        for row, image in enumerate(images):
            _, assembled = select_program(self.grammar_seed, int(draws.numbers[row]))
            assembled.paint(draws.times_s[row], positions, draws.views[row], image)
        return torch.from_numpy(images).reshape(-1, 3, height, width)

    def _paint_tensors(self, draws: ProgramDraws, device: torch.device) -> Tensor:
        height, width = draws.size
        images = torch.empty((len(draws.numbers), 3, height, width), dtype=torch.uint8, device=device)
        x, y = (torch.from_numpy(plane).to(device) for plane in screen(height, width))
        together = max(1, _PIXELS_TOGETHER // (height * width))
        for first in range(0, len(images), together):
            part = slice(first, first + together)
            programs = [select_program(self.grammar_seed, int(number))[0] for number in draws.numbers[part]]
            times_s = torch.from_numpy(draws.times_s[part])
            a, b, c, d, e, f = torch.from_numpy(draws.views[part]).to(device).T[:, :, None, None]
            colours = paint_tensors(programs, times_s, a * x + b * y + c, d * x + e * y + f)
            images[part] = (colours * 255.0 + 0.5).to(torch.uint8)
        return images


def screen(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return x (to the right) and y (up) of the centres of pixels; the shorter side spans -1 to 1."""
    half = min(height, width) / 2.0
    x = (np.arange(width) + 0.5 - width / 2.0) / half
    y = (height / 2.0 - np.arange(height) - 0.5) / half
    across, up = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    return across, up


def _views(jitter: NDArray[np.float64]) -> NDArray[np.float32]:
    zoom, right, up, turn = jitter
    scale = np.exp(_ZOOM * zoom)
    cosine, sine = scale * np.cos(2.0 * np.pi * _TURN * turn), scale * np.sin(2.0 * np.pi * _TURN * turn)
    return np.stack([cosine, -sine, _SHIFT * right, sine, cosine, _SHIFT * up], axis=1).astype(np.float32)
