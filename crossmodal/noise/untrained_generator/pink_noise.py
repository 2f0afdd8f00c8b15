"""Maps of pink noise, and smooth envelopes of its local strength."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

#: Zero crossings of the Lanczos window on each side.
_LOBES = 3


def white_coefficients(size: tuple[int, int]) -> int:
    """Return the number of normal numbers that `pink_maps` needs for a map of this size."""
    return 2 * size[0] * (size[1] // 2 + 1)


def pink_maps(white: Tensor, exponents: Tensor, size: tuple[int, int]) -> Tensor:
    """Return periodic Gaussian noise with amplitudes 1 / frequency ** exponent: (n, rows, columns).

    Each map has zero mean and unit standard deviation.

    Args:
        white: independent standard normal numbers (n, `white_coefficients`), the spectrum of white noise.
        exponents: (n,).
        size: rows and columns.
    """
    rows, columns = size
    spectrum = torch.view_as_complex(white.reshape(len(white), rows, columns // 2 + 1, 2))
    spectrum = spectrum * torch.exp(-exponents[:, None, None] * _log_frequency(rows, columns, white.device))
    # These columns contain frequencies and their negatives, which are complex conjugates in a real map.
    for column in (0,) if columns % 2 else (0, columns // 2):
        line = spectrum[:, :, column]
        spectrum[:, :, column] = (line + line.roll(-1, dims=1).flip(1).conj()) / 2**0.5
    spectrum[:, 0, 0] = 0
    return standardized(torch.fft.irfft2(spectrum, s=size))


def smooth_envelopes(values: Tensor, size: tuple[int, int]) -> Tensor:
    """Enlarge coarse values (n, rows, columns) to (n, *size) by Lanczos interpolation with replicated borders."""
    down, across = (
        lanczos_enlargement(coarse, fine).to(values.device) for coarse, fine in zip(values.shape[1:], size, strict=True)
    )
    return down @ values @ across.T


def standardized(maps: Tensor) -> Tensor:
    """Return maps (..., rows, columns) with zero mean and unit standard deviation; a constant map becomes 0."""
    deviation, mean = torch.std_mean(maps, dim=(-2, -1), correction=0, keepdim=True)
    return (maps - mean) / deviation.clamp_min(torch.finfo(maps.dtype).tiny)


@lru_cache(maxsize=32)
def lanczos_enlargement(coarse: int, fine: int) -> Tensor:
    """Return the matrix (fine, coarse) that enlarges a line of values; its rows sum to 1."""
    centres = (np.arange(fine)[:, None] + 0.5) * coarse / fine - 0.5
    nearest = np.floor(centres).astype(int) + np.arange(1 - _LOBES, 1 + _LOBES)
    weights = np.sinc(centres - nearest) * np.sinc((centres - nearest) / _LOBES)
    matrix = np.zeros((fine, coarse))
    np.add.at(matrix, (np.arange(fine)[:, None], nearest.clip(0, coarse - 1)), weights)
    return torch.from_numpy(matrix / matrix.sum(axis=1, keepdims=True)).float()


@lru_cache(maxsize=32)
def _log_frequency(rows: int, columns: int, device: torch.device) -> Tensor:
    # In cycles per pixel. Frequency 0 has no logarithm; its coefficient is set to 0 later.
    squared = (
        torch.fft.fftfreq(rows, device=device)[:, None].square() + torch.fft.rfftfreq(columns, device=device).square()
    )
    squared[0, 0] = 1
    return 0.5 * torch.log(squared)
