"""The sound track of one video: all touches of the script and their reactions, with room and noise."""

import numpy as np

from crossmodal.simulation.hits.script import Surface, Touch
from crossmodal.simulation.hits.sound import (
    Voice,
    band_noise,
    bubble_sound,
    grain_sound,
    scratch_sound,
    soften,
    strike_sound,
)

RATE_HZ = 48_000
_PEAK = 0.95
_MEDIAN_PEAK = 0.55  # real recordings are loud: the median strike of a video peaks between 0.2 and 1


def record_sound(
    touches: list[Touch], surfaces: list[Surface], voices: list[Voice], seconds: float, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Synthesize the sound track of one video.

    Args:
        touches: the script.
        surfaces: the surfaces of the script.
        voices: sound parameters of each surface, in the same order.
        seconds: length of the recording.
        rng: random generator.

    Returns:
        The waveform, float32 (round(seconds * 48000),) in [-0.95, 0.95], and the gain of the clean strikes in it.
    """
    dry = np.zeros(round(seconds * RATE_HZ))
    peaks = []
    for touch in touches:
        if touch.kind == "miss":
            continue
        sound = touch_sound(touch, surfaces[touch.surface].material, voices[touch.surface], rng)
        first = int(touch.time_s * RATE_HZ)
        sound = sound[: len(dry) - first]
        dry[first : first + len(sound)] += sound
        peaks.append(np.abs(sound).max())
    sound = dry + _echo(dry, rng)
    gain = min(_PEAK / max(np.abs(sound).max(), 1e-9), _MEDIAN_PEAK / max(np.median(peaks or [1.0]), 1e-9))
    sound = gain * sound + _room_noise(len(dry), rng)
    return np.clip(sound, -_PEAK, _PEAK).astype(np.float32), float(gain)


def touch_sound(touch: Touch, material: str, voice: Voice, rng: np.random.Generator) -> np.ndarray:
    """Synthesize one touch and its reaction; the sound starts within the sample in which the touch begins."""
    speed, late_s = touch.speed_m_s, touch.time_s % (1 / RATE_HZ)
    if touch.reaction == "deform":
        voice = soften(voice)
    sound = np.zeros(2 * RATE_HZ)
    if touch.kind == "scratch":
        _mix(sound, scratch_sound(voice, rng, speed / 0.35, RATE_HZ, touch.seconds), 0.0)
        if touch.reaction == "splash":
            _mix(sound, 0.5 * bubble_sound(rng, speed, RATE_HZ, 25), 0.03)
        return sound
    _mix(sound, strike_sound(_at_other_spot(voice, rng), speed, RATE_HZ, 2.0, late_s), 0.0)
    _mix(sound, grain_sound(voice, rng, speed, RATE_HZ, voice.grain_s, 6000.0), 0.0)
    if touch.reaction == "rigid-motion":
        _mix_rattle(sound, voice, speed, rng)
    elif touch.reaction == "scatter":
        patter = grain_sound(voice, rng, speed, RATE_HZ, rng.uniform(0.06, 0.16), rng.uniform(80, 400))
        _mix(sound, rng.uniform(0.3, 0.8) * patter, 0.015)
    elif touch.reaction == "splash":
        _mix(sound, bubble_sound(rng, speed, RATE_HZ, int(rng.integers(20, 70))), 0.0)
    return sound


def _at_other_spot(voice: Voice, rng: np.random.Generator) -> Voice:
    """Return the parameters of a strike at another spot: the same modes with other amplitudes."""
    modes = voice.modes
    weights = np.exp(0.3 * rng.standard_normal(len(modes.amplitudes)))
    mixed = type(modes)(modes.frequencies_hz, modes.decays_s, modes.amplitudes * weights)
    return Voice(mixed, voice.contact_s, voice.grain, voice.grain_hz, voice.grain_s)


def _mix_rattle(sound: np.ndarray, voice: Voice, speed_m_s: float, rng: np.random.Generator) -> None:
    """Add the bounces of a thing, each sooner and softer than the one before."""
    delay_s, flight_s, speed = 0.0, rng.uniform(0.05, 0.13), 0.5 * speed_m_s
    for _ in range(int(rng.integers(1, 5))):
        delay_s += flight_s
        _mix(sound, strike_sound(_at_other_spot(voice, rng), speed, RATE_HZ, 1.0), delay_s)
        flight_s *= rng.uniform(0.5, 0.8)
        speed *= rng.uniform(0.35, 0.65)


def _mix(sound: np.ndarray, part: np.ndarray, delay_s: float) -> None:
    first = int(delay_s * RATE_HZ)
    length = min(len(part), len(sound) - first)
    sound[first : first + length] += part[:length]


def _echo(dry: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a faint exponential room tail; one draw in three has none."""
    level = rng.choice([0.0, 0.01, 0.02]) * rng.random()
    t60_s = rng.uniform(0.15, 0.45)
    samples = int(t60_s * RATE_HZ)
    tail = rng.standard_normal(samples) * np.exp(-6.9 * np.arange(samples) / samples)
    tail[: int(0.004 * RATE_HZ)] = 0.0
    if level == 0.0:
        return np.zeros_like(dry)
    spectrum = np.fft.rfft(dry, 1 << (len(dry) + samples - 1).bit_length())
    spectrum *= np.fft.rfft(tail, 2 * (len(spectrum) - 1))
    return np.asarray(level * np.fft.irfft(spectrum)[: len(dry)])


def _room_noise(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Return hiss and rumble of 1e-4 to 4e-3 rms, the noise floor of real recordings."""
    level = 10 ** rng.uniform(-4.0, -2.4)
    block = band_noise(rng, 4 * RATE_HZ, RATE_HZ, rng.uniform(80, 400), 1.5)
    hiss = 0.15 * rng.standard_normal(len(block))
    repeats = -(-samples // len(block))
    return level * np.tile(block + hiss, repeats)[:samples]
