"""Counter-based random numbers: draws are a function of (seed, stream, index).

Draws depend on nothing else, so any batch, worker, rank or order gives the same numbers, and any sample can be
reproduced from its index. `generator` returns a NumPy generator for one index; `uniforms` and `normals` return tensors
for many indices, the same on every device; `philox` is the underlying function, for compiled loops.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from crossmodal.randomness.stream import generator, stream_key

if TYPE_CHECKING:
    from crossmodal.randomness.fields import normals, random_bits, uniforms

# Imported on first use: they need torch and numba, which simulators and file readers do not.
_LATE = frozenset({"normals", "random_bits", "uniforms"})

__all__ = ["generator", "normals", "random_bits", "stream_key", "uniforms"]


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module("crossmodal.randomness.fields"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
