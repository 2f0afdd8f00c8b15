"""Write a video file from frames and an optional waveform."""

import heapq
import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from crossmodal.errors import OutputError
from crossmodal.files import replace_atomically

if TYPE_CHECKING:
    import torch

_CONTAINERS = (".mp4", ".m4v", ".mov", ".mkv")
# Rates that the AAC encoder takes; others are resampled to the next higher of these.
_AAC_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000)
_BLOCK = 1_024

# PyAV's packets are generic over their stream only in newer versions.
Packet = Any
Waveform: TypeAlias = "torch.Tensor | npt.NDArray[np.floating[Any]]"


def write_video(
    path: str | os.PathLike[str],
    frames: Iterable[npt.NDArray[np.uint8]],
    frame_rate_hz: Fraction | float,
    waveform: "Waveform | None" = None,
    sound_rate_hz: int | None = None,
    *,
    crf: int = 18,
    preset: str = "veryfast",
    sound_bit_rate: int = 160_000,
) -> None:
    """Write a video file with frames as H.264 and an optional waveform as AAC, completely or not at all.

    Frame k is shown at exactly k / frame_rate_hz, and the waveform starts with frame 0. The bytes written depend only
    on the arguments: the encoder runs on one thread, since its result depends on the number of threads.

    Args:
        path: the file; its ending names the container (.mp4, .m4v, .mov or .mkv).
        frames: uint8 RGB frames (height, width, 3), all of one size. An odd height or width is made even by repeating
            the last row or column, since 4:2:0 chroma needs even sizes.
        frame_rate_hz: frames per second; a fraction such as 30000/1001 is kept exactly.
        waveform: samples in [-1, 1], (time,) or (channels, time) with one or two channels.
        sound_rate_hz: sampling rate of the waveform, required with it.
        crf: constant rate factor of x264, 0 (lossless) to 51 (worst).
        preset: speed preset of x264.
        sound_bit_rate: bits per second of the sound.

    Raises:
        ValueError: there are no frames, frames have another shape, or the waveform is not finite or exceeds [-1, 1].
        OutputError: the file cannot be written.
    """
    sound = None if waveform is None else check_waveform(waveform)
    if sound is not None and sound_rate_hz is None:
        raise ValueError("a waveform needs its sound_rate_hz")
    remaining = iter(frames)
    first = next(remaining, None)
    if first is None:
        raise ValueError("a video needs at least one frame")
    require_container(path)
    with replace_atomically(path) as temporary, av.open(str(temporary), "w", options=container_options(path)) as out:
        rate_hz = Fraction(frame_rate_hz).limit_denominator(100_000)
        stream = add_video_stream(out, first.shape[:2], rate_hz, 1 / rate_hz, crf=crf, preset=preset)
        packets = [encode_frames(stream, enumerate(chain([first], remaining)))]
        if sound is not None and sound_rate_hz is not None:
            track = add_sound_stream(out, sound, sound_rate_hz, sound_bit_rate)
            packets.append(encode_sound(track, sound, sound_rate_hz))
        mux_in_step(out, *packets)


def require_container(path: str | os.PathLike[str]) -> None:
    """Refuse a file name that does not end in a container for H.264 and AAC.

    Raises:
        OutputError: the ending is missing or unknown.
    """
    ending = Path(path).suffix.lower()
    if ending not in _CONTAINERS:
        raise OutputError(
            f"{os.fspath(path)}: cannot be written: {ending or 'no ending'} names no known video container; "
            f"use one of {', '.join(_CONTAINERS)}"
        )


def container_options(path: str | os.PathLike[str]) -> dict[str, str]:
    """Return the options of the container that ``path`` names.

    An mp4 has its index first, so that it plays while it loads, and a time scale in which frames of the usual rates
    have whole durations; the default one rounds them to milliseconds.
    """
    return {} if Path(path).suffix.lower() == ".mkv" else {"movflags": "+faststart", "movie_timescale": "90000"}


def mux_in_step(out: OutputContainer, *streams: Iterator[Packet]) -> None:
    """Write the packets of several streams in order of time, so that a player need not seek."""
    for packet in heapq.merge(*streams, key=_packet_time):
        out.mux(packet)


