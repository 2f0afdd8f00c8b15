"""MotionPRO: pressure of a mat as fractions of full scale, ``pressure.npz`` with one array of bytes.

Unit, pitch and rate are not in the file: times count one second per frame, and ``meta["clock"]`` is "unknown".

References:
    Ren et al., MotionPRO: Exploring the Role of Pressure in Human MoCap and Beyond, CVPR 2025.
"""

from pathlib import Path

import numpy as np

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.npz_frames import in_memory, members, open_frames, open_member
from crossmodal.tactile.recording import PressureRecording, Sensor

_MEMBER = "pressure"
_FULL_SCALE = 255


def matches(path: Path, head: bytes) -> bool:
    """Return whether this is an ``.npz`` with one array ``pressure`` of bytes."""
    if not head.startswith(b"PK") or members(path) != (_MEMBER,):
        return False
    try:
        with open_member(path, _MEMBER) as (_, header):
            return header.dtype == np.uint8
    except FormatError:
        # Damaged, but of no other format: `read` raises the error.
        return True


def read(path: Path) -> PressureRecording:
    """Read a recording: 0 to 1 of full scale, uncalibrated; large recordings are streamed from the file in blocks.

    Raises:
        FormatError: the file is damaged, or does not have bytes (frames, rows, columns).
    """
    with open_member(path, _MEMBER) as (_, header):
        if header.dtype != np.uint8:
            raise FormatError(f"{path}: {_MEMBER}: expected uint8, found {header.dtype}")
    frames = in_memory(open_frames(path, _MEMBER, 1.0 / _FULL_SCALE))
    return PressureRecording(
        frames=frames,
        times_s=np.arange(frames.shape[0], dtype=np.float64),
        pitch_mm=(float("nan"), float("nan")),
        valid=np.ones(frames.shape[1:], bool),
        sensor=Sensor(calibrated=False, unit="fraction of full scale"),
        source="motionpro",
        meta={"clock": "unknown", "notes": ["rate, pitch and unit are not in the file; the clock counts frames"]},
    )
