"""Outdoor scenes on the CPU: which shape each sample shows, then the classes at the centres and the mean colours."""

import math

import numpy as np
from numpy.typing import NDArray

from crossmodal.compiled import compiled
from crossmodal.simulation.scenes.outdoor_law import (
    BOTTOM,
    CLASS,
    ELLIPSE,
    FORM,
    HILL,
    LEFT,
    LOWER,
    NOTHING,
    OUTLINE,
    RIGHT,
    THING,
    TOP,
    TRAPEZOID,
    UPPER,
)

#: Samples along each side of a pixel: an odd number, so that one lies at its centre.
SAMPLES = 3


@compiled
def paint_scenes(
    images: NDArray[np.uint8],
    masks: NDArray[np.uint8],
    things: NDArray[np.uint8],
    shapes: NDArray[np.float64],
) -> None:
    """Fill ``images`` (n, 3, height, width), ``masks`` and ``things`` (n, height, width) from shapes."""
    height, width = masks.shape[1], masks.shape[2]
    step = 1.0 / (SAMPLES * min(height, width))
    shown = np.empty((SAMPLES * height, SAMPLES * width), np.uint8)
    for i in range(len(shapes)):
        shown[:] = 0
        for number in range(shapes.shape[1]):
            if shapes[i, number, OUTLINE] != NOTHING:
                _cover(shown, shapes[i, number], number, step)
        _resolve(images[i], masks[i], things[i], shown, shapes[i], step)


@compiled
def _cover(shown: NDArray[np.uint8], shape: NDArray[np.float64], number: int, step: float) -> None:
    """Write the shape's number on the samples within its outline."""
    # The box with a sample to spare; `_within` decides. A hill may rise over its box.
    top = shape[TOP] - abs(shape[FORM]) if shape[OUTLINE] == HILL else shape[TOP]
    first_row, last_row = _span(top, shape[BOTTOM], step, shown.shape[0])
    first_column, last_column = _span(shape[LEFT], shape[RIGHT], step, shown.shape[1])
    for row in range(first_row, last_row):
        y = (row + 0.5) * step
        for column in range(first_column, last_column):
            if _within(shape, (column + 0.5) * step, y):
                shown[row, column] = number


@compiled
def _span(low: float, high: float, step: float, samples: int) -> tuple[int, int]:
    return max(0, math.floor(low / step) - 1), min(samples, math.ceil(high / step) + 1)


@compiled
def _within(shape: NDArray[np.float64], x: float, y: float) -> bool:
    """Tell whether a point lies in the shape: left and top edges belong to it, right and bottom edges do not."""
    left, right, top, bottom = shape[LEFT], shape[RIGHT], shape[TOP], shape[BOTTOM]
    if shape[OUTLINE] == HILL:
        along = (x - left) / (right - left)
        return bool(y >= top - shape[FORM] * (4.0 * along * (1.0 - along)))
    if not (left <= x < right and top <= y < bottom):
        return False
    across, down = (2.0 * x - left - right) / (right - left), (y - top) / (bottom - top)
    if shape[OUTLINE] == ELLIPSE:
        upright = 2.0 * down - 1.0
        return bool(across * across + upright * upright < 1.0)
    if shape[OUTLINE] == TRAPEZOID:
        return bool(abs(across) < shape[FORM] + (1.0 - shape[FORM]) * down)
    return True


@compiled
def _resolve(
    image: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    things: NDArray[np.uint8],
    shown: NDArray[np.uint8],
    shapes: NDArray[np.float64],
    step: float,
) -> None:
    """Take each pixel's class and thing at its centre, and its colour as the mean of its samples."""
    for row in range(mask.shape[0]):
        for column in range(mask.shape[1]):
            centre = shapes[shown[SAMPLES * row + SAMPLES // 2, SAMPLES * column + SAMPLES // 2]]
            mask[row, column], things[row, column] = np.uint8(centre[CLASS]), np.uint8(centre[THING])
            for channel in range(3):
                total = 0.0
                for line in range(SAMPLES * row, SAMPLES * (row + 1)):
                    y = (line + 0.5) * step
                    for place in range(SAMPLES * column, SAMPLES * (column + 1)):
                        shape = shapes[shown[line, place]]
                        down = (y - shape[TOP]) / (shape[BOTTOM] - shape[TOP])
                        down = min(max(down, 0.0), 1.0)
                        total += shape[UPPER + channel] + (shape[LOWER + channel] - shape[UPPER + channel]) * down
                mean = math.floor(total / (SAMPLES * SAMPLES) + 0.5)
                image[channel, row, column] = np.uint8(min(max(mean, 0), 255))
