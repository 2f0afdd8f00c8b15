"""Files written by PyTorch, or with tensors written by it, read without unpickling them.

Three layouts are supported: a plain pickle whose tensors are whole files of the second layout; files of PyTorch before
1.6 (a sequence of pickles, then raw numbers); files of later versions (an uncompressed ZIP archive).

References:
    torch/serialization.py and torch/storage.py of PyTorch (the layouts, and the persistent ids of storages).
"""

import io
import math
import mmap
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast

import torch
from torch import Tensor

from crossmodal.errors import FormatError
from crossmodal.models.foreign.inert_pickle import PERSISTENT, Name, Record, read_pickle

#: First value of a file of PyTorch before 1.6.
_MAGIC = 0x1950A86A20F9469CFC6C
_KINDS = {
    "torch.FloatStorage": torch.float32,
    "torch.DoubleStorage": torch.float64,
    "torch.HalfStorage": torch.float16,
    "torch.BFloat16Storage": torch.bfloat16,
    "torch.LongStorage": torch.int64,
    "torch.IntStorage": torch.int32,
    "torch.ShortStorage": torch.int16,
    "torch.CharStorage": torch.int8,
    "torch.ByteStorage": torch.uint8,
}
_MOST_DIMENSIONS = 8


class TorchFile:
    """A file of PyTorch: a tree of plain values and records; tensors are read on demand.

    Raises:
        FormatError: the file is missing or damaged, or has content that no network needs; nothing in it is executed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise FormatError(f"{path}: no such file")
        size = path.stat().st_size
        if sys.byteorder != "little":
            raise FormatError(f"{path}: numbers are stored little-endian, and this machine is big-endian")
        self._size = size
        # Bytes that may still be copied: the numbers of a valid file are copied twice, more if layers share some.
        self._unspent = 4 * size
        self._storages: dict[int | str, Tensor] = {}
        self._stored: dict[str, Callable[[], bytes]] = {}
        with path.open("rb") as file:
            if file.read(4) == b"PK\x03\x04":
                self.tree = self._read_archive()
                return
            try:
                stream = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError as error:
                raise FormatError(f"{path}: empty") from error
            with stream:
                self.tree = self._read_stream(cast("IO[bytes]", stream))

    def tensor(self, record: object) -> Tensor:
        """Read the tensor of a record.

        Raises:
            FormatError: the record is not a tensor, or has more numbers than the file.
        """
        if isinstance(record, Record) and record.name == "torch._utils._rebuild_parameter" and record.arguments:
            record = record.arguments[0]
        if not isinstance(record, Record) or record.name != "torch._utils._rebuild_tensor_v2":
            raise FormatError(f"{self.path}: expected a tensor, found another object")
        try:
            storage, offset, size, stride = record.arguments[:4]
            numbers = self._numbers(storage)
            whole = (offset, *size, *stride)
            plain = all(type(number) is int and number >= 0 for number in whole)
            if not plain or len(size) > _MOST_DIMENSIONS or math.prod(size) > numbers.numel():
                raise ValueError("shape")
            self._spend(math.prod(size) * numbers.element_size())
            return torch.as_strided(numbers, size, stride, offset).clone(memory_format=torch.contiguous_format)
        except FormatError:
            raise
        except Exception as error:  # the file may have anything in place of a shape
            raise FormatError(f"{self.path}: a tensor whose shape does not fit its storage") from error

    def _numbers(self, storage: object) -> Tensor:
        """Return the numbers of a storage as a flat tensor."""
        if isinstance(storage, Record) and storage.name == "torch.storage._load_from_bytes":
            key: int | str = id(storage)
            if key not in self._storages:
                # A storage that is a complete file within the pickle.
                (data,) = storage.arguments
                if not isinstance(data, bytes):
                    raise FormatError(f"{self.path}: a tensor without a storage")
                stored: dict[str, Callable[[], bytes]] = {}
                inner = self._read_legacy(io.BytesIO(data), stored, began=False)
                name, kind, count = self._identity(inner)
                self._storages[key] = self._flat(stored[name](), kind, count)
        else:
            key, kind, count = self._identity(storage)
            if key not in self._storages:
                self._storages[key] = self._flat(self._stored[key](), kind, count)
        return self._storages[key]

    def _spend(self, size: int) -> None:
        self._unspent -= size
        if self._unspent < 0:
            raise FormatError(f"{self.path}: reading its tensors takes more than four times the size of the file")

    def _flat(self, data: bytes, kind: torch.dtype, count: int) -> Tensor:
        self._spend(len(data))
        if len(data) != count * kind.itemsize:
            raise FormatError(f"{self.path}: expected {count} numbers, found {len(data)} bytes")
        return torch.frombuffer(bytearray(data), dtype=kind) if count else torch.empty(0, dtype=kind)

    def _identity(self, record: object) -> tuple[str, torch.dtype, int]:
        """Return the key, dtype and count of a storage from its persistent id."""
        named = record.arguments[0] if isinstance(record, Record) and record.name == PERSISTENT else None
        if not isinstance(named, tuple) or len(named) < 5 or named[0] != "storage":
            raise FormatError(f"{self.path}: expected a storage of numbers, found another object")
        _, kind, key, _, count, *view = named
        dtype = _KINDS.get(kind.path) if isinstance(kind, Name) else None
        if (
            dtype is None
            or not isinstance(key, str)
            or type(count) is not int
            or any(part is not None for part in view)
        ):
            raise FormatError(f"{self.path}: unsupported kind of storage; expected plain numbers")
        if not 0 <= count * dtype.itemsize <= self._size:
            raise FormatError(f"{self.path}: announces {count} numbers, more than the file can hold; is it truncated?")
        return key, dtype, count

    def _read_stream(self, stream: IO[bytes]) -> Any:
        first = read_pickle(stream, str(self.path)).value
        if type(first) is int and first == _MAGIC:
            return self._read_legacy(stream, self._stored, began=True)
        return first

    def _read_legacy(self, stream: IO[bytes], stored: dict[str, Callable[[], bytes]], *, began: bool) -> Any:
        """Read a file of PyTorch before 1.6: the magic number, version, system, value, keys, then the numbers."""
        where = str(self.path)
        if not began and read_pickle(stream, where).value != _MAGIC:
            raise FormatError(f"{where}: a tensor in an unsupported layout")
        read_pickle(stream, where)
        read_pickle(stream, where)
        value, persistent = read_pickle(stream, where)
        found = {key: (kind, count) for key, kind, count in map(self._identity, persistent)}
        keys = read_pickle(stream, where).value
        if not isinstance(keys, list) or len(keys) != len(found):
            raise FormatError(f"{where}: expected {len(found)} storages, found another list")
        for key in keys:
            if not isinstance(key, str) or key not in found:
                raise FormatError(f"{where}: has a storage that no tensor uses")
            kind, count = found[key]
            held = int.from_bytes(stream.read(8), "little")
            if held != count:
                raise FormatError(
                    f"{where}: expected a storage of {count} numbers, found {held}; is the file truncated?"
                )
            data = stream.read(count * kind.itemsize)
            stored[key] = lambda data=data: data  # type: ignore[misc]
        return value

    def _read_archive(self) -> Any:
        """Read a file of PyTorch since 1.6: ``NAME/data.pkl`` and the numbers in ``NAME/data/KEY``."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                members = archive.infolist()
                packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
                if packed or sum(member.file_size for member in members) > self._size:
                    raise FormatError(f"{self.path}: a compressed archive, which PyTorch does not write")
                heads = [member.filename for member in members if member.filename.endswith("/data.pkl")]
                if len(heads) != 1:
                    raise FormatError(f"{self.path}: an archive without data.pkl; PyTorch writes one")
                base = heads[0].removesuffix(".pkl")
                stream = io.BytesIO(archive.read(heads[0]))
                for member in members:
                    key = member.filename.removeprefix(f"{base}/")
                    self._stored[key] = lambda name=member.filename: self._member(name)  # type: ignore[misc]
        except FormatError:
            raise
        except Exception as error:  # a damaged directory can raise any exception in zipfile
            raise FormatError(f"{self.path}: a damaged archive ({type(error).__name__})") from error
        return read_pickle(stream, f"{self.path}: data.pkl").value

    def _member(self, name: str) -> bytes:
        with zipfile.ZipFile(self.path) as archive:
            return archive.read(name)
