"""The distribution of dead leaves: radii, shapes and colours.

A leaf is a function of eight random words of 32 bits. The numbers that decide which pixels it covers are integers: its
centre and radius in pixels, and its corners on the circle of that radius, in units of 2**-12 pixel. So all devices draw
exactly the same leaves.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: The shapes of leaves; their numbers are the indices into this tuple.
SHAPES = ("circle", "square", "oriented", "rectangle", "triangle", "quadrilateral")
CIRCLE, SQUARE, ORIENTED, RECTANGLE, TRIANGLE, QUADRILATERAL = range(len(SHAPES))
#: The number of the law in which the shape of each leaf is uniform over `SHAPES`.
MIXED = len(SHAPES)
#: The laws of the shapes of an image's leaves, with their numbers.
LEAF_LAWS = {"square": SQUARE, "oriented": ORIENTED, "mixed": MIXED}

#: Number of colours: floor(255 U) in three channels, without black. A colour is coded as 1 to this.
COLOURS = 255**3 - 1

#: The stream of the random words.
STREAM = "noise/dead_leaves"

#: Corners are in units of 2**-12 pixel: finer than a direction at any radius, and integers stay below 2**53.
UNIT_BITS = 12
UNIT = 1 << UNIT_BITS
#: Number of directions around the circle.
DIRECTIONS = 1 << 16
#: The greatest shorter side for which this is true.
LONGEST_SIDE = 8192
GUIDE_BITS = 12

_LEAVES_PER_SQUARE = 5000
_LEAVES = 2**16 - 1  # numbers of leaves have 16 bits, and 0 is no leaf


@dataclass(frozen=True, eq=False)
class LeafDraws:
    """The indices, size and seed of images; their leaves follow from the counters (index, number of the leaf).

    Attributes:
        indices: int64 (n,).
        size: height and width in pixels.
        seed: of all draws.
        law: "square", "oriented" or "mixed".
    """

    indices: NDArray[np.int64]
    size: tuple[int, int]
    seed: int
    law: str


def radius_law() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the radii of leaves, as fractions of the shorter side, and their probabilities: two arrays (200,).

    200 equally spaced radii r from 0.03 to 1, with probabilities proportional to r**-3 - 1.

    References:
        Lee, Mumford & Huang, "Occlusion models for natural images: a statistical study of a scale-invariant dead leaves
        model", 2001 (the cube); Baradad et al., "Learning to see by looking at noise", NeurIPS 2021, section 3.1.
    """
    radii = np.linspace(0.03, 1.0, 200)
    weights = radii**-3 - 1.0
    return radii, weights / weights.sum()


def pixel_radii(size: tuple[int, int]) -> NDArray[np.int64]:
    """Return the radii of `radius_law` in pixels, rounded down but at least 1: (200,)."""
    return np.maximum((radius_law()[0] * min(size)).astype(np.int64), 1)


def most_leaves(size: tuple[int, int]) -> int:
    """Return the greatest number of leaves: 5,000 for a square, in proportion to the aspect ratio for a rectangle."""
    return min(_LEAVES_PER_SQUARE * math.ceil(max(size) / min(size)), _LEAVES)


def _thresholds() -> NDArray[np.int64]:
    """Return the least random word for a radius above the i-th: the cumulative probabilities in units of 2**-32."""
    thresholds = np.rint(np.cumsum(radius_law()[1]) * 2.0**32).astype(np.int64)
    thresholds[-2:] = 2**32  # regardless of rounding; the last radius has probability 0
    return thresholds


def _directions() -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Return cosine and sine of all directions in units of 2**-12, exactly symmetric: made from one quadrant."""
    quarter = DIRECTIONS // 4
    fall = np.rint(np.cos(np.arange(quarter) * (2 * np.pi / DIRECTIONS)) * UNIT)
    rise = np.concatenate([[0.0], fall[:0:-1]])
    cosines = np.concatenate([fall, -rise, -fall, rise])
    sines = np.concatenate([rise, fall, -rise, -fall])
    return cosines.astype(np.int16), sines.astype(np.int16)


THRESHOLDS = _thresholds()
#: Index of the first threshold above each word whose low bits are 0: the start of the search for a radius.
GUIDE = np.searchsorted(THRESHOLDS, np.arange(2**GUIDE_BITS) << (32 - GUIDE_BITS), side="right").astype(np.uint8)
COSINES, SINES = _directions()
