"""Files are written completely, with sound and frames in sync."""

import errno
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from crossmodal.audio import read_waveform
from crossmodal.errors import FormatError, OutputError
from crossmodal.video import mux_sound, probe_video, read_frames, strip_sound, write_video
from tests.fakes.videos import (
    NTSC,
    RATE_HZ,
    clicks,
    counting_frames,
    cut_off,
    number_of,
    sound_only,
    turn,
    write_clip,
    write_streams,
)

ROOT = Path(__file__).resolve().parents[3]


def _packets(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [(packet.pts * stream.time_base, bytes(packet)) for packet in container.demux(stream) if packet.size]


def _click_error_s(path, time_s):
    wave, rate_hz = read_waveform(path)
    expected = torch.from_numpy(clicks((time_s,), len(wave) / rate_hz, rate_hz))
    lag = torch.fft.irfft(torch.fft.rfft(wave, 2 * len(wave)) * torch.fft.rfft(expected, 2 * len(wave)).conj())
    shift = int(lag.argmax())
    return (shift - 2 * len(wave) if shift > len(wave) else shift) / rate_hz


def test_same_arguments_give_the_same_bytes(tmp_path):
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, counting_frames(10), NTSC, clicks((0.1,), 0.3), RATE_HZ)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize("rate_hz", [RATE_HZ, 44_100, 48_000])
@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".mov"])
def test_sound_keeps_its_times(tmp_path, rate_hz, ending):
    wave = clicks((0.5,), 1.0, rate_hz)
    write_video(tmp_path / f"a{ending}", counting_frames(30), 30, wave, rate_hz)
    assert abs(_click_error_s(tmp_path / f"a{ending}", 0.5)) < 1e-3


def test_a_rate_that_aac_does_not_know_is_resampled_in_step(tmp_path):
    write_video(tmp_path / "a.mp4", counting_frames(30), 30, clicks((0.5,), 1.0, 20_000), 20_000)
    assert probe_video(tmp_path / "a.mp4").sound_rate_hz == 22_050
    wave, rate_hz = read_waveform(tmp_path / "a.mp4")
    assert int(wave.abs().argmax()) / rate_hz == pytest.approx(0.5, abs=1e-3)


def test_odd_sizes_are_made_even(tmp_path):
    write_video(tmp_path / "a.mp4", counting_frames(3, 33, 57), 15)
    assert read_frames(tmp_path / "a.mp4").frames.shape == (3, 3, 34, 58)


@pytest.mark.parametrize(
    ("frames", "wave", "message"),
    [
        ([], None, "at least one frame"),
        ([np.zeros((8, 8), np.uint8)], None, "frame 0 is"),
        ([np.zeros((8, 8, 3), np.uint8), np.zeros((8, 10, 3), np.uint8)], None, "frame 1 is"),
        ([np.zeros((8, 8, 3), np.uint8)], np.array([0.0, np.nan]), "not finite"),
        ([np.zeros((8, 8, 3), np.uint8)], np.array([0.0, 1.5]), "peak 1.5"),
        ([np.zeros((8, 8, 3), np.uint8)], np.zeros((3, 9)), r"1 or 2 channels"),
    ],
)
def test_arguments_that_make_no_video_leave_no_file(tmp_path, frames, wave, message):
    with pytest.raises(ValueError, match=message):
        write_video(tmp_path / "a.mp4", frames, 30, wave, RATE_HZ)
    assert not list(tmp_path.iterdir())


def test_an_unknown_ending_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(OutputError, match=r"\.avi names no known video container.*\.mp4"):
        write_video(tmp_path / "a.avi", counting_frames(3), 30)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    clip = write_clip(tmp_path / "clip.mp4")
    for write in (
        lambda out: write_video(out, counting_frames(3), 30),
        lambda out: mux_sound(clip, np.zeros(10), RATE_HZ, out),
    ):
        with pytest.raises(OutputError, match="cannot be written"):
            write(tmp_path / "file" / "a.mp4")


