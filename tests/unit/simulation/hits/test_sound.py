"""Sounds of the stand-in: the given modes, duller from softer contacts, louder from faster strikes."""

import numpy as np
import pytest
from scipy.signal import fftconvolve

from crossmodal.simulation.hits import MATERIALS, Modes, Voice, draw_voice, strike_sound
from crossmodal.simulation.hits.script import Surface, Touch
from crossmodal.simulation.hits.sound import (
    bubble_sound,
    contact_pulse,
    contact_seconds,
    convolve,
    grain_sound,
    scratch_sound,
)
from crossmodal.simulation.hits.soundtrack import RATE_HZ, record_sound, touch_sound


def voice_of(frequencies_hz: list[float], decays_s: list[float], contact_s: float = 4e-4) -> Voice:
    modes = Modes(np.array(frequencies_hz), np.array(decays_s), np.ones(len(frequencies_hz)))
    return Voice(modes, contact_s, grain=0.1, grain_hz=3000.0, grain_s=0.01)


def measure_frequency_hz(sound: np.ndarray, near_hz: float, reach_hz: float) -> float:
    """Return the peak of a long, zero-padded spectrum around ``near_hz``."""
    size = 1 << 20
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(2 * len(sound))[len(sound) :], size))
    frequencies = np.fft.rfftfreq(size, 1 / RATE_HZ)
    around = np.abs(frequencies - near_hz) < reach_hz
    return float(frequencies[around][np.argmax(spectrum[around])])


def measure_decay_s(sound: np.ndarray, frequency_hz: float, decay_s: float) -> float:
    """Return T60 from the slope of the log level of the sound moved down by ``frequency_hz`` and smoothed."""
    time_s = np.arange(len(sound)) / RATE_HZ
    base = sound * np.exp(-2j * np.pi * frequency_hz * time_s)
    width = max(int(decay_s / 6 * RATE_HZ), 8)
    level = np.abs(fftconvolve(base, np.hanning(width) / width * 2, mode="valid"))
    first, last = int(0.01 * RATE_HZ), int(0.01 * RATE_HZ + 0.5 * decay_s * RATE_HZ)
    slope = np.polyfit(time_s[first:last], np.log10(level[first:last]), 1)[0]
    return float(-3.0 / slope)


class TestModes:
    def test_frequencies_are_those_given_within_one_percent(self) -> None:
        expected_hz = [220.0, 611.0, 1490.0, 3333.0, 7010.0]
        sound = strike_sound(voice_of(expected_hz, [0.8, 0.7, 0.6, 0.5, 0.4]), 2.0)
        for frequency_hz in expected_hz:
            assert measure_frequency_hz(sound, frequency_hz, 60.0) == pytest.approx(frequency_hz, rel=0.01)

    @pytest.mark.parametrize(("frequency_hz", "decay_s"), [(300.0, 0.2), (900.0, 1.5), (2500.0, 0.4), (6000.0, 0.15)])
    def test_decays_are_those_given_within_five_percent(self, frequency_hz: float, decay_s: float) -> None:
        sound = strike_sound(voice_of([frequency_hz], [decay_s]), 2.0)
        assert measure_decay_s(sound, frequency_hz, decay_s) == pytest.approx(decay_s, rel=0.05)

    @pytest.mark.parametrize("material", ["metal", "glass", "wood", "tile"])
    def test_strongest_modes_of_a_material_are_at_their_frequencies(self, material: str) -> None:
        voice = draw_voice(MATERIALS[material].acoustics, np.random.default_rng(3))
        modes = voice.modes
        for frequency_hz, decay_s in zip(modes.frequencies_hz, modes.decays_s, strict=True):
            alone = Voice(Modes(np.array([frequency_hz]), np.array([decay_s]), np.ones(1)), voice.contact_s, 0, 1, 1)
            sound = strike_sound(alone, 2.0)
            assert measure_frequency_hz(sound, frequency_hz, 0.2 * frequency_hz) == pytest.approx(
                frequency_hz, rel=0.01
            )

    def test_modes_above_half_the_rate_are_left_out_not_aliased(self) -> None:
        assert not strike_sound(voice_of([9000.0], [0.5]), 2.0, rate_hz=16_000).any()

    def test_every_material_has_modes_below_18_khz(self) -> None:
        for material in MATERIALS.values():
            modes = draw_voice(material.acoustics, np.random.default_rng(0)).modes
            assert len(modes.frequencies_hz) > 0
            assert modes.frequencies_hz.max() < 18_000
            assert (modes.decays_s > 0).all()


