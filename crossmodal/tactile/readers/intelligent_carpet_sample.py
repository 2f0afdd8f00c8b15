"""IntelligentCarpet, packed for training: pickles ``<index>.p`` of one frame each, read without unpickling.

A sample is a list: touch (96, 96), about 0 to 1; heat map of the joints; keypoints (21, 3). The set of tasks stacks
many frames in one file: touch (frames, 96, 96). Only touch is kept. A folder of samples is a recording; its frames are
in order of their numbers and read on access. Rate and unit are not in the files: times count one second per number,
and ``meta["clock"]`` is "unknown".

References:
    Luo et al., Intelligent Carpet: Inferring 3D Human Pose from Tactile Signals, CVPR 2021.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.frame_checks import checked_cells
from crossmodal.tactile.readers.intelligent_carpet import PITCH_MM
from crossmodal.tactile.readers.plain_pickle import read_plain_pickle
from crossmodal.tactile.readers.touch_hdf5 import CARPET
from crossmodal.tactile.recording import ArrayFrames, FrameSource, PressureRecording, Sensor

#: First bytes of versions 2 to 5 of the pickle format.
_BEGINNINGS = tuple(bytes((0x80, version)) for version in (2, 3, 4, 5))


def matches(path: Path, head: bytes) -> bool:
    """Return whether this is a pickle, or a folder of pickles named by numbers."""
    if not path.is_dir():
        return head.startswith(_BEGINNINGS)
    try:
        return next(_samples(path), None) is not None
    except OSError:
        return False


def read(path: Path) -> PressureRecording:
    """Read a sample, a stack of samples, or a folder of samples.

    Raises:
        FormatError: the file is damaged, is not a sample, or is a pickle with other objects than arrays, of which no
            code is run. In a folder each file is read and checked when its frame is accessed.
    """
    frames: FrameSource
    if path.is_dir():
        numbered = sorted((int(file.stem), file) for file in _samples(path))
        if not numbered:
            raise FormatError(f"{path}: has no samples; expected files named 0.p, 1.p ...")
        times = np.array([number for number, _ in numbered], dtype=np.float64)
        frames = SampleFrames(tuple(file for _, file in numbered))
    else:
        frames = ArrayFrames(_read_touch(path))
        times = np.arange(frames.shape[0], dtype=np.float64)
    return PressureRecording(
        frames=frames,
        times_s=times,
        pitch_mm=(PITCH_MM, PITCH_MM),
        valid=np.ones(CARPET, bool),
        sensor=Sensor(calibrated=False, unit="raw"),
        source="intelligent_carpet_sample",
        meta={
            "clock": "unknown",
            "notes": [
                "rate and unit are not in the file; the clock counts samples",
                "the pitch is that of the published carpet, 6 feet over 96 cells; it is not in the file",
            ],
        },
    )


@dataclass(frozen=True)
class SampleFrames:
    """Frames in one file each, read on access."""

    files: tuple[Path, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return (frames, rows, columns)."""
        return len(self.files), *CARPET

    def blocks(self, most_frames: int) -> Iterator[NDArray[np.float32]]:
        """Yield all frames in order in blocks of at most ``most_frames``: float32 (n, 96, 96).

        Raises:
            FormatError: a file is not a sample of one frame.
        """
        files = iter(self.files)
        while block := list(islice(files, most_frames)):
            yield np.concatenate([self._read_one(file) for file in block])

    def _read_one(self, file: Path) -> NDArray[np.float32]:
        touch = _read_touch(file)
        if len(touch) != 1:
            raise FormatError(f"{file}: {len(touch)} frames; expected one in a folder of samples")
        return touch


def _samples(folder: Path) -> Iterator[Path]:
    for file in folder.iterdir():
        # isdecimal() alone accepts digits of every script, and int() takes minutes for very long numbers.
        if file.suffix == ".p" and file.stem.isascii() and file.stem.isdecimal() and len(file.stem) < 10:
            yield file


def _read_touch(path: Path) -> NDArray[np.float32]:
    content = read_plain_pickle(path)
    touch = content[0] if isinstance(content, list | tuple) and content else content
    if not isinstance(touch, np.ndarray) or touch.shape[-2:] != CARPET or touch.ndim not in (2, 3) or not touch.size:
        found = touch.shape if isinstance(touch, np.ndarray) else type(touch).__name__
        raise FormatError(f"{path}: expected touch of (96, 96) or (frames, 96, 96) first, found {found}")
    return checked_cells(path, touch.reshape(-1, *CARPET))
