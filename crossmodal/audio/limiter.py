"""Peak limiters that keep waveforms within [-1, 1] without clipping."""

import torch
import torch.nn.functional as F
from torch import Tensor

# The gain is computed in blocks of this duration, and falls to its lowest value and recovers within the reach.
_BLOCK_S = 0.001
_REACH_BLOCKS = 20


def limit_peak(waveform: Tensor, peak: float = 1.0) -> Tensor:
    """Scale a whole waveform down so that no sample exceeds ``peak``; a waveform within it is returned unchanged.

    Args:
        waveform: any shape; all channels get the same gain.
        peak: largest magnitude allowed.
    """
    largest = float(waveform.detach().abs().max()) if waveform.numel() else 0.0
    if largest <= peak:
        return waveform
    return (waveform * (peak / largest)).clamp(-peak, peak)


def limit_peaks_locally(waveform: Tensor, rate_hz: float, peak: float = 1.0) -> Tensor:
    """Reduce the gain of a waveform around samples that exceed ``peak``, and leave the rest unchanged.

    One loud impact therefore does not attenuate a whole recording. The gain falls before the peak and recovers after
    it within 20 ms each, smoothly, so that nothing clips or clicks.

    Args:
        waveform: shape (time,).
        rate_hz: samples per second.
        peak: largest magnitude allowed.

    Returns:
        Shape (time,); the waveform itself if it does not exceed ``peak``.
    """
    samples = len(waveform)
    if not samples or float(waveform.abs().max()) <= peak:
        return waveform
    block = max(1, round(_BLOCK_S * rate_hz))
    padded = F.pad(waveform.abs(), (0, -samples % block))
    excess = 1 - peak / padded.reshape(1, 1, -1, block).amax(dim=-1).clamp_min(peak)
    # Largest reduction within the reach and one more block, then a mean over the reach: no block gets less reduction
    # than it needs, nor does the line between two blocks. Reductions are averaged, not gains: a mean of ones can
    # differ from 1 in the last digit, a mean of zeros is exactly 0. A dot product keeps that; an FFT would not.
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
