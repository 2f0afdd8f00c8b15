"""Dead leaves as batched tensors on any device: the leaves of `law`, and the pixels that show them.

Leaves and pixels are the same as those of `kernel`. One search is used twice: which leaf of a sequence is the first to
cover a pixel? In the order of painting it gives the number of leaves that cover the image; from the topmost leaf down
it gives the visible leaf. Covered pixels are dropped from the search, and the number of leaves per step grows, so that
memory is bounded and steps are few. (A kernel for a device would replace `_number_part`.)
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

from crossmodal.noise.dead_leaves.law import (
    CIRCLE,
    COLOURS,
    COSINES,
    DIRECTIONS,
    LEAF_LAWS,
    MIXED,
    ORIENTED,
    RECTANGLE,
    SINES,
    SQUARE,
    STREAM,
    THRESHOLDS,
    TRIANGLE,
    UNIT,
    UNIT_BITS,
    LeafDraws,
    most_leaves,
    pixel_radii,
)
from crossmodal.randomness import stream_key
from crossmodal.randomness.philox import philox_tensors

_QUARTER, _EIGHTH = DIRECTIONS // 4, DIRECTIONS // 8
_FAR = 1 << 20  # more pixels than an image has
_PAIRS = 1 << 27
_LEAVES_AT_FIRST = 16
#: The intersection of a leaf with a row takes as much memory as a comparison with this many pixels.
_ROW_COST = 64


class Leaves(NamedTuple):
    """Leaves in tensors of any one shape (...), int64.

    Attributes:
        row: of the centre.
        column: of the centre.
        radius: in pixels.
        shape: a number as in `SHAPES`.
        x: (4, ...), offsets of the corners to the right of the centre, in units of 2**-12 pixel, in order; a triangle
            has one corner twice, and those of a circle are meaningless.
        y: (4, ...), offsets of the corners below the centre.
    """

    row: Tensor
    column: Tensor
    radius: Tensor
    shape: Tensor
    x: Tensor
    y: Tensor


def render_leaves(draws: LeafDraws, device: torch.device, bank: Tensor | None = None, pairs: int = _PAIRS) -> Tensor:
    """Render leaves in colours, or in textures of a ``bank`` (textures, height, width, 3): uint8 (n, 3, height, width).

    ``pairs`` bounds the memory: it is the number of pairs (pixel, leaf) per step, at a dozen bytes each.
    """
    images = torch.empty(len(draws.indices), 3, *draws.size, dtype=torch.uint8, device=device)
    for start, part in _parts(draws, pairs):
        regions, counts = _number_part(part, device, pairs)
        images[start : start + len(regions)] = _fill(part, regions, int(counts.max()), bank)
    return images


def number_regions(draws: LeafDraws, device: torch.device, pairs: int = _PAIRS) -> tuple[Tensor, Tensor]:
    """Return the visible leaf of each pixel, int32 (n, height, width) from 1, and the numbers of leaves, int64 (n,)."""
    regions = torch.empty(len(draws.indices), *draws.size, dtype=torch.int32, device=device)
    counts = torch.empty(len(draws.indices), dtype=torch.int64, device=device)
    for start, part in _parts(draws, pairs):
        stop = start + len(part.indices)
        regions[start:stop], counts[start:stop] = _number_part(part, device, pairs)
    return regions, counts


def draw_leaves(draws: LeafDraws, indices: Tensor, numbers: Tensor) -> Leaves:
    """Draw leaves by their numbers (from 0) in images by their indices: two int64 tensors that broadcast."""
    height, width = draws.size
    thresholds, cosines, sines = _tables(numbers.device)
    radii = torch.from_numpy(pixel_radii(draws.size)).to(numbers.device)
    row, column, radius, _ = _words(draws, indices, numbers, 0)
    kind, first, second, _ = _words(draws, indices, numbers, 1)
    law = LEAF_LAWS[draws.law]
    shape = _below(kind, MIXED) if law == MIXED else torch.full_like(kind, law)
    radius = radii[torch.searchsorted(thresholds, radius, right=True)]
    corners = _corner_directions(shape, first, second)
    return Leaves(
        _below(row, height), _below(column, width), radius, shape, radius * cosines[corners], radius * sines[corners]
    )


def draw_colours(draws: LeafDraws, indices: Tensor, numbers: Tensor) -> Tensor:
    """Draw the colours of leaves, as in `draw_leaves`: uint8 (..., 3)."""
    code = 1 + _below(_words(draws, indices, numbers, 0)[3], COLOURS)
    return torch.stack([code // 255**2, code // 255 % 255, code % 255], dim=-1).to(torch.uint8)


def draw_textures(draws: LeafDraws, indices: Tensor, numbers: Tensor, textures: int) -> Tensor:
    """Draw the textures of leaves, as in `draw_leaves`: int64 (...) below ``textures``, from the words of colours."""
    return _below(_words(draws, indices, numbers, 0)[3], textures)


def _parts(draws: LeafDraws, pairs: int) -> Iterator[tuple[int, LeafDraws]]:
    """Split the images into parts that fit into memory; yield the first position and the draws of each part."""
    height, width = draws.size
    step = max(pairs // (_LEAVES_AT_FIRST * height * (width + _ROW_COST)), 1)
    for start in range(0, len(draws.indices), step):
        yield start, replace(draws, indices=draws.indices[start : start + step])


def _number_part(draws: LeafDraws, device: torch.device, pairs: int) -> tuple[Tensor, Tensor]:
    indices = torch.from_numpy(draws.indices).to(device)
    covered = _first_over(draws, indices, torch.zeros_like(indices), 1, pairs)
    counts = torch.where((covered > 0).all(dim=1), covered.amax(dim=1), most_leaves(draws.size))
    above = _first_over(draws, indices, counts - 1, -1, pairs)
    regions = torch.where(above > 0, counts[:, None] + 1 - above, 0)
    return regions.int().reshape(-1, *draws.size), counts


def _first_over(draws: LeafDraws, indices: Tensor, start: Tensor, direction: int, pairs: int) -> Tensor:
    """Return the first leaf over each pixel, in a sequence that begins with leaf ``start`` (n,).

    Returns int64 (n, pixels): 1 for leaf ``start``, 2 for leaf ``start + direction`` and so on; 0 where none is.
    """
    (height, width), most = draws.size, most_leaves(draws.size)
    found = torch.zeros(len(indices) * height * width, dtype=torch.int64, device=indices.device)
    bare = torch.arange(len(found), device=indices.device)
    tried = 0
    while tried < most and len(bare):
        rows, row_of = torch.unique_consecutive(bare // width, return_inverse=True)
        images, image_of = torch.unique_consecutive(rows // height, return_inverse=True)
        affordable = max(pairs // (len(bare) + _ROW_COST * len(rows)), 1)
        count = min(_LEAVES_AT_FIRST + tried // 4, affordable, most - tried)
        steps = torch.arange(tried, tried + count, device=indices.device)
        numbers = (start[images, None] + direction * steps).clamp(min=0)
        leaves = draw_leaves(draws, indices[images, None], numbers)
        leaves = Leaves(*(field.index_select(-2, image_of) for field in leaves))
        first, last = _columns(leaves, (rows % height)[:, None])
        column = (bare % width)[:, None].int()
        over, which = ((first[row_of] <= column) & (column <= last[row_of])).to(torch.uint8).max(dim=1)
        over = over.bool()
        found[bare[over]] = tried + 1 + which[over]
        bare = bare[~over]
        tried += count
    return found.reshape(len(indices), height * width)


def _columns(leaves: Leaves, row: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first and last column of each leaf in a row of the image, int32; last < first if there is none."""
    dy = row - leaves.row
    x, y, level = leaves.x, leaves.y, dy * UNIT
    right, left = x.amax(0) >> UNIT_BITS, (-x).amax(0) >> UNIT_BITS
    for a, b in ((0, 1), (1, 2), (2, 3), (3, 0)):
        # An edge that goes down the rows bounds the right side; one that goes up bounds the left, measured leftwards.
        width, height = x[b] - x[a], y[b] - y[a]
        crossing = x[a] * height + (level - y[a]) * width
        crossing = torch.div(crossing, (height.abs() * UNIT).clamp(min=1), rounding_mode="floor")
        right = torch.where(height > 0, crossing.minimum(right), right)
        left = torch.where(height < 0, crossing.minimum(left), left)
    meets = (level <= y.amax(0)) & (-level <= (-y).amax(0))
    square = leaves.radius**2 - dy**2
    half = square.clamp(min=0).double().sqrt().long()  # exact, see the kernel
    circle = leaves.shape == CIRCLE
    right, left = torch.where(circle, half, right), torch.where(circle, half, left)
    meets = torch.where(circle, square >= 0, meets)
    right, left = torch.where(meets, right, -_FAR), torch.where(meets, left, -_FAR)
    return (leaves.column - left).int(), (leaves.column + right).int()


