"""Arrays that are made once of slow files, and kept on disk as plain ``.npy`` that are mapped into memory."""

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
    wanted: Sequence[str],
    make: Callable[[], Arrays],
) -> Arrays:
    """Give arrays from the cache, made first where they are not there.

    Args:
        root: the cache; ``$XDG_CACHE_HOME/crossmodal`` (or ``~/.cache/crossmodal``) by default.
        kind: the folder of such entries, such as ``carpet``.
        name: what a reader of the folder's name should recognise.
        depends_on: everything that the arrays depend on, as JSON values.
        wanted: names of the arrays.
        make: makes them.

    Returns:
        By name read-only memory maps.

    Raises:
        OutputError: the cache cannot be written.
    """
    key = hashlib.blake2b(json.dumps(depends_on, sort_keys=True).encode(), digest_size=12).hexdigest()
    folder = (root or default_root()) / kind / f"{re.sub(r'[^A-Za-z0-9_-]+', '-', name)}-{key}"
    paths = {array: folder / f"{array}.npy" for array in wanted}
    if not all(path.is_file() for path in paths.values()):
        made = make()
        for array, path in paths.items():
            with replace_atomically(path) as temporary:
                np.save(temporary, made[array], allow_pickle=False)
    return {array: np.load(path, mmap_mode="r", allow_pickle=False) for array, path in paths.items()}
