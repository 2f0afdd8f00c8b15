"""Onset detection: every impact once, at its time, and none in noise."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from crossmodal.audio import cochleagram, detect_onsets, detect_onsets_in_features, read_waveform
from tests.unit.audio.impacts import make_impacts

HITS_S = [0.513, 1.1, 1.402, 2.05, 2.9]


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 96_000])
@pytest.mark.parametrize("seed", range(3))
def test_every_impact_is_found_once_and_within_a_step(rate_hz, seed):
    times_s, strengths = detect_onsets(make_impacts(rate_hz, 3.5, HITS_S, seed=seed), rate_hz)
    np.testing.assert_allclose(times_s, HITS_S, atol=0.012)
    assert strengths.shape == times_s.shape
    assert (strengths > 0).all()


def test_an_impact_at_the_very_start_and_one_at_the_end_are_found():
    times_s, _ = detect_onsets(make_impacts(16_000, 2.0, [0.03, 1.95]), 16_000)
    np.testing.assert_allclose(times_s, [0.03, 1.95], atol=0.012)


def test_of_impacts_that_are_too_close_the_strongest_stays():
    sound = make_impacts(16_000, 2.0, [0.5]) * 0.2 + make_impacts(16_000, 2.0, [0.62], seed=1)
    np.testing.assert_allclose(detect_onsets(sound, 16_000)[0], [0.62], atol=0.012)
    close = detect_onsets(sound, 16_000, min_gap_s=0.05, threshold=0.1)[0]
    np.testing.assert_allclose(close, [0.5, 0.62], atol=0.012)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), gap_s=st.floats(0.05, 0.6))
def test_onsets_are_sorted_and_apart(seed, gap_s):
    features = torch.rand(42, 400, generator=torch.Generator().manual_seed(seed))
    times_s, _ = detect_onsets_in_features(features, min_gap_s=gap_s, min_rise=0, threshold=0)
    assert len(times_s)
    # The time within a rise may move by the length of the rise.
    assert (np.diff(times_s) > gap_s - 0.06).all()
    assert times_s[0] >= 0


def test_silence_and_steady_noise_have_no_onsets():
    assert len(detect_onsets(torch.zeros(16_000), 16_000)[0]) == 0
    noise = 0.05 * torch.randn(5 * 16_000, generator=torch.Generator().manual_seed(0))
    assert len(detect_onsets(noise, 16_000, min_rise=0.06)[0]) == 0
    times_s, strengths = detect_onsets_in_features(torch.zeros(42, 0))
    assert times_s.shape == strengths.shape == (0,)


def test_stereo_is_averaged_and_features_give_the_same():
    sound = make_impacts(16_000, 3.5, HITS_S)
    expected = detect_onsets(sound, 16_000)
    for found in (
        detect_onsets(torch.stack([sound, sound]), 16_000),
        detect_onsets_in_features(cochleagram(sound, 16_000)),
    ):
        np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    "call", [lambda: detect_onsets(torch.zeros(1, 1, 9), 8000), lambda: detect_onsets_in_features(torch.zeros(9))]
)
def test_other_shapes_are_refused(call):
    with pytest.raises(ValueError, match="shape"):
        call()


def test_labelled_hits_of_real_recordings_are_found(real_data):
    """Recall alone: the files at hand hold labelled hits, about six in ten of all."""
    found = labelled = 0
    for times_file in sorted((real_data / "vis-data-256").glob("*_times.txt"))[:4]:
        true_s = [float(line.split()[0]) for line in times_file.read_text().splitlines()]
        sound, rate_hz = read_waveform(str(times_file).replace("_times.txt", "_mic.mp4"))
        times_s, _ = detect_onsets(sound, rate_hz)
        labelled += len(true_s)
        found += sum(np.abs(times_s - time_s).min() <= 0.05 for time_s in true_s)
    assert found / labelled > 0.8
