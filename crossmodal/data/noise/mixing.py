"""Augmentation that mixes photographs with procedural images, for torchvision pipelines, without any files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import PIL.Image
import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms.v2 import Transform
from torchvision.transforms.v2 import functional as F

from crossmodal.noise import Process, as_process

# Severities are 0 to 10; these are the values at severity 10.
_MAX_SEVERITY = 10.0
_MAX_DEGREES = 30.0
_MAX_SHEAR = 0.3
_MAX_SHIFT = 1 / 3
_MAX_LOST_BITS = 4
_ENDLESS = 2**62


@dataclass(frozen=True)
class _Operation:
    """Drawn operation on one image: its name, its strength in 0 to 1 and its sign."""

    name: str
    strength: float
    sign: int


@dataclass(frozen=True)
class _Round:
    """Drawn parameters of one round: the operation on the copy (None: the noise image), add or multiply, weights."""

    copy: _Operation | None
    add: bool
    weights: tuple[float, float]


@dataclass(frozen=True)
class _Mixing:
    """Drawn parameters of one image: the first operation or None, the index of the noise image, and the rounds."""

    start: _Operation | None
    index: int
    rounds: tuple[_Round, ...]


def _is_pure_tensor(value: Any) -> bool:
    return isinstance(value, Tensor) and not isinstance(value, tv_tensors.TVTensor)


class NoiseMixing(Transform):  # type: ignore[misc]  # torchvision has no types
    """Mix images with a procedural image and with augmented copies of themselves (PixMix); nothing is downloaded.

    An image starts as the original or as an augmented copy, with probability 1/2 each. In each of 0 to ``rounds``
    rounds (uniform) it is mixed with an augmented copy of the original or with one noise image (1/2 each), by addition
    or by multiplication (1/2 each). With weights a and b, and images x and y in 0 to 1:

        addition:        (a (2x - 1) + b (2y - 1) + 1) / 2
        multiplication:  (2x)^a (2y)^b / 2

    where (a, b) is (Beta(beta, 1), Beta(1, beta)) or (1 + Beta(1, beta), -Beta(1, beta)), with probability 1/2 each.
    The result is clipped to 0 to 1. A copy is augmented by one of autocontrast, equalize, posterize, solarize, rotate,
    shear and shift, with a strength uniform in 0 to ``severity`` / 10.

    Inputs are uint8 or float (0 to 1) tensors, `tv_tensors.Image` and PIL images, (..., 3, height, width); the output
    has the same type. Labels, boxes and masks are not changed. Each image of a batch has its own draws.

    Draws are from torch's global generator, as in torchvision: `torch.manual_seed` repeats them, and the workers of a
    loader have different seeds. Noise images depend on the process, ``seed`` and the drawn index.

    Args:
        process: process of the noise images, its name, or its description.
        severity: strength of the operations, 0 to 10.
        rounds: largest number of rounds.
        beta: parameter of the Beta distributions; a larger one keeps more of the image.
        seed: seed of the noise images.
        bank: number of different noise images, each drawn at its first use and kept (in each worker) at the size of
            that use; None draws a new one for each image.

    Raises:
        ValueError: the process is unknown, a number is out of range, or images do not have three channels.

    References:
        Hendrycks et al., "PixMix: dreamlike images comprehensively improve safety measures", CVPR 2022, section 3.
        Hendrycks et al., "AugMix", ICLR 2020 (the operations and their strengths).
    """

    _transformed_types = (_is_pure_tensor, tv_tensors.Image, PIL.Image.Image)

    def __init__(
        self,
        process: Process[Any] | str | Mapping[str, Any] = "fractals",
        severity: float = 3,
        rounds: int = 4,
        beta: float = 3,
        seed: int = 0,
        bank: int | None = 256,
    ) -> None:
        super().__init__()
        if not 0 <= severity <= _MAX_SEVERITY or rounds < 0 or beta <= 0 or seed < 0 or (bank is not None and bank < 1):
            raise ValueError(
                "severity must be 0 to 10, rounds and seed at least 0, beta above 0, bank at least 1 or None, "
                f"got {severity=}, {rounds=}, {beta=}, {seed=}, {bank=}"
            )
        self.process = as_process(process)
        self.severity, self.rounds, self.beta, self.seed, self.bank = severity, rounds, beta, seed, bank
        self._bank: dict[int, Tensor] = {}

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Draw parameters for the images of the largest batch; all inputs of a sample share them."""
        counts = [image.shape[:-3].numel() for image in flat_inputs if isinstance(image, Tensor)]
        return {"mixings": [self._draw() for _ in range(max(counts, default=1))]}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Mix an input with its drawn parameters."""
        if isinstance(inpt, PIL.Image.Image):
            return F.to_pil_image(self.transform(F.to_image(inpt.convert("RGB")), params))
        if inpt.ndim < 3 or inpt.shape[-3] != 3:
            raise ValueError(f"images must have shape (..., 3, height, width), got {tuple(inpt.shape)}")
        images = inpt.as_subclass(Tensor).reshape(-1, *inpt.shape[-3:])
        if not len(images):
            return inpt
        mixed = torch.stack([self._mix(*pair) for pair in zip(images, params["mixings"], strict=False)])
        mixed = mixed.reshape(inpt.shape)
        return tv_tensors.wrap(mixed, like=inpt) if isinstance(inpt, tv_tensors.TVTensor) else mixed

    def _draw(self) -> _Mixing:
        start = self._draw_operation() if _coin() else None
        index = int(torch.randint(self.bank or _ENDLESS, ()))
        count = int(torch.randint(self.rounds + 1, ()))
        return _Mixing(start, index, tuple(self._draw_round() for _ in range(count)))

    def _draw_round(self) -> _Round:
        copy = self._draw_operation() if _coin() else None
        add, near_one, near_zero = _coin(), float(torch.rand(())), float(torch.rand(()))
        # Beta(beta, 1) and Beta(1, beta), by their quantile functions.
        near_one, near_zero = near_one ** (1 / self.beta), 1 - near_zero ** (1 / self.beta)
        weights = (near_one, near_zero) if _coin() else (2 - near_one, -near_zero)
        return _Round(copy, add, weights)

    def _draw_operation(self) -> _Operation:
        name = list(_OPERATIONS)[int(torch.randint(len(_OPERATIONS), ()))]
        return _Operation(name, float(torch.rand(())) * self.severity / _MAX_SEVERITY, 1 if _coin() else -1)

    def _mix(self, image: Tensor, mixing: _Mixing) -> Tensor:
        original = F.to_dtype(image, torch.uint8, scale=True)
        mixed = image if mixing.start is None else _apply(original, mixing.start)
        mixed = F.to_dtype(mixed, torch.float32, scale=True)
        for step in mixing.rounds:
            other = self._noise(mixing.index, image) if step.copy is None else _apply(original, step.copy)
            mixed = _combine(mixed, F.to_dtype(other, torch.float32, scale=True), step)
        mixed = mixed.clamp(0.0, 1.0)
        if image.dtype == torch.uint8:
            return (mixed * 255).round().to(torch.uint8)  # to_dtype does not round to nearest
        return mixed.to(image.dtype)

    def _noise(self, index: int, like: Tensor) -> Tensor:
        """Return the noise image of an index, in the size and on the device of ``like``."""
        size = (like.shape[-2], like.shape[-1])
        if self.bank is None:
            return self.process([index], size, self.seed, like.device)[0]
        if index not in self._bank:
            self._bank[index] = self.process([index], size, self.seed, like.device)[0]
        kept = self._bank[index].to(like.device)
        return kept if kept.shape[-2:] == size else F.resize(kept, list(size), antialias=True)


def _coin() -> bool:
    return bool(torch.randint(2, ()))


def _combine(mixed: Tensor, other: Tensor, step: _Round) -> Tensor:
    first, second = step.weights
    if step.add:
        return (first * (2 * mixed - 1) + second * (2 * other - 1) + 1) / 2
    # The sum of an earlier round may be outside of 0 to 1, and zero has no negative power.
    return (2 * mixed).clamp_min(0.0) ** first * (2 * other).clamp_min(1e-3) ** second / 2


def _apply(image: Tensor, operation: _Operation) -> Tensor:
    return _OPERATIONS[operation.name](image, operation.strength, operation.sign)


def _affine(image: Tensor, *, degrees: float = 0.0, shift: tuple[int, int] = (0, 0), shear: float = 0.0) -> Tensor:
    """Rotate about the centre, shift by whole pixels or shear to the right; pixels from outside are black."""
    slant = float(torch.rad2deg(torch.atan(torch.tensor(shear))))
    moved: Tensor = F.affine(image, angle=degrees, translate=list(shift), scale=1.0, shear=[slant, 0.0])
    return moved


def _shear_down(image: Tensor, strength: float, sign: int) -> Tensor:
    return _affine(image.mT, shear=sign * strength * _MAX_SHEAR).mT


#: Operations on a uint8 image (3, height, width), with a strength in 0 to 1 and a sign.
_OPERATIONS: dict[str, Callable[[Tensor, float, int], Tensor]] = {
    "autocontrast": lambda image, strength, sign: F.autocontrast(image),
    "equalize": lambda image, strength, sign: F.equalize(image),
    "posterize": lambda image, strength, sign: F.posterize(image, 4 - int(strength * _MAX_LOST_BITS)),
    "solarize": lambda image, strength, sign: F.solarize(image, 255 - int(strength * 255)),
    "rotate": lambda image, strength, sign: _affine(image, degrees=sign * strength * _MAX_DEGREES),
    "shear right": lambda image, strength, sign: _affine(image, shear=sign * strength * _MAX_SHEAR),
    "shear down": _shear_down,
    "shift right": lambda image, strength, sign: _affine(image, shift=(_pixels(image, -1, strength, sign), 0)),
    "shift down": lambda image, strength, sign: _affine(image, shift=(0, _pixels(image, -2, strength, sign))),
}


def _pixels(image: Tensor, axis: int, strength: float, sign: int) -> int:
    return sign * int(strength * _MAX_SHIFT * image.shape[axis])
