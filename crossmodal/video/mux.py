"""Replace or remove the sound of a video; the video stream is copied if the container allows it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Literal

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from crossmodal.files import replace_atomically
from crossmodal.video.frames import decode_in_order, render_frame
from crossmodal.video.probe import (
    declared_seconds,
    first_frame,
    frame_rate,
    has_own_length,
    open_video,
    refuse_cut_off,
    sample_aspect_ratio,
)
from crossmodal.video.write import (
    Packet,
    Waveform,
    add_sound_stream,
    add_video_stream,
    check_waveform,
    container_options,
    encode_frames,
    encode_sound,
    mux_in_step,
    require_container,
)

VideoTreatment = Literal["copied", "re-encoded"]
# Adds sound streams to a container and returns their packets.
_AddSound = Callable[[OutputContainer], list[Iterator[Packet]]]

# Time base of re-encoded frames: the clock of MPEG systems, fine enough for any rate.
_STAMP_BASE = Fraction(1, 90_000)


def mux_sound(
    video: str | os.PathLike[str],
    waveform: Waveform,
    rate_hz: int,
    out: str | os.PathLike[str],
    *,
    sound_bit_rate: int = 160_000,
    crf: int = 18,
) -> VideoTreatment:
    """Write the video stream of a file with a new sound track, completely or not at all.

    The packets of the video stream are copied, with rotation and sample aspect ratio. If the container of ``out`` does
    not take them, or they do not start with a frame that is shown, the video stream is re-encoded as H.264. Existing
    sound is dropped. The waveform starts with the first frame; it is cut or padded with silence to the length of the
    video stream. ``out`` may be ``video`` itself.

    Args:
        video: file with the video stream.
        waveform: samples in [-1, 1], (time,) or (channels, time) with one or two channels.
        rate_hz: sampling rate of the waveform.
        out: file to write, .mp4, .m4v, .mov or .mkv.
        sound_bit_rate: bits per second of the sound, AAC.
        crf: quality of a re-encoded video stream, see `write_video`.

    Returns:
        "copied" or "re-encoded", how the video stream was written.

    Raises:
        FormatError: ``video`` is not a video, or is truncated.
        OutputError: ``out`` cannot be written.
        ValueError: the waveform is not finite or exceeds [-1, 1].
    """
    sound = check_waveform(waveform)
    require_container(out)
    source = _measure(video)
    track = fit_length(sound, round(source.seconds * rate_hz))

    def add_sound(target: OutputContainer) -> list[Iterator[Packet]]:
        return [encode_sound(add_sound_stream(target, track, rate_hz, sound_bit_rate), track, rate_hz)]

    return _write(source, out, add_sound, crf)


def strip_sound(video: str | os.PathLike[str], out: str | os.PathLike[str], *, crf: int = 18) -> VideoTreatment:
    """Write a silent copy of a video, completely or not at all.

    The video stream is copied, or re-encoded if necessary, as in `mux_sound`. ``out`` may be ``video`` itself.

    Args:
        video: file with the video stream; it may be silent already.
        out: file to write, .mp4, .m4v, .mov or .mkv.
        crf: quality of a re-encoded video stream, see `write_video`.

    Returns:
        "copied" or "re-encoded", how the video stream was written.

    Raises:
        FormatError: ``video`` is not a video, or is truncated.
        OutputError: ``out`` cannot be written.
    """
    require_container(out)
    return _write(_measure(video), out, lambda _: [], crf)


def fit_length(sound: npt.NDArray[np.float32], samples: int) -> npt.NDArray[np.float32]:
    """Cut (channels, time) samples, or pad them with zeros, to a length."""
    return np.pad(sound[:, :samples], ((0, 0), (0, max(samples - sound.shape[1], 0))))


@dataclass(frozen=True)
class _Source:
    """A video stream by its packets: start in units of its time base, length, and whether it can be copied."""

    path: Path
    start: int
    seconds: float
    can_copy: bool


def _measure(path: str | os.PathLike[str]) -> _Source:
    """Read the times of all packets; only the first frame is decoded.

    Raises:
        FormatError: the file is not a video, has no frames, or is truncated.
    """
    with open_video(path) as (container, stream):
        frame = first_frame(container, stream)
        declared = declared_seconds(container, stream, frame.time)
        rate_hz = frame_rate(stream)
    start, time_base = frame.pts, frame.time_base
    if start is None or time_base is None:
        return _Source(Path(path), 0, float(declared or 0), can_copy=False)
    period = round(1 / (rate_hz * time_base))
    end, count, can_copy = 0, 0, True
    with open_video(path) as (container, stream):
        for packet in container.demux(stream):
            if not packet.size:
                continue
            # Frames that the edit list hides would be shown in a copy, which has no edit list.
            hidden = packet.pts is None or packet.pts < start or packet.is_discard
            can_copy = can_copy and not hidden and packet.dts is not None
            end = max(end, (packet.pts or 0) + (packet.duration or period))
            count += 1
        if has_own_length(container, stream):
            refuse_cut_off(path, declared, float((end - start) * time_base), rate_hz, count)
    seconds = float((end - start) * time_base)
    return _Source(Path(path), start, seconds, can_copy)


def _write(source: _Source, out: str | os.PathLike[str], add_sound: _AddSound, crf: int) -> VideoTreatment:
    """Write a video stream, copied if possible, and the sound tracks of ``add_sound``."""
    options = container_options(out)
    with replace_atomically(out) as temporary:
        if source.can_copy and _write_copied(source, temporary, add_sound, options):
            return "copied"
        with av.open(str(temporary), "w", options=options) as target, open_video(source.path) as (container, stream):
            packets = _reencoded(container, stream, target, crf)
            mux_in_step(target, packets, *add_sound(target))
        return "re-encoded"


def _write_copied(source: _Source, out: Path, add_sound: _AddSound, options: dict[str, str]) -> bool:
    """Write the packets of the video stream and the sound tracks; False if the container does not take them."""
    try:
        with av.open(str(out), "w", options=options) as target, open_video(source.path) as (container, stream):
            copy = target.add_stream_from_template(stream)
            sounds = add_sound(target)
            mux_in_step(target, _copied(container, stream, copy, source.start), *sounds)
    except (av.FFmpegError, ValueError) as error:
        if isinstance(error, OSError):  # the disk, not the container
            raise
        return False
    return True


def _copied(container: InputContainer, stream: VideoStream, copy: VideoStream, start: int) -> Iterator[Packet]:
    for packet in container.demux(stream):
        if packet.size and packet.pts is not None and packet.dts is not None:
            packet.pts, packet.dts = packet.pts - start, packet.dts - start
            packet.stream = copy
            yield packet


def _reencoded(container: InputContainer, stream: VideoStream, target: OutputContainer, crf: int) -> Iterator[Packet]:
    aspect = sample_aspect_ratio(stream)
    frames = (
        (round(time_s / _STAMP_BASE), render_frame(frame, aspect, None))
        for time_s, frame in decode_in_order(container, stream)
    )
    first = next(frames)
    size = (first[1].shape[0], first[1].shape[1])
    encoded = add_video_stream(target, size, frame_rate(stream), _STAMP_BASE, crf=crf, preset="veryfast")
    return encode_frames(encoded, chain([first], frames))
