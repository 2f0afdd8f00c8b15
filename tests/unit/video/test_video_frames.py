"""Frames in order, each with its own time, scaled as it would be shown."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from crossmodal.video import (
    Clip,
    clock_ticks,
    iterate_frames,
    nearest_frames,
    probe_video,
    read_clip,
    read_frames,
    spacetime_images,
)
from tests.fakes.videos import NTSC, counting_frames, number_of, turn, write_clip, write_streams


@pytest.mark.parametrize("rate_hz", [NTSC, Fraction(30), Fraction(25), Fraction(15), Fraction(24000, 1001)])
def test_every_frame_comes_once_at_its_own_time(tmp_path, rate_hz):
    frames, times_s = read_frames(write_clip(tmp_path / "a.mp4", seconds=1, rate_hz=rate_hz))
    count = round(rate_hz)
    assert frames.shape == (count, 3, 48, 64)
    assert frames.dtype == torch.uint8
    np.testing.assert_allclose(times_s, np.arange(count) / float(rate_hz), atol=1e-4)
    assert [number_of(frame) for frame in frames.numpy()] == [k % 24 for k in range(count)]


def test_times_follow_the_stamps_of_a_variable_rate(tmp_path):
    stamps = [0, 40, 50, 200, 1000, 1010]
    path = write_streams(tmp_path / "a.mp4", list(counting_frames(6)), stamps, Fraction(1, 1000))
    np.testing.assert_allclose(read_frames(path).times_s, np.array(stamps) / 1000, atol=1e-3)


def test_time_starts_with_the_first_frame_wherever_the_file_puts_it(tmp_path):
    path = write_streams(tmp_path / "a.mkv", list(counting_frames(5)), range(500, 1000, 100), Fraction(1, 1000))
    np.testing.assert_allclose(read_frames(path).times_s, np.arange(5) / 10, atol=2e-3)


def _content_box(shown, height, width):
    """The (rows, columns) that are not mid grey."""
    canvas = np.asarray(shown)
    assert canvas.shape[-2:] == (height, width)
    inside = np.abs(canvas.astype(int) - 128).max(0) > 8
    return np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))


@pytest.mark.parametrize(
    ("stored", "aspect", "rows", "columns"),
    [
        ((72, 128), None, (0, 72), (0, 128)),  # the same shape
        ((64, 112), None, (0, 72), (0, 128)),  # 1.6 % off: stretched
        ((96, 128), None, (0, 72), (16, 112)),  # 4:3: bars left and right
        ((54, 128), None, (9, 63), (0, 128)),  # wide: bars above and below
        ((96, 144), Fraction(32, 27), (0, 72), (0, 128)),  # 3:2 samples shown as 16:9
    ],
)
def test_frames_fit_inside_centred_on_mid_grey(tmp_path, stored, aspect, rows, columns):
    white = [np.full((*stored, 3), 250, np.uint8)] * 3
    path = write_streams(tmp_path / "a.mp4", white, range(3), Fraction(1, 30), aspect=aspect)
    found_rows, found_columns = _content_box(read_frames(path, (72, 128)).frames[1], 72, 128)
    assert (found_rows[0], found_rows[-1] + 1) == rows
    assert (found_columns[0], found_columns[-1] + 1) == columns


@pytest.mark.parametrize(("turned", "corner"), [(90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))])
def test_a_turned_video_is_shown_upright(tmp_path, turned, corner):
    mark = np.zeros((48, 64, 3), np.uint8)
    mark[:16, :16] = 255  # top left as stored; it goes clockwise
    path = turn(write_streams(tmp_path / "a.mp4", [mark] * 3, range(3), Fraction(1, 30)), turned)
    frame = read_frames(path).frames[0].float().mean(0)
    assert frame.shape == ((64, 48) if turned % 180 else (48, 64))
    row, column = corner
    assert frame[8 if row == 0 else -8, 8 if column == 0 else -8] > 200
    assert frame.mean() < 60


def test_space_time_images_hold_previous_current_and_next_and_repeat_the_edges():
    grey = torch.arange(5, dtype=torch.uint8)[:, None, None].expand(5, 2, 2)
    assert spacetime_images(grey)[:, :, 0, 0].tolist() == [[0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 4]]
    assert spacetime_images(grey.numpy(), [4, 0])[:, :, 0, 0].tolist() == [[3, 4, 4], [0, 0, 1]]
    assert spacetime_images(grey[:1]).shape == (1, 3, 2, 2)


def test_a_tick_shows_the_frame_nearest_in_time():
    times_s = np.array([0.0, 0.1, 0.5])
    assert nearest_frames(times_s, [-1, 0.04, 0.05, 0.06, 0.29, 0.31, 9]).tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert nearest_frames(np.array([0.0]), [0.0, 3.0]).tolist() == [0, 0]


def test_the_clock_covers_the_whole_video():
    assert [clock_ticks(s) for s in (0.0, 1 / 30, 1.0, 1.001, 10.0)] == [1, 1, 30, 31, 300]


def test_slow_and_fast_videos_come_on_one_clock(tmp_path):
    slow = read_clip(write_clip(tmp_path / "slow.mp4", seconds=1.0, rate_hz=Fraction(15)), (48, 64))
    # Two ticks to a frame; the neighbours in the image are native frames, not ticks.
    shown = [[number_of(channel.numpy()) for channel in image] for image in slow.spacetime()]
    assert shown[:5] == [[0, 0, 1], [0, 0, 1], [0, 1, 2], [0, 1, 2], [1, 2, 3]]
    assert slow.ticks == 30
    fast = read_clip(write_clip(tmp_path / "fast.mp4", seconds=0.3, rate_hz=Fraction(60)), (48, 64))
    assert [number_of(image[1].numpy()) for image in fast.spacetime()] == [0, 2, 4, 6, 8, 10, 12, 14, 16]


def test_colour_is_the_latest_kept_frame_at_or_before_a_time(tmp_path):
    clip = read_clip(write_clip(tmp_path / "a.mp4", seconds=1.2, rate_hz=Fraction(30)), (48, 64))
    assert clip.colour_index.tolist() == [0, 15, 30]
    numbers = [number_of(clip.colour_at(time_s).numpy()) for time_s in (-1.0, 0.0, 0.49, 0.5, 5.0)]
    assert numbers == [0, 0, 0, 15, 30 - 24]
    assert isinstance(clip, Clip)


@pytest.mark.slow
def test_real_videos_decode_whole(real_data):
    for path in sorted(real_data.glob("vis*/*.mp4"))[:1] + sorted((real_data / "videos").glob("*.mp4")):
        info = probe_video(path)
        times_s = np.array([time_s for time_s, _ in iterate_frames(path, (8, 8))])
        assert len(times_s) == info.frames, path
        assert (np.diff(times_s) > 0).all(), path
        assert times_s[-1] + 1 / info.frame_rate_hz == pytest.approx(info.seconds, abs=2e-3), path
