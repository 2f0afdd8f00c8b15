"""Waveform files: what is written is read, and what is broken is named."""

import errno

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from crossmodal.audio import read_waveform, resample, write_waveform
from crossmodal.errors import FormatError, OutputError
from tests.unit.audio.impacts import make_impacts


@pytest.mark.parametrize(("name", "exact"), [("a.wav", 1e-4), ("a.flac", 1e-4), ("a.ogg", 0.2)])
def test_wav_flac_and_ogg_are_read(tmp_path, name, exact):
    sound = make_impacts(22_050, 0.5, [0.1])
    soundfile.write(tmp_path / name, sound.numpy(), 22_050)
    found, rate_hz = read_waveform(tmp_path / name)
    assert rate_hz == 22_050
    assert found.dtype == torch.float32
    assert found.shape == sound.shape
    assert float((found - sound).abs().max()) < exact


def test_channels_are_averaged_or_kept(tmp_path):
    left, right = make_impacts(16_000, 0.2, [0.05]), make_impacts(16_000, 0.2, [0.1])
    write_waveform(tmp_path / "two.wav", torch.stack([left, right]), 16_000)
    both, _ = read_waveform(tmp_path / "two.wav", mono=False)
    assert both.shape == (2, 3200)
    torch.testing.assert_close(both, torch.stack([left, right]), atol=2e-5, rtol=0)
    one, _ = read_waveform(tmp_path / "two.wav")
    torch.testing.assert_close(one, both.mean(dim=0))


def test_resampled_to_the_given_rate(tmp_path):
    write_waveform(tmp_path / "a.wav", make_impacts(48_000, 0.5, [0.1]), 48_000)
    sound, rate_hz = read_waveform(tmp_path / "a.wav", 22_050)
    assert (rate_hz, len(sound)) == (22_050, 11_025)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=50))
def test_writing_and_reading_back_is_off_by_half_a_16_bit_step(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("wav") / "a.wav"
    sound = torch.tensor(values)
    write_waveform(path, sound, 8000)
    found, rate_hz = read_waveform(path)
    assert rate_hz == 8000
    # A peak of exactly 1 has no 16-bit value: it becomes the largest one.
    assert float((found - sound).abs().max()) <= (1.0001 if bool((sound > 1 - 2**-15).any()) else 0.5001) / 32768


def test_full_scale_never_wraps(tmp_path):
    write_waveform(tmp_path / "a.wav", torch.tensor([1.0, -1.0, 0.99999]), 8000)
    np.testing.assert_allclose(read_waveform(tmp_path / "a.wav")[0], [1, -1, 1], atol=1e-4)


def test_a_peak_above_one_is_refused_or_scaled(tmp_path):
    loud = torch.tensor([0.0, 2.0, -4.0])
    with pytest.raises(OutputError, match=r"a\.wav.*peaks at 4.*limit=True"):
        write_waveform(tmp_path / "a.wav", loud, 8000)
    assert not list(tmp_path.iterdir())
    write_waveform(tmp_path / "a.wav", loud, 8000, limit=True)
    np.testing.assert_allclose(read_waveform(tmp_path / "a.wav")[0], [0, 0.5, -1], atol=1e-4)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_values_that_are_not_numbers_are_refused(tmp_path, bad):
    with pytest.raises(OutputError, match="finite"):
        write_waveform(tmp_path / "a.wav", torch.tensor([0.0, bad]), 8000, limit=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("shape", [(0,), (1, 2, 3), ()])
def test_shapes_that_are_no_waveform_are_refused(tmp_path, shape):
    with pytest.raises(ValueError, match="shape"):
        write_waveform(tmp_path / "a.wav", torch.zeros(shape), 8000)


def test_only_wav_is_written(tmp_path):
    with pytest.raises(OutputError, match=r"name it a\.wav"):
        write_waveform(tmp_path / "a.mp3", torch.zeros(10), 8000)


def test_a_full_disk_is_said_and_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    write_waveform(path, torch.zeros(10), 8000)
    before = path.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("wave.Wave_write.writeframes", full)
    with pytest.raises(OutputError, match=r"a\.wav.*disk is full"):
        write_waveform(path, torch.ones(10), 8000)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"a\.wav"):
        write_waveform(tmp_path / "file" / "a.wav", torch.zeros(10), 8000)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg"])
@pytest.mark.parametrize("part", [0.001, 0.5, 0.9])
def test_a_sound_file_that_was_cut_short_is_named(tmp_path, name, part):
    soundfile.write(tmp_path / name, make_impacts(22_050, 3.0, [0.1, 2.0]).numpy(), 22_050)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(FormatError, match=name):
        read_waveform(tmp_path / name)


def test_a_wav_of_unknown_length_is_read_to_its_end(tmp_path):
    write_waveform(tmp_path / "a.wav", make_impacts(8000, 0.5, [0.1]), 8000)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = b"\xff\xff\xff\xff"
    (tmp_path / "a.wav").write_bytes(content)
    assert len(read_waveform(tmp_path / "a.wav")[0]) == 4000


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg"])
def test_a_sound_file_without_samples_is_named(tmp_path, name):
    soundfile.write(tmp_path / name, np.zeros(0, np.float32), 22_050)
    with pytest.raises(FormatError, match=name):
        read_waveform(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"just some words\n" * 100, "mp4"),
        (bytes(range(256)) * 40, "mp4"),
        (b"RIFF" + b"\0" * 99, "mp4"),
    ],
    ids=["empty", "text", "bytes", "half a header"],
)
def test_a_foreign_file_called_mp4_is_named(tmp_path, content, message):
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(FormatError, match=message):
        read_waveform(tmp_path / "a.mp4")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(FormatError, match=r"nothing\.wav.*check the path"):
        read_waveform(tmp_path / "nothing.wav")
    with pytest.raises(FormatError, match="cannot be read"):
        read_waveform(tmp_path)


def test_a_wav_with_values_that_are_not_numbers_is_named(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.array([0.0, np.nan], np.float32), 8000, subtype="FLOAT")
    with pytest.raises(FormatError, match="finite"):
        read_waveform(tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("from_hz", "to_hz"), [(44_100, 22_050), (22_050, 44_100), (44_100, 48_000), (96_000, 22_050), (44_100, 44_099)]
)
def test_resampling_keeps_what_both_rates_can_hold_and_removes_the_rest(from_hz, to_hz):
    def tone(frequency_hz, rate_hz):
        return torch.sin(2 * torch.pi * frequency_hz * torch.arange(rate_hz // 2) / rate_hz)

    found = resample(tone(1000, from_hz), from_hz, to_hz)
    assert len(found) == -(-(from_hz // 2) * to_hz // from_hz)
    middle = slice(len(found) // 4, len(found) // 2)
    torch.testing.assert_close(found[middle], tone(1000, to_hz)[middle], atol=2e-3, rtol=0)
    lower_hz = min(from_hz, to_hz)
    if to_hz < 0.9 * from_hz:
        assert float(resample(tone(0.6 * lower_hz, from_hz), from_hz, to_hz)[middle].abs().max()) < 1e-3


def test_resampling_is_differentiable_and_refuses_rates_that_are_none():
    sound = torch.zeros(2, 100, requires_grad=True)
    resample(sound, 8000, 11_025).sum().backward()
    assert sound.grad.shape == (2, 100)
    assert resample(sound, 8000, 8000) is sound
    with pytest.raises(ValueError, match="positive"):
        resample(sound, 8000, 0)
