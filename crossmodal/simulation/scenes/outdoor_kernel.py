"""Rendering of outdoor scenes on the CPU: the visible shape of each sample, then classes and mean colours."""

import math

import numpy as np
from numpy.typing import NDArray

from crossmodal.compiled import compiled
from crossmodal.simulation.scenes.outdoor_draws import (
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
from crossmodal.simulation.supersampling import SAMPLES, mean_level


@compiled
def paint_scenes(
    images: NDArray[np.uint8],
    masks: NDArray[np.uint8],
    things: NDArray[np.uint8],
    shapes: NDArray[np.float64],
) -> None:
    """Render shapes to ``images`` (n, 3, height, width), ``masks`` and ``things`` (n, height, width)."""
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
    """Write the number of a shape to the samples inside its outline."""
    # The box with a margin of one sample; `_within` decides. A hill may rise above its box.
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
    """Return whether a point is in a shape; left and top edges are included, right and bottom edges are not."""
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
    """Set the class and thing of each pixel to those of its centre, and its colour to the mean of its samples."""
    for row in range(mask.shape[0]):
        for column in range(mask.shape[1]):
            centre = shapes[shown[SAMPLES * row + SAMPLES // 2, SAMPLES * column + SAMPLES // 2]]
            mask[row, column], things[row, column] = np.uint8(centre[CLASS]), np.uint8(centre[THING])
            for channel in range(3):
                total = 0.0
                for i in range(SAMPLES * row, SAMPLES * (row + 1)):
                    y = (i + 0.5) * step
                    for j in range(SAMPLES * column, SAMPLES * (column + 1)):
                        shape = shapes[shown[i, j]]
                        down = (y - shape[TOP]) / (shape[BOTTOM] - shape[TOP])
                        down = min(max(down, 0.0), 1.0)
                        total += shape[UPPER + channel] + (shape[LOWER + channel] - shape[UPPER + channel]) * down
                image[channel, row, column] = mean_level(total)
