"""Parametric synthesis: white noise with the sub-band envelopes of a cochleagram."""

from fractions import Fraction
from math import gamma

import torch
from torch import Tensor

from crossmodal.audio.cochlea import COMPRESSION, FEATURE_RATE_HZ, Order, check_compression
from crossmodal.audio.limiter import limit_peaks_locally
from crossmodal.audio.subband import Subband, TimeGrid, exact_rate, subbands_on_grid
from crossmodal.randomness import generator

# Keeps the phase of a sub-band defined where it is exactly zero.
_TINY = 1e-20


def synthesize_parametric(
    features: Tensor,
    rate_hz: int = 44_100,
    seconds: float | None = None,
    *,
    passes: int = 1,
    seed: int = 0,
    low_hz: float = 20.0,
    high_hz: float = 10_000.0,
    frame_rate_hz: float = FEATURE_RATE_HZ,
    power: float = COMPRESSION,
    order: Order = "compress_first",
) -> Tensor:
    """Synthesize a waveform whose cochleagram resembles the given one.

    One pass multiplies the analytic sub-bands of white noise by the target envelopes, which keeps the grain of noise.
    Several passes start from noise and, in each pass, keep the phases of the sub-bands and replace their envelopes: the
    result is closer to the features and smoother. The whole clip is synthesized at once, so there are no seams.

    Args:
        features: cochleagram, shape (bands + 2, frames); values are clipped to [0, 1], as published.
        rate_hz: rate of the waveform; channels above half of it are silent.
        seconds: length of the waveform, None for that of the features; shorter features are followed by silence.
        passes: number of times the envelopes are imposed (3 as published).
        seed: seed of the noise.
        low_hz: lower edge of the lowest band-pass channel.
        high_hz: upper edge of the highest one.
        frame_rate_hz: steps of the features per second.
        power: exponent of the amplitude compression of the features.
        order: order of compression and down-sampling in the features, see `cochleagram`.

    Returns:
        float32, shape (round(seconds * rate_hz),), on the device of the features, limited to [-1, 1] by
        `limit_peaks_locally`.

    Raises:
        ValueError: ``features`` have another shape or are not finite, ``passes`` is below 1, or the length is not
            positive.

    References:
        Owens et al., "Visually indicated sounds", CVPR 2016, section 5.2; McDermott and Simoncelli, "Sound texture
        perception via statistics of the auditory periphery", Neuron 2011 (the iterative form).
    """
    _check(features, passes)
    check_compression(power, order)
    if seconds is None:
        seconds = float(features.shape[1] / exact_rate(frame_rate_hz))
    samples = round(seconds * rate_hz)
    if samples < 1:
        raise ValueError(f"seconds must be positive, got {seconds}")
    grid = TimeGrid.covering(Fraction(samples, 1) / exact_rate(rate_hz), rate_hz, frame_rate_hz)
    steps = min(grid.steps, round(seconds * frame_rate_hz) + 1)
    target = _envelope_spectra(features.detach().float().clamp(0, 1), steps, grid, power, order)
    channels = list(
        subbands_on_grid(grid, bands=len(features) - 2, low_hz=low_hz, high_hz=high_hz, device=features.device)
    )
    noise = generator(seed, "parametric synthesis").standard_normal(samples, dtype="float32")
    highest = channels[-1].bins.stop
    spectrum = torch.fft.rfft(torch.from_numpy(noise).to(features.device), n=grid.samples)[:highest].clone()
    for _ in range(passes):
        imposed = torch.zeros_like(spectrum)
        for channel in channels:
            carrier = channel.analytic(spectrum)
            if passes == 1:
                carrier /= _typical_magnitude(channel, power if order == "compress_first" else 1.0)
            else:
                carrier /= carrier.abs().clamp_min_(_TINY)
            carrier *= _envelope(target[channel.channel], channel, power, order)
            channel.add_to_spectrum(carrier, imposed)
        spectrum = imposed
    return limit_peaks_locally(torch.fft.irfft(spectrum, n=grid.samples)[:samples].clone(), rate_hz)


def _check(features: Tensor, passes: int) -> None:
    if features.ndim != 2 or features.shape[0] < 3 or features.shape[1] < 1:
        raise ValueError(f"features must have shape (bands + 2, frames), got {tuple(features.shape)}")
    if not bool(torch.isfinite(features).all()):
        raise ValueError("features must be finite, got NaN or infinite values")
    if passes < 1:
        raise ValueError(f"passes must be at least 1, got {passes}")


def _envelope_spectra(features: Tensor, steps: int, grid: TimeGrid, power: float, order: Order) -> Tensor:
    """Return the spectra of the envelopes over the grid, in the form that was down-sampled, shape (channels, bins).

    The columns that the grid adds interpolate from the last one back to the first: the transform is periodic, and a
    jump would ring at both ends of the sound.
    """
    extended = features.new_zeros((len(features), grid.steps))
    given = min(features.shape[1], steps)
    extended[:, :given] = features[:, :given]
    if given == features.shape[1] and given >= steps - 1:
        # The step at the end of the clip may be one past the features.
        extended[:, given:steps] = features[:, -1:]
    if steps < grid.steps:
        weight = torch.linspace(0, 1, grid.steps - steps + 2, device=features.device)[1:-1]
        first, last = extended[:, :1], extended[:, steps - 1 : steps]
        extended[:, steps:] = last + (first - last) * weight
    if order == "downsample_first":
        extended = extended ** (1 / power)
    lines: Tensor = torch.fft.rfft(extended, norm="forward")
    return lines


def _envelope(lines: Tensor, channel: Subband, power: float, order: Order) -> Tensor:
    """Return the target amplitude of a sub-band at its own rate, shape (length,)."""
    envelope: Tensor = torch.fft.irfft(lines, n=channel.length, norm="forward").clamp_min_(0)
    return envelope.pow_(1 / power) if order == "compress_first" else envelope


def _typical_magnitude(channel: Subband, exponent: float) -> float:
    """Return the power mean, with the given exponent, of the magnitude of a sub-band of unit white noise.

    The magnitude of complex Gaussian noise of power P has a Rayleigh distribution: E|z|^c = P^(c/2) Gamma(1 + c/2).
    Division by it makes the expected features of the product equal to the target.
    """
    noise_power = 4 * float(channel.gains.double().square().sum()) / channel.grid.samples
    return float(noise_power**0.5 * gamma(1 + exponent / 2) ** (1 / exponent))
