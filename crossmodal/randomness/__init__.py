"""Counter-based random numbers: (seed, stream, index) names the draws, whatever ran before them.

A draw depends on these three alone, so any batch, worker, rank or order gives the same numbers and any sample can be
made again from its index. `generator` gives NumPy's generator for one index; `uniforms` and `normals` fill tensors for
many indices at once, the same on every device; `philox` is the function underneath, for compiled loops.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from crossmodal.randomness.stream import generator, stream_key

if TYPE_CHECKING:
    from crossmodal.randomness.fields import normals, random_bits, uniforms

# They import torch and numba, which simulators and readers of files do without.
_LATE = frozenset({"normals", "random_bits", "uniforms"})

__all__ = ["generator", "normals", "random_bits", "stream_key", "uniforms"]


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module("crossmodal.randomness.fields"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
