"""Dead leaves: images covered by random shapes, each laid over those before it."""

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
    """Leaves of random place, radius, shape and colour, painted over each other on black until no pixel is bare.

    A centre is any pixel, a radius follows `radius_law` (a power law, fractions of the shorter side), every shape is
    inscribed in the circle of this radius, and a pixel belongs to a leaf when its centre does. A colour is
    floor(255 U) in each channel. Painting stops after 5,000 leaves if a pixel is still bare (in proportion for
    rectangles). Pixels are the same on every device, those of textures as far as the texture's process agrees.

    One thing differs from the published process: no leaf is black. There a black leaf (6e-8 of all) counts as bare and
    never shows at the end, but it may uncover what was covered.

    Args:
        shape: of the leaves: "square" (upright), "oriented" (squares turned at random), or "mixed", each leaf one of
            `SHAPES`; mixed is what the field means by dead leaves without another word, and trains best of the three.
        texture: a process, its name or its description: every leaf is a piece of one of its images, in place, and
            its colour is not used. None leaves the leaves plain.
        textures: how many images of ``texture`` there are to choose from, the first ones under the same seed. They
            are rendered once for a size and seed and kept (49 kB each at 128 pixels). The reference has 10,000, some
            minutes of work; 512 take some ten seconds, and are more than the leaves that an image shows.

    Raises:
        ValueError: an unknown shape, no texture to choose from, or what `as_process` refuses.

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
            raise ValueError(f"dead leaves have a shorter side of at most {LONGEST_SIDE} pixels, got {min(size)}")
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
        shape: int64 (leaves,), places in `SHAPES`.
        corners_px: float64 (leaves, 4, 2), rows and columns, exact; a triangle has one corner twice, a circle only NaN.
        colour: uint8 (leaves, 3), red, green and blue.
    """

    centre_px: NDArray[np.int64]
    radius_px: NDArray[np.int64]
    shape: NDArray[np.int64]
    corners_px: NDArray[np.float64]
    colour: NDArray[np.uint8]


def find_regions(draws: LeafDraws) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Find which leaf each pixel shows: int32 (n, height, width), from 1 in the order of painting, 0 where bare.

    The second array (n,) tells how many leaves were painted.
    """
    regions, counts = np.empty((len(draws.indices), *draws.size), np.int32), np.empty(len(draws.indices), np.int64)
    number_regions(regions, counts, *_arguments(draws))
    return regions, counts


def list_leaves(draws: LeafDraws, place: int) -> PaintedLeaves:
    """List the leaves of the image at a place of ``draws``, those hidden by others too."""
    one = LeafDraws(draws.indices[[place]], draws.size, draws.seed, draws.law)
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
    """What every function of the kernel takes last."""
    key, law = stream_key(draws.seed, STREAM), LEAF_LAWS[draws.law]
    return draws.indices, key, law, pixel_radii(draws.size), most_leaves(draws.size)


@lru_cache(maxsize=4)
def _bank(texture: Process[Any], count: int, size: tuple[int, int], seed: int, device: torch.device) -> Tensor:
    """The first images of a process as uint8 (count, height, width, 3): a pixel's channels side by side."""
    bank = torch.empty(count, *size, 3, dtype=torch.uint8, device=device)
    for start in range(0, count, _TEXTURES_AT_ONCE):
        stop = min(start + _TEXTURES_AT_ONCE, count)
        bank[start:stop] = texture(range(start, stop), size, seed, device).permute(0, 2, 3, 1)
    return bank
