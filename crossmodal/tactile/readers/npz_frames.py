"""Arrays in ``.npz`` files, checked against the size of the file before they are read, and streamed in blocks.

Headers are parsed by a regular expression for plain numbers: nothing is evaluated or unpickled.
"""

import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError
from crossmodal.spelling import suggestion
from crossmodal.tactile.readers.frame_checks import checked_cells
from crossmodal.tactile.recording import ArrayFrames, FrameSource

#: Largest compression ratio of Deflate (1032:1, technical notes of zlib); headers that state more are wrong.
DEFLATE_LIMIT = 1032
#: Bytes decoded at once, besides the block that they fill.
_CHUNK = 1 << 23
#: Recordings of at most this many bytes are read into memory by `in_memory`.
_SMALL = 1 << 28
#: Larger recordings are refused as damaged: a day at 100 Hz, a mat of 10 x 10 m at 3 mm.
_MAX_FRAMES = 10_000_000
_MAX_CELLS = 10_000_000
_HEADER = re.compile(
    rb"\{'descr': '([<>|=]?[biuf]\d{1,2})', 'fortran_order': (True|False), 'shape': \(((?:\d+L?,? ?)*)\), ?\}\s*"
)
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    struct.error,
)


@dataclass(frozen=True)
class NpyHeader:
    """Header of an ``.npy`` file: offset of the data in bytes, shape and dtype."""

    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def members(path: Path) -> tuple[str, ...]:
    """Return the names of the arrays of an ``.npz``, in order; empty if it is not one."""
    try:
        with zipfile.ZipFile(path) as archive:
            return tuple(name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy"))
    except _DAMAGE:
        return ()


@contextmanager
def open_member(path: Path, member: str) -> Iterator[tuple[IO[bytes], NpyHeader]]:
    """Open an array of an ``.npz`` at its first number; errors of damaged files inside the block become FormatError.

    Raises:
        FormatError: the file is damaged, the array is not plain numbers in C order, or its size is not that of its
            header.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entry = archive.getinfo(f"{member}.npy")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise FormatError(f"{path}: {member}: unsupported compression method; expected stored or deflated")
            limit = 1 if entry.compress_type == zipfile.ZIP_STORED else DEFLATE_LIMIT
            size = path.stat().st_size
            if entry.compress_size > size or entry.file_size > limit * entry.compress_size + 64:
                raise FormatError(f"{path}: {member}: claims {entry.file_size} bytes, impossible in a file of {size}")
            with archive.open(entry) as stream:
                header = _read_header(path, member, stream)
                claimed = header.offset + math.prod(header.shape) * header.dtype.itemsize
                if claimed != entry.file_size:
                    raise FormatError(
                        f"{path}: {member}: its header claims {header.shape} {header.dtype}, {claimed} bytes; "
                        f"found {entry.file_size}"
                    )
                yield stream, header
    except KeyError:
        raise FormatError(f"{path}: has no array {member!r}{suggestion(member, members(path))}") from None
    except _DAMAGE as error:
        raise FormatError(f"{path}: {member}: damaged or cut ({error}); copy or download it again") from error


def _read_header(path: Path, member: str, stream: IO[bytes]) -> NpyHeader:
    start = stream.read(8)
    lengths = {(1, 0): "<H", (2, 0): "<I"}
    version = (start[6], start[7]) if len(start) == 8 and start[:6] == b"\x93NUMPY" else None
    if version not in lengths:
        raise FormatError(f"{path}: {member}: expected an array in NumPy's format, found {start!r}")
    width = struct.calcsize(lengths[version])
    (length,) = struct.unpack(lengths[version], stream.read(width))
    text = stream.read(min(length, 4096))
    found = _HEADER.fullmatch(text)
    if found is None:
        raise FormatError(f"{path}: {member}: expected an array of plain numbers, found {text[:80]!r}")
    if found[2] == b"True":
        raise FormatError(f"{path}: {member}: stored column by column; save it again with np.ascontiguousarray")
    sizes = tuple(int(size.strip(b" L")) for size in found[3].split(b",") if size.strip())
    try:
        dtype = np.dtype(found[1].decode())
    except TypeError:
        raise FormatError(f"{path}: {member}: unknown dtype {found[1].decode()!r}") from None
    return NpyHeader(8 + width + length, sizes, dtype)


@dataclass(frozen=True)
class NpzFrames:
    """Frames in an ``.npz`` file, read and unpacked in blocks on each access.

    Attributes:
        path, member: the file and the array in it.
        shape: (frames, rows, columns).
        scale: factor for all numbers.
    """

    path: Path
    member: str
    shape: tuple[int, int, int]
    scale: float = 1.0

    def blocks(self, most_frames: int) -> Iterator[NDArray[np.float32]]:
        """Yield all frames in order in blocks of at most ``most_frames``: float32 (n, rows, columns).

        Raises:
            FormatError: the file is damaged, or has implausible pressures; names the frame.
        """
        with open_member(self.path, self.member) as (stream, header):
            if header.shape != self.shape:
                raise FormatError(f"{self.path}: has changed while it was read")
            for first in range(0, self.shape[0], most_frames):
                yield self._read_block(stream, header.dtype, first, min(most_frames, self.shape[0] - first))

    def _read_block(self, stream: IO[bytes], dtype: np.dtype[Any], first: int, count: int) -> NDArray[np.float32]:
        block = np.empty((count, *self.shape[1:]), np.float32)
        frame_bytes = math.prod(self.shape[1:]) * dtype.itemsize
        step = max(1, _CHUNK // max(1, frame_bytes))
        for start in range(0, count, step):
            part = block[start : start + step]
            data = stream.read(len(part) * frame_bytes)
            if len(data) != len(part) * frame_bytes:
                raise FormatError(f"{self.path}: {self.member}: cut short in frame {first + start}")
            numbers = np.frombuffer(data, dtype).reshape(part.shape)
            part[...] = checked_cells(self.path, numbers, first + start)
        if self.scale != 1.0:
            block *= np.float32(self.scale)
        return block


def open_frames(path: Path, member: str, scale: float = 1.0) -> NpzFrames:
    """Open an array (frames, rows, columns) as a source of frames, without reading it.

    Raises:
        FormatError: the array does not exist, is damaged or empty, or has another number of dimensions.
    """
    with open_member(path, member) as (_, header):
        if len(header.shape) != 3 or 0 in header.shape:
            raise FormatError(f"{path}: {member}: expected (frames, rows, columns), found {header.shape}")
        frames, rows, columns = header.shape
        if frames > _MAX_FRAMES or rows * columns > _MAX_CELLS:
            raise FormatError(f"{path}: {member}: {header.shape} is too large for a recording")
    return NpzFrames(path, member, (frames, rows, columns), scale)


def in_memory(source: FrameSource) -> FrameSource:
    """Read a small recording into memory; a large one is returned as it is.

    Raises:
        FormatError: the frames are damaged, or have implausible pressures.
    """
    if 4 * math.prod(source.shape) > _SMALL:
        return source
    frames = np.empty(source.shape, np.float32)
    first = 0
    for block in source.blocks(len(frames)):
        frames[first : first + len(block)] = block
        first += len(block)
    return ArrayFrames(frames)


def read_array(path: Path, member: str, max_bytes: int = _SMALL) -> NDArray[Any]:
    """Read a whole array.

    Raises:
        FormatError: the array does not exist, is damaged, or is larger than ``max_bytes``.
    """
    with open_member(path, member) as (stream, header):
        size = math.prod(header.shape) * header.dtype.itemsize
        if size > max_bytes:
            raise FormatError(
                f"{path}: {member}: {header.shape} {header.dtype} is too large; expected at most {max_bytes} bytes"
            )
        data = stream.read(size)
        if len(data) != size:
            raise FormatError(f"{path}: {member}: cut short")
    return np.frombuffer(data, header.dtype).reshape(header.shape)
