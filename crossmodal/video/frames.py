"""Decode the frames of a video in order, each with its time, scaled as it would be shown."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.stream import VideoStream

from crossmodal.errors import FormatError
from crossmodal.video.probe import (
    declared_seconds,
    frame_rate,
    has_own_length,
    open_video,
    refuse_cut_off,
    sample_aspect_ratio,
)

if TYPE_CHECKING:  # those who only copy or cut a video do without torch
    import torch

MID_GREY = 128
STRETCH_TOLERANCE = 0.03

PixelFormat = Literal["rgb24", "gray"]


class Frames(NamedTuple):
    """The frames of a video: ``frames`` uint8 (n, 3, height, width) RGB, ``times_s`` float64 (n,) from the first."""

    frames: "torch.Tensor"
    times_s: "torch.Tensor"


def iterate_frames(
    path: str | os.PathLike[str], size: tuple[int, int] | None = None
) -> Iterator[tuple[float, "torch.Tensor"]]:
    """Yield (time_s, uint8 (3, height, width) RGB) of every frame in the order of showing.

    Times are the frames' own time stamps, counted from the first frame; frames are never found by number. Rotation and
    sample aspect ratio are applied. With ``size`` (height, width) the picture is scaled to fit inside, centred, the
    rest mid grey; where the two shapes differ by less than 3 % it is stretched to fill. Without it the picture keeps
    its height, and its width follows the sample aspect ratio.

    Raises:
        FormatError: not a video, no video stream, no frames; `TruncatedVideoError` after the last frame of a file
            that ends early.
    """
    import torch

    with open_video(path) as (container, stream):
        for time_s, frame in decode_in_order(container, stream):
            picture = render_frame(frame, sample_aspect_ratio(stream), size)
            yield time_s, torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))


def read_frames(path: str | os.PathLike[str], size: tuple[int, int] | None = None) -> Frames:
    """Read all frames of a video at once; see `iterate_frames`.

    Raises:
        FormatError: as `iterate_frames`.
    """
    import torch

    times_s, frames = zip(*iterate_frames(path, size), strict=True)
    return Frames(torch.stack(frames), torch.tensor(times_s, dtype=torch.float64))


def decode_in_order(container: InputContainer, stream: VideoStream) -> Iterator[tuple[float, av.VideoFrame]]:
    """Yield (time_s, frame) of an open video from its start; see `iterate_frames` for times and errors."""
    stream.thread_type = "AUTO"
    tally = _Tally(frame_rate(stream))
    for packet in container.demux():
        if packet.stream.type not in {"video", "audio"}:
            continue
        if packet.stream.index != stream.index:
            tally.see_packet(packet)
            continue
        try:
            decoded = stream.decode(packet)
        except av.FFmpegError:
            # One bad picture does not cost the recording; the sum of them may, below.
            tally.faults += 1
            continue
        for frame in decoded:
            yield tally.see_frame(frame), frame
    tally.check(container, stream)


@dataclass
class _Tally:
    """What has come out of a file so far, against what it declares."""

    rate_hz: Fraction
    frames: int = 0
    faults: int = 0
    zero_s: float = 0.0
    last_s: float = 0.0
    end_s: float = 0.0
    other_end_s: float = 0.0

    def see_packet(self, packet: Any) -> None:
        """Note how far another stream of the file reaches."""
        if packet.pts is not None and packet.time_base is not None:
            self.other_end_s = max(self.other_end_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))

    def see_frame(self, frame: av.VideoFrame) -> float:
        """Give the frame's time from the first one, never running backwards."""
        period_s = float(1 / self.rate_hz)
        if not self.frames:
            self.zero_s = frame.time or 0.0
        time_s = frame.time - self.zero_s if frame.time is not None else self.last_s + period_s * bool(self.frames)
        self.last_s = max(time_s, self.last_s)
        self.end_s = self.last_s + frame_seconds(frame, period_s)
        self.frames += 1
        return self.last_s

    def check(self, container: InputContainer, stream: VideoStream) -> None:
        """Raise when there was nothing, or clearly less than declared."""
        if not self.frames:
            raise FormatError(f"{container.name}: holds no frame that can be decoded")
        # Where only the length of the whole file is known, the sound may rightly outlast the picture.
        own = has_own_length(container, stream)
        reached_s = self.end_s if own else max(self.end_s, self.other_end_s - self.zero_s)
        declared_s = declared_seconds(container, stream, self.zero_s)
        refuse_cut_off(container.name, declared_s, reached_s, self.rate_hz, self.frames, self.faults)


def frame_seconds(frame: av.VideoFrame, otherwise_s: float) -> float:
    """Tell how long a frame is shown, where the file says so."""
    if not frame.duration or frame.time_base is None:
        return otherwise_s
    return float(frame.duration * frame.time_base)


def render_frame(
    frame: av.VideoFrame, aspect: Fraction, size: tuple[int, int] | None, pixels: PixelFormat = "rgb24"
) -> npt.NDArray[np.uint8]:
    """Render a decoded frame as shown, at ``size`` (height, width): uint8 (h, w, 3), or (h, w) for grey."""
    turns = round(frame.rotation / 90) % 4
    inner, (top, left) = fit_inside(frame, aspect, size, turned=turns % 2 == 1)
    # Scaling comes before turning: swscale knows the stored layout, and fewer samples are turned.
    height, width = inner[::-1] if turns % 2 else inner
    scaled = frame.reformat(width=width, height=height, format=pixels, interpolation="AREA").to_ndarray()
    upright = np.rot90(scaled, turns) if turns else scaled
    if size is None or inner == size:
        return np.ascontiguousarray(upright)
    canvas = np.full((*size, *upright.shape[2:]), MID_GREY, dtype=np.uint8)
    canvas[top : top + inner[0], left : left + inner[1]] = upright
    return canvas


def fit_inside(
    frame: av.VideoFrame, aspect: Fraction, size: tuple[int, int] | None, *, turned: bool
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Find the (height, width) of the picture inside ``size`` and the (top, left) where it starts."""
    shown_width, shown_height = float(frame.width * aspect), float(frame.height)
    if turned:
        shown_width, shown_height = shown_height, shown_width
    if size is None:
        return (max(round(shown_height), 1), max(round(shown_width), 1)), (0, 0)
    height, width = size
    ratio = (shown_width / shown_height) / (width / height)
    if abs(ratio - 1) < STRETCH_TOLERANCE:
        return size, (0, 0)
    inner = (height, max(round(width * ratio), 1)) if ratio < 1 else (max(round(height / ratio), 1), width)
    return inner, ((height - inner[0]) // 2, (width - inner[1]) // 2)
