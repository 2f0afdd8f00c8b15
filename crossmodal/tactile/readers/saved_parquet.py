"""Parquet files of `crossmodal.tactile.save`, with one row per frame; needs pyarrow, an optional extra."""

import base64
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.frame_checks import checked_cells
from crossmodal.tactile.readers.npz_frames import DEFLATE_LIMIT
from crossmodal.tactile.saving import NEED_PYARROW, PARQUET_KEY

#: Largest footer in which the key of the description is searched.
_MAX_FOOTER = 1 << 26


def is_ours(path: Path) -> bool:
    """Return whether the footer of a Parquet file has the key of the description; works without pyarrow."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - 8))
            end = file.read(8)
            length = int.from_bytes(end[:4], "little")
            if end[4:] != b"PAR1" or not 0 < length <= min(size - 12, _MAX_FOOTER):
                return False
            file.seek(size - 8 - length)
            return PARQUET_KEY in file.read(length)
    except OSError:
        return False


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a Parquet file; its errors become FormatError."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise FormatError(f"{path}: {NEED_PYARROW}") from error
    try:
        with parquet.ParquetFile(path, page_checksum_verification=True) as file:
            yield file
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, MemoryError, OverflowError) as error:
        raise FormatError(f"{path}: damaged or cut ({error}); copy or download it again") from error


def read_description(path: Path) -> bytes:
    """Read the JSON description of the recording.

    Raises:
        FormatError: the file is damaged or not written by `save`, or pyarrow is not installed.
    """
    with _opened(path) as file:
        metadata = file.schema_arrow.metadata or {}
        if PARQUET_KEY not in metadata:
            raise FormatError(f"{path}: Parquet, but not written by crossmodal")
        return bytes(metadata[PARQUET_KEY])


def constant_arrays(
    path: Path, description: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, NDArray[Any]]:
    """Read the arrays that are constant in time: ``valid`` as bool, others as float64, of the given shapes.

    Raises:
        FormatError: an array has another size.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for name, shape in shapes.items():
        data = base64.b64decode(description["arrays"][name], validate=True)
        count = math.prod(shape)
        if len(data) != (-(-count // 8) if name == "valid" else 8 * count):
            raise FormatError(f"{path}: {name}: {len(data)} bytes do not match shape {shape}")
        if name == "valid":
            arrays[name] = np.unpackbits(np.frombuffer(data, np.uint8), count=count).astype(bool).reshape(shape)
        else:
            arrays[name] = np.frombuffer(data, "<f8").reshape(shape)
    return arrays


@dataclass(frozen=True)
class ParquetFrames:
    """Frames in a Parquet file, read in blocks."""

    path: Path
    shape: tuple[int, int, int]

    def blocks(self, most_frames: int) -> Iterator[NDArray[np.float32]]:
        """Yield all frames in order in blocks of at most ``most_frames``: float32 (n, rows, columns).

        Raises:
            FormatError: the file is damaged, or has implausible pressures; names the frame.
        """
        first = 0
        with _opened(self.path) as file:
            for batch in file.iter_batches(batch_size=max(1, most_frames), columns=["values"]):
                numbers = batch.column(0).flatten().to_numpy(zero_copy_only=False)
                yield checked_cells(self.path, numbers.reshape(-1, *self.shape[1:]), first)
                first += len(batch)
        if first != self.shape[0]:
            raise FormatError(f"{self.path}: {first} frames; expected {self.shape[0]}")


def read_frames(path: Path, shape: tuple[int, int, int]) -> tuple[ParquetFrames, NDArray[np.float64]]:
    """Open the frames as a source, and read the times.

    Raises:
        FormatError: columns have other types, or more numbers than possible in a file of this size.
    """
    import pyarrow as pa

    with _opened(path) as file:
        schema, rows, size = file.schema_arrow, file.metadata.num_rows, path.stat().st_size
        if rows != shape[0] or 4 * math.prod(shape) > DEFLATE_LIMIT * size:
            raise FormatError(
                f"{path}: claims {shape[0]} frames of {shape[1:]}, impossible in {rows} rows, {size} bytes"
            )
        kind = schema.field("values").type
        if schema.field("time_s").type != pa.float64() or not (
            pa.types.is_fixed_size_list(kind)
            and kind.value_type == pa.float32()
            and kind.list_size == math.prod(shape[1:])
        ):
            raise FormatError(f"{path}: columns {schema.names} of other types than crossmodal writes")
        times = file.read(columns=["time_s"]).column(0).to_numpy()
    return ParquetFrames(path, shape), times
