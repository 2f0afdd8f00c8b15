"""Standard JSON: NaN and infinities are written as null."""

import json
import math
import os
from collections.abc import Mapping
from typing import Any

from crossmodal.files import replace_atomically


def as_json(content: Any) -> str:
    """Return plain values as indented JSON, with NaN and infinities as null."""
    return json.dumps(_without_nan(content), indent=2, allow_nan=False)


def write_json(path: str | os.PathLike[str], content: Any) -> None:
    """Write plain values to a JSON file, atomically.

    Raises:
        OutputError: the file cannot be written, or the disk is full.
    """
    with replace_atomically(path) as temporary:
        temporary.write_text(as_json(content) + "\n", encoding="utf-8")


def _without_nan(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {str(key): _without_nan(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_without_nan(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content