def _fill(draws: LeafDraws, regions: Tensor, count: int, bank: Tensor | None) -> Tensor:
    """Fill regions with colours or textures of their leaves, uncovered pixels with 0: uint8 (n, 3, height, width)."""
    device, shown = regions.device, regions.flatten(1).long()
    indices, numbers = torch.from_numpy(draws.indices).to(device)[:, None], torch.arange(count, device=device)[None]
    if bank is None:
        colours = nn.functional.pad(draw_colours(draws, indices, numbers), (0, 0, 1, 0))
        filled = torch.take_along_dim(colours, shown[..., None], dim=1)
    else:
        texture = nn.functional.pad(draw_textures(draws, indices, numbers, len(bank)), (1, 0)).gather(1, shown)
        pixel = torch.arange(shown.shape[1], device=device)
        filled = bank.flatten(1, 2)[texture, pixel] * (shown > 0)[..., None]
    return filled.transpose(1, 2).reshape(-1, 3, *draws.size)


def _words(draws: LeafDraws, indices: Tensor, numbers: Tensor, block: int) -> tuple[Tensor, ...]:
    key = stream_key(draws.seed, STREAM)
    counter = (numbers, torch.full_like(numbers, block), indices & 0xFFFFFFFF, indices >> 32)
    return philox_tensors(counter, (int(key[0]), int(key[1])))


def _below(word: Tensor, bound: int) -> Tensor:
    """Return integers below ``bound``, in proportion to random words."""
    return (word * bound) >> 32


def _corner_directions(shape: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Return the directions of four corners: (4, ...)."""
    free = torch.stack([first & 0xFFFF, first >> 16, second & 0xFFFF, second >> 16])
    quarters = _QUARTER * torch.arange(4, device=shape.device).reshape(4, *[1] * shape.dim())
    lean = free[0] >> 2
    free[3] = torch.where(shape == TRIANGLE, free[2], free[3])
    directions = free.sort(dim=0).values
    directions = torch.where(shape == SQUARE, _EIGHTH + quarters, directions)
    directions = torch.where(shape == ORIENTED, free[0] + quarters, directions)
    leaning = torch.stack([lean, 2 * _QUARTER - lean, 2 * _QUARTER + lean, -lean])
    return torch.where(shape == RECTANGLE, leaning, directions) % DIRECTIONS


@lru_cache(maxsize=8)
def _tables(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    thresholds, cosines, sines = torch.from_numpy(THRESHOLDS), torch.from_numpy(COSINES), torch.from_numpy(SINES)
    return thresholds.to(device), cosines.long().to(device), sines.long().to(device)
