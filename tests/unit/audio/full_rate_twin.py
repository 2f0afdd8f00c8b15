"""The obvious cochleagram that the fast one is held against: every step at the full rate, in float64."""

from fractions import Fraction
from math import ceil

import numpy as np
from scipy.signal import hilbert, resample

TWIN_RATE_HZ = 20_000


def erb_number(frequency_hz):
    return 9.265 * np.log(1 + frequency_hz / (24.7 * 9.265))


def half_cosine_filters(frequency_hz, bands=40, low_hz=20.0, high_hz=10_000.0):
    """Gains (bands + 2, n) written down as the paper describes them."""
    corners = np.linspace(erb_number(low_hz), erb_number(high_hz), bands + 2)
    numbers = erb_number(frequency_hz)
    gains = np.zeros((bands + 2, len(frequency_hz)))
    for band in range(bands):
        low, centre, high = corners[band : band + 3]
        inside = (numbers > low) & (numbers < high)
        gains[band + 1, inside] = np.cos(np.pi * (numbers[inside] - centre) / (high - low))
    # The high-pass filter ends where a recording at 20 kHz does.
    below, above = numbers < corners[1], (numbers > corners[-2]) & (frequency_hz <= high_hz * (1 + 1e-12))
    gains[0, below] = np.sqrt(1 - gains[1, below] ** 2)
    gains[-1, above] = np.sqrt(1 - gains[-2, above] ** 2)
    return gains


def full_rate_cochleagram(waveform, rate_hz, order="compress_first", padded_s=None, power=0.3, frame_rate_hz=90):
    """Resample to 20 kHz, filter, take the Hilbert envelope, compress and resample to the frame rate.

    Zeros are added first, to a whole number of samples and of steps, so that the spacing of the steps is exact: whole
    seconds unless another length is asked for.
    """
    seconds = Fraction(len(waveform), rate_hz)
    padded_s = padded_s or ceil(seconds + Fraction(1, 4))
    padded = np.zeros(int(padded_s * rate_hz))
    padded[: len(waveform)] = waveform
    length, steps = ceil(padded_s * TWIN_RATE_HZ), int(padded_s * frame_rate_hz)
    sound = padded if length == len(padded) else resample(padded, length)
    spectrum = np.fft.rfft(sound)
    frequency_hz = np.arange(len(spectrum)) / float(padded_s)
    channels = []
    for gains in half_cosine_filters(frequency_hz):
        envelope = np.abs(hilbert(np.fft.irfft(spectrum * gains, len(sound))))
        if order == "compress_first":
            channels.append(np.maximum(resample(envelope**power, steps), 0))
        else:
            channels.append(np.maximum(resample(envelope, steps), 0) ** power)
    return np.stack(channels)[:, : ceil(seconds * frame_rate_hz)]
