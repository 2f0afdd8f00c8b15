"""Random augmentation of one view of an image: drawing its parameters, and rendering it."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.data.views.colour import jitter, make_grey, solarize
from crossmodal.data.views.resampling import INTERPOLATIONS, blur_weights, crop_weights, resample
from crossmodal.data.views.transfer import to_device
from crossmodal.randomness import uniforms
from crossmodal.spelling import check_choice

_TRIES = 10
_ORDERS = np.array(list(itertools.permutations(range(4))), dtype=np.int64)
# Factors of brightness, contrast and saturation and the shift of the hue: the identity, and the smallest allowed.
_IDENTITY, _MIN_FACTORS = np.array([1.0, 1.0, 1.0, 0.0]), np.array([0.0, 0.0, 0.0, -0.5])
# Columns of the random numbers of a view; fixed, so that one option does not change the draws of another.
_CROP, _POSITION = slice(0, 2 * _TRIES), slice(2 * _TRIES, 2 * _TRIES + 2)
_FACTORS = slice(2 * _TRIES + 2, 2 * _TRIES + 6)
_MIRROR, _JITTER, _ORDER, _GREY, _BLUR, _SIGMA, _SOLARIZE = range(2 * _TRIES + 6, 2 * _TRIES + 13)
_NUMBERS = 2 * _TRIES + 13
# Images rendered together on a CPU, few enough for its cache.
_BLOCK = 16


@dataclass(frozen=True, eq=False)
class ViewDraws:
    """Drawn parameters of n views.

    Attributes:
        crop: int64 (n, 4), top, left, height and width in pixels of the image.
        mirrored: bool (n,).
        factors: (n, 4), of brightness, contrast, saturation, and the shift of the hue; (1, 1, 1, 0) is the identity.
        order: int64 (n, 4), indices in `crossmodal.data.views.colour.JITTER_OPERATIONS`, in order of application.
        grey: bool (n,).
        sigma_px: (n,), standard deviation of the blur; 0 for none.
        solarized: bool (n,).
    """

    crop: NDArray[np.int64]
    mirrored: NDArray[np.bool_]
    factors: NDArray[np.float64]
    order: NDArray[np.int64]
    grey: NDArray[np.bool_]
    sigma_px: NDArray[np.float64]
    solarized: NDArray[np.bool_]

    def part(self, start: int, stop: int) -> "ViewDraws":
        """Return the views ``start`` to ``stop - 1``."""
        return ViewDraws(*(getattr(self, name)[start:stop] for name in self.__dataclass_fields__))


@dataclass(frozen=True, kw_only=True)
class ViewAugmentation:
    """Augmentation of one view: crop, resize, mirror, colour jitter, grey, blur and solarize, as in torchvision.

    Args:
        size: side of the view, in pixels.
        scale: smallest and largest area of the crop, as fractions of the image.
        ratio: smallest and largest width divided by height of the crop; its logarithm is uniform.
        interpolation: "bilinear" or "bicubic", antialiased.
        mirror: probability of a horizontal flip.
        jitter: half-widths of the ranges of brightness, contrast and saturation around 1, and of the hue around 0 (at
            most 0.5).
        jitter_probability: probability of the colour jitter.
        grey: probability of a grey view.
        blur: probability of a blur.
        sigma_px: smallest and largest standard deviation of the blur, in pixels of the view.
        solarize: probability of solarization.

    Raises:
        ValueError: a number is out of range.

    References:
        Chen et al., "A simple framework for contrastive learning of visual representations", ICML 2020, appendix A;
        the crops of Szegedy et al., "Going deeper with convolutions", CVPR 2015, section 6.
    """

    size: int
    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    interpolation: str = "bilinear"
    mirror: float = 0.5
    jitter: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    jitter_probability: float = 1.0
    grey: float = 0.0
    blur: float = 0.0
    sigma_px: tuple[float, float] = (0.1, 2.0)
    solarize: float = 0.0

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"size must be at least 1 pixel, got {self.size}")
        check_choice("interpolation", self.interpolation, INTERPOLATIONS)
        for name in ("scale", "ratio", "sigma_px"):
            low, high = getattr(self, name)
            if not 0 < low <= high < math.inf:
                raise ValueError(f"{name} must be (smallest, largest), both positive, got {(low, high)}")
        for name in ("mirror", "jitter_probability", "grey", "blur", "solarize"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be a probability, 0 to 1, got {getattr(self, name)}")
        if min(self.jitter) < 0 or self.jitter[3] > 0.5:
            raise ValueError(f"jitter must not be negative, and at most 0.5 for the hue, got {self.jitter}")

    def sample(self, counters: NDArray[np.int64], shape: tuple[int, int], seed: int, stream: str) -> ViewDraws:
        """Draw the parameters of one view of an image of ``shape`` (height, width) for each counter."""
        numbers = uniforms(seed, stream, counters, _NUMBERS).numpy().astype(np.float64)
        tries = numbers[:, _CROP].reshape(-1, _TRIES, 2)
        jittered = numbers[:, _JITTER] < self.jitter_probability
        low, high = np.maximum(_IDENTITY - self.jitter, _MIN_FACTORS), _IDENTITY + self.jitter
        factors = low + (high - low) * numbers[:, _FACTORS]
        sigma = self.sigma_px[0] + (self.sigma_px[1] - self.sigma_px[0]) * numbers[:, _SIGMA]
        return ViewDraws(
            crop=_draw_crops(tries, numbers[:, _POSITION], shape, self.scale, self.ratio),
            mirrored=numbers[:, _MIRROR] < self.mirror,
            factors=np.where(jittered[:, None], factors, _IDENTITY),
            order=_ORDERS[(numbers[:, _ORDER] * len(_ORDERS)).astype(np.int64)],
            grey=numbers[:, _GREY] < self.grey,
            sigma_px=np.where(numbers[:, _BLUR] < self.blur, sigma, 0.0),
            solarized=numbers[:, _SOLARIZE] < self.solarize,
        )

    @torch.no_grad()
    def render(self, images: Tensor, draws: ViewDraws) -> Tensor:
        """Render drawn views of images uint8 (n, 3, height, width): float32 (n, 3, size, size) in 0 to 1."""
        views = torch.empty(len(images), 3, self.size, self.size, device=images.device)
        block = _BLOCK if images.device.type == "cpu" else max(1, len(images))
        # Autocast around the call would change the result.
        with torch.autocast(images.device.type, enabled=False):
            for start in range(0, len(images), block):
                stop = start + block
                views[start:stop] = self._render(images[start:stop], draws.part(start, stop))
        return views

    def _render(self, images: Tensor, draws: ViewDraws) -> Tensor:
        top, left, crop_height, crop_width = to_device(draws.crop.T.astype(np.float32), images.device)
        height, width = images.shape[2:]
        rows = crop_weights(top, crop_height, height, self.size, self.interpolation)
        columns = crop_weights(left, crop_width, width, self.size, self.interpolation)
        mirrored = to_device(draws.mirrored, images.device)[:, None, None]
        columns = torch.where(mirrored, columns.flip(1), columns)
        views = resample(images.float(), rows, columns).div_(255)
        if any(self.jitter):
            jitter(views, draws.factors, draws.order)
        make_grey(views, draws.grey)
        _blur(views, draws.sigma_px)
        return solarize(views, draws.solarized)


def _blur(views: Tensor, sigma_px: NDArray[np.float64]) -> None:
    blurred = np.flatnonzero(sigma_px)
    if len(blurred):
        rows = to_device(blurred, views.device)
        weights = blur_weights(sigma_px[blurred], views.shape[-1], views.device)
        levels = views[rows].mul_(255).round_()
        views.index_copy_(0, rows, resample(levels, weights, weights).div_(255))


def _draw_crops(
    tries: NDArray[np.float64],
    position: NDArray[np.float64],
    shape: tuple[int, int],
    scale: tuple[float, float],
    ratio: tuple[float, float],
) -> NDArray[np.int64]:
    """Draw crops int64 (n, 4) of top, left, height and width: the first of ten tries that fits in the image.

    If none fits, the crop is the largest centred one of an allowed ratio, as in torchvision.

    Args:
        tries: uniform (n, 10, 2), for area and ratio.
        position: uniform (n, 2), for top and left.
        shape: height and width of the image.
        scale: smallest and largest area, as fractions of the image.
        ratio: smallest and largest width divided by height.
    """
    height, width = shape
    area = height * width * (scale[0] + (scale[1] - scale[0]) * tries[..., 0])
    shapes = np.exp(math.log(ratio[0]) + math.log(ratio[1] / ratio[0]) * tries[..., 1])
    heights, widths = np.rint(np.sqrt(area / shapes)), np.rint(np.sqrt(area * shapes))
    fits = (heights > 0) & (heights <= height) & (widths > 0) & (widths <= width)
    first = np.argmax(fits, axis=1)[:, None]
    sides = np.concatenate([np.take_along_axis(side, first, axis=1) for side in (heights, widths)], axis=1)
    corner = np.floor(position * (np.array(shape) - sides + 1))
    central = np.array([min(height, round(width / ratio[0])), min(width, round(height * ratio[1]))])
    any_fits = np.any(fits, axis=1, keepdims=True)
    sides = np.where(any_fits, sides, central)
    corner = np.where(any_fits, corner, (np.array(shape) - central) // 2)
    return np.concatenate([corner, sides], axis=1).astype(np.int64)
