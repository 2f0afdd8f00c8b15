"""Sound of a strike: damped modes excited by the contact, and noise of crushed or scattered material.

A struck thing is a sum of damped sinusoids, its modes. The contact force is a half-sine pulse whose length falls with
speed as in Hertz's law. The pulse filters the modes, so a soft thing or a slow strike sounds dull.

References:
    van den Doel and Pai, "The sounds of physical shapes", Presence 7(4), 1998 (modal synthesis, contact force).
    van den Doel, "Physically based models for liquid sounds", ACM TAP 2(4), 2005 (bubbles, equations 1 to 4).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from crossmodal.simulation.hits.material import Acoustics, Span

REFERENCE_SPEED_M_S = 2.0
_SIXTY_DB = 6.907755278982137  # ln(1000): a mode falls by 60 dB in this many time constants
_BAR_RATIOS = np.array([1.0, 2.756, 5.404, 8.933, 13.34, 18.64])  # free bar (Fletcher and Rossing, section 2.4)


@dataclass(frozen=True)
class Modes:
    """The modes of one thing; each is ``amplitude * 10 ** (-3 t / decay) * sin(2 pi frequency t)``.

    Attributes:
        frequencies_hz: (modes,) frequencies.
        decays_s: (modes,) T60, the time in which the mode falls by 60 dB.
        amplitudes: (modes,) amplitudes at the reference strike of 2 m/s, before the contact pulse.
    """

    frequencies_hz: np.ndarray
    decays_s: np.ndarray
    amplitudes: np.ndarray


@dataclass(frozen=True)
class Voice:
    """Sound parameters of one thing: its modes, and values drawn from the spans of its material.

    Attributes:
        modes: see `Modes`.
        contact_s: contact time at the reference strike.
        grain: level of the noisy part.
        grain_hz: centre frequency of the noisy part.
        grain_s: time constant (1/e) of the noisy part.
    """

    modes: Modes
    contact_s: float
    grain: float
    grain_hz: float
    grain_s: float


def convolve(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Convolve two signals by their transforms: float64, as long as both together less one sample.

    The same numbers as ``scipy.signal.fftconvolve``, without the second that importing scipy.signal takes.
    """
    if min(len(first), len(second)) == 1:
        return np.asarray(first * second)
    samples = len(first) + len(second) - 1
    length = next_fast_len(samples, real=True)
    return np.asarray(irfft(rfft(first, length) * rfft(second, length), length)[:samples])


def _draw(rng: np.random.Generator, span: Span) -> float:
    return float(np.exp(rng.uniform(*np.log(span))))


