"""Dead leaves: images covered by random shapes that occlude each other."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.noise.catalogue import as_process
from crossmodal.noise.dead_leaves.kernel import number_regions, paint_colours, paint_textures
from crossmodal.noise.dead_leaves.law import (
    CIRCLE,
    LEAF_LAWS,
    LONGEST_SIDE,
    SHAPES,
    STREAM,
    UNIT,
    LeafDraws,
    most_leaves,
    pixel_radii,
    radius_law,
)
from crossmodal.noise.dead_leaves.tensor import draw_colours, draw_leaves, render_leaves
from crossmodal.noise.process import Process
from crossmodal.randomness import stream_key
from crossmodal.spelling import check_choice

__all__ = ["SHAPES", "DeadLeaves", "LeafDraws", "PaintedLeaves", "find_regions", "list_leaves", "radius_law"]

_TEXTURES_AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class DeadLeaves(Process[LeafDraws]):
    """Leaves of random position, radius, shape and colour, painted over each other until all pixels are covered.

    Centres are uniform over the pixels. Radii follow `radius_law` (a power law, in fractions of the shorter side). Each
    shape is inscribed in the circle of its radius; a pixel belongs to a leaf if its centre does. Colours are
    floor(255 U) in each channel. Painting stops after 5,000 leaves (in proportion for rectangles) even if pixels are
    uncovered; these are black. Pixels are the same on all devices, as far as the process of the texture agrees.

    There is one difference from the published process: no leaf is black. There a black leaf (6e-8 of all) counts as
    uncovered and never remains at the end, but it may uncover pixels that were covered.

    Args:
        shape: of the leaves: "square" (upright), "oriented" (squares with a random rotation), or "mixed" (each leaf is
            one of `SHAPES`), which the literature calls dead leaves, and which trains best of the three.
        texture: a process, its name or its description: each leaf is a part of one of its images, at the same position,
            and the colours are not used. If None, leaves have uniform colours.
        textures: number of images of ``texture``: the first ones for the same seed. They are rendered once per size and
            seed and cached (49 kB each at 128 pixels). The reference uses 10,000, which take minutes; 512 take about
            ten seconds, and are more than the visible leaves of an image.

    Raises:
        ValueError: an unknown shape, ``textures`` below 1, or an error of `as_process`.

    References:
        Lee, Mumford & Huang, "Occlusion models for natural images", IJCV 41, 2001; Baradad et al., "Learning to see by
        looking at noise", NeurIPS 2021, section 3.1 and appendix.
    """

    name: ClassVar[str] = "dead_leaves"
    shape: str = "mixed"
    texture: Process[Any] | None = None
    textures: int = 512

    def __post_init__(self) -> None:
        check_choice("shape", self.shape, LEAF_LAWS)
        if self.textures < 1:
            raise ValueError(f"textures must be at least 1, got {self.textures}")
        if self.texture is not None:
            object.__setattr__(self, "texture", as_process(self.texture))

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> LeafDraws:
        if min(size) > LONGEST_SIDE:
            raise ValueError(f"the shorter side of dead leaves must be at most {LONGEST_SIDE} pixels, got {min(size)}")
        return LeafDraws(indices, size, seed, self.shape)

    def _render(self, draws: LeafDraws, device: torch.device) -> Tensor:
        bank = None if self.texture is None else _bank(self.texture, self.textures, draws.size, draws.seed, device)
        if device.type != "cpu":
            return render_leaves(draws, device, bank)
        images = np.empty((len(draws.indices), 3, *draws.size), np.uint8)
        if bank is None:
            paint_colours(images, *_arguments(draws))
        else:
            paint_textures(images, bank.numpy(), *_arguments(draws))
        return torch.from_numpy(images)


@dataclass(frozen=True, eq=False)
class PaintedLeaves:
    """The leaves of one image in the order of painting.

    Attributes:
        centre_px: int64 (leaves, 2), row and column.
        radius_px: int64 (leaves,).
        shape: int64 (leaves,), indices into `SHAPES`.
        corners_px: float64 (leaves, 4, 2), rows and columns, exact; a triangle has one corner twice, a circle has NaN.
        colour: uint8 (leaves, 3), red, green and blue.
    """

    centre_px: NDArray[np.int64]
    radius_px: NDArray[np.int64]
    shape: NDArray[np.int64]
    corners_px: NDArray[np.float64]
    colour: NDArray[np.uint8]


def find_regions(draws: LeafDraws) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the visible leaf of each pixel and the number of leaves of each image.

    Returns:
        int32 (n, height, width), from 1 in the order of painting, 0 where uncovered; int64 (n,).
    """
    regions, counts = np.empty((len(draws.indices), *draws.size), np.int32), np.empty(len(draws.indices), np.int64)
    number_regions(regions, counts, *_arguments(draws))
    return regions, counts


def list_leaves(draws: LeafDraws, position: int) -> PaintedLeaves:
    """Return all leaves of the image at a position of ``draws``, also the hidden ones."""
    one = LeafDraws(draws.indices[[position]], draws.size, draws.seed, draws.law)
    numbers = torch.arange(int(find_regions(one)[1][0]))
    index = torch.from_numpy(one.indices)
    leaves = draw_leaves(one, index, numbers)
    centre = torch.stack([leaves.row, leaves.column], dim=-1)
    corners = centre[:, None] + torch.stack([leaves.y.T, leaves.x.T], dim=-1) / UNIT
    corners[leaves.shape == CIRCLE] = torch.nan
    return PaintedLeaves(
        centre_px=centre.numpy(),
        radius_px=leaves.radius.numpy(),
        shape=leaves.shape.numpy(),
        corners_px=corners.numpy(),
        colour=draw_colours(one, index, numbers).numpy(),
    )


def _arguments(draws: LeafDraws) -> tuple[NDArray[np.int64], NDArray[np.uint32], int, NDArray[np.int64], int]:
    """Return the last arguments of all functions of the kernel."""
    key, law = stream_key(draws.seed, STREAM), LEAF_LAWS[draws.law]
    return draws.indices, key, law, pixel_radii(draws.size), most_leaves(draws.size)


@lru_cache(maxsize=4)
def _bank(texture: Process[Any], count: int, size: tuple[int, int], seed: int, device: torch.device) -> Tensor:
    """Return the first images of a process as uint8 (count, height, width, 3)."""
    bank = torch.empty(count, *size, 3, dtype=torch.uint8, device=device)
    for start in range(0, count, _TEXTURES_AT_ONCE):
        stop = min(start + _TEXTURES_AT_ONCE, count)
        bank[start:stop] = texture(range(start, stop), size, seed, device).permute(0, 2, 3, 1)
    return bank
