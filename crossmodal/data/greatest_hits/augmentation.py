"""Augmentation of windows with counter-based draws: a draw number gives the same augmentation in every process."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset

from crossmodal.data.greatest_hits.dataset import GreatestHits, Sample
from crossmodal.randomness import generator

_MID_GREY = 128.0
# Exponent of the amplitude compression of the features (`crossmodal.audio.cochleagram`).
_COMPRESSION = 0.3


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the random augmentation of windows; zeros and False leave them unchanged.

    Attributes:
        flip: mirror half of the windows left to right.
        brightness: largest offset of the grey values, as a fraction of the full range.
        contrast: grey values are scaled around mid grey by 1 - contrast to 1 + contrast.
        shift: largest translation of the image, as a fraction of its size; edges are repeated.
        jitter_steps: largest shift of the start of a window, in steps of 1/90 s.
        loudness_db: largest change of the sound level in dB.
    """

    flip: bool = False
    brightness: float = 0.0
    contrast: float = 0.0
    shift: float = 0.0
    jitter_steps: int = 0
    loudness_db: float = 0.0


class AugmentedWindows(Dataset[Sample]):
    """Augmented windows of a data set, indexed by the (draw, index) pairs of a `StepSampler`."""

    def __init__(self, windows: GreatestHits, augmentation: Augmentation, seed: int) -> None:
        self.windows = windows
        self.augmentation = augmentation
        self.seed = seed

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, entry: tuple[int, int]) -> Sample:
        draw, index = entry
        rng = generator(self.seed, "variation of windows", draw)
        video, start, steps = self.windows.window_of(index)
        jitter = int(rng.integers(-self.augmentation.jitter_steps, self.augmentation.jitter_steps + 1))
        return augment(self.windows.window(video, start + jitter, steps), self.augmentation, rng)


def augment(sample: Sample, augmentation: Augmentation, rng: np.random.Generator) -> Sample:
    """Augment the images and the loudness of a sample; all its frames and its colour image are changed alike."""
    # Every number is drawn, used or not, so that one option does not change the draws of the others.
    mirrored = rng.random() < 0.5
    brightness, contrast, down, right, level = rng.uniform(-1, 1, 5)
    # Arrays, not tensors: for images this small the threads of torch cost more than the work.
    images = {name: sample[name].numpy() for name in ("spacetime", "colour")}
    if augmentation.flip and mirrored:
        images = {name: image[..., ::-1] for name, image in images.items()}
    if augmentation.shift:
        offset = (down * augmentation.shift, right * augmentation.shift)
        images = {name: _translate(image, *offset) for name, image in images.items()}
    if augmentation.brightness or augmentation.contrast:
        curve = _tone_curve(brightness * augmentation.brightness, 1 + contrast * augmentation.contrast)
        images = {name: np.take(curve, image) for name, image in images.items()}
    augmented = {name: torch.from_numpy(np.ascontiguousarray(image)) for name, image in images.items()}
    features = sample["cochleagram"]
    if augmentation.loudness_db:
        features = features * float(10 ** (_COMPRESSION * level * augmentation.loudness_db / 20))
    return {**sample, **augmented, "cochleagram": features}


def _translate(image: npt.NDArray[np.uint8], down: float, right: float) -> npt.NDArray[np.uint8]:
    """Translate an image (..., height, width) by fractions of its size; edges are repeated."""
    height, width = image.shape[-2:]
    rows = np.clip(np.arange(height) - round(down * height), 0, height - 1)
    columns = np.clip(np.arange(width) - round(right * width), 0, width - 1)
    return image[..., rows, :][..., columns]


def _tone_curve(offset: float, contrast: float) -> npt.NDArray[np.uint8]:
    """Return the new value of each of the 256 grey values, uint8 (256,)."""
    values = (np.arange(256) - _MID_GREY) * contrast + _MID_GREY + 255.0 * offset
    return np.clip(np.round(values), 0, 255).astype(np.uint8)
