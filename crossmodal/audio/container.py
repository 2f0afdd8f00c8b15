"""The sound track of a video, on the time axis of its frames."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError

# Containers round times to milliseconds: a packet that starts this close to the end of the previous one follows it.
_JITTER_S = 0.02

# Files cut out of longer ones often begin with packets that cannot be decoded alone.
_MAX_BROKEN_FRACTION = 0.1

# A file may be this much shorter than the duration in its header.
_MISSING_S = 0.5
_MISSING_FRACTION = 0.02

# Formats whose header states a duration; for others FFmpeg estimates it from the bit rate, which is unreliable.
_FORMATS_WITH_DURATION = ("mov", "mp4", "matroska", "avi", "asf")


@dataclass
class _Track:
    """Decoded sound and packet counts of one pass through a file."""

    chunks: list[tuple[float | None, NDArray[np.float32]]] = field(default_factory=list)
    rate_hz: int = 0
    zero_s: float | None = None
    last_s: float = 0.0
    packets: int = 0
    broken: int = 0


def read_container_sound(path: Path, mono: bool) -> tuple[NDArray[np.float32], int]:
    """Decode the first sound track of a file.

    Args:
        path: any file that FFmpeg reads.
        mono: average the channels.

    Returns:
        Samples in [-1, 1], shape (time,) when mono, else (channels, time), and their rate in Hz. Time zero is the
        presentation time of the first video frame, or of the first sample in a file without video.

    Raises:
        FormatError: the file is not a recording, has no sound track, cannot be decoded, or was cut short.
    """
    import av

    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise FormatError(f"{path}: has no sound")
            track = _decode(container, mono)
            stated_s = _stated_duration_s(container)
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FormatError(f"{path}: not a readable recording ({reason}); it may be damaged or cut short") from error
    if not track.chunks:
        raise FormatError(f"{path}: no packet of the sound track can be decoded; copy or download it again")
    if stated_s is not None and track.last_s < stated_s - max(_MISSING_S, _MISSING_FRACTION * stated_s):
        raise FormatError(f"{path}: cut short: found {track.last_s:.2f} of {stated_s:.2f} s; copy or download it again")
    if track.broken > _MAX_BROKEN_FRACTION * track.packets:
        raise FormatError(
            f"{path}: damaged: {track.broken} of {track.packets} sound packets cannot be decoded; "
            "copy or download it again"
        )
    return _place(track), track.rate_hz


def _decode(container: Any, mono: bool) -> _Track:
    """Read the packets once: decode the sound, and the video up to its first frame."""
    import av

    sound = container.streams.audio[0]
    videos = [stream for stream in container.streams.video if not _is_cover(stream)]
    track = _Track()
    resampler = None
    for packet in container.demux([sound, *videos[:1]]):
        if packet.pts is not None and packet.time_base is not None:
            track.last_s = max(track.last_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        if packet.stream.type == "video":
            if track.zero_s is None:
                track.zero_s = _first_frame_s(packet)
            continue
        track.packets += 1
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            track.broken += 1
            continue
        for frame in frames:
            if resampler is None:
                # Changes the sample format only: planar floats for every codec.
                resampler = av.AudioResampler(format="fltp", layout=frame.layout, rate=frame.sample_rate)
                track.rate_hz = frame.sample_rate
            for floats in resampler.resample(frame):
                samples: NDArray[np.float32] = floats.to_ndarray().astype(np.float32, copy=False)
                track.chunks.append((floats.time, samples.mean(axis=0) if mono else samples))
    return track


def _is_cover(stream: Any) -> bool:
    """Return whether a video stream is the cover image of a music file."""
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def _first_frame_s(packet: Any) -> float | None:
    """Return the presentation time of the first frame that a packet completes, None if it completes none."""
    import av

    try:
        times = [frame.time for frame in packet.decode() if frame.time is not None]
    except av.InvalidDataError:
        return None
    return float(times[0]) if times else None


def _stated_duration_s(container: Any) -> float | None:
    """Return the end of the recording in seconds as its header states it, None if the format states none."""
    import av

    if container.duration is None or not any(name in container.format.name for name in _FORMATS_WITH_DURATION):
        return None
    start = container.start_time or 0
    return float(Fraction(container.duration + start, av.time_base))


def _place(track: _Track) -> NDArray[np.float32]:
    """Place the decoded chunks on the time axis: gaps become zeros, sound before time zero is removed."""
    first_s = track.chunks[0][0] or 0.0
    zero_s = track.zero_s if track.zero_s is not None else first_s
    jitter = round(_JITTER_S * track.rate_hz)
    placed: list[tuple[int, NDArray[np.float32]]] = []
    end = round((first_s - zero_s) * track.rate_hz)
    for start_s, samples in track.chunks:
        start = round((start_s - zero_s) * track.rate_hz) if start_s is not None else end
        if abs(start - end) <= jitter:
            start = end
        placed.append((start, samples))
        end = start + samples.shape[-1]
    length = max(0, *(start + samples.shape[-1] for start, samples in placed))
    sound = np.zeros((*placed[0][1].shape[:-1], length), dtype=np.float32)
    for start, samples in placed:
        skipped = min(max(0, -start), samples.shape[-1])
        begin = start + skipped
        sound[..., begin : begin + samples.shape[-1] - skipped] = samples[..., skipped:]
    return sound
