"""One leaf in compiled code: its position, and its extent to the right and left of its centre in each row.

A pixel belongs to a leaf if its centre is inside the shape or on its edge. This is computed in integers, or in floats
that hold integers exactly, so that all machines agree. Loops over rows have no branches and run to a multiple of
`LANES`, so that they compile to a few vector instructions; most leaves have about a dozen rows.
"""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crossmodal.compiled import compiled
from crossmodal.noise.dead_leaves.law import (
    CIRCLE,
    COSINES,
    DIRECTIONS,
    GUIDE,
    GUIDE_BITS,
    MIXED,
    ORIENTED,
    RECTANGLE,
    SINES,
    SQUARE,
    THRESHOLDS,
    TRIANGLE,
    UNIT,
    UNIT_BITS,
)
from crossmodal.randomness.philox import philox

#: An integer: of Python for the type checker, of NumPy in compiled code.
Whole: TypeAlias = int | np.int64
Words: TypeAlias = tuple[np.uint32, np.uint32, np.uint32, np.uint32]

#: Rows are processed up to a multiple of this.
LANES = 8

_QUARTER, _EIGHTH = DIRECTIONS // 4, DIRECTIONS // 8
_GUIDE_SHIFT = np.uint32(32 - GUIDE_BITS)
_OUTSIDE = -1.0  # reach of a row without pixels of the leaf: the last pixel is before the first


class Leaf(NamedTuple):
    """A leaf's centre and radius, and the box around it within the image, all in pixels."""

    row: Whole
    column: Whole
    radius: Whole
    top: Whole
    bottom: Whole
    left: Whole
    right: Whole


class Canvas(NamedTuple):
    """The inputs of the leaves of an image: its size, the counter and key of its words, and the law."""

    height: Whole
    width: Whole
    low: np.uint32
    high: np.uint32
    key: NDArray[np.uint32]
    law: Whole
    radii: NDArray[np.int64]


@compiled
def draw_words(image: Canvas, number: Whole, block: Whole) -> Words:
    """Draw the words of a leaf: row, column, radius and colour in block 0; shape and corners (two) in block 1."""
    counter = np.uint32(number), np.uint32(block), image.low, image.high
    return philox(counter[0], counter[1], counter[2], counter[3], image.key[0], image.key[1])


@compiled
def below(word: np.uint32, bound: Whole) -> Whole:
    """Return an integer below ``bound``, in proportion to a random word."""
    return (np.int64(word) * bound) >> 32


@compiled
def place_leaf(image: Canvas, row_word: np.uint32, column_word: np.uint32, radius_word: np.uint32) -> Leaf:
    """Return the leaf of the words of block 0."""
    row, column = below(row_word, image.height), below(column_word, image.width)
    index = GUIDE[radius_word >> _GUIDE_SHIFT]
    while THRESHOLDS[index] <= np.int64(radius_word):
        index += 1
    radius = image.radii[index]
    extent = _corner(_EIGHTH, radius)[0] >> UNIT_BITS if image.law == SQUARE else radius
    top, bottom = max(row - extent, 0), min(row + extent, image.height - 1)
    left, right = max(column - extent, 0), min(column + extent, image.width - 1)
    return Leaf(row, column, radius, top, bottom, left, right)


@compiled
def outline(reach: NDArray[np.float64], leaf: Leaf, image: Canvas, number: Whole) -> None:
    """Write the reach (2, rows) of a leaf to the right and left of its centre, for `padded` rows from its top row."""
    if image.law == SQUARE:
        x, y = _corner(_EIGHTH, leaf.radius)
        _outline_box(reach, leaf, -x, x, -y, y)
        return
    chosen, first_word, second_word, _ = draw_words(image, number, 1)
    shape = below(chosen, MIXED) if image.law == MIXED else image.law
    first, second = np.int64(first_word), np.int64(second_word)
    if shape == CIRCLE:
        _outline_circle(reach, leaf)
    elif shape in (SQUARE, RECTANGLE):
        x, y = _corner(_EIGHTH if shape == SQUARE else (first & 0xFFFF) >> 2, leaf.radius)
        _outline_box(reach, leaf, -x, x, -y, y)
    else:
        _outline_polygon(reach, leaf, _corner_directions(shape, first, second))


