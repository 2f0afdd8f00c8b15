"""Cochleagrams: compressed envelopes of auditory frequency bands, 90 steps per second."""

from math import ceil
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from crossmodal.audio.subband import Subband, TimeGrid, exact_rate, lowest_bins, subbands_on_grid

COCHLEAGRAM_CHANNELS = 42
FEATURE_RATE_HZ = 90.0
COMPRESSION = 0.3

Order = Literal["compress_first", "downsample_first"]

# Amplitudes below this (-180 dB) fade to zero as a parabola, since the slope of a power below one has no limit at zero.
_QUIETEST = 1e-9

# The recordings of a batch are processed in blocks of at most this many samples, which bounds the memory of the
# transforms.
_BLOCK_SAMPLES = 2**22


def cochleagram(
    waveform: Tensor,
    rate_hz: float,
    *,
    bands: int = 40,
    low_hz: float = 20.0,
    high_hz: float = 10_000.0,
    frame_rate_hz: float = FEATURE_RATE_HZ,
    power: float = COMPRESSION,
    order: Order = "compress_first",
) -> Tensor:
    """Compute the compressed sub-band envelopes of a sound.

    Step ``j`` is at exactly ``j / frame_rate_hz`` seconds. Features are not normalised: twice the amplitude gives
    features ``2 ** power`` times as large. Differentiable, also at silence, on any device.

    Args:
        waveform: floating point, shape (..., time), any length above zero, amplitudes in [-1, 1] by convention.
        rate_hz: samples per second; below ``2 * high_hz`` the channels above the Nyquist frequency are zero.
        bands: number of band-pass channels; a low-pass and a high-pass channel are added.
        low_hz: lower edge of the lowest band-pass channel.
        high_hz: upper edge of the highest one; anything above it is left out, as if resampled to ``2 * high_hz``.
        frame_rate_hz: steps per second.
        power: exponent of the amplitude compression.
        order: ``compress_first`` compresses the envelopes before they are down-sampled (the published code),
            ``downsample_first`` after it (the published formula). The two differ by tens of percent and must not be
            mixed. The second also amplifies the weak ringing of the down-sampling in silence, so its result there
            depends on the length of the recording.

    Returns:
        Shape (..., bands + 2, ceil(seconds * frame_rate_hz)), non-negative, float32 (float64 for float64 waveforms):
        low-pass, the bands from low to high, high-pass.

    Raises:
        ValueError: the waveform is empty or holds integers, a rate or ``power`` is not positive, the frequency limits
            define no filters, or ``order`` is unknown.

    References:
        Owens et al., "Visually indicated sounds", CVPR 2016, section 4.
    """
    _check(waveform, power, order)
    dtype = torch.float64 if waveform.dtype == torch.float64 else torch.float32
    samples = waveform.shape[-1]
    seconds = samples / exact_rate(rate_hz)
    grid = TimeGrid.covering(seconds, rate_hz, frame_rate_hz)
    channels = list(
        subbands_on_grid(grid, bands=bands, low_hz=low_hz, high_hz=high_hz, device=waveform.device, dtype=dtype)
    )
    rows = waveform.reshape(-1, samples).to(dtype)
    blocks = torch.split(rows, max(1, _BLOCK_SAMPLES // grid.samples))
    features = torch.cat([_features_of_rows(block, grid, channels, bands + 2, power, order) for block in blocks])
    steps = ceil(seconds * exact_rate(frame_rate_hz))
    return features[..., :steps].reshape(*waveform.shape[:-1], bands + 2, steps)


def _check(waveform: Tensor, power: float, order: str) -> None:
    """Raise ValueError for arguments that would silently give a wrong result."""
    if not waveform.is_floating_point():
        raise ValueError(f"waveform must be floating point in [-1, 1], got {waveform.dtype}: scale integers first")
    if waveform.ndim == 0 or waveform.numel() == 0:
        raise ValueError(f"waveform must hold samples, got shape {tuple(waveform.shape)}")
    check_compression(power, order)


def check_compression(power: float, order: str) -> None:
    """Raise ValueError for a power that is not positive or an unknown order."""
    if power <= 0:
        raise ValueError(f"power must be positive, got {power}")
    if order not in get_args(Order):
        raise ValueError(f"order must be one of {', '.join(get_args(Order))}, got {order!r}")


def _features_of_rows(
    rows: Tensor, grid: TimeGrid, channels: list[Subband], count: int, power: float, order: Order
) -> Tensor:
    """Compute features over the whole grid: waveforms (rows, time) to (rows, count, steps)."""
    highest = max((channel.bins.stop for channel in channels), default=0)
    spectrum = lowest_bins(F.pad(rows, (0, grid.samples - rows.shape[-1])), highest)
    kept = grid.steps // 2 + 1
    envelopes = [spectrum.new_zeros((len(rows), kept))] * count
    exponent = power if order == "compress_first" else 1.0
    for channel in channels:
        envelope = compressed_magnitude(channel.analytic(spectrum), exponent)
        envelopes[channel.channel] = lowest_bins(envelope, kept) / channel.length
    lines = torch.stack(envelopes, dim=-2)
    if grid.steps % 2 == 0:
        # Two bins alias onto the bin at the new Nyquist frequency.
        lines = torch.cat([lines[..., :-1], 2 * lines[..., -1:]], dim=-1)
    features = torch.fft.irfft(lines, n=grid.steps, norm="forward").clamp_min(0)
    return features if order == "compress_first" else _compress(features.square(), power)


def compressed_magnitude(analytic: Tensor, power: float) -> Tensor:
    """Raise the magnitude of a complex tensor to a power, with a bounded slope everywhere."""
    return _compress(analytic.real.square() + analytic.imag.square(), power)


def _compress(squared: Tensor, power: float) -> Tensor:
    """Raise the square root of ``squared`` to a power, with a bounded slope at zero."""
    quietest = _QUIETEST**2
    return squared.clamp_min(quietest).pow(power / 2) * (squared / quietest).clamp_max(1)
