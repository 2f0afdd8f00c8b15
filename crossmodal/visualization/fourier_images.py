"""Images parametrized by spectra of decorrelated colours, for gradient ascent.

References:
    Olah, Mordvintsev & Schubert, "Feature visualization", Distill 2017, section "Preconditioning and parameterization":
    equal step sizes for all spatial frequencies, and colours of natural strength.
"""

import torch
from torch import Tensor

# Colour axes (brightness, orange - blue, green - purple) of Ohta, Kanade & Sakai, "Color information for region
# segmentation", 1980, and their relative strengths in photographs.
_AXES = ((1.0, 1.0, 1.0), (1.0, 0.0, -1.0), (-1.0, 2.0, -1.0))
_STRENGTHS = (1.0, 0.3, 0.15)
#: Scales usual spectra to the range where the sigmoid is nearly linear.
_CONTRAST = 0.25


def spectrum_shape(size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the shape of an image's spectrum: (3, rows, columns // 2 + 1, 2), real and imaginary parts last."""
    return (3, size[0], size[1] // 2 + 1, 2)


def fourier_images(spectra: Tensor, size: tuple[int, int]) -> Tensor:
    """Return images (n, 3, rows, columns) in 0 to 1 of spectra (n, *spectrum_shape(size)).

    The weight of a coefficient is 1 / frequency; frequency 0 has the weight of one cycle per image.
    """
    rows, columns = size
    down = torch.fft.fftfreq(rows, device=spectra.device)[:, None]
    across = torch.fft.rfftfreq(columns, device=spectra.device)
    frequencies = torch.hypot(down, across).clamp_min(1 / max(size))
    planes = torch.fft.irfft2(torch.view_as_complex(spectra) / frequencies, s=size, norm="ortho")
    axes = torch.nn.functional.normalize(torch.tensor(_AXES, device=spectra.device), dim=1)
    mixing = axes * torch.tensor(_STRENGTHS, device=spectra.device)[:, None]
    return torch.sigmoid(torch.einsum("nkhw,kc->nchw", _CONTRAST * planes, mixing))
