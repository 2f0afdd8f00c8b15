"""Saving of recordings as ``.npz`` or Parquet, from which they are read back exactly.

Both formats contain a description as JSON, and the arrays. In ``.npz`` the description is the array ``recording``
(UTF-8 as bytes) and the frames are the array ``values``. In Parquet each row is a frame (``time_s``, ``values``: a list
of fixed length); the description is the key ``crossmodal_recording`` of the schema and includes the arrays that do not
change over time. Frames are written block by block and compressed by Deflate alone, so that a reader can bound the size
of its output.
"""

import base64
import json
import math
import os
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import OutputError
from crossmodal.files import replace_atomically
from crossmodal.tactile.recording import InsoleRecording, PressureRecording, Recording

#: Name of the description: of the array in ``.npz``, and of the key in the schema of Parquet.
DESCRIPTION = "recording"
PARQUET_KEY = b"crossmodal_recording"
VERSION = 1
NEED_PYARROW = 'Parquet needs pyarrow: pip install "crossmodal[parquet]"'
_BLOCK = 256


def save(recording: Recording, path: str | os.PathLike[str]) -> None:
    """Write a recording; `crossmodal.tactile.read` returns it exactly.

    The suffix determines the format: ``.npz``, or ``.parquet``, which needs ``pip install "crossmodal[parquet]"``. An
    existing file is replaced when the new one is complete.

    Raises:
        OutputError: another suffix, no pyarrow, or the file cannot be written.
        ValueError: ``meta`` has values that are not JSON.
        FormatError: the frames of a recording in another file cannot be read.
    """
    target = Path(path)
    writers = {".npz": _write_npz, ".parquet": _write_parquet}
    writer = writers.get(target.suffix.lower())
    if writer is None:
        raise OutputError(f"{target}: the suffix must be .npz or .parquet, found {target.suffix or 'none'!r}")
    description = _describe(recording)
    with replace_atomically(target) as temporary:
        writer(recording, description, temporary)


def _describe(recording: Recording) -> dict[str, Any]:
    description: dict[str, Any] = {
        "version": VERSION,
        "source": recording.source,
        "sensor": asdict(recording.sensor),
        "meta": dict(recording.meta),
    }
    if isinstance(recording, PressureRecording):
        description |= {
            "kind": "pressure",
            "shape": list(recording.shape),
            "pitch_mm": list(recording.pitch_mm),
            "origin_mm": list(recording.origin_mm),
            "side": recording.side,
        }
    else:
        description |= {
            "kind": "insole",
            "shape": list(recording.values.shape),
            "quantity": recording.quantity,
            "sides": list(recording.sides),
        }
    try:
        json.dumps(description)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"the recording's meta cannot be written as JSON: {error}") from error
    return description


def _still_arrays(recording: Recording) -> dict[str, NDArray[Any]]:
    """Return the arrays that do not change over time."""
    if isinstance(recording, InsoleRecording):
        return {"valid": recording.valid, "positions_mm": recording.positions_mm, "areas_mm2": recording.areas_mm2}
    return {"valid": recording.valid}


def _blocks(recording: Recording) -> Iterator[NDArray[np.float32]]:
    if isinstance(recording, PressureRecording):
        yield from recording.blocks(_BLOCK)
    else:
        yield recording.values


def _write_npz(recording: Recording, description: dict[str, Any], path: Path) -> None:
    text = np.frombuffer(json.dumps(description).encode(), np.uint8)
    arrays = {DESCRIPTION: text, "times_s": recording.times_s, **_still_arrays(recording)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as stream:
                np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
        with archive.open("values.npy", "w", force_zip64=True) as stream:
            header = {"descr": "<f4", "fortran_order": False, "shape": tuple(description["shape"])}
            np.lib.format.write_array_header_1_0(stream, header)
            for block in _blocks(recording):
                stream.write(np.ascontiguousarray(block, "<f4").data)


def _write_parquet(recording: Recording, description: dict[str, Any], path: Path) -> None:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise OutputError(f"{path}: {NEED_PYARROW}, or write .npz") from error
    still = {name: _as_text(array) for name, array in _still_arrays(recording).items()}
    text = json.dumps(description | {"arrays": still}).encode()
    cells = math.prod(description["shape"][1:])
    frame = pa.list_(pa.field("element", pa.float32(), nullable=False), cells)
    fields = [pa.field("time_s", pa.float64(), nullable=False), pa.field("values", frame, nullable=False)]
    schema = pa.schema(fields, metadata={PARQUET_KEY: text})
    # Dictionary encoding would compress an empty mat beyond any bound that the reader can check.
    with parquet.ParquetWriter(
        path, schema, compression="gzip", compression_level=4, use_dictionary=False, write_page_checksum=True
    ) as writer:
        first = 0
        for block in _blocks(recording):
            times = recording.times_s[first : first + len(block)]
            first += len(block)
            values = pa.FixedSizeListArray.from_arrays(np.ascontiguousarray(block).reshape(-1), type=frame)
            writer.write_table(pa.table([pa.array(times), values], schema=schema))


def _as_text(array: NDArray[Any]) -> str:
    """Return an array as Base64: booleans as bits, other numbers as float64."""
    data = np.packbits(array).tobytes() if array.dtype == bool else array.astype("<f8").tobytes()
    return base64.b64encode(data).decode()
