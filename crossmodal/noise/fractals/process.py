"""Fractals: attractors of random iterated function systems; the system is the class."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.noise.catalogue import as_process
from crossmodal.noise.children import child_seed
from crossmodal.noise.fractals.chaos_game import CHAINS, STREAM, paint, play, render_tensors
from crossmodal.noise.fractals.iterated_function_systems import MAPS, WEIGHTINGS, find_system, limits_of, start_of
from crossmodal.noise.process import Process
from crossmodal.randomness import random_bits, stream_key, uniforms
from crossmodal.spelling import check_choice

_COLOURS = ("grey", "hue")
# Published: 200,000 points on 362 x 362 pixels.
_POINTS_PER_PIXEL = 200_000 / 362**2
_GREY = 127
# Systems with more maps hardly ever cover enough of the canvas.
_MOST_MAPS = 8


@dataclass(frozen=True, eq=False)
class FractalDraws:
    """Draws of n fractals, on the CPU; m is their greatest number of maps.

    Attributes:
        size: (height, width).
        maps: float32 (n, m, 6), after mirroring, rotation and weighting.
        limits: int32 (n, m - 1), cumulative probabilities of the maps as in `chaos_game.play`.
        starts: float32 (n, 2), first points of the game.
        windows: float32 (n, 2, 2), as in `chaos_game.paint`.
        patches: int64 (n,), as in `chaos_game.paint`.
        palettes: uint8 (n, 256, 3).
        indices: int64 (n,), of the random words of the game.
        seed: of the random words of the game.
        background: draws of the background process, if any.
    """

    size: tuple[int, int]
    maps: NDArray[np.float32]
    limits: NDArray[np.int32]
    starts: NDArray[np.float32]
    windows: NDArray[np.float32]
    patches: NDArray[np.int64]
    palettes: NDArray[np.uint8]
    indices: NDArray[np.int64]
    seed: int
    background: Any


@dataclass(frozen=True, kw_only=True)
class Fractals(Process[FractalDraws]):
    """Attractors of iterated function systems, drawn by the chaos game; the system is the class.

    The law "uniform" is that of FractalDB: maps with parameters U(-1, 1), kept if they cover a fifth of a canvas. An
    image scales one of the six parameters of all maps by 0.2, 0.6, 1.4 or 1.8, or none, and is mirrored; weightings
    whose points diverge or collapse are not used. The search for the system of a class takes about 10 ms, once. The law
    "contractive" is that of "Improving fractal pre-training": maps U S V^T with singular values of at most 1. An image
    scales one map by U(0.8, 1.1), up to a singular value of 1, is rotated and mirrored in one of eight ways, and shows
    0.5 to 2 times the bounding box of the points along each axis, shifted by up to a fifth of it.

    For both laws a point is a random patch of 3 x 3 pixels, the same for all points of an image, and the bounding box
    of the points is scaled to the image, whatever its aspect ratio. The density of points is 200,000 per 362 x 362
    pixels. Classes are uniform and the same for all seeds. Images are bitwise the same on all devices.

    Args:
        law: "contractive" or "uniform".
        classes: number of systems.
        maps: least and greatest number of maps of a system; by default 2 to 4, and 2 to 7 for the uniform law.
        colour: "grey" (127) or "hue" (hue by the number of points on a pixel, constant saturation and brightness).
        background: process of the background, its name or its description; black if None.

    References:
        Kataoka et al., "Pre-training without natural images", ACCV 2020.
        Anderson & Farrell, "Improving fractal pre-training", WACV 2022.
    """

    name: ClassVar[str] = "fractals"
    law: str = "contractive"
    classes: int = 1000
    maps: tuple[int, int] | None = None
    colour: str = "grey"
    background: Process[Any] | str | Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice("law", self.law, tuple(MAPS))
        check_choice("colour", self.colour, _COLOURS)
        if not 1 <= self.classes <= 2**31:
            raise ValueError(f"classes must be 1 to 2**31, got {self.classes}")
        least, most = self._range
        if not 2 <= least <= most <= _MOST_MAPS:
            raise ValueError(f"maps must be two numbers in order, 2 to {_MOST_MAPS}, got {least} and {most}")
        if self.maps is not None:
            object.__setattr__(self, "maps", (int(least), int(most)))
        if self.background is not None:
            object.__setattr__(self, "background", as_process(self.background))

    @property
    def _range(self) -> tuple[int, int]:
        least, most = MAPS[self.law] if self.maps is None else self.maps
        return least, most

    def _labels(self, indices: NDArray[np.int64], seed: int) -> Tensor:
        return (random_bits(seed, "noise/fractals/class", indices, 1)[:, 0] * self.classes) >> 32

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> FractalDraws:
        uniform = uniforms(seed, "noise/fractals", indices, 13).numpy().astype(np.float64)
        maps, limits = self._draw_maps(self._labels(indices, seed).tolist(), uniform[:, :3])
        behind = None if self.background is None else as_process(self.background)
        return FractalDraws(
            size=size,
            maps=maps,
            limits=limits,
            starts=start_of(maps),
            windows=self._draw_windows(uniform[:, 3:7], size),
            patches=1 + (uniform[:, 7] * 511).astype(np.int64),
            palettes=_draw_palettes(uniform[:, 8:11], self.colour),
            indices=indices,
            seed=seed,
            background=None if behind is None else behind.sample(indices, size, child_seed(seed, "noise/fractals")),
        )

    def _draw_maps(
        self, labels: list[int], uniform: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        least, most = self._range
        maps = np.empty((len(labels), most, 6), np.float32)
        weights = np.zeros_like(maps)  # maps whose determinants are the probabilities; rows of zeros are never chosen
        for i, (label, (which, factor, turn)) in enumerate(zip(labels, uniform.tolist(), strict=True)):
            system = find_system(self.law, least, most, label)
            varied = system.maps.copy()
            if self.law == "uniform":
                parameter, weight = WEIGHTINGS[system.weightings[int(which * len(system.weightings))]]
                varied[:, parameter] *= weight
                weights[i, : len(varied)] = system.maps  # FractalDB keeps the probabilities of the class
            else:
                one = varied[int(which * len(varied))]
                one *= 0.8 + factor * (min(1.1, 1 / _spectral_norm(one)) - 0.8)
                weights[i, : len(varied)] = varied
            turned = _turn(varied, int(turn * (4 if self.law == "uniform" else 8)))
            maps[i] = turned[np.minimum(np.arange(most), len(turned) - 1)]
        return maps, limits_of(weights)

    def _draw_windows(self, uniform: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float32]:
        shift, zoom = 0.4 * uniform[:, :2] - 0.2, 0.5 + 1.5 * uniform[:, 2:]
        if self.law == "uniform":
            shift, zoom = np.zeros_like(shift), np.full_like(zoom, 512 / 500)  # a margin of 6 pixels of 512
        sides = np.array(size[::-1])
        return np.stack([sides / zoom, sides * (0.5 - (0.5 + shift) / zoom)], -1).astype(np.float32)

    def _render(self, draws: FractalDraws, device: torch.device) -> Tensor:
        behind, n = self.background, len(draws.indices)
        images = (
            torch.zeros(n, 3, *draws.size, dtype=torch.uint8, device=device)
            if behind is None
            else as_process(behind).render(draws.background, device).contiguous()
        )
        steps = math.ceil(_POINTS_PER_PIXEL * draws.size[0] * draws.size[1] / CHAINS)
        if device.type == "cpu":
            _render_compiled(images.numpy(), steps, draws)
        else:
            _render_on_device(images, steps, draws)
        return images


def _render_compiled(images: NDArray[np.uint8], steps: int, draws: FractalDraws) -> None:
    points, key = np.empty((steps, CHAINS, 2), np.float32), stream_key(draws.seed, STREAM)
    for i, index in enumerate(draws.indices.tolist()):
        play(points, draws.maps[i], draws.limits[i], draws.starts[i], index, key)
        paint(images[i], points, draws.windows[i], int(draws.patches[i]), draws.palettes[i])


def _render_on_device(images: Tensor, steps: int, draws: FractalDraws) -> None:
    arrays = (draws.maps, draws.limits, draws.starts, draws.windows, draws.patches, draws.palettes)
    moved = (torch.from_numpy(array).to(images.device) for array in arrays)
    render_tensors(images, steps, draws.seed, draws.indices, *moved)


def _spectral_norm(one: NDArray[np.float32]) -> float:
    """Return the larger singular value of a map."""
    a, b, c, d = one[:4].tolist()
    total, determinant = a * a + b * b + c * c + d * d, a * d - b * c
    return math.sqrt((total + math.sqrt(max(total * total - 4 * determinant * determinant, 0.0))) / 2)


def _turn(maps: NDArray[np.float32], number: int) -> NDArray[np.float32]:
    """Mirror the attractor of maps left to right (bit 0), top to bottom (bit 1) and across the diagonal (bit 2)."""
    turned = maps.copy()
    if number & 4:
        turned = turned[:, [3, 2, 1, 0, 5, 4]]
    for bit, translation in ((1, 4), (2, 5)):
        if number & bit:
            turned[:, [1, 2, translation]] *= -1
    return turned


def _draw_palettes(uniform: NDArray[np.float64], colour: str) -> NDArray[np.uint8]:
    """Return palettes (n, 256, 3) from uniform numbers (n, 3): all hues, constant saturation and value."""
    if colour == "grey":
        return np.full((len(uniform), 256, 3), _GREY, np.uint8)
    hue = (np.arange(256) / 256 + uniform[:, :1])[..., None]
    saturation, value = 0.3 + 0.7 * uniform[:, 1, None, None], 0.5 + 0.5 * uniform[:, 2, None, None]
    sextant = (np.array([5.0, 3.0, 1.0]) + 6 * hue) % 6
    complement = np.clip(np.minimum(sextant, 4 - sextant), 0, 1)
    palettes: NDArray[np.float64] = 255 * value * (1 - saturation * complement)
    return np.round(palettes).astype(np.uint8)
