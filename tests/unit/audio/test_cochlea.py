"""The cochleagram: equal to its full-rate twin, exact in time and level, differentiable, small."""

import subprocess
import sys
from fractions import Fraction
from math import ceil

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from crossmodal.audio import COCHLEAGRAM_CHANNELS, FEATURE_RATE_HZ, cochlea, cochleagram, filter_cutoffs
from crossmodal.audio.subband import TimeGrid
from tests.unit.audio.full_rate_twin import full_rate_cochleagram
from tests.unit.audio.impacts import make_impacts

ORDERS = ["compress_first", "downsample_first"]


def twin_of(sound, rate_hz, order):
    """The full-rate twin, with as many zeros added as the fast route adds."""
    grid = TimeGrid.covering(Fraction(len(sound), rate_hz), rate_hz, 90)
    return full_rate_cochleagram(sound.numpy(), rate_hz, order, grid.seconds)


def relative_error(found, expected):
    return float(np.linalg.norm(np.asarray(found) - expected) / np.linalg.norm(expected))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    "rate_hz",
    [
        16_000,
        pytest.param(20_000, marks=pytest.mark.slow),
        22_050,
        44_100,
        pytest.param(96_000, marks=pytest.mark.slow),
    ],
)
def test_equals_the_full_rate_twin_within_three_thousandths(rate_hz, order):
    sound = make_impacts(rate_hz, 2.37, [0.2, 0.9, 1.3, 2.0])
    expected = twin_of(sound, rate_hz, order)
    found = cochleagram(sound, rate_hz, order=order)
    assert found.shape == expected.shape
    assert relative_error(found, expected) < 0.003


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    "make",
    [
        lambda draws: 0.1 * draws.standard_normal(40_000),
        lambda draws: np.sin(2 * np.pi * 440 * np.arange(40_000) / 20_000),
        lambda draws: np.sin(2 * np.pi * np.cumsum(np.geomspace(30, 9000, 40_000)) / 20_000),
        # Clicks and short bursts in digital silence: nothing but what rings between them.
        lambda draws: np.isin(np.arange(40_000), [1000, 12_345, 30_000]).astype(float),
        lambda draws: draws.standard_normal(40_000) * (np.arange(40_000) % 10_000 < 400) / 5,
    ],
    ids=["noise", "tone", "sweep", "clicks", "bursts"],
)
def test_equals_the_twin_on_sounds_of_every_kind(make, order):
    # As a 16-bit file would hold it.
    sound = torch.from_numpy(np.round(make(np.random.default_rng(1)) * 32768) / 32768).float()
    assert relative_error(cochleagram(sound, 20_000, order=order), twin_of(sound, 20_000, order)) < 0.003


def test_how_many_zeros_are_added_hardly_matters_to_the_published_order():
    sound = make_impacts(20_000, 2.37, [0.2, 0.9, 1.3, 2.0])
    assert relative_error(cochleagram(sound, 20_000), full_rate_cochleagram(sound.numpy(), 20_000)) < 0.015


def test_the_two_orders_are_not_interchangeable():
    sound = make_impacts(20_000, 2.0, [0.3, 1.1])
    first, second = (cochleagram(sound, 20_000, order=order) for order in ORDERS)
    assert relative_error(first, second.numpy()) > 0.05


@settings(max_examples=40, deadline=None)
@given(
    samples=st.integers(1, 9000),
    rate_hz=st.sampled_from([4000, 8000, 11_025, 22_050, 22_051, 44_100, 48_000, 96_000]),
    rows=st.integers(1, 3),
)
def test_any_length_and_rate_gives_steps_for_the_whole_sound(samples, rate_hz, rows):
    features = cochleagram(torch.full((rows, samples), 0.1), rate_hz)
    assert features.shape == (rows, COCHLEAGRAM_CHANNELS, ceil(samples * FEATURE_RATE_HZ / rate_hz))
    assert features.dtype == torch.float32
    assert bool(torch.isfinite(features).all())
    assert float(features.min()) >= 0


@pytest.mark.parametrize(
    "rate_hz", [22_050, 48_000, *(pytest.param(rate_hz, marks=pytest.mark.slow) for rate_hz in (44_100, 96_000))]
)
def test_step_j_is_at_exactly_j_ninetieths_of_a_second(rate_hz):
    seconds, step = 60.0, 5200
    time_s = torch.arange(round(seconds * rate_hz), dtype=torch.float64) / rate_hz
    bump = torch.exp(-((time_s - step / 90).square()) / (2 * 0.03**2)) * torch.sin(2 * torch.pi * 1000 * time_s)
    level = cochleagram(bump, rate_hz).sum(dim=0)[step - 40 : step + 41].pow(8)
    centre = float((level * torch.arange(-40, 41)).sum() / level.sum())
    assert abs(centre) < 0.01


def test_a_batch_equals_its_rows_and_keeps_its_shape():
    sounds = torch.stack([make_impacts(16_000, 0.7, [0.1 * n]) for n in range(1, 7)]).reshape(2, 3, -1)
    together = cochleagram(sounds, 16_000)
    assert together.shape == (2, 3, 42, 63)
    for row in range(2):
        for column in range(3):
            torch.testing.assert_close(together[row, column], cochleagram(sounds[row, column], 16_000))


def test_batches_in_blocks_equal_batches_at_once(monkeypatch):
    sounds = torch.stack([make_impacts(16_000, 0.7, [0.1 * n]) for n in range(5)])
    at_once = cochleagram(sounds, 16_000)
    # By name: the package shows the function of the same name.
    monkeypatch.setattr(cochlea, "_BLOCK_SAMPLES", 40_000)
    torch.testing.assert_close(cochleagram(sounds, 16_000), at_once)


