"""Supersampling: the number of samples of a pixel, and the grey level of their mean."""

import math

import numpy as np

from crossmodal.compiled import compiled

#: Samples along each side of a pixel; an odd number, so that one sample is at the centre of the pixel.
SAMPLES = 3


@compiled
def mean_level(total: float) -> np.uint8:
    """Return the mean of the `SAMPLES` x `SAMPLES` samples of a pixel from their sum, rounded, clipped to 0 to 255."""
    mean = math.floor(total / (SAMPLES * SAMPLES) + 0.5)
    return np.uint8(min(max(mean, 0), 255))