def test_a_full_disk_leaves_no_half_file(tmp_path):
    """A limit on the size of files simulates a full disk; it acts on the same calls."""
    program = f"""
import numpy as np, resource, signal
from tests.fakes.videos import counting_frames
from crossmodal.errors import OutputError
from crossmodal.video import write_video
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
rng = np.random.default_rng(0)
noise = (rng.integers(0, 255, (144, 256, 3)).astype(np.uint8) for _ in range(20))
try:
    write_video({str(tmp_path / "a.mp4")!r}, noise, 30)
except OutputError as error:
    print(error)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False, timeout=120
    )
    assert "cannot be written" in done.stdout, done.stderr
    assert os.strerror(errno.EFBIG).lower() in done.stdout.lower()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv"])
def test_muxing_copies_the_video_stream_and_replaces_the_sound(tmp_path, ending):
    clip = write_clip(tmp_path / "a.mp4", seconds=2)
    out = tmp_path / f"b{ending}"
    assert mux_sound(clip, torch.from_numpy(clicks((1.5,), 1.6)), RATE_HZ, out) == "copied"
    assert [data for _, data in _packets(out)] == [data for _, data in _packets(clip)]
    assert abs(_click_error_s(out, 1.5)) < 1e-3


@pytest.mark.parametrize("seconds", [0.5, 2.0, 9.0])
def test_the_sound_gets_the_length_of_the_video_stream(tmp_path, seconds):
    clip = write_clip(tmp_path / "a.mp4", seconds=2)
    mux_sound(clip, np.full(round(seconds * RATE_HZ), 0.5, np.float32), RATE_HZ, tmp_path / "b.mp4")
    with av.open(str(tmp_path / "b.mp4")) as result:
        sound, video = result.streams.audio[0], result.streams.video[0]
        assert float(video.duration * video.time_base) == pytest.approx(60 / NTSC, abs=1e-4)
        assert float(sound.duration * sound.time_base) == pytest.approx(60 / NTSC, abs=1e-4)


def test_muxing_keeps_rotation_and_sample_aspect_ratio(tmp_path):
    frames = list(counting_frames(10, 48, 72))
    clip = turn(write_streams(tmp_path / "a.mp4", frames, range(10), Fraction(1, 30), aspect=Fraction(32, 27)), 90)
    assert mux_sound(clip, clicks((0.1,), 0.3), RATE_HZ, tmp_path / "b.mp4") == "copied"
    assert probe_video(tmp_path / "b.mp4").rotation == 270
    assert probe_video(tmp_path / "b.mp4").sample_aspect_ratio == Fraction(32, 27)


def test_a_stream_that_the_container_does_not_take_is_re_encoded(tmp_path):
    stamps = [0, 40, 50, 200, 1000, 1010]
    clip = write_streams(tmp_path / "a.mkv", list(counting_frames(6)), stamps, Fraction(1, 1000), codec="libvpx")
    assert mux_sound(clip, clicks((0.5,), 1.1), RATE_HZ, tmp_path / "b.mp4") == "re-encoded"
    frames, times_s = read_frames(tmp_path / "b.mp4")
    assert [number_of(frame) for frame in frames.numpy()] == list(range(6))
    np.testing.assert_allclose(times_s, np.array(stamps) / 1000, atol=1e-3)
    assert abs(_click_error_s(tmp_path / "b.mp4", 0.5)) < 1e-3


def test_sound_starts_with_the_first_frame_wherever_the_file_puts_it(tmp_path):
    clip = write_streams(tmp_path / "a.mkv", list(counting_frames(20)), range(700, 2700, 100), Fraction(1, 1000))
    assert mux_sound(clip, clicks((1.0,), 2.0), RATE_HZ, tmp_path / "b.mp4") == "copied"
    assert float(_packets(tmp_path / "b.mp4")[0][0]) == pytest.approx(0, abs=1e-3)
    assert abs(_click_error_s(tmp_path / "b.mp4", 1.0)) < 2e-3


def test_a_file_can_be_muxed_onto_itself(tmp_path):
    clip = write_clip(tmp_path / "a.mp4")
    before = _packets(clip)
    assert mux_sound(clip, clicks((0.2,), 1.2), RATE_HZ, clip) == "copied"
    assert _packets(clip) == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_muxing_onto_what_is_no_video_leaves_no_file(tmp_path):
    for bad in (sound_only(tmp_path / "a.mp4"), cut_off(write_clip(tmp_path / "c.mp4", seconds=4))):
        with pytest.raises(FormatError, match=bad.name):
            mux_sound(bad, np.zeros(10), RATE_HZ, tmp_path / "b.mp4")
    assert not (tmp_path / "b.mp4").exists()


def test_sound_that_starts_late_or_early_stays_in_sync_with_the_frames(tmp_path):
    """The frames' clock and the sound's clock have one zero, whoever starts first."""
    frames = list(counting_frames(60))
    for sound_from_s, click_in_sound_s, expected_s in ((0.4, 0.2, 0.6), (0.0, 0.7, 0.7)):
        path = write_streams(
            tmp_path / "a.mp4", frames, range(60), Fraction(1, 30),
            sound=clicks((click_in_sound_s,), 1.0), sound_from_s=sound_from_s,
        )  # fmt: skip
        wave, rate_hz = read_waveform(path)
        assert int(wave.abs().argmax()) / rate_hz == pytest.approx(expected_s, abs=2e-3)
        assert read_frames(path, (8, 8)).times_s[0] == 0


@pytest.mark.slow
def test_sound_is_muxed_onto_real_videos_without_changing_the_video_stream(real_data, tmp_path):
    for path in sorted((real_data / "videos").glob("*.mp4")):
        info = probe_video(path)
        result = mux_sound(path, clicks((info.seconds - 1,), info.seconds + 3), RATE_HZ, tmp_path / "b.mp4")
        assert result == "copied", path
        assert _packets(tmp_path / "b.mp4") == _packets(path)
        assert abs(_click_error_s(tmp_path / "b.mp4", info.seconds - 1)) < 1e-3, path
        assert probe_video(tmp_path / "b.mp4").seconds == pytest.approx(info.seconds, abs=1e-3)


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv"])
def test_stripping_copies_the_video_stream_and_leaves_no_sound(tmp_path, ending):
    clip = write_clip(tmp_path / "a.mp4", seconds=2)
    out = tmp_path / f"b{ending}"
    assert probe_video(clip).has_sound
    assert strip_sound(clip, out) == "copied"
    assert not probe_video(out).has_sound
    assert [data for _, data in _packets(out)] == [data for _, data in _packets(clip)]
    np.testing.assert_allclose(read_frames(out).times_s, read_frames(clip).times_s, atol=1e-3)


def test_a_silent_video_can_be_stripped_onto_itself(tmp_path):
    clip = write_clip(tmp_path / "a.mp4")
    before = _packets(clip)
    for _ in range(2):
        assert strip_sound(clip, clip) == "copied"
        assert _packets(clip) == before
    assert not probe_video(clip).has_sound


def test_stripping_re_encodes_what_the_container_does_not_take(tmp_path):
    clip = write_streams(tmp_path / "a.mkv", list(counting_frames(6)), range(6), Fraction(1, 30), codec="libvpx")
    assert strip_sound(clip, tmp_path / "b.mp4") == "re-encoded"
    assert len(read_frames(tmp_path / "b.mp4").frames) == 6


def test_stripping_what_is_no_video_leaves_no_file(tmp_path):
    bad = sound_only(tmp_path / "a.mp4")
    with pytest.raises(FormatError, match=bad.name):
        strip_sound(bad, tmp_path / "b.mp4")
    assert not (tmp_path / "b.mp4").exists()
