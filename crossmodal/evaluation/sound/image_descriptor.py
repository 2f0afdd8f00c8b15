"""Small images that describe appearance and motion at a hit, without learned features."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import adaptive_avg_pool2d

from crossmodal.evaluation.sound.prediction import Sample

Descriptors = NDArray[np.float32]

#: Feature steps per tick of the 30 Hz clock.
STEPS_PER_TICK = 3
_GREY_SIZE = (18, 32)
_COLOUR_SIZE = (6, 10)
_MOTION_SIZE = (9, 16)
#: Ticks around the hit at which motion is described: the swing, the contact, the rebound.
_MOTION_TICKS = (-4, -2, -1, 0, 1, 2, 4)
# Differences of frames are much smaller than frames; this is the ratio on natural video, which balances both.
_MOTION_GAIN = 8.0


def describe_image(sample: Sample, steps: NDArray[np.intp]) -> Descriptors:
    """Return the current grey frame at each hit and the first colour frame, downsampled; shape (hits, values).

    Each of the two parts is divided by the square root of its length, so a squared distance is the mean squared
    difference of grey values (0 to 1) plus that of colours.
    """
    grey = _pool(_spacetime_at(sample, steps, 0)[:, 1:2], _GREY_SIZE)
    colour = _pool(torch.as_tensor(sample["colour"])[None], _COLOUR_SIZE)
    return np.concatenate([grey, np.broadcast_to(colour, (len(steps), colour.shape[1]))], axis=1)


def describe_motion(sample: Sample, steps: NDArray[np.intp]) -> Descriptors:
    """Return downsampled differences of the next and previous frame around each hit; shape (hits, values)."""
    parts = []
    for offset in _MOTION_TICKS:
        frames = _spacetime_at(sample, steps, offset).float()
        parts.append(_pool(frames[:, 2:3] - frames[:, 0:1], _MOTION_SIZE))
    return _MOTION_GAIN / np.float32(np.sqrt(len(_MOTION_TICKS))) * np.concatenate(parts, axis=1)


def _spacetime_at(sample: Sample, steps: NDArray[np.intp], offset_ticks: int) -> torch.Tensor:
    """Return space-time images (hits, 3, height, width) ``offset_ticks`` after each hit, clipped to the video."""
    spacetime = torch.as_tensor(sample["spacetime"])
    ticks = np.clip(steps // STEPS_PER_TICK + offset_ticks, 0, len(spacetime) - 1)
    return spacetime[torch.from_numpy(ticks)]


def _pool(images: torch.Tensor, size: tuple[int, int]) -> Descriptors:
    small = adaptive_avg_pool2d(images.float() / 255.0, size).flatten(1)
    return np.asarray(small / small.shape[1] ** 0.5)
