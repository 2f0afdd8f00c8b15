"""Exemplar synthesis: the right recording, at the right time, at the right level, without clicks."""

import numpy as np
import pytest
import torch

from crossmodal.audio import (
    ExemplarBank,
    cochleagram,
    detect_onsets,
    synthesize_exemplar,
    synthesize_exemplar_tiles,
)
from crossmodal.errors import FormatError, OutputError
from tests.unit.audio.impacts import make_impacts

RATE_HZ = 22_050
HITS_S = [0.6, 1.4, 2.3]


@pytest.fixture(scope="module")
def recordings():
    return {f"recording {seed}": make_impacts(RATE_HZ, 3.0, HITS_S, seed=seed) for seed in range(4)}


@pytest.fixture(scope="module")
def bank(recordings):
    return ExemplarBank.from_recordings((name, sound, RATE_HZ, HITS_S) for name, sound in recordings.items())


def test_a_bank_has_one_aligned_exemplar_for_each_impact(bank):
    assert len(bank) == 12
    assert bank.features.shape == (12, 42, 45)
    assert bank.waveforms.shape == (12, RATE_HZ // 2)
    assert bank.names[1] == "recording 0@1.400"
    onsets_s = [detect_onsets(sound, RATE_HZ)[0][0] for sound in bank.waveforms]
    np.testing.assert_allclose(onsets_s, bank.onset_step / 90, atol=0.012)


def test_the_nearest_exemplar_is_the_one_with_the_least_l1_distance(bank):
    windows = bank.features[[3, 7]] + 0.01
    indices, distances = bank.nearest(windows)
    assert indices.tolist() == [3, 7]
    torch.testing.assert_close(distances, torch.tensor([0.01, 0.01]), atol=1e-4, rtol=0)
    draws = torch.rand(5, 42, 45, generator=torch.Generator().manual_seed(0))
    slow = [(bank.features - window).abs().mean(dim=(1, 2)).argmin() for window in draws]
    assert bank.nearest(draws)[0].tolist() == [int(index) for index in slow]


def test_its_own_features_bring_a_recording_back(bank, recordings):
    recorded = recordings["recording 2"]
    sound = synthesize_exemplar(cochleagram(recorded, RATE_HZ), bank, HITS_S, RATE_HZ, 3.0, fade_s=0.01)
    assert sound.shape == recorded.shape
    for hit_s in HITS_S:
        around = slice(round((hit_s - 0.01) * RATE_HZ), round((hit_s + 0.2) * RATE_HZ))
        assert float(torch.corrcoef(torch.stack([sound[around], recorded[around]]))[0, 1]) > 0.99
        assert float(sound[around].norm() / recorded[around].norm()) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 48_000])
def test_impacts_are_at_the_onsets_at_any_rate(bank, recordings, rate_hz):
    onsets_s = [0.2, 0.9137, 1.5]
    features = torch.rand(42, 180, generator=torch.Generator().manual_seed(0))
    sound = synthesize_exemplar(features, bank, onsets_s, rate_hz)
    assert sound.shape == (2 * rate_hz,)
    np.testing.assert_allclose(detect_onsets(sound, rate_hz)[0], onsets_s, atol=0.015)


def test_the_loudness_is_that_of_the_features(bank, recordings):
    features = cochleagram(recordings["recording 1"], RATE_HZ)
    for gain in (1.0, 0.3):
        sound = synthesize_exemplar(gain**0.3 * features, bank, [1.4], RATE_HZ, 3.0)
        loudness = cochleagram(sound, RATE_HZ)[:, 120:150].norm(dim=0).max()
        assert float(loudness) == pytest.approx(gain**0.3 * float(features[:, 120:150].norm(dim=0).max()), rel=0.05)


def test_without_onsets_or_where_the_features_are_silent_there_is_silence(bank):
    assert not synthesize_exemplar(torch.rand(42, 90), bank, [], RATE_HZ).any()
    assert not synthesize_exemplar(torch.rand(42, 90), bank, [-1.0, 1.0, 7.0], RATE_HZ).any()
    assert not synthesize_exemplar(torch.zeros(42, 90), bank, [0.5], RATE_HZ).any()
    assert not synthesize_exemplar_tiles(torch.zeros(42, 90), bank, RATE_HZ).any()


def test_onsets_at_both_ends_of_a_clip_are_cut_by_it(bank):
    sound = synthesize_exemplar(torch.rand(42, 90), bank, [0.0, 0.999], RATE_HZ, 1.0)
    assert sound.shape == (RATE_HZ,)
    assert float(sound[:500].abs().max()) > 0.01


@pytest.fixture(scope="module")
def steady_bank():
    """Exemplars of one steady tone and of steady noise, so that every irregularity is the synthesis's."""
    tone = 0.2 * torch.sin(2 * torch.pi * 500 * torch.arange(RATE_HZ * 20) / RATE_HZ)
    noise = 0.05 * torch.randn(RATE_HZ * 20, generator=torch.Generator().manual_seed(0))
    times_s = np.arange(1.0, 19.0, 0.517).tolist()
    return {
        "tone": (tone, ExemplarBank.from_recordings([("tone", tone, RATE_HZ, times_s)])),
        "noise": (noise, ExemplarBank.from_recordings([("noise", noise, RATE_HZ, times_s)])),
    }


