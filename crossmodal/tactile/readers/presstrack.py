"""MIP, the data set of PressTrack-HMR: several people on a 1.2 x 2.4 m mat of 238 x 120 cells, ``data_<n>.npz``.

Annotations beside ``pressure`` (``box``, ``pose``, ``betas``, ``trans``, ``keypoints_3d``, ``segments``) are listed in
``meta`` and not read. Unit and rate are not in the file: times count one second per frame, and ``meta["clock"]`` is
"unknown".

References:
    Yuan et al., PressTrack-HMR, AAAI 2026, arXiv 2511.09147.
"""

from pathlib import Path

import numpy as np

from crossmodal.tactile.readers.npz_frames import in_memory, members, open_frames
from crossmodal.tactile.recording import PressureRecording, Sensor

_MEMBER = "pressure"
_ANNOTATIONS = {"box", "pose", "betas", "trans", "keypoints_3d", "segments"}
_PITCH_MM = 10.0


def matches(path: Path, head: bytes) -> bool:
    """Return whether this is an ``.npz`` with ``pressure`` and at least one of the annotations."""
    if not head.startswith(b"PK"):
        return False
    names = set(members(path))
    return _MEMBER in names and bool(names & _ANNOTATIONS)


def read(path: Path) -> PressureRecording:
    """Read a recording in the raw numbers of the data set, uncalibrated; large recordings are streamed in blocks.

    Raises:
        FormatError: the file is damaged, the array is not (frames, rows, columns), or pressures are negative.
    """
    frames = in_memory(open_frames(path, _MEMBER))
    return PressureRecording(
        frames=frames,
        times_s=np.arange(frames.shape[0], dtype=np.float64),
        pitch_mm=(_PITCH_MM, _PITCH_MM),
        valid=np.ones(frames.shape[1:], bool),
        sensor=Sensor(calibrated=False, unit="raw"),
        source="presstrack",
        meta={
            "clock": "unknown",
            "annotations": [name for name in members(path) if name != _MEMBER],
            "notes": ["rate and unit are not in the file; the clock counts frames"],
        },
    )
