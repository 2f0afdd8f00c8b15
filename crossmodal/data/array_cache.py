"""Disk cache of arrays computed from slow files: plain ``.npy`` files, read as memory maps."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossmodal.data.greatest_hits.video_cache import default_root
from crossmodal.files import replace_atomically

Arrays = dict[str, NDArray[Any]]


def cached_arrays(
    root: Path | None,
    kind: str,
    name: str,
    depends_on: Mapping[str, Any],
    arrays: Sequence[str],
    make: Callable[[], Arrays],
) -> Arrays:
    """Return arrays from the cache, after computing those that are missing.

    Args:
        root: the cache; ``$XDG_CACHE_HOME/crossmodal`` (or ``~/.cache/crossmodal``) by default.
        kind: subfolder of the entry, such as ``carpet``.
        name: readable part of the folder name of the entry.
        depends_on: everything that the arrays depend on, as JSON values; its hash is part of the folder name.
        arrays: names of the arrays.
        make: function that computes the arrays.

    Returns:
        Read-only memory maps by name.

    Raises:
        OutputError: the cache cannot be written.
    """
    key = hashlib.blake2b(json.dumps(depends_on, sort_keys=True).encode(), digest_size=12).hexdigest()
    folder = (root or default_root()) / kind / f"{re.sub(r'[^A-Za-z0-9_-]+', '-', name)}-{key}"
    paths = {array: folder / f"{array}.npy" for array in arrays}
    if not all(path.is_file() for path in paths.values()):
        made = make()
        for array, path in paths.items():
            with replace_atomically(path) as temporary:
                np.save(temporary, made[array], allow_pickle=False)
    return {array: np.load(path, mmap_mode="r", allow_pickle=False) for array, path in paths.items()}
