"""Images with the statistics of natural ones: spectra, colours and wavelet marginals."""

from crossmodal.noise.statistical.process import (
    Spectrum,
    SpectrumColour,
    SpectrumColourWaveletMarginals,
    WaveletMarginals,
)

__all__ = ["Spectrum", "SpectrumColour", "SpectrumColourWaveletMarginals", "WaveletMarginals"]
