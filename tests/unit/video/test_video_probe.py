"""Properties of video files, and errors for files that are not videos."""

import pickle
from fractions import Fraction

import numpy as np
import pytest

from crossmodal.errors import FormatError
from crossmodal.video import TruncatedVideoError, probe_video, read_frames
from tests.fakes.videos import (
    NTSC,
    counting_frames,
    cut_off,
    sound_only,
    turn,
    without_frames,
    write_clip,
    write_streams,
)


def test_size_rate_length_and_sound(tmp_path):
    info = probe_video(write_clip(tmp_path / "a.mp4"))
    assert (info.width, info.height, info.codec) == (64, 48, "h264")
    assert info.frame_rate_hz == NTSC
    assert info.frames == 36
    assert info.seconds == pytest.approx(36 / NTSC, abs=1e-4)
    assert (info.has_sound, info.sound_rate_hz, info.sound_channels) == (True, 16_000, 1)


def test_a_video_without_sound_has_no_sound_properties(tmp_path):
    info = probe_video(write_clip(tmp_path / "a.mp4", sound=False))
    assert (info.has_sound, info.sound_rate_hz, info.sound_channels) == (False, None, None)


def test_aspect_counts_sample_aspect_ratio_and_rotation(tmp_path):
    frames = list(counting_frames(5, 48, 72))
    wide = write_streams(tmp_path / "a.mp4", frames, range(5), Fraction(1, 30), aspect=Fraction(32, 27))
    assert probe_video(wide).sample_aspect_ratio == Fraction(32, 27)
    assert probe_video(wide).display_aspect == Fraction(16, 9)
    turned = probe_video(turn(wide, 90))
    assert turned.rotation == 270  # counter-clockwise
    assert turned.display_aspect == Fraction(9, 16)


def _text(path):
    path.write_text("this is a list of videos, not a video\n" * 20)
    return path


def _empty(path):
    path.touch()
    return path


def _folder(path):
    path.mkdir()
    return path


def _noise(path):
    path.write_bytes(np.random.default_rng(0).bytes(5000))
    return path


def _cut_before_index(path):
    from crossmodal.video import mux_sound

    mkv = write_clip(path.with_suffix(".mkv"))
    mux_sound(mkv, np.zeros(10), 16_000, path)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"moov") - 4])
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path, "no such file"),
        (_folder, "is a folder"),
        (_empty, "is empty"),
        (_text, "is a text file, not a video"),
        (_noise, "is not a video"),
        (_cut_before_index, "cut off before its index"),
        (sound_only, "no video stream.*audio"),
        (without_frames, "no frame that can be decoded"),
    ],
)
@pytest.mark.parametrize("read", [probe_video, read_frames])
def test_an_error_names_the_file_and_the_cause(tmp_path, make, message, read):
    path = make(tmp_path / "a.mp4")
    with pytest.raises(FormatError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_a_video_that_is_cut_off_states_how_many_frames_were_read(tmp_path):
    path = cut_off(write_clip(tmp_path / "a.mp4", seconds=4), 0.6)
    with pytest.raises(TruncatedVideoError, match="cut off or damaged") as caught:
        read_frames(path)
    assert 0 < caught.value.frames_decoded < 119
    assert str(path) in str(caught.value)


def test_the_error_of_a_cut_off_video_travels_between_processes():
    error = pickle.loads(pickle.dumps(TruncatedVideoError("a.mp4: is cut off", 7)))
    assert (str(error), error.frames_decoded) == ("a.mp4: is cut off", 7)
