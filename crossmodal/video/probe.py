"""Open a video file and say what it holds, or why it is not one."""

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
    """A video that ends before its own index says; ``frames_decoded`` pictures came out of it."""

    def __init__(self, message: str, frames_decoded: int = 0) -> None:
        super().__init__(message, frames_decoded)
        self.frames_decoded = frames_decoded

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class VideoInfo:
    """What a video file holds.

    Attributes:
        path: the file.
        width, height: stored picture in samples, before aspect ratio and rotation.
        sample_aspect_ratio: width of one sample over its height.
        rotation: degrees that the stored picture must be turned counter-clockwise to be shown: 0, 90, 180 or 270.
        frame_rate_hz: average number of frames per second.
        frames: number of frames as the container states it, None when it does not.
        seconds: length of the picture (of the file, where the container gives no other).
        has_sound: whether there is a sound stream.
        sound_rate_hz, sound_channels: of the first sound stream, None without one.
        codec: name of the picture's codec.
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
        """Width over height of the picture as it is shown."""
        stored = Fraction(self.width, self.height) * self.sample_aspect_ratio
        return 1 / stored if self.rotation % 180 else stored


def probe_video(path: str | os.PathLike[str]) -> VideoInfo:
    """Read what a video file holds; its first frame is decoded, the rest is not.

    Raises:
        FormatError: not a video, no video stream, or no frame that can be decoded.
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
    """Open a file and its first moving picture (cover art is none); decoding faults inside become `FormatError`.

    Raises:
        FormatError: no such file, a folder, empty, of no known container, or without a video stream.
    """
    name = os.fspath(path)
    # Told apart here and not by the exception: FFmpeg gives the same error to many of these.
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
        stream = _moving_picture(container)
        if stream is None:
            kinds = ", ".join(sorted({str(other.type) for other in container.streams})) or "none"
            raise FormatError(f"{name}: has no video stream (streams found: {kinds})")
        try:
            yield container, stream
        except av.FFmpegError as error:
            raise FormatError(f"{name}: cannot be decoded ({_words(error)})") from error


def first_frame(container: InputContainer, stream: VideoStream) -> av.VideoFrame:
    """Decode the first frame that is shown.

    Raises:
        FormatError: there is none.
    """
    try:
        return next(container.decode(stream))
    except (StopIteration, av.FFmpegError) as error:
        raise FormatError(f"{container.name}: holds no frame that can be decoded") from error


def sample_aspect_ratio(stream: VideoStream) -> Fraction:
    """Width of one sample over its height; 1 where the file says nothing or nonsense."""
    ratio = stream.sample_aspect_ratio
    return Fraction(ratio) if ratio is not None and Fraction(1, 10) <= ratio <= 10 else Fraction(1)


def frame_rate(stream: VideoStream) -> Fraction:
    """Average frames per second, from the count and length, else as FFmpeg guesses; 30 where nothing is known."""
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate
    return Fraction(rate) if rate else Fraction(30)


def declared_seconds(container: InputContainer, stream: VideoStream, first_s: float | None) -> Fraction | None:
    """Length of the picture by the container's own words (of the file, where it gives no other), None without any.

    ``first_s`` is the time stamp of the first frame: Matroska counts the length from time zero, not from there.
    """
    if has_own_length(container, stream) and stream.duration is not None and stream.time_base is not None:
        return stream.duration * stream.time_base
    if container.duration is None:
        return None
    late_s = Fraction(first_s or 0).limit_denominator(av.time_base) if _is_matroska(container) else 0
    return Fraction(container.duration, av.time_base) - late_s


def has_own_length(container: InputContainer, stream: VideoStream) -> bool:
    """Tell whether the stream's length is its own: FFmpeg gives a Matroska stream the length of the file."""
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
    """Refuse a picture that ends, or has holes, more than three frames and one per cent short of its declared length.

    Raises:
        TruncatedVideoError: so; tells how much came out.
    """
    expected = float((declared_s or 0) * rate_hz)
    missing = max(expected - reached_s * float(rate_hz), 0.0) + faults
    if missing > 3 + 0.01 * expected:
        raise TruncatedVideoError(
            f"{os.fspath(path)}: is cut off or damaged: {frames} frames ({reached_s:.2f} s) could be read of "
            f"{float(declared_s or 0):.2f} s declared; copy or download it again",
            frames,
        )


def _moving_picture(container: InputContainer) -> VideoStream | None:
    moving = (s for s in container.streams.video if not s.disposition & Disposition.attached_pic)
    # A stream without size has no picture: FFmpeg found its header and nothing behind it.
    return next((stream for stream in moving if stream.codec_context is not None), None)


def _why_not_opened(path: Path, error: Exception) -> str:
    if isinstance(error, PermissionError):
        return "permission denied"
    with path.open("rb") as file:
        head = file.read(512)
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free"}:
        return "is cut off before its index (no moov box); copy or download it again"
    if _is_text(head):
        return f"is a text file, not a video; it begins with {head[:40].decode(errors='replace')!r}"
    return f"is not a video that can be read ({_words(error)})"


def _is_text(head: bytes) -> bool:
    try:
        head[:-4].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in head


def _words(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
