"""Arrays of plain numbers in HDF5 files, checked against the size of the file before they are read.

Links to other files, virtual data sets, external storage and filters other than gzip, lzf, shuffle and checksums (which
could load third-party code) are refused.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.npz_frames import DEFLATE_LIMIT

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32", 32000: "lzf"}
#: Largest size of one array in memory.
_MAX_BYTES = 1 << 32


def read_shapes(path: Path, names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of arrays in the root of an HDF5 file; empty if one is missing or the file is damaged."""
    try:
        with _opened(path) as file:
            return {name: tuple(_dataset(path, file, name).shape) for name in names}
    except FormatError:
        return {}


def read_arrays(path: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Read arrays in the root of an HDF5 file.

    Raises:
        FormatError: the file is damaged, or an array is missing or is not plain numbers in the file itself.
    """
    with _opened(path) as file:
        sets = {name: _dataset(path, file, name) for name in names}
        return {name: np.asarray(found[()]) for name, found in sets.items()}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with h5py.File(path, "r") as file:
            yield file
    except FormatError:
        raise
    except Exception as error:  # h5py maps errors of the library to many Python exceptions
        raise FormatError(f"{path}: damaged or cut HDF5 ({error}); copy or download it again") from error


def _dataset(path: Path, file: Any, name: str) -> Any:
    """Find an array, and check its header."""
    # Get the link itself: following it might open another file.
    link = file.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink):
        raise FormatError(f"{path}: {name}: expected an array in this file, found {_kind(link)}")
    found = file.get(name)
    if not isinstance(found, h5py.Dataset):
        raise FormatError(f"{path}: {name}: expected an array, found a group")
    if found.is_virtual or found.external is not None:
        raise FormatError(f"{path}: {name}: its numbers are in other files; copy them into this one")
    if found.dtype.kind not in "biuf" or found.dtype.hasobject or found.dtype.subdtype is not None:
        raise FormatError(f"{path}: {name}: expected plain numbers, found {found.dtype}")
    settings = found.id.get_create_plist()
    filters = [settings.get_filter(index)[0] for index in range(settings.get_nfilters())]
    if not set(filters) <= set(_FILTERS):
        raise FormatError(f"{path}: {name}: unsupported filters {filters}; expected {', '.join(_FILTERS.values())}")
    size, stored = path.stat().st_size, found.id.get_storage_size()
    limit = DEFLATE_LIMIT if filters else 1
    if stored > size or found.nbytes > min(limit * stored, _MAX_BYTES):
        raise FormatError(
            f"{path}: {name}: claims {found.shape} {found.dtype}, {found.nbytes} bytes; impossible in a file of {size}"
        )
    return found


def _kind(link: Any) -> str:
    return "nothing" if link is None else f"a link of the kind {type(link).__name__}"
