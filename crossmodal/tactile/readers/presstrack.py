"""MIP, the data set of PressTrack-HMR: several people on a 1.2 x 2.4 m mat of 238 x 120 cells, ``data_<n>.npz``.

Beside ``pressure`` stand annotations (``box``, ``pose``, ``betas``, ``trans``, ``keypoints_3d``, ``segments``), which
are named in ``meta`` and not read. Neither unit nor rate are in the file: the clock counts one second for each frame,
and ``meta["clock"]`` says that it is unknown.

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
    """Tell whether this is an ``.npz`` with ``pressure`` and at least one of the annotations."""
    if not head.startswith(b"PK"):
        return False
    names = set(members(path))
    return _MEMBER in names and bool(names & _ANNOTATIONS)


def read(path: Path) -> PressureRecording:
    """Read a recording in the data set's numbers, not calibrated; large ones are read from the file block by block.

    Raises:
        FormatError: damaged, or not (frames, rows, columns), or negative pressures.
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
