"""Dead leaves on the CPU: for each image, the visible leaf of each pixel, then its colour or texture.

The definition paints each leaf over the previous ones. The same pixels are computed faster here: a bit map of uncovered
("bare") pixels first gives the number of leaves that cover the image. Then they are painted from the topmost one down,
only where the image is still bare. In both passes most leaves meet no bare pixel, which the map shows for eight rows at
once.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossmodal.compiled import compiled
from crossmodal.noise.dead_leaves.law import COLOURS
from crossmodal.noise.dead_leaves.outline import (
    LANES,
    Canvas,
    Leaf,
    Whole,
    below,
    draw_words,
    outline,
    padded,
    place_leaf,
)

_NO_BITS, _ALL_BITS = np.uint64(0), np.uint64(0xFFFFFFFFFFFFFFFF)
_GROUP = 8  # rows
_PIXELS = 32  # a row of a leaf is painted in pieces of this length


class Ground(NamedTuple):
    """The bare pixels of an image, and work arrays.

    Attributes:
        bare: uint64 (words of a row, rows + padding), one bit per pixel.
        groups: uint64 (words of a row, groups), the union of each eight rows.
        reach: float64 (2, rows + padding), of the current leaf, as written by `outline`.
        words: uint32 (leaves, 4), row, column, radius and colour of the image's leaves.
        numbers: uint16 (rows, columns + padding), the visible leaf of each pixel, from 1; 0 for none.
    """

    bare: NDArray[np.uint64]
    groups: NDArray[np.uint64]
    reach: NDArray[np.float64]
    words: NDArray[np.uint32]
    numbers: NDArray[np.uint16]


@compiled
def paint_colours(
    images: NDArray[np.uint8],
    indices: NDArray[np.int64],
    key: NDArray[np.uint32],
    law: int,
    radii: NDArray[np.int64],
    most: int,
) -> None:
    """Fill ``images`` (n, 3, height, width) with coloured leaves.

    Args:
        images: output.
        indices: of the images.
        key: of the random words.
        law: of the leaves, as in `LEAF_LAWS`.
        radii: in pixels, of `pixel_radii`.
        most: greatest number of leaves.
    """
    height, width = images.shape[2], images.shape[3]
    ground, packed = _ground(height, width, most), np.zeros(most + 1, np.uint32)
    for i in range(len(indices)):
        for leaf in range(_number(ground, _image(height, width, indices[i], key, law, radii))):
            code = 1 + below(ground.words[leaf, 3], COLOURS)
            packed[leaf + 1] = code // 255**2 | (code // 255 % 255) << 8 | (code % 255) << 16
        for y in range(height):
            for x in range(width):
                colour = packed[ground.numbers[y, x]]
                images[i, 0, y, x] = colour & 255
                images[i, 1, y, x] = (colour >> 8) & 255
                images[i, 2, y, x] = colour >> 16


@compiled
def paint_textures(
    images: NDArray[np.uint8],
    bank: NDArray[np.uint8],
    indices: NDArray[np.int64],
    key: NDArray[np.uint32],
    law: int,
    radii: NDArray[np.int64],
    most: int,
) -> None:
    """Fill ``images`` with leaves from the ``bank`` (textures, height, width, 3); otherwise as `paint_colours`."""
    height, width = images.shape[2], images.shape[3]
    ground = _ground(height, width, most)
    for i in range(len(indices)):
        _number(ground, _image(height, width, indices[i], key, law, radii))
        for y in range(height):
            for x in range(width):
                number = ground.numbers[y, x]
                texture = below(ground.words[max(number, 1) - 1, 3], len(bank))
                for channel in range(3):
                    images[i, channel, y, x] = bank[texture, y, x, channel] if number else 0


@compiled
def number_regions(
    regions: NDArray[np.int32],
    counts: NDArray[np.int64],
    indices: NDArray[np.int64],
    key: NDArray[np.uint32],
    law: int,
    radii: NDArray[np.int64],
    most: int,
) -> None:
    """Fill ``regions`` (n, height, width) with the visible leaf of each pixel, ``counts`` (n,) with leaf counts."""
    height, width = regions.shape[1], regions.shape[2]
    ground = _ground(height, width, most)
    for i in range(len(indices)):
        counts[i] = _number(ground, _image(height, width, indices[i], key, law, radii))
        regions[i] = ground.numbers[:, :width]


@compiled
def _image(
    height: Whole, width: Whole, index: Whole, key: NDArray[np.uint32], law: Whole, radii: NDArray[np.int64]
) -> Canvas:
    return Canvas(height, width, np.uint32(index & 0xFFFFFFFF), np.uint32(index >> 32), key, law, radii)


@compiled
def _number(ground: Ground, image: Canvas) -> int:
    """Draw the leaves of an image, write the number of the visible leaf of each pixel; return the number of leaves."""
    words = ground.words
    count, groups = len(words), ground.groups.shape[1]
    group: Whole = 0
    _clear(ground, image)
    for number in range(len(words)):
        words[number, 0], words[number, 1], words[number, 2], words[number, 3] = draw_words(image, number, 0)
        leaf = place_leaf(image, words[number, 0], words[number, 1], words[number, 2])
        if _meets_bare(ground, leaf):
            outline(ground.reach, leaf, image, number)
            if _cover(ground, leaf):
                group = _first_bare(ground, group)
                if group == groups:
                    count = number + 1
                    break
    _clear(ground, image)
    ground.numbers[:] = 0
    group = 0
    for number in range(count - 1, -1, -1):
        leaf = place_leaf(image, words[number, 0], words[number, 1], words[number, 2])
        if _meets_bare(ground, leaf):
            outline(ground.reach, leaf, image, number)
            if _cover(ground, leaf):
                _paint(ground, leaf, np.uint16(number + 1))
                group = _first_bare(ground, group)
                if group == groups:
                    break
    return count


@compiled
def _ground(height: Whole, width: Whole, most: Whole) -> Ground:
    words, groups = (width + 63) // 64, (height + _GROUP - 1) // _GROUP
    return Ground(
        np.empty((words, _GROUP * groups + LANES), np.uint64),
        np.empty((words, groups), np.uint64),
        np.empty((2, height + LANES), np.float64),
        np.empty((most, 4), np.uint32),
        np.empty((height, width + _PIXELS), np.uint16),
    )


@compiled
def _clear(ground: Ground, image: Canvas) -> None:
    """Mark all pixels of the image as bare."""
    for word in range(len(ground.bare)):
        inside = _bits(0, image.width - 64 * word - 1)
        ground.bare[word, : image.height] = inside
        ground.bare[word, image.height :] = _NO_BITS
        ground.groups[word] = inside


@compiled
def _bits(first: Whole, last: Whole) -> np.uint64:
    """Return a word with the bits from ``first`` to ``last`` set, none if last < first."""
    low, high = max(first, 0), min(last, 63)
    return (_ALL_BITS << np.uint64(low & 63)) & (_ALL_BITS >> np.uint64(63 - high & 63)) if low <= high else _NO_BITS


@compiled
def _meets_bare(ground: Ground, leaf: Leaf) -> bool:
    """Whether the groups have a bare pixel in the leaf's box; False is certain, True is not."""
    for word in range(leaf.left >> 6, (leaf.right >> 6) + 1):
        box = _bits(leaf.left - 64 * word, leaf.right - 64 * word)
        for group in range(leaf.top // _GROUP, leaf.bottom // _GROUP + 1):
            if ground.groups[word, group] & box:
                return True
    return False


@compiled
def _cover(ground: Ground, leaf: Leaf) -> bool:
    """Remove the leaf's pixels from the bare ones; return whether any was bare."""
    right, left, rows, any_taken = ground.reach[0], ground.reach[1], padded(leaf), False
    for word in range(leaf.left >> 6, (leaf.right >> 6) + 1):
        offset, bare, taken = leaf.column - 64 * word, ground.bare[word, leaf.top :], _NO_BITS
        for row in range(rows):
            new = bare[row] & _bits(offset - np.int64(left[row]), offset + np.int64(right[row]))
            bare[row] ^= new
            taken |= new
        if taken:
            any_taken = True
            for group in range(leaf.top // _GROUP, leaf.bottom // _GROUP + 1):
                union = _NO_BITS
                for row in range(_GROUP):
                    union |= ground.bare[word, _GROUP * group + row]
                ground.groups[word, group] = union
    return any_taken


@compiled
def _paint(ground: Ground, leaf: Leaf, number: np.uint16) -> None:
    """Write the leaf's number where no leaf above it has been painted."""
    width = (leaf.right - leaf.left + _PIXELS) & -_PIXELS
    for row in range(leaf.bottom - leaf.top + 1):
        first, last = leaf.column - np.int64(ground.reach[1, row]), leaf.column + np.int64(ground.reach[0, row])
        left = np.int16(min(max(first, leaf.left), leaf.right + 1) - leaf.left)
        right = np.int16(max(min(last, leaf.right), leaf.left - 1) - leaf.left)
        pixels = ground.numbers[leaf.top + row, leaf.left :]
        for x in range(width):
            column = np.int16(x)
            fits = (pixels[x] == 0) & (left <= column) & (column <= right)
            pixels[x] = number if fits else pixels[x]


@compiled
def _first_bare(ground: Ground, group: Whole) -> Whole:
    """Return the first group from ``group`` on with a bare pixel; the number of groups if there is none."""
    while group < ground.groups.shape[1]:
        for word in range(len(ground.groups)):
            if ground.groups[word, group]:
                return group
        group += 1
    return group
