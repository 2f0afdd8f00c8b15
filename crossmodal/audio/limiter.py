"""Keeping waveforms within [-1, 1] without clipping them."""

import torch
import torch.nn.functional as F
from torch import Tensor

# The gain is worked out in blocks this long, and moves to and from its lowest value within the reach.
_BLOCK_S = 0.001
_REACH_BLOCKS = 20


def limit_peak(waveform: Tensor, peak: float = 1.0) -> Tensor:
    """Scale a whole waveform down so that no sample exceeds ``peak``; one that does not is returned as it is.

    Args:
        waveform: any shape; all channels are scaled alike.
        peak: largest magnitude allowed.
    """
    largest = float(waveform.detach().abs().max()) if waveform.numel() else 0.0
    if largest <= peak:
        return waveform
    return (waveform * (peak / largest)).clamp(-peak, peak)


def limit_peaks_locally(waveform: Tensor, rate_hz: float, peak: float = 1.0) -> Tensor:
    """Turn a waveform down around the moments that exceed ``peak``, and leave the rest at its level.

    One loud impact then does not make a whole recording faint. The gain reaches its lowest value before the peak and
    leaves it after, smoothly, within 20 ms, so that nothing clips or clicks.

    Args:
        waveform: shape (time,).
        rate_hz: samples a second.
        peak: largest magnitude allowed.

    Returns:
        Shape (time,); the waveform itself where it does not exceed ``peak``.
    """
    samples = len(waveform)
    if not samples or float(waveform.abs().max()) <= peak:
        return waveform
    block = max(1, round(_BLOCK_S * rate_hz))
    padded = F.pad(waveform.abs(), (0, -samples % block))
    excess = 1 - peak / padded.reshape(1, 1, -1, block).amax(dim=-1).clamp_min(peak)
    # Largest reduction within the reach and one block more, then a mean over the reach: no block ends above its own
    # need, nor does the line between two of them. Reductions are averaged, not gains: a mean of ones can differ from 1
    # in its last digit, one of zeros is exactly 0. A dot product keeps that; a convolution by FFT would not.
    kernel = 2 * (_REACH_BLOCKS + 1) + 1
    held = F.max_pool1d(F.pad(excess, (kernel - 1, kernel - 1)), kernel, stride=1)
    window = torch.hann_window(2 * _REACH_BLOCKS + 3, periodic=False, dtype=waveform.dtype, device=waveform.device)[
        1:-1
    ]
    reduction = held.unfold(-1, len(window), 1) @ (window / window.sum())
    edge = (reduction.shape[-1] - excess.shape[-1]) // 2
    reduction = reduction[..., edge : reduction.shape[-1] - edge]
    smooth = 1 - F.interpolate(reduction, size=padded.shape[-1], mode="linear", align_corners=False)
    return (waveform * smooth[0, 0, :samples]).clamp(-peak, peak)
