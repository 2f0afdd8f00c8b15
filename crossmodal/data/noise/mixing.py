"""An augmentation that mixes photographs with procedural images, for any torchvision pipeline and without files."""

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

# Severities run from 0 to 10; these are what 10 means.
_LEVELS = 10.0
_MOST_DEGREES = 30.0
_MOST_SHEAR = 0.3
_MOST_SHIFT = 1 / 3
_MOST_LOST_BITS = 4
_ENDLESS = 2**62


@dataclass(frozen=True)
class _Change:
    """An operation on the image itself: its name, its strength in 0 to 1 and which way."""

    operation: str
    strength: float
    sign: int


@dataclass(frozen=True)
class _Round:
    """One mixing: with a changed copy, or (None) with the noise image; added or multiplied with two weights."""

    copy: _Change | None
    add: bool
    weights: tuple[float, float]


@dataclass(frozen=True)
class _Mixing:
    """All draws for one image: how it starts, the index of its noise image, and the rounds."""

    start: _Change | None
    index: int
    rounds: tuple[_Round, ...]


def _is_pure_tensor(value: Any) -> bool:
    return isinstance(value, Tensor) and not isinstance(value, tv_tensors.TVTensor)


class NoiseMixing(Transform):  # type: ignore[misc]  # torchvision has no types
    """Mix images with a procedural one and with changed copies of themselves, as PixMix does; nothing is downloaded.

    An image starts as it is or as a changed copy (half and half). In each of 0 to ``rounds`` rounds (uniform) it is
    mixed with a changed copy of the original or with one noise image (half and half), by adding or by multiplying
    (half and half). With weights a and b, images x and y in 0 to 1:

        added:       (a (2x - 1) + b (2y - 1) + 1) / 2
        multiplied:  (2x)^a (2y)^b / 2

    where (a, b) is (Beta(beta, 1), Beta(1, beta)) or (1 + Beta(1, beta), -Beta(1, beta)), half and half; the end is cut
    to 0 to 1. Changes are one of autocontrast, equalize, posterize, solarize, rotate, shear and shift, with a strength
    that is uniform up to ``severity`` tenths.

    Takes uint8 or float (0 to 1) tensors, `tv_tensors.Image` and PIL images, (..., 3, height, width), and gives the
    same kind back; labels, boxes and masks pass through. Every image of a batch has its own draws.

    Draws come from torch's global generator, as in all of torchvision: `torch.manual_seed` repeats them, and the
    workers of a loader differ by their seeds. Noise images depend on the process, ``seed`` and the drawn index.

    Args:
        process: what draws the noise images: a process, its name, or its description.
        severity: strength of the changes, 0 to 10.
        rounds: most rounds of mixing.
        beta: the larger, the more of the image itself stays.
        seed: of the noise images.
        bank: so many noise images are used over and over, each drawn when it first comes up and kept (in each worker)
            at the size of that moment; None draws a fresh one each time.

    Raises:
        ValueError: an unknown process, a number that makes no sense, or images without three channels.

    References:
        Hendrycks et al., "PixMix: dreamlike images comprehensively improve safety measures", CVPR 2022, section 3.
        Hendrycks et al., "AugMix", ICLR 2020 (the changes and their strengths).
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
        if not 0 <= severity <= _LEVELS or rounds < 0 or beta <= 0 or seed < 0 or (bank is not None and bank < 1):
            raise ValueError(
                "severity must be 0 to 10, rounds and seed at least 0, beta above 0, bank at least 1 or None, "
                f"got {severity=}, {rounds=}, {beta=}, {seed=}, {bank=}"
            )
        self.process = as_process(process)
        self.severity, self.rounds, self.beta, self.seed, self.bank = severity, rounds, beta, seed, bank
        self._bank: dict[int, Tensor] = {}

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Draw for as many images as the largest batch has; all inputs of a sample share them."""
        counts = [image.shape[:-3].numel() for image in flat_inputs if isinstance(image, Tensor)]
        return {"mixings": [self._draw() for _ in range(max(counts, default=1))]}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Mix an input by its draws."""
        if isinstance(inpt, PIL.Image.Image):
            return F.to_pil_image(self.transform(F.to_image(inpt.convert("RGB")), params))
        if inpt.ndim < 3 or inpt.shape[-3] != 3:
            raise ValueError(f"images must have shape (..., 3, height, width), got {tuple(inpt.shape)}")
        images = inpt.as_subclass(Tensor).reshape(-1, *inpt.shape[-3:])
        if not len(images):
            return inpt
        mixed = torch.stack([self._mix(*both) for both in zip(images, params["mixings"], strict=False)])
        mixed = mixed.reshape(inpt.shape)
        return tv_tensors.wrap(mixed, like=inpt) if isinstance(inpt, tv_tensors.TVTensor) else mixed

    def _draw(self) -> _Mixing:
        start = self._draw_change() if _coin() else None
        index = int(torch.randint(self.bank or _ENDLESS, ()))
        count = int(torch.randint(self.rounds + 1, ()))
        return _Mixing(start, index, tuple(self._draw_round() for _ in range(count)))

    def _draw_round(self) -> _Round:
        copy = self._draw_change() if _coin() else None
        add, near_one, near_zero = _coin(), float(torch.rand(())), float(torch.rand(()))
        # Beta(beta, 1) and Beta(1, beta), by their inverse distribution functions.
        near_one, near_zero = near_one ** (1 / self.beta), 1 - near_zero ** (1 / self.beta)
        weights = (near_one, near_zero) if _coin() else (2 - near_one, -near_zero)
        return _Round(copy, add, weights)

    def _draw_change(self) -> _Change:
        operation = list(_CHANGES)[int(torch.randint(len(_CHANGES), ()))]
        return _Change(operation, float(torch.rand(())) * self.severity / _LEVELS, 1 if _coin() else -1)

    def _mix(self, image: Tensor, mixing: _Mixing) -> Tensor:
        original = F.to_dtype(image, torch.uint8, scale=True)
        mixed = image if mixing.start is None else _changed(original, mixing.start)
        mixed = F.to_dtype(mixed, torch.float32, scale=True)
        for step in mixing.rounds:
            other = self._noise(mixing.index, image) if step.copy is None else _changed(original, step.copy)
            mixed = _combined(mixed, F.to_dtype(other, torch.float32, scale=True), step)
        mixed = mixed.clamp(0.0, 1.0)
        if image.dtype == torch.uint8:
            return (mixed * 255).round().to(torch.uint8)  # to_dtype would lose half a grey level
        return mixed.to(image.dtype)

    def _noise(self, index: int, like: Tensor) -> Tensor:
        """The noise image of an index, in the size and on the device of another."""
        size = (like.shape[-2], like.shape[-1])
        if self.bank is None:
            return self.process([index], size, self.seed, like.device)[0]
        if index not in self._bank:
            self._bank[index] = self.process([index], size, self.seed, like.device)[0]
        kept = self._bank[index].to(like.device)
        return kept if kept.shape[-2:] == size else F.resize(kept, list(size), antialias=True)


def _coin() -> bool:
    return bool(torch.randint(2, ()))


def _combined(mixed: Tensor, other: Tensor, step: _Round) -> Tensor:
    ours, theirs = step.weights
    if step.add:
        return (ours * (2 * mixed - 1) + theirs * (2 * other - 1) + 1) / 2
    # A sum of the round before may lie outside of 0 to 1, and black to a negative power has no value.
    return (2 * mixed).clamp_min(0.0) ** ours * (2 * other).clamp_min(1e-3) ** theirs / 2


def _changed(image: Tensor, change: _Change) -> Tensor:
    return _CHANGES[change.operation](image, change.strength, change.sign)


def _affine(image: Tensor, *, degrees: float = 0.0, shift: tuple[int, int] = (0, 0), shear: float = 0.0) -> Tensor:
    """Rotate about the middle, shift by whole pixels or shear to the right; what comes in is black."""
    slant = float(torch.rad2deg(torch.atan(torch.tensor(shear))))
    moved: Tensor = F.affine(image, angle=degrees, translate=list(shift), scale=1.0, shear=[slant, 0.0])
    return moved


def _shear_down(image: Tensor, strength: float, sign: int) -> Tensor:
    return _affine(image.mT, shear=sign * strength * _MOST_SHEAR).mT


#: What may become of a uint8 image (3, height, width), given a strength in 0 to 1 and a sign.
_CHANGES: dict[str, Callable[[Tensor, float, int], Tensor]] = {
    "autocontrast": lambda image, strength, sign: F.autocontrast(image),
    "equalize": lambda image, strength, sign: F.equalize(image),
    "posterize": lambda image, strength, sign: F.posterize(image, 4 - int(strength * _MOST_LOST_BITS)),
    "solarize": lambda image, strength, sign: F.solarize(image, 255 - int(strength * 255)),
    "rotate": lambda image, strength, sign: _affine(image, degrees=sign * strength * _MOST_DEGREES),
    "shear right": lambda image, strength, sign: _affine(image, shear=sign * strength * _MOST_SHEAR),
    "shear down": _shear_down,
    "shift right": lambda image, strength, sign: _affine(image, shift=(_pixels(image, -1, strength, sign), 0)),
    "shift down": lambda image, strength, sign: _affine(image, shift=(0, _pixels(image, -2, strength, sign))),
}


def _pixels(image: Tensor, axis: int, strength: float, sign: int) -> int:
    return sign * int(strength * _MOST_SHIFT * image.shape[axis])
