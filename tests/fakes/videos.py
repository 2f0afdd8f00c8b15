"""Tiny videos of every kind, and Greatest Hits folders made of them."""

import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import torch

from crossmodal.audio import write_waveform
from crossmodal.video import write_video

NTSC = Fraction(30000, 1001)
RATE_HZ = 16_000
LABELS = "0.400000 wood hit static\n0.800000 None None None\n1.100000 metal scratch None\n"


def counting_frames(count: int, height: int = 48, width: int = 64) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield frames whose grey level tells their number: 8 levels a frame, from 16 on, with a bright left half."""
    for index in range(count):
        frame = np.full((height, width, 3), 16 + 8 * (index % 24), np.uint8)
        frame[:, : width // 2] += 32
        yield frame


def number_of(grey: npt.NDArray[np.uint8]) -> int:
    """Tell the number of a frame of `counting_frames` (modulo 24) from its right half."""
    return round((float(np.asarray(grey)[..., -8:].mean()) - 16) / 8)


def clicks(times_s: Sequence[float], seconds: float, rate_hz: int = RATE_HZ) -> npt.NDArray[np.float32]:
    """Make a silent waveform with short bursts at some times."""
    wave = np.zeros(round(seconds * rate_hz), np.float32)
    burst = np.sin(np.arange(80) * 1.3).astype(np.float32) * np.linspace(0.9, 0, 80, dtype=np.float32)
    for time_s in times_s:
        at = round(time_s * rate_hz)
        wave[at : at + 80] += burst[: len(wave[at : at + 80])]
    return wave


def write_clip(
    path: Path, seconds: float = 1.2, rate_hz: Fraction = NTSC, size: tuple[int, int] = (48, 64), sound: bool = True
) -> Path:
    """Write a video of counting frames, with clicks at the hits of `LABELS`."""
    count = round(seconds * rate_hz)
    wave = clicks((0.4, 0.8, 1.1), count / float(rate_hz)) if sound else None
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, counting_frames(count, *size), rate_hz, wave, RATE_HZ if sound else None)
    return path


def write_streams(
    path: Path,
    frames: Sequence[npt.NDArray[np.uint8]],
    stamps: Sequence[int],
    time_base: Fraction,
    *,
    codec: str = "libx264",
    aspect: Fraction | None = None,
    sound: npt.NDArray[np.float32] | None = None,
    sound_from_s: float = 0.0,
) -> Path:
    """Write a video with any time stamps, codec and aspect ratio, and sound that starts at any time."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=30)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = time_base
        if codec == "libx264":
            stream.options = {"threads": "1", "preset": "ultrafast"}
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        packets = []
        for picture, stamp in zip(frames, stamps, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = stamp, time_base
            packets += stream.encode(frame)
        track = out.add_stream("aac", rate=RATE_HZ, layout="mono") if sound is not None else None
        for packet in [*packets, *stream.encode(None)]:
            out.mux(packet)
        if track is not None and sound is not None:
            for start in range(0, len(sound), 1024):
                block = av.AudioFrame.from_ndarray(sound[None, start : start + 1024], format="fltp", layout="mono")
                block.sample_rate, block.time_base = RATE_HZ, Fraction(1, RATE_HZ)
                block.pts = start + round(sound_from_s * RATE_HZ)
                out.mux(track.encode(block))
            out.mux(track.encode(None))
    return path


def turn(path: Path, degrees_clockwise: int) -> Path:
    """Write into an mp4 that its picture is to be shown turned, as a telephone does."""
    matrices = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
    a, b, c, d = matrices[degrees_clockwise]
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    data[at : at + 36] = struct.pack(
        ">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30
    )  # fmt: skip
    path.write_bytes(bytes(data))
    return path


def cut_off(path: Path, part: float = 0.5) -> Path:
    """Keep the first part of a file's bytes."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    return path


def without_frames(path: Path) -> Path:
    """Write an mp4 whose video stream has a header and nothing else."""
    write_clip(path, seconds=0.4, sound=False)
    data = bytearray(path.read_bytes())
    # Every table of samples says that it is empty.
    for box, count_at in ((b"stts", 8), (b"stsz", 12), (b"stsc", 8), (b"stco", 8), (b"ctts", 8), (b"stss", 8)):
        at = data.find(box)
        if at >= 0:
            data[at + count_at : at + count_at + 4] = bytes(4)
    path.write_bytes(bytes(data))
    return path


def sound_only(path: Path) -> Path:
    """Write an mp4 that holds sound and no picture."""
    with av.open(str(path), "w") as out:
        track = out.add_stream("aac", rate=RATE_HZ, layout="mono")
        block = av.AudioFrame.from_ndarray(clicks((0.01,), 1024 / RATE_HZ)[None], format="fltp", layout="mono")
        block.sample_rate = RATE_HZ
        out.mux(track.encode(block))
        out.mux(track.encode(None))
    return path


def video_id(index: int) -> str:
    """Name video ``index`` the way the data set does."""
    return f"2015-02-16-16-49-{index:02d}"


def write_hits_folder(
    root: Path, count: int = 3, ending: str = "_denoised.mp4", *, wav: bool = False, test: int = 1, labels: str = LABELS
) -> list[str]:
    """Write a Greatest Hits folder of ``count`` videos, the last ``test`` of them for testing; return the ids."""
    ids = [video_id(index) for index in range(count)]
    root.mkdir(parents=True, exist_ok=True)
    for index, name in enumerate(ids):
        write_clip(root / f"{name}{ending}", seconds=1.2 + 0.1 * index, sound=not wav)
        (root / f"{name}_times.txt").write_text(labels)
        if wav:
            write_waveform(root / f"{name}_denoised.wav", torch.from_numpy(clicks((0.4, 0.8, 1.1), 1.2)), RATE_HZ)
    (root / "train.txt").write_text("".join(f"{name}\n" for name in ids[: count - test]))
    (root / "test.txt").write_text("".join(f"{name}\n" for name in ids[count - test :]))
    return ids