def draw_voice(acoustics: Acoustics, rng: np.random.Generator) -> Voice:
    """Draw the sound parameters of one thing of a material: its size, damping and modes."""
    pitch_hz, count = _draw(rng, acoustics.pitch_hz), acoustics.modes
    if acoustics.ratios == "bar":
        overtones = _BAR_RATIOS[: (count + 1) // 2]
        twins = overtones[: count // 2] * rng.uniform(1.05, 1.6)  # bending about the other axis: another thickness
        ratios = np.concatenate([overtones, twins])
    elif acoustics.ratios == "plate":
        sides = rng.uniform(0.4, 1.0)
        m, n = np.meshgrid(np.arange(1, 6), np.arange(1, 6))
        ratios = np.sort((m**2 + (sides * n) ** 2).ravel() / (1 + sides**2))[:count]  # simply supported plate
    elif acoustics.ratios == "shell":
        ratios = np.arange(2, count + 2) ** rng.uniform(1.3, 1.8) / 2.0**1.5
    else:
        ratios = 1.0 + np.cumsum(rng.exponential(0.6, count)) - 0.3
    frequencies = pitch_hz * np.sort(ratios) * np.exp(0.02 * rng.standard_normal(len(ratios)))
    frequencies = frequencies[frequencies < 18_000]
    t60 = _draw(rng, acoustics.t60_s) * (frequencies / 1000.0) ** -acoustics.damping_slope
    t60 = np.clip(t60 * np.exp(0.15 * rng.standard_normal(len(t60))), 0.008, 4.0)
    amplitudes = np.exp(0.5 * rng.standard_normal(len(frequencies))) * (frequencies / frequencies[0]) ** -0.35
    amplitudes *= 10 ** (acoustics.gain_db / 20) / np.sqrt(np.sum(amplitudes**2))
    return Voice(
        Modes(frequencies, t60, amplitudes),
        _draw(rng, acoustics.contact_ms) * 1e-3,
        acoustics.grain * 10 ** (acoustics.gain_db / 20) * float(np.exp(0.25 * rng.standard_normal())),
        _draw(rng, acoustics.grain_hz),
        _draw(rng, acoustics.grain_s),
    )


def contact_pulse(contact_s: float, rate_hz: int) -> np.ndarray:
    """Return the force of a contact, a half sine of ``contact_s`` with unit sum, to keep the level of slow modes."""
    samples = max(int(np.ceil(contact_s * rate_hz)), 1)
    pulse = np.sin(np.pi * (np.arange(samples) + 0.5) / samples)
    return np.asarray(pulse / pulse.sum())


def contact_seconds(contact_s: float, speed_m_s: float) -> float:
    """Return the contact time at ``speed_m_s`` by Hertz's law, the power -1/5 of the speed."""
    return float(contact_s * (speed_m_s / REFERENCE_SPEED_M_S) ** -0.2)


def ring(modes: Modes, rate_hz: int, seconds: float, delay_s: float = 0.0) -> np.ndarray:
    """Return the free ringing of ``modes`` after an impulse at ``delay_s``, float64 (round(seconds * rate_hz),)."""
    sound = np.zeros(round(seconds * rate_hz))
    first = int(np.ceil(delay_s * rate_hz))
    for frequency, decay, amplitude in zip(modes.frequencies_hz, modes.decays_s, modes.amplitudes, strict=True):
        if frequency >= 0.5 * rate_hz:
            continue
        last = min(first + int(1.5 * decay * rate_hz) + 1, len(sound))  # 90 dB down: below 16-bit noise
        time_s = np.arange(first, last) / rate_hz - delay_s
        sound[first:last] += amplitude * np.exp(-_SIXTY_DB / decay * time_s) * np.sin(2 * np.pi * frequency * time_s)
    return sound


def strike_sound(
    voice: Voice, speed_m_s: float, rate_hz: int = 48_000, seconds: float = 2.0, delay_s: float = 0.0
) -> np.ndarray:
    """Synthesize the clean sound of one strike: modes filtered by the contact, without noise and room.

    Args:
        voice: sound parameters of the thing.
        speed_m_s: speed of the tip; the amplitude grows as its power 1.2.
        rate_hz: sampling rate.
        seconds: length of the result.
        delay_s: start of the contact, with sub-sample accuracy.

    Returns:
        float64 (round(seconds * rate_hz),); silent before the contact.
    """
    force = (speed_m_s / REFERENCE_SPEED_M_S) ** 1.2
    contact_s = contact_seconds(voice.contact_s, speed_m_s)
    sound = ring(voice.modes, rate_hz, seconds, delay_s)
    return np.asarray(force * convolve(sound, contact_pulse(contact_s, rate_hz))[: len(sound)])


def soften(voice: Voice) -> Voice:
    """Return the sound parameters of a thing that deforms: half the decay times and a longer contact."""
    modes = replace(voice.modes, decays_s=0.5 * voice.modes.decays_s)
    return replace(voice, modes=modes, contact_s=1.4 * voice.contact_s)


def band_noise(
    rng: np.random.Generator, samples: int, rate_hz: int, centre_hz: float, octaves: float = 1.2
) -> np.ndarray:
    """Return Gaussian noise with a Gaussian spectrum over log-frequency around ``centre_hz``, with unit variance."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    frequencies = np.maximum(np.fft.rfftfreq(samples, 1 / rate_hz), 1.0)
    spectrum *= np.exp(-0.5 * (np.log2(frequencies / centre_hz) / octaves) ** 2)
    noise = np.fft.irfft(spectrum, samples)
    return noise / max(float(noise.std()), 1e-12)


def grain_sound(
    voice: Voice, rng: np.random.Generator, speed_m_s: float, rate_hz: int, decay_s: float, density_hz: float
) -> np.ndarray:
    """Synthesize the noise of many small particles: a decaying random train of tiny impacts.

    Args:
        voice: sound parameters: level and centre frequency of the noise.
        rng: random generator.
        speed_m_s: speed of the tip.
        rate_hz: sampling rate.
        decay_s: time constant (1/e) of the train.
        density_hz: mean number of impacts per second; many sound like a rush, few like a patter.
    """
    samples = int(6 * decay_s * rate_hz) + 64
    time_s = np.arange(samples) / rate_hz
    impacts = rng.poisson(density_hz / rate_hz, samples) * rng.standard_normal(samples)
    train = impacts * np.exp(-time_s / decay_s) / np.sqrt(max(density_hz / rate_hz, 1e-9))
    kernel = band_noise(rng, 512, rate_hz, voice.grain_hz) * np.exp(-np.arange(512) / (0.0015 * rate_hz))
    kernel /= np.sqrt(np.sum(kernel**2))
    level = 0.25 * voice.grain * (speed_m_s / REFERENCE_SPEED_M_S) ** 1.2
    return np.asarray(level * convolve(train, kernel))


def scratch_sound(voice: Voice, rng: np.random.Generator, speed_m_s: float, rate_hz: int, seconds: float) -> np.ndarray:
    """Synthesize a scratch: small impacts, at a rate proportional to the speed, excite the same modes.

    Args:
        voice: sound parameters of the thing.
        rng: random generator.
        speed_m_s: speed of the tip at the touch.
        rate_hz: sampling rate.
        seconds: duration of the scratch; the modes ring after it.
    """
    samples = max(int(seconds * rate_hz), 64)
    u = np.arange(samples) / samples
    pace = 30 * u * u * (1 - u) ** 2 / 1.875  # speed of a minimum-jerk stroke, at most 1
    bumps = rng.poisson(900 * pace / rate_hz) * rng.exponential(1.0, samples) + 0.03 * rng.standard_normal(samples)
    force = np.zeros(samples + int(0.6 * rate_hz))
    force[:samples] = bumps * pace
    modes = replace(voice.modes, decays_s=np.minimum(voice.modes.decays_s, 0.4))
    sound = convolve(force, ring(modes, rate_hz, 0.5))[: len(force)]
    sound = convolve(sound, contact_pulse(0.6 * voice.contact_s, rate_hz))[: len(force)]
    rustle = band_noise(rng, len(force), rate_hz, voice.grain_hz) * np.sqrt(np.abs(force))
    tap = strike_sound(voice, 0.35 * speed_m_s, rate_hz, 0.5)
    sound = 0.12 * sound + 0.15 * (0.2 + voice.grain) * convolve(rustle, contact_pulse(0.002, rate_hz))[: len(force)]
    sound[: len(tap)] += 0.5 * tap[: len(sound)]
    return sound


def bubble_sound(rng: np.random.Generator, speed_m_s: float, rate_hz: int, count: int) -> np.ndarray:
    """Synthesize a splash: bubbles of 0.4 to 8 mm with Minnaert's frequency; some rise in pitch.

    References:
        Minnaert 1933: f = 3 / radius (Hz, metres); damping 0.13/r + 0.0072 r**-1.5 (van den Doel 2005, eq. 2 and 3).
    """
    sound = np.zeros(int(0.8 * rate_hz))
    radii = 10 ** rng.uniform(np.log10(4e-4), np.log10(8e-3), count)
    starts = np.minimum(rng.exponential(0.10, count), 0.5)
    starts[0] = 0.0
    for radius, start_s in zip(radii, starts, strict=True):
        first = int(start_s * rate_hz)
        damping = 0.13 / radius + 0.0072 * radius**-1.5
        time_s = np.arange(min(int(7 / damping * rate_hz) + 1, len(sound) - first)) / rate_hz
        rise = rng.choice([0.0, 0.1]) * damping
        phase = 2 * np.pi * (3.0 / radius) * (time_s + 0.5 * rise * time_s**2)
        size = 0.5 * (radius / 4e-3) ** 0.7 * rng.random() ** 2
        sound[first : first + len(time_s)] += size * np.exp(-damping * time_s) * np.sin(phase)
    return np.asarray(sound * (speed_m_s / REFERENCE_SPEED_M_S) ** 1.2)
