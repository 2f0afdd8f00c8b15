"""The sound track of a video, on the time axis of its frames."""

import numpy as np
import pytest
import torch

from crossmodal.audio import read_waveform
from crossmodal.errors import FormatError
from tests.unit.audio.containers import write_container
from tests.unit.audio.impacts import make_impacts

RATE_HZ = 16_000


def click_at(time_s, seconds=1.0):
    sound = np.zeros(round(seconds * RATE_HZ), np.float32)
    sound[round(time_s * RATE_HZ)] = 0.9
    return sound


def click_time_s(path):
    sound, rate_hz = read_waveform(path)
    return int(sound.abs().argmax()) / rate_hz


@pytest.mark.parametrize(
    ("video_start_s", "sound_start_s", "expected_s"),
    [
        (0.0, 0.0, 0.5),
        (0.0, 0.24, 0.74),  # the sound starts late: a gap of zeros
        (0.2, 0.0, 0.3),  # the sound starts early: cut
        (0.2, 0.28, 0.58),
    ],
)
@pytest.mark.parametrize("name", ["a.mkv", "a.mov"])
def test_time_zero_is_the_first_frame(tmp_path, name, video_start_s, sound_start_s, expected_s):
    path = write_container(
        tmp_path / name,
        click_at(0.5),
        RATE_HZ,
        video_start_s=video_start_s,
        sound_start_s=sound_start_s,
    )
    # Matroska rounds times to milliseconds.
    assert click_time_s(path) == pytest.approx(expected_s, abs=0.001)
    sound, _ = read_waveform(path)
    assert len(sound) / RATE_HZ == pytest.approx(1 + sound_start_s - video_start_s, abs=0.002)


def test_without_video_time_zero_is_the_first_sample(tmp_path):
    path = write_container(tmp_path / "a.mka", click_at(0.5), RATE_HZ, sound_start_s=0.4)
    assert click_time_s(path) == pytest.approx(0.5, abs=0.001)


def test_a_gap_in_the_sound_becomes_zeros(tmp_path):
    sound = np.full(RATE_HZ, 0.5, np.float32)
    path = write_container(tmp_path / "a.mkv", sound, RATE_HZ, video_start_s=0.0, pieces_s=[0.0, 0.8])
    found, _ = read_waveform(path)
    assert len(found) == pytest.approx(1.3 * RATE_HZ, abs=20)
    assert float(found[round(0.51 * RATE_HZ) : round(0.79 * RATE_HZ)].abs().max()) == 0
    assert float(found[round(0.81 * RATE_HZ) :].min()) == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "aac"), ("a.mkv", "flac"), ("a.mov", "alac")])
def test_usual_codecs_stay_in_step_and_at_their_level(tmp_path, name, codec):
    sound = make_impacts(44_100, 1.0, [0.5])
    path = write_container(tmp_path / name, sound.numpy(), 44_100, video_start_s=0.0, codec=codec)
    found, rate_hz = read_waveform(path)
    assert rate_hz == 44_100
    assert int(found.abs().argmax()) / 44_100 == pytest.approx(int(sound.abs().argmax()) / 44_100, abs=0.002)
    assert float(found.norm() / sound.norm()) == pytest.approx(1, abs=0.1)
    assert float(found.abs().max()) <= 1


def test_stereo_is_averaged_or_kept(tmp_path):
    both = np.stack([click_at(0.2), click_at(0.6)])
    path = write_container(tmp_path / "a.mkv", both, RATE_HZ, video_start_s=0.0)
    kept, _ = read_waveform(path, mono=False)
    assert kept.shape == (2, RATE_HZ)
    assert kept.abs().argmax(dim=1).tolist() == [round(0.2 * RATE_HZ), round(0.6 * RATE_HZ)]
    torch.testing.assert_close(read_waveform(path)[0], kept.mean(dim=0))


def test_a_video_without_sound_is_named(tmp_path):
    path = write_container(tmp_path / "silent.mp4", None, RATE_HZ, video_start_s=0.0)
    with pytest.raises(FormatError, match=r"silent\.mp4: has no sound"):
        read_waveform(path)


def test_sound_that_ends_before_the_first_frame_is_named(tmp_path):
    path = write_container(tmp_path / "a.mkv", click_at(0.1, 0.2), RATE_HZ, video_start_s=0.5)
    with pytest.raises(FormatError, match=r"a\.mkv.*no samples"):
        read_waveform(path)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "aac", {}),
        ("a.mp4", "aac", {"movflags": "faststart"}),
        ("a.mkv", "flac", {}),
        ("a.avi", "mp3", {}),
    ],
    ids=["mp4", "mp4 with its index first", "mkv", "avi"],
)
@pytest.mark.parametrize("part", [0.3, 0.6])
def test_a_video_that_was_cut_short_is_named(tmp_path, name, codec, options, part):
    sound = make_impacts(44_100, 4.0, [0.5, 1.5, 2.5, 3.5], room=0.05).numpy()
    path = write_container(tmp_path / name, sound, 44_100, video_start_s=0.0, seconds=4.0, codec=codec, options=options)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(FormatError, match=name):
        read_waveform(path)


def test_every_real_clip_is_read(real_data):
    videos = sorted((real_data / "videos").glob("*.mp4"))
    assert videos
    for video in videos:
        sound, rate_hz = read_waveform(video)
        assert len(sound) > rate_hz, video.name
        assert 0 < float(sound.abs().max()) <= 1, video.name
