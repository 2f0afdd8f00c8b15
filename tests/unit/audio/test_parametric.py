"""Parametric synthesis: the sound made from a cochleagram has that cochleagram."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from crossmodal.audio import cochleagram, synthesize_parametric
from tests.unit.audio.impacts import make_impacts

RATE_HZ = 44_100
ORDERS = ["compress_first", "downsample_first"]


def reanalysis_error(sound, rate_hz, features, order="compress_first"):
    found = cochleagram(sound, rate_hz, order=order)
    assert found.shape == features.shape
    return float((found - features).norm() / features.norm())


@pytest.fixture(scope="module")
def recording():
    return make_impacts(RATE_HZ, 4.0, [0.4, 1.1, 1.9, 2.6, 3.3], room=0.005, peak=0.3)


@pytest.mark.parametrize("order", ORDERS)
def test_three_passes_come_closer_to_the_features_than_one(recording, order):
    features = cochleagram(recording, RATE_HZ, order=order)
    one, three = (
        reanalysis_error(synthesize_parametric(features, RATE_HZ, passes=passes, order=order), RATE_HZ, features, order)
        for passes in (1, 3)
    )
    assert three < 0.8 * one
    assert one < {"compress_first": 0.2, "downsample_first": 0.3}[order]


def test_one_pass_meets_the_features_in_the_mean_of_many_noises(recording):
    features = cochleagram(recording, RATE_HZ)[:, : 2 * 90]
    found = [cochleagram(synthesize_parametric(features, RATE_HZ, seed=seed), RATE_HZ) for seed in range(12)]
    ratio = torch.stack(found).mean(dim=(0, 2)) / features.mean(dim=1)
    # Each channel; those at the very bottom are no wider than the envelopes that are imposed on them.
    np.testing.assert_allclose(ratio[4:], 1, atol=0.12)
    np.testing.assert_allclose(ratio[:4], 1, atol=0.2)


@pytest.mark.parametrize("passes", [1, 3])
def test_the_level_follows_the_features(recording, passes):
    features = cochleagram(recording, RATE_HZ)
    full, half = (synthesize_parametric(gain * features, RATE_HZ, passes=passes) for gain in (1.0, 0.5**0.3))
    assert float(half.norm() / full.norm()) == pytest.approx(0.5, rel=0.01)
    loudness, target = cochleagram(full, RATE_HZ).norm(dim=0), features.norm(dim=0)
    assert float(torch.corrcoef(torch.stack([loudness, target]))[0, 1]) > 0.97


@pytest.mark.parametrize("passes", [1, 3])
def test_silence_stays_silent(passes):
    assert not synthesize_parametric(torch.zeros(42, 90), RATE_HZ, passes=passes).any()


@pytest.mark.parametrize("passes", [1, 3])
def test_between_impacts_there_is_silence(passes):
    features = torch.zeros(42, 270)
    features[:, 100:110] = 0.5
    sound = synthesize_parametric(features, RATE_HZ, passes=passes)
    # The remaining energy is below 20 Hz, where the low-pass filter has no room to be sharp.
    assert float(sound[: RATE_HZ // 2].abs().max()) < 0.004 * float(sound.abs().max())
    assert float(sound[2 * RATE_HZ :].abs().max()) < 0.004 * float(sound.abs().max())


@settings(max_examples=30, deadline=None)
@given(
    frames=st.integers(1, 200),
    seconds=st.none() | st.floats(0.01, 3),
    rate_hz=st.sampled_from([8000, 16_000, 22_050, 44_100, 48_000]),
)
def test_the_result_is_exactly_as_long_as_asked_and_never_clips(frames, seconds, rate_hz):
    sound = synthesize_parametric(torch.rand(42, frames), rate_hz, seconds)
    assert sound.shape == (round((frames / 90 if seconds is None else seconds) * rate_hz),)
    assert sound.dtype == torch.float32
    assert float(sound.abs().max()) <= 1


def test_silence_follows_features_that_are_shorter():
    sound = synthesize_parametric(torch.full((42, 90), 0.4), RATE_HZ, 3.0)
    assert float(sound[:RATE_HZ].std()) > 1e-3
    assert float(sound[round(1.2 * RATE_HZ) :].abs().max()) < 0.004 * float(sound.abs().max())


@pytest.mark.parametrize("seconds", [None, 1.0, 1.005, 1.02])
def test_a_steady_sound_is_steady_to_both_ends(seconds):
    """A clip's length falls between two steps; nothing rings, fades or drones there."""
    sound = synthesize_parametric(torch.full((42, 91), 0.4), RATE_HZ, seconds, passes=3)
    level = sound[: len(sound) // 441 * 441].reshape(-1, 441).norm(dim=1)
    middle = float(level.median())
    assert 0.5 * middle < float(level[:2].mean()) < 1.6 * middle
    assert 0.5 * middle < float(level[-4:-2].mean()) < 1.6 * middle


def test_there_are_no_seams_in_a_long_clip():
    """Jumps from sample to sample are those of noise: no outlier in a minute."""
    sound = synthesize_parametric(torch.full((42, 60 * 90), 0.4), 22_050)
    jumps = sound.diff().abs()
    assert float(jumps.max()) < 7 * float(jumps.square().mean().sqrt())
    level = sound.reshape(60, -1).norm(dim=1)
    assert float(level.max() / level.min()) < 1.2


def test_the_seed_makes_the_noise():
    features = torch.full((42, 30), 0.4)
    first, again, other = (synthesize_parametric(features, 16_000, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_other_frame_rates_powers_and_bands_are_taken():
    recording = make_impacts(16_000, 2.0, [0.5, 1.2], peak=0.3)
    options = {"low_hz": 50.0, "high_hz": 7000.0, "frame_rate_hz": 200.0, "power": 0.5}
    features = cochleagram(recording, 16_000, bands=20, **options)
    sound = synthesize_parametric(features, 16_000, passes=3, **options)
    found = cochleagram(sound, 16_000, bands=20, **options)
    assert float((found - features).norm() / features.norm()) < 0.25


@pytest.mark.parametrize(
    ("features", "options", "message"),
    [
        (torch.zeros(42), {}, "shape"),
        (torch.zeros(42, 0), {}, "shape"),
        (torch.full((42, 9), float("nan")), {}, "finite"),
        (torch.zeros(42, 9), {"passes": 0}, "passes"),
        (torch.zeros(42, 9), {"seconds": 0.0}, "seconds"),
        (torch.zeros(42, 9), {"order": "none"}, "order"),
    ],
)
def test_wrong_arguments_are_refused(features, options, message):
    with pytest.raises(ValueError, match=message):
        synthesize_parametric(features, **options)


def test_real_sound_is_imitated(real_data):
    from crossmodal.audio import detect_onsets, read_waveform

    video = sorted((real_data / "vis-data-256").glob("*_mic.mp4"))[3]
    recorded, rate_hz = read_waveform(video)
    recorded = recorded[: 10 * rate_hz]
    features = cochleagram(recorded, rate_hz)
    times_s, _ = detect_onsets(recorded, rate_hz)
    for passes, largest in ((1, 0.25), (3, 0.15)):
        sound = synthesize_parametric(features, rate_hz, passes=passes)
        assert reanalysis_error(sound, rate_hz, features) < largest
        found_s, _ = detect_onsets(sound, rate_hz)
        assert np.mean([np.abs(found_s - time_s).min() < 0.03 for time_s in times_s]) > 0.85