@pytest.mark.parametrize("order", ORDERS)
def test_twice_as_loud_gives_two_to_the_power_times_the_feature(order):
    sound = make_impacts(20_000, 1.0, [0.3])
    quiet, loud = (cochleagram(gain * sound, 20_000, order=order) for gain in (0.5, 1.0))
    assert relative_error(loud, (2**0.3 * quiet).numpy()) < 1e-4


def test_a_tone_sounds_in_its_own_channels_at_its_own_level():
    cutoffs_hz = filter_cutoffs()
    sine = 0.5 * torch.sin(2 * torch.pi * float(cutoffs_hz[20]) * torch.arange(40_000) / 20_000)
    steady = cochleagram(sine, 20_000)[:, 60:120].mean(dim=1)
    assert int(steady.argmax()) == 20
    assert float(steady[20]) == pytest.approx(0.5**0.3, rel=0.01)


def test_channels_above_the_nyquist_frequency_are_silent():
    features = cochleagram(make_impacts(8000, 1.0, [0.3]), 8000)
    silent = torch.from_numpy(filter_cutoffs()[:-1] > 4000)
    assert float(features[1:][silent].abs().max()) == 0
    assert float(features[:20].max()) > 0.1


def test_nothing_above_the_highest_cutoff_changes_the_features():
    whistle = torch.sin(2 * torch.pi * 15_000 * torch.arange(48_000) / 48_000)
    # Away from the ends, where switching it on and off clicks.
    assert float(cochleagram(whistle, 48_000)[:, 20:70].max()) < 0.15


@pytest.mark.parametrize("order", ORDERS)
def test_silence_is_zero_and_has_finite_gradients(order):
    silence = torch.zeros(2, 3000, requires_grad=True)
    features = cochleagram(silence, 16_000, order=order)
    assert float(features.detach().abs().max()) == 0
    features.sum().backward()
    assert bool(torch.isfinite(silence.grad).all())


@pytest.mark.parametrize("order", ORDERS)
def test_gradients_are_finite_where_silence_and_sound_meet(order):
    sound = torch.zeros(4000)
    sound[2000] = 1.0
    sound.requires_grad_()
    cochleagram(sound, 16_000, order=order).square().sum().backward()
    assert bool(torch.isfinite(sound.grad).all())
    assert float(sound.grad.abs().max()) > 0


@pytest.mark.parametrize("order", ORDERS)
def test_gradients_are_those_of_finite_differences(order):
    draws = torch.Generator().manual_seed(0)
    sound = torch.randn(300, generator=draws, dtype=torch.float64, requires_grad=True)

    def few_bands(waveform):
        return cochleagram(waveform, 4000, bands=4, low_hz=100.0, high_hz=1500.0, order=order)

    assert torch.autograd.gradcheck(few_bands, sound, eps=1e-6, atol=1e-4, fast_mode=True)


def test_half_precision_is_computed_in_single():
    sound = make_impacts(16_000, 0.5, [0.1])
    features = cochleagram(sound.half(), 16_000)
    assert features.dtype == torch.float32
    assert relative_error(features, cochleagram(sound, 16_000).numpy()) < 0.01


@pytest.mark.parametrize(
    ("waveform", "options", "message"),
    [
        (torch.zeros(100, dtype=torch.int16), {}, "floating point"),
        (torch.zeros(0), {}, "hold samples"),
        (torch.tensor(0.0), {}, "hold samples"),
        (torch.zeros(100), {"rate_hz": 0}, "positive"),
        (torch.zeros(100), {"power": 0.0}, "power"),
        (torch.zeros(100), {"order": "compress_frist"}, "compress_first, downsample_first"),
        (torch.zeros(100), {"bands": 0}, "bands"),
    ],
)
def test_wrong_arguments_are_refused(waveform, options, message):
    with pytest.raises(ValueError, match=message):
        cochleagram(waveform, **{"rate_hz": 16_000, **options})


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_another_device_agrees():
    sound = make_impacts(44_100, 2.0, [0.2, 1.0])
    there = cochleagram(sound.cuda(), 44_100)
    assert there.device.type == "cuda"
    assert relative_error(there.cpu(), cochleagram(sound, 44_100).numpy()) < 1e-4


MEASURE_MEMORY = """
import re, torch
from pathlib import Path
from crossmodal.audio import cochleagram

def megabytes(name):
    return int(re.search(name + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

torch.set_num_threads(1)
cochleagram(torch.zeros(1000), 96_000)
sound = torch.rand({shape}).sub_(0.5)
# Forget the peak so far; the peak that getrusage gives is inherited from the process that started this one.
Path("/proc/self/clear_refs").write_text("5")
before = megabytes("VmRSS")
cochleagram(sound, 96_000)
print(megabytes("VmHWM") - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is counted in kB on Linux alone")
@pytest.mark.parametrize("shape", ["120 * 96_000", pytest.param("32, 10 * 96_000", marks=pytest.mark.slow)])
def test_takes_less_than_300_mb_over_the_input(shape):
    run = subprocess.run(
        [sys.executable, "-c", MEASURE_MEMORY.format(shape=shape)], capture_output=True, text=True, check=True
    )
    assert float(run.stdout) < 300


def test_real_recordings_agree_with_the_twin(real_data):
    from crossmodal.audio import read_waveform

    video = sorted((real_data / "vis-data-256").glob("*_mic.mp4"))[0]
    sound, rate_hz = read_waveform(video)
    sound = sound[: 5 * rate_hz]
    for order in ORDERS:
        assert relative_error(cochleagram(sound, rate_hz, order=order), twin_of(sound, rate_hz, order)) < 0.003
