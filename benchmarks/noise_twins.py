"""A simple implementation of dead leaves with OpenCV, as a reference for `benchmarks/noise.py`.

The distribution is that of `crossmodal.noise.dead_leaves`. NumPy draws 128 leaves at a time and the coverage is checked
once for these, so up to 127 leaves are painted in excess. OpenCV's outlines make leaves slightly larger.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

BLOCK, BLOCKS = 128, 39
CIRCLE, SQUARE, ORIENTED, RECTANGLE, TRIANGLE, QUADRILATERAL = range(6)

_RADII = np.linspace(0.03, 1.0, 200)
_CUMULATIVE = np.cumsum(_RADII**-3.0 - 1.0)
_QUARTERS = np.arange(4) * np.pi / 2


def paint_dead_leaves(generator: np.random.Generator, side: int, shape: str) -> NDArray[np.uint8]:
    """Paint leaves, ``shape`` "square", "oriented" or "mixed", until all pixels are covered: uint8 (side, side, 3)."""
    image = np.zeros((side, side, 3), np.uint8)
    for _ in range(BLOCKS):
        chosen = np.searchsorted(_CUMULATIVE, generator.uniform(0, _CUMULATIVE[-1], BLOCK))
        radii = np.maximum((_RADII[chosen] * side).astype(int), 1)
        centres = generator.integers(0, side, (BLOCK, 2))
        colours = generator.integers(0, 255, (BLOCK, 3)).tolist()
        kinds = _kinds(generator, shape)
        directions = _angles(generator, kinds)
        corners = np.stack([np.cos(directions), np.sin(directions)], axis=-1) * radii[:, None, None]
        corners = np.rint(corners + centres[:, None]).astype(np.int32)
        for kind, centre, radius, polygon, colour in zip(
            kinds.tolist(), centres.tolist(), radii.tolist(), corners, colours, strict=True
        ):
            if kind == CIRCLE:
                cv2.circle(image, centre, radius, colour, thickness=-1)
            else:
                cv2.fillConvexPoly(image, polygon, colour)
        if (image[..., 0] | image[..., 1] | image[..., 2]).all():
            break
    return image


def _kinds(generator: np.random.Generator, shape: str) -> NDArray[np.int64]:
    if shape == "mixed":
        return generator.integers(0, 6, BLOCK)
    return np.full(BLOCK, {"square": SQUARE, "oriented": ORIENTED}[shape])


def _angles(generator: np.random.Generator, kinds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the directions of four corners for each leaf; a triangle has its last corner twice."""
    free = generator.uniform(0, 2 * np.pi, (BLOCK, 4))
    triangle = np.stack([free[:, 0], free[:, 1], free[:, 2], free[:, 2]], axis=1)
    turn = free[:, :1]
    lean = turn / 4
    by_kind = [
        np.broadcast_to(np.pi / 4 + _QUARTERS, free.shape),
        turn + _QUARTERS,
        np.concatenate([lean, np.pi - lean, np.pi + lean, -lean], axis=1),
        np.sort(triangle, axis=1),
        np.sort(free, axis=1),
    ]
    return np.stack(by_kind)[np.maximum(kinds - 1, 0), np.arange(BLOCK)]
