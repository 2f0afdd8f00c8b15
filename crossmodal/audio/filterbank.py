"""Half-cosine filters, equally spaced on the ERB-number scale of human frequency resolution."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_ERB_FACTOR = 9.265
_ERB_CORNER_HZ = 24.7 * 9.265


def erb_scale(frequency_hz: Tensor) -> Tensor:
    """Convert frequencies to ERB numbers, the number of auditory filters below them.

    Args:
        frequency_hz: frequencies in Hz, any shape, non-negative.

    Returns:
        Tensor of the same shape; 10 kHz is about 35.

    References:
        Glasberg and Moore, "Derivation of auditory filter shapes from notched-noise data", Hearing Research 1990.
    """
    return _ERB_FACTOR * torch.log1p(frequency_hz / _ERB_CORNER_HZ)


def erb_scale_to_hz(erb_number: Tensor) -> Tensor:
    """Convert ERB numbers to frequencies in Hz, the inverse of `erb_scale`."""
    return _ERB_CORNER_HZ * torch.expm1(erb_number / _ERB_FACTOR)


def filter_cutoffs(bands: int = 40, low_hz: float = 20.0, high_hz: float = 10_000.0) -> NDArray[np.float64]:
    """Return the ``bands + 2`` corner frequencies of the half-cosine filters in Hz, equally spaced on the ERB scale.

    Band-pass filter ``k`` (from 0) rises from cut-off ``k``, peaks at ``k + 1`` and ends at ``k + 2``.

    Raises:
        ValueError: ``bands`` is below 1, or not 0 <= low_hz < high_hz.
    """
    if bands < 1:
        raise ValueError(f"bands must be at least 1, got {bands}")
    if not 0 <= low_hz < high_hz:
        raise ValueError(f"the limits must satisfy 0 <= low_hz < high_hz, got {low_hz} and {high_hz}")
    ends = erb_scale(torch.tensor([low_hz, high_hz], dtype=torch.float64))
    numbers = torch.linspace(float(ends[0]), float(ends[1]), bands + 2, dtype=torch.float64)
    return erb_scale_to_hz(numbers).numpy()


def channel_limits(cutoffs_hz: NDArray[np.float64], channel: int) -> tuple[float, float]:
    """Return the lowest and highest frequency in Hz of a channel's pass band.

    Channel 0 is the low-pass filter. The last one is the high-pass filter, which ends at the highest cut-off.
    """
    low = 0.0 if channel == 0 else cutoffs_hz[channel - 1]
    high = cutoffs_hz[min(channel + 1, len(cutoffs_hz) - 1)]
    return float(low), float(high)


def channel_response(frequency_hz: Tensor, cutoffs_hz: NDArray[np.float64], channel: int) -> Tensor:
    """Return the gain of one channel, 0 to 1, at frequencies within its limits (`channel_limits`).

    The squared gains of all channels sum to 1 at every frequency from 0 to the highest cut-off. Filtering twice and
    summing therefore reconstructs the signal.
    """
    last = len(cutoffs_hz) - 1
    numbers = erb_scale(frequency_hz)
    corners = erb_scale(torch.from_numpy(cutoffs_hz)).tolist()
    if channel == 0:
        # Complements the first band below its peak, and passes everything below its start.
        return _sine_rise(numbers, corners[1], corners[0])
    if channel == last:
        return _sine_rise(numbers, corners[last - 1], corners[last])
    centre, half_width = corners[channel], corners[channel] - corners[channel - 1]
    return torch.cos((numbers - centre).div_(half_width).clamp_(-1, 1).mul_(torch.pi / 2))


def _sine_rise(numbers: Tensor, start: float, end: float) -> Tensor:
    """Return a quarter sine that rises from 0 at ``start`` to 1 at ``end`` and stays there."""
    return torch.sin(((numbers - start) / (end - start)).clamp_(0, 1).mul_(torch.pi / 2))


def filter_bank(frequency_hz: Tensor, *, bands: int = 40, low_hz: float = 20.0, high_hz: float = 10_000.0) -> Tensor:
    """Return the gains of all channels at the given frequencies.

    Args:
        frequency_hz: shape (n,), Hz, non-negative.
        bands: number of band-pass channels.
        low_hz: lower edge of the lowest band-pass channel.
        high_hz: upper edge of the highest one; all gains are 0 above it.

    Returns:
        Shape (bands + 2, n), 0 to 1: low-pass, the bands from low to high, high-pass. Squared gains sum to 1 up to
        ``high_hz`` and are 0 above.

    Raises:
        ValueError: see `filter_cutoffs`.

    References:
        Owens et al., "Visually indicated sounds", CVPR 2016, section 4; McDermott and Simoncelli, "Sound texture
        perception via statistics of the auditory periphery", Neuron 2011.
    """
    cutoffs_hz = filter_cutoffs(bands, low_hz, high_hz)
    gains = frequency_hz.new_zeros((bands + 2, len(frequency_hz)))
    for channel in range(bands + 2):
        low, high = channel_limits(cutoffs_hz, channel)
        inside = (frequency_hz >= low) & (frequency_hz <= high)
        gains[channel, inside] = channel_response(frequency_hz[inside], cutoffs_hz, channel)
    return gains