def test_fades_leave_no_click(steady_bank):
    tone, bank = steady_bank["tone"]
    onsets_s = [0.5, 0.7, 1.6]
    sound = synthesize_exemplar(cochleagram(tone, RATE_HZ)[:, :270], bank, onsets_s, RATE_HZ)
    # Two tones may sound at once; a click would be a jump beyond what both together do.
    assert float(sound.diff().abs().max()) < 2.1 * float(tone.diff().abs().max())
    assert float(sound.diff().diff().abs().max()) < 2.2 * float(tone.diff().diff().abs().max())


def test_tiles_join_without_seams_at_an_even_level(steady_bank):
    noise, bank = steady_bank["noise"]
    sound = synthesize_exemplar_tiles(cochleagram(noise, RATE_HZ)[:, 90:990], bank, RATE_HZ)
    assert sound.shape == (10 * RATE_HZ,)
    level = sound[:-441].reshape(-1)[: 10 * RATE_HZ // 2205 * 2205 - 2205].reshape(-1, 2205).norm(dim=1)
    assert float(level.min() / level.median()) > 0.6
    assert float(level.max() / level.median()) < 1.7
    jumps = sound.diff().abs()
    assert float(jumps.max()) < 7 * float(jumps.square().mean().sqrt())


def test_tiles_of_a_recording_resemble_it(bank, recordings):
    features = cochleagram(recordings["recording 3"], RATE_HZ)
    # A window that starts where an exemplar starts.
    shifted = features[:, 54 - 22 :]
    sound = synthesize_exemplar_tiles(shifted, bank, RATE_HZ, 1.0)
    onsets_s, _ = detect_onsets(sound, RATE_HZ)
    assert np.abs(onsets_s - 22 / 90).min() < 0.02


def test_a_bank_is_saved_and_loaded(bank, tmp_path):
    bank.save(tmp_path / "bank.safetensors")
    again = ExemplarBank.load(tmp_path / "bank.safetensors")
    torch.testing.assert_close(again.features, bank.features, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(again.waveforms, bank.waveforms, atol=1 / 32767, rtol=0)
    assert (again.names, again.rate_hz, again.onset_step) == (bank.names, bank.rate_hz, bank.onset_step)


def test_files_that_are_no_bank_are_named(tmp_path):
    from safetensors.torch import save_file

    (tmp_path / "text").write_text("not tensors")
    save_file({"weight": torch.zeros(3)}, tmp_path / "weights")
    save_file({"features": torch.zeros(3)}, tmp_path / "part", {"format": "crossmodal exemplar bank 1"})
    for name in ("text", "weights", "part", "missing"):
        with pytest.raises(FormatError, match=f"{name}.*exemplar bank"):
            ExemplarBank.load(tmp_path / name)
    (tmp_path / "whole").write_bytes((tmp_path / "weights").read_bytes()[:-5])
    with pytest.raises(FormatError, match="whole"):
        ExemplarBank.load(tmp_path / "whole")


def test_a_place_that_cannot_be_written_is_said(bank, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="bank"):
        bank.save(tmp_path / "file" / "bank")


@pytest.mark.parametrize(
    ("features", "waveforms", "options", "message"),
    [
        ((0, 42, 45), (0, 11_025), {}, "n >= 1"),
        ((2, 42, 45), (3, 11_025), {}, "n >= 1"),
        ((2, 42, 45), (2, 11_000), {}, "11025 samples for 45 steps, got 11000"),
        ((2, 42, 45), (2, 11_025), {"onset_step": 45}, "onset_step"),
        ((2, 42, 45), (2, 11_025), {"names": ["one"]}, "names"),
    ],
)
def test_a_bank_of_shapes_that_do_not_fit_is_refused(features, waveforms, options, message):
    with pytest.raises(ValueError, match=message):
        ExemplarBank(torch.zeros(features), torch.zeros(waveforms), RATE_HZ, **options)


@pytest.mark.parametrize("value", [1.5, float("nan")])
def test_a_bank_of_waveforms_beyond_full_scale_is_refused(value):
    with pytest.raises(ValueError, match=r"\[-1, 1\]"):
        ExemplarBank(torch.zeros(1, 42, 45), torch.full((1, 11_025), value), RATE_HZ)


def test_wrong_features_are_refused(bank):
    with pytest.raises(ValueError, match="at least one impact"):
        ExemplarBank.from_recordings([("a", torch.zeros(9000), RATE_HZ, [])])
    for call in (
        lambda f, **o: synthesize_exemplar(f, bank, [0.1], **o),
        lambda f, **o: synthesize_exemplar_tiles(f, bank, **o),
    ):
        with pytest.raises(ValueError, match="shape"):
            call(torch.zeros(41, 90))
        with pytest.raises(ValueError, match="finite"):
            call(torch.full((42, 90), float("nan")))
        with pytest.raises(ValueError, match="seconds"):
            call(torch.zeros(42, 90), seconds=0.0)
    with pytest.raises(ValueError, match="overlap_s"):
        synthesize_exemplar_tiles(torch.zeros(42, 90), bank, overlap_s=0.4)
    with pytest.raises(ValueError, match="windows"):
        bank.nearest(torch.zeros(1, 42, 44))
