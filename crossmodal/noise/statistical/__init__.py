"""Images with statistics of natural images: spectra, colours and wavelet marginals."""

from crossmodal.noise.statistical.process import (
    Spectrum,
    SpectrumColour,
    SpectrumColourWaveletMarginals,
    WaveletMarginals,
)

__all__ = ["Spectrum", "SpectrumColour", "SpectrumColourWaveletMarginals", "WaveletMarginals"]