@compiled
def padded(leaf: Leaf) -> Whole:
    """Return the number of rows of a leaf, rounded up to a multiple of `LANES`."""
    return (leaf.bottom - leaf.top + LANES) & -LANES


@compiled
def _outline_circle(reach: NDArray[np.float64], leaf: Leaf) -> None:
    for row in range(padded(leaf)):
        square = leaf.radius**2 - (leaf.top + row - leaf.row) ** 2
        # Exact: the square root of an integer below 2**52 is never rounded up to the next integer.
        half = np.floor(np.sqrt(np.float64(max(square, 0))))
        reach[0, row] = reach[1, row] = half if square >= 0 else _OUTSIDE


@compiled
def _outline_box(reach: NDArray[np.float64], leaf: Leaf, x0: Whole, x1: Whole, y0: Whole, y1: Whole) -> None:
    """Outline a box; x0 to y1 are in units of 2**-12 pixel from the leaf's centre."""
    first, last = leaf.row - (-y0 >> UNIT_BITS) - leaf.top, leaf.row + (y1 >> UNIT_BITS) - leaf.top
    left, right = np.float64(-x0 >> UNIT_BITS), np.float64(x1 >> UNIT_BITS)
    for row in range(padded(leaf)):
        inside = first <= row <= last
        reach[0, row] = right if inside else _OUTSIDE
        reach[1, row] = left if inside else _OUTSIDE


@compiled
def _outline_polygon(reach: NDArray[np.float64], leaf: Leaf, directions: tuple[Whole, Whole, Whole, Whole]) -> None:
    """Outline a convex polygon: the intersection of its box and of the half planes of its edges."""
    ax, ay = _corner(directions[0], leaf.radius)
    bx, by = _corner(directions[1], leaf.radius)
    cx, cy = _corner(directions[2], leaf.radius)
    dx, dy = _corner(directions[3], leaf.radius)
    x0, x1 = min(ax, bx, cx, dx), max(ax, bx, cx, dx)
    y0, y1 = min(ay, by, cy, dy), max(ay, by, cy, dy)
    _outline_box(reach, leaf, x0, x1, y0, y1)
    _narrow(reach, leaf, ax, ay, bx, by)
    _narrow(reach, leaf, bx, by, cx, cy)
    _narrow(reach, leaf, cx, cy, dx, dy)
    _narrow(reach, leaf, dx, dy, ax, ay)


@compiled
def _narrow(reach: NDArray[np.float64], leaf: Leaf, ax: Whole, ay: Whole, bx: Whole, by: Whole) -> None:
    """Clip by the edge from a to b; an edge that goes down the rows bounds the right side, else the left."""
    width, height = bx - ax, by - ay
    if height == 0:
        return
    side = reach[0] if height > 0 else reach[1]
    divisor = np.float64(max(height, -height) * UNIT)
    start = np.float64(ax * height + ((leaf.top - leaf.row) * UNIT - ay) * width)
    step = np.float64(width * UNIT)
    for row in range(padded(leaf)):
        # Exact: the dividend is an integer below 2**53, so no quotient is rounded up to an integer. (`/` would check
        # for a division by zero in every row.)
        crossing = np.floor(np.divide(start + np.float64(row) * step, divisor))
        side[row] = crossing if crossing < side[row] else side[row]


@compiled
def _corner_directions(shape: Whole, first: Whole, second: Whole) -> tuple[Whole, Whole, Whole, Whole]:
    """Return the directions of four corners in order; a triangle has one of them twice."""
    a, b, c, d = first & 0xFFFF, first >> 16, second & 0xFFFF, second >> 16
    if shape == ORIENTED:
        return a, a + _QUARTER, a + 2 * _QUARTER, a + 3 * _QUARTER
    if shape == TRIANGLE:
        d = c
    a, b, c, d = min(a, b), max(a, b), min(c, d), max(c, d)
    a, b, c, d = min(a, c), min(b, d), max(a, c), max(b, d)
    return a, min(b, c), max(b, c), d


@compiled
def _corner(direction: Whole, radius: Whole) -> tuple[Whole, Whole]:
    direction &= DIRECTIONS - 1
    return radius * np.int64(COSINES[direction]), radius * np.int64(SINES[direction])