def check_waveform(waveform: Waveform) -> npt.NDArray[np.float32]:
    """Convert a waveform to a contiguous float32 array (channels, time).

    Raises:
        ValueError: the waveform has another shape or more than two channels, is not finite, or exceeds [-1, 1].
    """
    # Asked this way, since simulators write videos without importing torch.
    array = waveform.detach().cpu().numpy() if hasattr(waveform, "detach") else np.asarray(waveform)
    sound = np.atleast_2d(np.ascontiguousarray(array, dtype=np.float32))
    if sound.ndim != 2 or sound.shape[0] not in {1, 2}:
        raise ValueError(f"waveform must have shape (time,) or (1 or 2 channels, time), got {tuple(array.shape)}")
    if not np.isfinite(sound).all():
        raise ValueError("the waveform has samples that are not finite")
    peak = float(np.abs(sound).max(initial=0.0))
    if peak > 1.0 + 1e-6:
        raise ValueError(f"the waveform exceeds [-1, 1] (peak {peak:.4g}); divide it by its peak first")
    return np.clip(sound, -1.0, 1.0)


def add_video_stream(
    out: OutputContainer, size: tuple[int, int], rate_hz: Fraction, time_base: Fraction, *, crf: int, preset: str
) -> VideoStream:
    """Add an H.264 stream for frames of ``size`` (height, width) to a container."""
    stream = out.add_stream("libx264", rate=rate_hz)
    height, width = size
    stream.height, stream.width = height + height % 2, width + width % 2
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = time_base
    # The same frames give the same bytes: one thread, and no macroblock tree, which reads uninitialised memory.
    stream.options = {"crf": str(crf), "preset": preset, "threads": "1", "x264-params": "mbtree=0"}
    return stream


def add_sound_stream(out: OutputContainer, sound: npt.NDArray[np.float32], rate_hz: int, bit_rate: int) -> AudioStream:
    """Add an AAC stream to a container, at ``rate_hz`` or the next higher rate that AAC has."""
    rate = next((aac_rate for aac_rate in _AAC_RATES_HZ if aac_rate >= rate_hz), _AAC_RATES_HZ[-1])
    stream = out.add_stream("aac", rate=rate, layout="mono" if sound.shape[0] == 1 else "stereo")
    stream.bit_rate = bit_rate
    return stream


def encode_frames(stream: VideoStream, stamped: Iterable[tuple[int, npt.NDArray[np.uint8]]]) -> Iterator[Packet]:
    """Encode pairs of a time stamp, in the time base of the stream, and an RGB frame; the encoder is flushed last."""
    shape: tuple[int, ...] | None = None
    for index, (stamp, image) in enumerate(stamped):
        shape = shape or image.shape
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.shape != shape:
            raise ValueError(
                f"frame {index} is {image.dtype} {image.shape}; frames must be uint8 (height, width, 3) of one size"
            )
        odd = ((0, shape[0] % 2), (0, shape[1] % 2), (0, 0))
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.pad(image, odd, mode="edge")), format="rgb24")
        frame.pts, frame.time_base = stamp, stream.codec_context.time_base
        yield from stream.encode(frame)
    yield from stream.encode(None)


def encode_sound(stream: AudioStream, sound: npt.NDArray[np.float32], rate_hz: int) -> Iterator[Packet]:
    """Encode (channels, time) float32 samples that start at time zero, resampled to the rate of the stream."""
    layout = stream.codec_context.layout.name
    resampler = av.AudioResampler(
        format="fltp", layout=layout, rate=stream.codec_context.sample_rate, frame_size=_BLOCK
    )
    for start in range(0, sound.shape[1], _BLOCK):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(sound[:, start : start + _BLOCK]), format="fltp", layout=layout
        )
        frame.sample_rate, frame.pts, frame.time_base = rate_hz, start, Fraction(1, rate_hz)
        for ready in resampler.resample(frame):
            yield from stream.encode(ready)
    for ready in resampler.resample(None):
        yield from stream.encode(ready)
    yield from stream.encode(None)


def _packet_time(packet: Packet) -> Fraction:
    return (packet.dts or 0) * (packet.time_base or Fraction(1))
