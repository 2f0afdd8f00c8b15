"""Steerable pyramid: an invertible decomposition of an image into oriented bands of halving size.

The filters are defined in the frequency domain, at any size. They are a tight frame: the energy of the bands is that of
the image, and the same filters decompose and reconstruct it. Boundaries wrap around.

References:
    Simoncelli & Freeman, "The steerable pyramid: a flexible architecture for multi-scale derivative computation",
    ICIP 1995; the raised cosines in log-frequency: Portilla & Simoncelli, IJCV 2000, section 2.1.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

#: Orientations of a scale: derivatives of order 3, at 0, 45, 90 and 135 degrees.
ORIENTATIONS = 4


def default_scales(height: int, width: int) -> int:
    """Return the number of scales of a pyramid: 3 at 128 pixels, 4 at 256, one more for each doubling; at least 1.

    The shorter side decides.
    """
    return max(1, min(height, width).bit_length() - 5)


@dataclass(frozen=True)
class SteerablePyramid:
    """Bands of images (..., height, width); scale k has the sides of the image divided by 2**k, rounded up."""

    #: High-pass residual: (..., height, width).
    highpass: Tensor
    #: Per scale, from fine to coarse: (..., ORIENTATIONS, height of the scale, width of the scale).
    oriented: tuple[Tensor, ...]
    #: Low-pass residual: (..., height, width) of the scale after the last one.
    lowpass: Tensor

    def reconstruct(self) -> Tensor:
        """Reconstruct the images from their bands: float32 (..., height, width)."""
        height, width = self.highpass.shape[-2:]
        filters = pyramid_filters(height, width, len(self.oriented), self.highpass.device)
        spectrum = filters.join([self.highpass.unsqueeze(-3), *self.oriented], forward(self.lowpass))
        return backward(spectrum, (height, width))


def steerable_pyramid(images: Tensor | NDArray[np.generic], scales: int | None = None) -> SteerablePyramid:
    """Decompose images (..., height, width) into bands.

    Args:
        images: of any real dtype and any leading shape.
        scales: number of oriented scales; by default `default_scales`.

    Raises:
        ValueError: fewer than two dimensions, or no scale.
    """
    given = torch.as_tensor(images)
    if given.ndim < 2 or (scales is not None and scales < 1):
        raise ValueError(f"need (..., height, width) and at least 1 scale, got {tuple(given.shape)} and {scales}")
    height, width = given.shape[-2:]
    filters = pyramid_filters(height, width, scales or default_scales(height, width), given.device)
    spectrum = forward(given.float())
    highpass, *oriented = filters.split(spectrum)
    return SteerablePyramid(
        highpass.squeeze(-3), tuple(oriented), backward(filters.lowpass_of(spectrum), filters.sides[-1])
    )


def forward(images: Tensor) -> Tensor:
    """Return the orthonormal half spectra of real images: complex (..., height, width // 2 + 1)."""
    spectrum: Tensor = torch.fft.rfft2(images, norm="ortho")
    return spectrum


def backward(spectrum: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the images of ``size`` from the half spectra of `forward`."""
    images: Tensor = torch.fft.irfft2(spectrum, s=size, norm="ortho")
    return images


class PyramidFilters:
    """The filters of one image size over half spectra, each the product of all stages down to its band."""

    def __init__(self, height: int, width: int, scales: int, device: torch.device) -> None:
        self.scales = scales
        #: (height, width) of every scale, then of the low-pass residual.
        self.sides = [(height, width)]
        for _ in range(scales):
            self.sides.append((-(-self.sides[-1][0] // 2), -(-self.sides[-1][1] // 2)))
        down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
        radius, angle = np.hypot(down, across), np.arctan2(down, across)
        lobes = np.stack([_lobe(angle - math.pi * k / ORIENTATIONS) for k in range(ORIENTATIONS)])
        low = _lowpass(radius, 0.5)
        self._highpass = torch.from_numpy(np.sqrt(1.0 - low**2)).float().to(device)
        self._oriented = []
        for scale in range(scales):
            below = _lowpass(radius, 0.5 ** (scale + 2))
            # Odd derivatives of real images: these filters are imaginary and odd.
            filters = torch.from_numpy(1j * lobes * low * np.sqrt(1.0 - below**2))
            self._oriented.append(_corner(filters, self.sides[scale]).to(torch.complex64).to(device))
            low = low * below
        self._lowpass = _corner(torch.from_numpy(low), self.sides[-1]).float().to(device)

    def split(self, spectrum: Tensor) -> list[Tensor]:
        """Return all bands of spectra (..., height, width // 2 + 1) except the low-pass residual.

        The first band is the high-pass residual, (..., 1, height, width); then one tensor (..., ORIENTATIONS, height,
        width) a scale, from fine to coarse.
        """
        bands = [backward((spectrum * self._highpass).unsqueeze(-3), self.sides[0])]
        for filters, size in zip(self._oriented, self.sides, strict=False):
            bands.append(backward(_corner(spectrum, size).unsqueeze(-3) * filters, size))
        return bands

    def lowpass_of(self, spectrum: Tensor) -> Tensor:
        """Return the spectrum of the low-pass residual, on its own smaller grid."""
        return _corner(spectrum, self.sides[-1]) * self._lowpass

    def join(self, bands: list[Tensor], lowpass: Tensor) -> Tensor:
        """Return the spectra of the images from the bands of `split` and the spectrum of `lowpass_of`."""
        whole = forward(bands[0].squeeze(-3)) * self._highpass
        for filters, band, size in zip(self._oriented, bands[1:], self.sides, strict=False):
            # Minus, since the inverse of an imaginary filter is its conjugate.
            _add_corner(whole, -(forward(band) * filters).sum(dim=-3), size)
        _add_corner(whole, lowpass * self._lowpass, self.sides[-1])
        return whole


@lru_cache(maxsize=8)
def pyramid_filters(height: int, width: int, scales: int, device: torch.device) -> PyramidFilters:
    """Return the filters for a size, from a cache of eight."""
    return PyramidFilters(height, width, scales, device)


def _lowpass(radius: NDArray[np.float64], edge: float) -> NDArray[np.float64]:
    """Return the low-pass response: 1 up to ``edge`` / 2, 0 from ``edge`` (cycles per pixel), between them a cosine."""
    octave = np.log2(np.maximum(radius, 1e-12) / edge) + 1.0
    # The cosine of pi / 2 is not exactly 0 in floating point, which would cause aliasing.
    return np.where(octave >= 1.0, 0.0, np.cos(0.5 * math.pi * np.clip(octave, 0.0, 1.0)))


def _lobe(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """The angular part: a power of the cosine whose squares over all orientations sum to 1."""
    order = ORIENTATIONS - 1
    mean_square = math.comb(2 * order, order) / 4.0**order
    return np.cos(angle) ** order / math.sqrt(ORIENTATIONS * mean_square)


def _corner(spectrum: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the frequencies that a smaller grid of ``size`` has: (..., height, width // 2 + 1)."""
    height, columns = size[0], size[1] // 2 + 1
    if (height, columns) == spectrum.shape[-2:]:
        return spectrum
    # Rows of non-negative frequencies, then the negative ones; filters are 0 at the frequency where the two meet.
    upper = spectrum[..., : (height + 1) // 2, :columns]
    lower = spectrum[..., spectrum.shape[-2] - height // 2 :, :columns]
    return torch.cat([upper, lower], dim=-2)


def _add_corner(whole: Tensor, part: Tensor, size: tuple[int, int]) -> None:
    upper, lower = (size[0] + 1) // 2, size[0] // 2
    columns = part.shape[-1]
    whole[..., :upper, :columns] += part[..., :upper, :]
    if lower:
        whole[..., -lower:, :columns] += part[..., upper:, :]
