"""Statistics that are imposed on images in the frequency domain: power spectra and wavelet marginals.

Spectra are the orthonormal half spectra of `crossmodal.noise.statistical.steerable_pyramid.forward`.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor

from crossmodal.noise.statistical.histogram_matching import HistogramTarget, histogram_target, match_histograms
from crossmodal.noise.statistical.steerable_pyramid import ORIENTATIONS, PyramidFilters

# Target densities of bands are given on a grid from -_FURTHEST to _FURTHEST.
_FURTHEST, _STEP = 200.0, 0.5


def power_law_magnitudes(exponents: Tensor, size: tuple[int, int]) -> Tensor:
    """Return magnitudes 1 / (|fx|^a + |fy|^b), 0 at frequency 0, of unit energy: (n, height, width // 2 + 1).

    Args:
        exponents: a along x and b along y, float64 (n, 2).
        size: (height, width) of the images.
    """
    height, width = size
    across = torch.fft.rfftfreq(width, dtype=torch.float64, device=exponents.device) ** exponents[:, :1]
    down = torch.fft.fftfreq(height, dtype=torch.float64, device=exponents.device).abs() ** exponents[:, 1:]
    # In units of the least one, so that the others fit into float32.
    both = torch.cat([across, down], dim=1)
    unit = both.masked_fill(both == 0.0, math.inf).amin(dim=1, keepdim=True)
    magnitudes = 1.0 / ((across / unit).float()[:, None, :] + (down / unit).float()[:, :, None])
    magnitudes[:, 0, 0] = 0.0
    energy = (magnitudes**2 @ _multiplicity(width, exponents.device)).sum(dim=-1)
    normalized: Tensor = magnitudes * energy.clamp(min=1e-30).rsqrt()[:, None, None]
    return normalized


def impose_magnitudes(spectrum: Tensor, magnitudes: Tensor, width: int) -> Tensor:
    """Replace the magnitudes of spectra (n, 3, height, width // 2 + 1); phases, means and variances stay the same.

    Args:
        spectrum: of the channels of n images.
        magnitudes: of unit energy, (n, height, width // 2 + 1).
        width: of the images.
    """
    power = (spectrum * spectrum.conj()).real
    energy = (power @ _multiplicity(width, spectrum.device)).sum(dim=-1) - power[..., 0, 0]
    gain = magnitudes[:, None] * power.clamp(min=1e-30).rsqrt() * energy.clamp(min=0.0).sqrt()[..., None, None]
    gain[..., 0, 0] = 1.0
    return spectrum * gain


class BandMarginals:
    """Target distributions of pyramid bands, one for each band of each channel.

    Band values are generalized Gaussian on -200 to 200, exp(-|x / s|^r) with s = 4^(side of image / side of band).
    """

    def __init__(self, shapes: Tensor, filters: PyramidFilters) -> None:
        """Prepare the histograms.

        Args:
            shapes: exponents r, float32 (n, 3, bands): high-pass, then `ORIENTATIONS` a scale from fine to coarse.
            filters: of the images' size.
        """
        self._filters = filters
        values = torch.arange(-_FURTHEST, _FURTHEST + _STEP, _STEP, dtype=torch.float64, device=shapes.device)
        self._targets: list[tuple[HistogramTarget, Tensor]] = []
        first = 0
        for times_smaller, count in [(1, 1), *((2**scale, ORIENTATIONS) for scale in range(filters.scales))]:
            of_band = shapes[:, :, first : first + count].reshape(-1, 1).double()
            first += count
            # The exponent is limited so that the power fits into float64; the density is flat long before.
            weights = torch.exp(-((values.abs() / 4.0 ** min(times_smaller, 256)) ** of_band))
            rows = torch.ones_like(weights[:, 0])
            deviation = ((weights * values**2).sum(dim=1) / weights.sum(dim=1)).sqrt()
            target = histogram_target(weights, rows * (-_FURTHEST - 0.5 * _STEP), rows * _STEP)
            self._targets.append((target, deviation.float()))

    def impose(self, spectrum: Tensor) -> Tensor:
        """Match the bands of spectra (n, 3, height, width // 2 + 1) to their target distributions."""
        bands = self._filters.split(spectrum)
        matched = [
            match_histograms(band.reshape(-1, band.shape[-2] * band.shape[-1]), target, deviation).reshape(band.shape)
            for band, (target, deviation) in zip(bands, self._targets, strict=True)
        ]
        return self._filters.join(matched, self._filters.lowpass_of(spectrum))


@lru_cache(maxsize=8)
def _multiplicity(width: int, device: torch.device) -> Tensor:
    """Return the number of columns of the whole spectrum for each column of the half: float32 (width // 2 + 1,)."""
    counts = torch.full((width // 2 + 1,), 2.0)
    counts[0] = 1.0
    if width % 2 == 0:
        counts[-1] = 1.0
    return counts.to(device)
