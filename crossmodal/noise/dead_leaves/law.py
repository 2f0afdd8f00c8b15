"""The law of dead leaves: radii, shapes and the numbers that a leaf is made of.

A leaf comes from eight random words of 32 bits. Whatever decides which pixels it covers is a whole number: a centre and
a radius in pixels, and corners on the circle of that radius in units of 2**-12 pixel. So every device draws exactly the
same leaves.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: The shapes of leaves; their numbers are the places in this tuple.
SHAPES = ("circle", "square", "oriented", "rectangle", "triangle", "quadrilateral")
CIRCLE, SQUARE, ORIENTED, RECTANGLE, TRIANGLE, QUADRILATERAL = range(len(SHAPES))
#: The number of the law in which every leaf has one of the shapes, each as often.
MIXED = len(SHAPES)
#: What an image's leaves can be, with the number of each.
LEAF_LAWS = {"square": SQUARE, "oriented": ORIENTED, "mixed": MIXED}

#: floor(255 U) for three channels, without black; the number of a colour is 1 + a number below this.
COLOURS = 255**3 - 1

#: The stream of the random words.
STREAM = "noise/dead_leaves"

#: Corners are in units of 2**-12 pixel: finer than a direction at any radius, and whole numbers stay below 2**53.
UNIT_BITS = 12
UNIT = 1 << UNIT_BITS
#: Around the circle.
DIRECTIONS = 1 << 16
#: The longest side of a square for which this holds.
LONGEST_SIDE = 8192
GUIDE_BITS = 12

_LEAVES_PER_SQUARE = 5000
_LEAVES = 2**16 - 1  # numbers of leaves are kept in 16 bits, and 0 is no leaf


@dataclass(frozen=True, eq=False)
class LeafDraws:
    """Which images: the leaves follow from the counters (index, number of the leaf), so nothing else is kept.

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
    """Tell the radii that a leaf can have, as fractions of the shorter side, and their probabilities: two of (200,).

    200 equally spaced radii r from 0.03 to 1, with probabilities proportional to r**-3 - 1.

    References:
        Lee, Mumford & Huang, "Occlusion models for natural images: a statistical study of a scale-invariant dead leaves
        model", 2001 (the cube); Baradad et al., "Learning to see by looking at noise", NeurIPS 2021, section 3.1.
    """
    radii = np.linspace(0.03, 1.0, 200)
    weights = radii**-3 - 1.0
    return radii, weights / weights.sum()


def pixel_radii(size: tuple[int, int]) -> NDArray[np.int64]:
    """Tell the radii of `radius_law` in whole pixels, rounded down but at least 1: (200,)."""
    return np.maximum((radius_law()[0] * min(size)).astype(np.int64), 1)


def most_leaves(size: tuple[int, int]) -> int:
    """Tell where painting stops even if a pixel is bare: 5,000 leaves for a square, in proportion for a rectangle."""
    return min(_LEAVES_PER_SQUARE * math.ceil(max(size) / min(size)), _LEAVES)


def _thresholds() -> NDArray[np.int64]:
    """The random word from which on the radius is greater than the i-th: the cumulative law in units of 2**-32."""
    thresholds = np.rint(np.cumsum(radius_law()[1]) * 2.0**32).astype(np.int64)
    thresholds[-2:] = 2**32  # whatever the sum's last bits are; the last radius has probability 0
    return thresholds


def _directions() -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Cosine and sine of every direction in units of 2**-12, symmetric to the last bit: made from one quadrant."""
    quarter = DIRECTIONS // 4
    fall = np.rint(np.cos(np.arange(quarter) * (2 * np.pi / DIRECTIONS)) * UNIT)
    rise = np.concatenate([[0.0], fall[:0:-1]])
    cosines = np.concatenate([fall, -rise, -fall, rise])
    sines = np.concatenate([rise, fall, -rise, -fall])
    return cosines.astype(np.int16), sines.astype(np.int16)


THRESHOLDS = _thresholds()
#: The place of the first threshold above each word whose low bits are 0: where the search for a radius begins.
GUIDE = np.searchsorted(THRESHOLDS, np.arange(2**GUIDE_BITS) << (32 - GUIDE_BITS), side="right").astype(np.uint8)
COSINES, SINES = _directions()