class TestStrike:
    def test_is_silent_before_the_contact_and_begins_within_it(self) -> None:
        voice = voice_of([2000.0], [0.5])
        sound = strike_sound(voice, 2.0, delay_s=0.0123)
        first = np.flatnonzero(np.abs(sound) > 1e-12)[0] / RATE_HZ
        assert 0.0123 <= first < 0.0123 + 2 / RATE_HZ

    def test_faster_is_louder_and_brighter(self) -> None:
        voice = voice_of([300.0, 900.0, 2700.0, 6000.0], [0.3, 0.3, 0.3, 0.3], contact_s=5e-4)
        soft, hard = strike_sound(voice, 1.0), strike_sound(voice, 4.0)
        assert np.abs(hard).max() > 2 * np.abs(soft).max()
        assert _centroid_hz(hard) > 1.05 * _centroid_hz(soft)

    def test_softer_material_is_duller(self) -> None:
        hard, soft = (strike_sound(voice_of([300.0, 900.0, 2700.0], [0.3] * 3, contact_s=c), 2.0) for c in (3e-4, 2e-3))
        assert _centroid_hz(hard) > 1.3 * _centroid_hz(soft)

    def test_contact_follows_hertz(self) -> None:
        assert contact_seconds(1e-3, 2.0) == pytest.approx(1e-3)
        assert contact_seconds(1e-3, 64.0) == pytest.approx(0.5e-3)

    def test_pulse_has_unit_sum_at_any_length(self) -> None:
        for contact_s in (1e-6, 3e-4, 5e-3):
            assert contact_pulse(contact_s, RATE_HZ).sum() == pytest.approx(1.0)


class TestOtherSounds:
    def test_all_are_finite_and_audible(self) -> None:
        rng = np.random.default_rng(0)
        voice = voice_of([500.0], [0.2])
        for sound in (
            grain_sound(voice, rng, 2.0, RATE_HZ, 0.05, 500.0),
            scratch_sound(voice, rng, 2.0, RATE_HZ, 0.3),
            bubble_sound(rng, 2.0, RATE_HZ, 30),
        ):
            assert np.isfinite(sound).all()
            assert np.abs(sound).max() > 1e-3

    def test_a_scratch_lasts_as_long_as_the_stick_slides(self) -> None:
        voice = voice_of([700.0], [0.05])
        sound = scratch_sound(voice, np.random.default_rng(1), 2.0, RATE_HZ, 0.4)
        energy = sound**2
        during = energy[int(0.1 * RATE_HZ) : int(0.3 * RATE_HZ)].mean()
        after = energy[int(0.5 * RATE_HZ) : int(0.6 * RATE_HZ)].mean()
        assert during > 100 * after

    @pytest.mark.parametrize("material", sorted(MATERIALS))
    def test_every_reaction_of_every_material_is_finite(self, material: str) -> None:
        rng = np.random.default_rng(0)
        voice = draw_voice(MATERIALS[material].acoustics, rng)
        for reaction in MATERIALS[material].reactions:
            for kind in ("hit", "scratch"):
                touch = Touch(0.0, kind, 0, (0.0, 0.0, 0.0), 2.0, reaction, 0.2 if kind == "scratch" else 0.0)
                assert np.isfinite(touch_sound(touch, material, voice, rng)).all()


class TestRecording:
    def test_holds_the_strike_at_its_time_and_stays_below_full_scale(self) -> None:
        surfaces = [Surface("tile", np.zeros((1, 3)), False)]
        rng = np.random.default_rng(5)
        voices = [draw_voice(MATERIALS["tile"].acoustics, rng)]
        touch = Touch(0.5000123, "hit", 0, (0.0, 0.0, 0.0), 3.0, "static")
        waveform, gain = record_sound([touch], surfaces, voices, 1.0, rng)
        assert waveform.shape == (RATE_HZ,)
        assert waveform.dtype == np.float32
        assert np.abs(waveform).max() <= 0.95
        assert gain > 0
        onset = np.flatnonzero(np.abs(waveform) > 0.05)[0] / RATE_HZ
        assert 0.5 <= onset < 0.501

    def test_without_touches_is_room_noise(self) -> None:
        waveform, _ = record_sound([], [], [], 0.7, np.random.default_rng(0))
        assert 0 < np.abs(waveform).max() < 0.05


def _centroid_hz(sound: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(sound)) ** 2
    return float((np.fft.rfftfreq(len(sound), 1 / RATE_HZ) * power).sum() / power.sum())


@pytest.mark.parametrize("lengths", [(1, 7), (96_000, 1), (96_000, 47), (512, 9_000), (33, 33)])
def test_convolution_gives_the_numbers_of_scipy(lengths):
    rng = np.random.default_rng(0)
    first, second = (rng.standard_normal(length) for length in lengths)
    np.testing.assert_array_equal(convolve(first, second), fftconvolve(first, second))
