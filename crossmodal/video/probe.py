"""Open a video file and read its properties, with errors that state why it cannot be read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from crossmodal.errors import FormatError


class TruncatedVideoError(FormatError):
    """A video that is shorter than its index states; ``frames_decoded`` frames could be read."""

    def __init__(self, message: str, frames_decoded: int = 0) -> None:
        super().__init__(message, frames_decoded)
        self.frames_decoded = frames_decoded

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class VideoInfo:
    """Properties of a video file.

    Attributes:
        path: the file.
        width, height: size of the stored frames in samples, before aspect ratio and rotation.
        sample_aspect_ratio: width of one sample divided by its height.
        rotation: counter-clockwise rotation of the stored frames for display in degrees: 0, 90, 180 or 270.
        frame_rate_hz: average number of frames per second.
        frames: number of frames as the container states it, None if it does not.
        seconds: length of the video stream (of the file, if the container states no other).
        has_sound: whether there is a sound stream.
        sound_rate_hz, sound_channels: of the first sound stream, None without one.
        codec: name of the codec of the video stream.
    """

    path: Path
    width: int
    height: int
    sample_aspect_ratio: Fraction
    rotation: int
    frame_rate_hz: Fraction
    frames: int | None
    seconds: float
    has_sound: bool
    sound_rate_hz: int | None
    sound_channels: int | None
    codec: str

    @property
    def display_aspect(self) -> Fraction:
        """Return the width of a displayed frame divided by its height."""
        stored = Fraction(self.width, self.height) * self.sample_aspect_ratio
        return 1 / stored if self.rotation % 180 else stored


def probe_video(path: str | os.PathLike[str]) -> VideoInfo:
    """Read the properties of a video file; only its first frame is decoded.

    Raises:
        FormatError: the file is not a video, has no video stream, or has no frame that can be decoded.
    """
    with open_video(path) as (container, stream):
        frame = first_frame(container, stream)
        sound = container.streams.audio[0] if container.streams.audio else None
        return VideoInfo(
            path=Path(path),
            width=frame.width,
            height=frame.height,
            sample_aspect_ratio=sample_aspect_ratio(stream),
            rotation=int(frame.rotation) % 360,
            frame_rate_hz=frame_rate(stream),
            frames=stream.frames or None,
            seconds=float(declared_seconds(container, stream, frame.time) or 0),
            has_sound=sound is not None,
            sound_rate_hz=sound.rate if sound is not None else None,
            sound_channels=sound.channels if sound is not None else None,
            codec=stream.codec_context.name,
        )


@contextmanager
def open_video(path: str | os.PathLike[str]) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file and its first video stream that is not cover art; decoding errors inside become `FormatError`.

    Raises:
        FormatError: the file does not exist, is a folder, is empty, is of no known container, or has no video stream.
    """
    name = os.fspath(path)
    # FFmpeg raises the same error for many of these causes.
    if not Path(name).exists():
        raise FormatError(f"{name}: no such file")
    if Path(name).is_dir():
        raise FormatError(f"{name}: is a folder, not a video file")
    if not Path(name).stat().st_size:
        raise FormatError(f"{name}: is empty (0 bytes); copy or download it again")
    try:
        container = av.open(name, metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        raise FormatError(f"{name}: {_why_not_opened(Path(name), error)}") from error
    with container:
        stream = _first_video_stream(container)
        if stream is None:
            kinds = ", ".join(sorted({str(other.type) for other in container.streams})) or "none"
            raise FormatError(f"{name}: has no video stream (streams found: {kinds})")
        try:
            yield container, stream
        except av.FFmpegError as error:
            raise FormatError(f"{name}: cannot be decoded ({_reason(error)}); copy or download it again") from error


def first_frame(container: InputContainer, stream: VideoStream) -> av.VideoFrame:
    """Decode the first frame that is shown.

    Raises:
        FormatError: there is none.
    """
    try:
        return next(container.decode(stream))
    except (StopIteration, av.FFmpegError) as error:
        raise FormatError(f"{container.name}: holds no frame that can be decoded; copy or download it again") from error


def sample_aspect_ratio(stream: VideoStream) -> Fraction:
    """Return the width of one sample divided by its height; 1 if the file states none or one outside 1/10 to 10."""
    ratio = stream.sample_aspect_ratio
    return Fraction(ratio) if ratio is not None and Fraction(1, 10) <= ratio <= 10 else Fraction(1)


def frame_rate(stream: VideoStream) -> Fraction:
    """Return the average frames per second from count and length, else FFmpeg's guess, else 30."""
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate
    return Fraction(rate) if rate else Fraction(30)


def declared_seconds(container: InputContainer, stream: VideoStream, first_s: float | None) -> Fraction | None:
    """Return the declared length of the video stream, else of the file, in seconds; None if neither is declared.

    ``first_s`` is the time stamp of the first frame: Matroska measures the length from time zero, not from there.
    """
    if has_own_length(container, stream) and stream.duration is not None and stream.time_base is not None:
        return stream.duration * stream.time_base
    if container.duration is None:
        return None
    late_s = Fraction(first_s or 0).limit_denominator(av.time_base) if _is_matroska(container) else 0
    return Fraction(container.duration, av.time_base) - late_s


def has_own_length(container: InputContainer, stream: VideoStream) -> bool:
    """Return whether the stream declares its own length; in Matroska, FFmpeg reports the length of the file."""
    return stream.duration is not None and not _is_matroska(container)


def _is_matroska(container: InputContainer) -> bool:
    return "matroska" in container.format.name


def refuse_cut_off(
    path: str | os.PathLike[str],
    declared_s: Fraction | None,
    reached_s: float,
    rate_hz: Fraction,
    frames: int,
    faults: int = 0,
) -> None:
    """Refuse a video stream with fewer frames than declared, beyond a tolerance of three frames plus 1 %.

    Raises:
        TruncatedVideoError: frames are missing at the end or in between.
    """
    expected = float((declared_s or 0) * rate_hz)
    missing = max(expected - reached_s * float(rate_hz), 0.0) + faults
    if missing > 3 + 0.01 * expected:
        raise TruncatedVideoError(
            f"{os.fspath(path)}: is cut off or damaged: {frames} frames ({reached_s:.2f} s) could be read of "
            f"{float(declared_s or 0):.2f} s declared; copy or download it again",
            frames,
        )


def _first_video_stream(container: InputContainer) -> VideoStream | None:
    videos = (s for s in container.streams.video if not s.disposition & Disposition.attached_pic)
    # A stream without a codec context has a header and no frames.
    return next((stream for stream in videos if stream.codec_context is not None), None)


def _why_not_opened(path: Path, error: Exception) -> str:
    if isinstance(error, PermissionError):
        return "permission denied"
    with path.open("rb") as file:
        head = file.read(512)
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free"}:
        return "is cut off before its index (no moov box); copy or download it again"
    if _is_text(head):
        return f"is a text file, not a video; it begins with {head[:40].decode(errors='replace')!r}"
    return f"is not a video that can be read ({_reason(error)})"


def _is_text(head: bytes) -> bool:
    try:
        head[:-4].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in head


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
