"""UNB StepUP-P150: trials on a 3.6 x 1.2 m walkway of 720 x 240 cells, 100 Hz, in kPa, read lazily.

A trial is a folder ``<participant>/<footwear>/<trial>`` with ``trial.npz`` (one array ``arr_0``: frames, 720, 240) and,
for walks, ``metadata.csv`` with one line per footstep. Extracted footsteps (``pipeline_1.npz``) are not recordings.

References:
    UNB StepUP-P150, FRDR doi 10.20383/103.01285; Scientific Data 12:1415, 2025.
"""

import csv
import io
import re
from pathlib import Path
from typing import Any

import numpy as np

from crossmodal.errors import FormatError
from crossmodal.number_text import find_numbers
from crossmodal.tactile.readers.npz_frames import members, open_frames
from crossmodal.tactile.readers.text_file import decode, read_bytes
from crossmodal.tactile.recording import PressureRecording

_RATE_HZ = 100.0
_PITCH_MM = 5.0
_MEMBER = "arr_0"
_MAX_METADATA_BYTES = 1 << 24
_TRIAL = re.compile(r"(\d{3})/(BF|ST|P1|P2)/([SW][1-4])")


def matches(path: Path, head: bytes) -> bool:
    """Return whether this is the folder of a trial, or an ``.npz`` with one array ``arr_0``."""
    if path.is_dir():
        return (path / "trial.npz").is_file() and members(path / "trial.npz") == (_MEMBER,)
    return head.startswith(b"PK") and members(path) == (_MEMBER,)


def read(path: Path) -> PressureRecording:
    """Open a trial, given its folder or its ``trial.npz``; frames are read from the file on access.

    ``meta["footsteps"]`` is the table of ``metadata.csv`` as lists by column; participant, footwear and trial are the
    names of the folders.

    Raises:
        FormatError: the file is damaged, the array has another shape, or the table is invalid. Damage of the packed
            frames and negative pressures are found when the frames are read.
    """
    archive = path / "trial.npz" if path.is_dir() else path
    frames = open_frames(archive, _MEMBER)
    meta: dict[str, Any] = {}
    trial = _TRIAL.fullmatch("/".join(archive.absolute().parent.parts[-3:]))
    if trial is not None:
        meta.update(zip(("participant", "footwear", "trial"), trial.groups(), strict=True))
    table = archive.parent / "metadata.csv"
    if table.is_file():
        meta["footsteps"] = read_footsteps(table)
    return PressureRecording(
        frames=frames,
        times_s=np.arange(frames.shape[0]) / _RATE_HZ,
        pitch_mm=(_PITCH_MM, _PITCH_MM),
        valid=np.ones(frames.shape[1:], bool),
        source="step_up",
        meta=meta,
    )


def read_footsteps(path: Path) -> dict[str, list[Any]]:
    """Read ``metadata.csv`` as lists by column: numbers, else text; None for an empty field.

    Raises:
        FormatError: the file is not a table, or its rows have unequal lengths.
    """
    if path.stat().st_size > _MAX_METADATA_BYTES:
        raise FormatError(f"{path}: {path.stat().st_size} bytes; expected a table of some hundred footsteps")
    try:
        rows = list(csv.reader(io.StringIO(decode(read_bytes(path)), newline="")))
    except csv.Error as error:
        raise FormatError(f"{path}: not a table of comma-separated values: {error}") from error
    names = [name.strip() for name in rows[0]] if rows else []
    if not names or len(set(names)) != len(names):
        raise FormatError(f"{path}: line 1: expected the names of the columns, each once")
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for number, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        if len(row) != len(names):
            raise FormatError(f"{path}: row {number}: expected {len(names)} fields, found {len(row)}")
        for name, field in zip(names, row, strict=True):
            columns[name].append(_plain(field.strip()))
    return columns


def _plain(field: str) -> float | str | None:
    (number,) = find_numbers([field])
    return field or None if number is None else number
