"""Decode the frames of a video in order, each with its time, scaled and rotated for display."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.reformatter import VideoReformatter
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
    """The frames of a video: ``frames`` uint8 (n, 3, height, width) RGB, ``times_s`` float64 (n,), the first 0."""

    frames: "torch.Tensor"
    times_s: "torch.Tensor"


def iterate_frames(
    path: str | os.PathLike[str], size: tuple[int, int] | None = None
) -> Iterator[tuple[float, "torch.Tensor"]]:
    """Yield (time_s, uint8 (3, height, width) RGB) of every frame in presentation order.

    Times are the time stamps of the frames relative to the first, never frame numbers divided by a rate. Rotation and
    sample aspect ratio are applied. With ``size`` (height, width) each frame is scaled to fit inside, centred and
    padded with mid grey; if the two aspect ratios differ by less than 3 % it is stretched to fill. Without ``size`` a
    frame keeps its height, and its width follows the sample aspect ratio.

    Raises:
        FormatError: the file is not a video, or has no video stream or no frames; `TruncatedVideoError` after the last
            frame of a truncated file.
    """
    import torch

    with open_video(path) as (container, stream):
        for time_s, frame in decode_in_order(container, stream):
            rendered = render_frame(frame, sample_aspect_ratio(stream), size)
            yield time_s, torch.from_numpy(np.ascontiguousarray(rendered.transpose(2, 0, 1)))


def read_frames(path: str | os.PathLike[str], size: tuple[int, int] | None = None) -> Frames:
    """Read all frames of a video at once; see `iterate_frames`.

    Raises:
        FormatError: see `iterate_frames`.
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
            tally.add_packet(packet)
            continue
        try:
            decoded = stream.decode(packet)
        except av.FFmpegError:
            # A single faulty frame is skipped; `check` counts them all.
            tally.faults += 1
            continue
        for frame in decoded:
            yield tally.add_frame(frame), frame
    tally.check(container, stream)


@dataclass
class _Tally:
    """Frames decoded so far and the time that they reach, to compare with what the file declares."""

    rate_hz: Fraction
    frames: int = 0
    faults: int = 0
    zero_s: float = 0.0
    last_s: float = 0.0
    end_s: float = 0.0
    other_end_s: float = 0.0

    def add_packet(self, packet: Any) -> None:
        """Record the end time of a packet of another stream."""
        if packet.pts is not None and packet.time_base is not None:
            self.other_end_s = max(self.other_end_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))

    def add_frame(self, frame: av.VideoFrame) -> float:
        """Record a frame and return its time relative to the first, which never decreases."""
        period_s = float(1 / self.rate_hz)
        if not self.frames:
            self.zero_s = frame.time or 0.0
        time_s = frame.time - self.zero_s if frame.time is not None else self.last_s + period_s * bool(self.frames)
        self.last_s = max(time_s, self.last_s)
        self.end_s = self.last_s + frame_seconds(frame, period_s)
        self.frames += 1
        return self.last_s

    def check(self, container: InputContainer, stream: VideoStream) -> None:
        """Raise FormatError if nothing was decoded, or clearly less than declared."""
        if not self.frames:
            raise FormatError(f"{container.name}: holds no frame that can be decoded; copy or download it again")
        # If only the length of the whole file is known, the sound may be longer than the video stream.
        own = has_own_length(container, stream)
        reached_s = self.end_s if own else max(self.end_s, self.other_end_s - self.zero_s)
        declared_s = declared_seconds(container, stream, self.zero_s)
        refuse_cut_off(container.name, declared_s, reached_s, self.rate_hz, self.frames, self.faults)


def frame_seconds(frame: av.VideoFrame, otherwise_s: float) -> float:
    """Return the duration of a frame as the file states it, else ``otherwise_s``."""
    if not frame.duration or frame.time_base is None:
        return otherwise_s
    return float(frame.duration * frame.time_base)


def render_frame(
    frame: av.VideoFrame,
    aspect: Fraction,
    size: tuple[int, int] | None,
    pixels: PixelFormat = "rgb24",
    scaler: VideoReformatter | None = None,
) -> npt.NDArray[np.uint8]:
    """Render a decoded frame for display at ``size`` (height, width): uint8 (h, w, 3), or (h, w) for grey.

    Frames of one video that share a ``scaler`` share its tables, which take longer to make than a small image.
    """
    turns = round(frame.rotation / 90) % 4
    inner, (top, left) = fit_inside(frame, aspect, size, turned=turns % 2 == 1)
    # Scale before rotating: swscale knows the stored layout, and fewer samples are rotated.
    height, width = inner[::-1] if turns % 2 else inner
    scaler = scaler if scaler is not None else VideoReformatter()
    scaled = scaler.reformat(frame, width=width, height=height, format=pixels, interpolation="AREA").to_ndarray()
    upright = np.rot90(scaled, turns) if turns else scaled
    if size is None or inner == size:
        return np.ascontiguousarray(upright)
    canvas = np.full((*size, *upright.shape[2:]), MID_GREY, dtype=np.uint8)
    canvas[top : top + inner[0], left : left + inner[1]] = upright
    return canvas


def fit_inside(
    frame: av.VideoFrame, aspect: Fraction, size: tuple[int, int] | None, *, turned: bool
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the (height, width) of a frame fitted inside ``size``, and its offset (top, left)."""
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
