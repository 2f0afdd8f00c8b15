"""Variations of windows that are drawn by counter: the same draw gives the same variation, in any process."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset

from crossmodal.data.greatest_hits.dataset import GreatestHits, Sample
from crossmodal.randomness import generator

_MIDDLE = 128.0
# Loudness goes into compressed features by this power (`crossmodal.audio.cochleagram`).
_COMPRESSION = 0.3


@dataclass(frozen=True)
class Variation:
    """How far windows may vary; zeros and False change nothing.

    Attributes:
        flip: mirror half of the windows left to right.
        brightness: grey levels added, up to this fraction of the full range either way.
        contrast: the image's swing around mid grey is scaled by 1 - contrast to 1 + contrast.
        shift: the image is moved by up to this fraction of its size, edges repeat.
        jitter_steps: the window starts up to so many steps of 1/90 s earlier or later.
        loudness_db: the sound is up to so many decibels louder or softer.
    """

    flip: bool = False
    brightness: float = 0.0
    contrast: float = 0.0
    shift: float = 0.0
    jitter_steps: int = 0
    loudness_db: float = 0.0


class VariedWindows(Dataset[Sample]):
    """Windows of a data set, each varied by its own draw; takes (draw, index) pairs as a `StepSampler` gives them."""

    def __init__(self, windows: GreatestHits, variation: Variation, seed: int) -> None:
        self.windows = windows
        self.variation = variation
        self.seed = seed

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, entry: tuple[int, int]) -> Sample:
        draw, index = entry
        rng = generator(self.seed, "variation of windows", draw)
        video, start, steps = self.windows.window_of(index)
        jitter = int(rng.integers(-self.variation.jitter_steps, self.variation.jitter_steps + 1))
        return vary(self.windows.window(video, start + jitter, steps), self.variation, rng)


def vary(sample: Sample, variation: Variation, rng: np.random.Generator) -> Sample:
    """Vary the image and the loudness of a sample; all frames of it alike, and the colour image with them."""
    # Every number is drawn whether it is used or not, so that one option does not move the others.
    mirrored = rng.random() < 0.5
    added, swing, down, right, level = rng.uniform(-1, 1, 5)
    # Arrays, not tensors: on images this small torch's threads cost more than the work.
    images = {name: sample[name].numpy() for name in ("spacetime", "colour")}
    if variation.flip and mirrored:
        images = {name: image[..., ::-1] for name, image in images.items()}
    if variation.shift:
        move = (down * variation.shift, right * variation.shift)
        images = {name: _moved(image, *move) for name, image in images.items()}
    if variation.brightness or variation.contrast:
        curve = _tone_curve(added * variation.brightness, 1 + swing * variation.contrast)
        images = {name: np.take(curve, image) for name, image in images.items()}
    varied = {name: torch.from_numpy(np.ascontiguousarray(image)) for name, image in images.items()}
    features = sample["cochleagram"]
    if variation.loudness_db:
        features = features * float(10 ** (_COMPRESSION * level * variation.loudness_db / 20))
    return {**sample, **varied, "cochleagram": features}


def _moved(image: npt.NDArray[np.uint8], down: float, right: float) -> npt.NDArray[np.uint8]:
    """Move (..., height, width) by fractions of its size; what comes in repeats the edge."""
    height, width = image.shape[-2:]
    rows = np.clip(np.arange(height) - round(down * height), 0, height - 1)
    columns = np.clip(np.arange(width) - round(right * width), 0, width - 1)
    return image[..., rows, :][..., columns]


def _tone_curve(added: float, swing: float) -> npt.NDArray[np.uint8]:
    """Tabulate what becomes of each of the 256 levels, uint8 (256,)."""
    levels = (np.arange(256) - _MIDDLE) * swing + _MIDDLE + 255.0 * added
    return np.clip(np.round(levels), 0, 255).astype(np.uint8)
