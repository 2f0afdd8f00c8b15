"""Images as spectra of decorrelated colours: what gradient ascent on an image works on.

References:
    Olah, Mordvintsev & Schubert, "Feature visualization", Distill 2017, section "Preconditioning and parameterization":
    steps of one size for all spatial frequencies and colours of natural strength.
"""

import torch
from torch import Tensor

# Axes of brightness, orange against blue and green against purple, after Ohta, Kanade & Sakai, "Color information for
# region segmentation", 1980, each with the share of it that photographs have.
_AXES = ((1.0, 1.0, 1.0), (1.0, 0.0, -1.0), (-1.0, 2.0, -1.0))
_STRENGTHS = (1.0, 0.3, 0.15)
#: Brings spectra of the usual strength to where the sigmoid is nearly linear.
_CONTRAST = 0.25


def spectrum_shape(size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Tell the shape of the spectrum of an image: (3, rows, columns // 2 + 1, 2), the last of real and imaginary."""
    return (3, size[0], size[1] // 2 + 1, 2)


def fourier_images(spectra: Tensor, size: tuple[int, int]) -> Tensor:
    """Compute images (n, 3, rows, columns) in 0 to 1 from spectra (n, *spectrum_shape(size)).

    A coefficient's weight falls as 1 / frequency, and frequency 0 counts as one cycle an image.
    """
    rows, columns = size
    down = torch.fft.fftfreq(rows, device=spectra.device)[:, None]
    across = torch.fft.rfftfreq(columns, device=spectra.device)
    frequencies = torch.hypot(down, across).clamp_min(1 / max(size))
    planes = torch.fft.irfft2(torch.view_as_complex(spectra) / frequencies, s=size, norm="ortho")
    axes = torch.nn.functional.normalize(torch.tensor(_AXES, device=spectra.device), dim=1)
    mixing = axes * torch.tensor(_STRENGTHS, device=spectra.device)[:, None]
    return torch.sigmoid(torch.einsum("nkhw,kc->nchw", _CONTRAST * planes, mixing))
