"""Counter-based random numbers: (seed, stream, index) names the draws, whatever ran before them.

A draw depends on these three alone, so any batch, worker, rank or order gives the same numbers and any sample can be
made again from its index. `generator` gives NumPy's generator for one index; `uniforms` and `normals` fill tensors for
many indices at once, the same on every device; `philox` is the function underneath, for compiled loops.
"""

from typing import TYPE_CHECKING

from crossmodal.lazy import lazy_names
from crossmodal.randomness.stream import generator, stream_key

if TYPE_CHECKING:
    from crossmodal.randomness.fields import normals, random_bits, uniforms

__all__ = ["generator", "normals", "random_bits", "stream_key", "uniforms"]

# They import torch and numba, which simulators and readers of files do without.
__getattr__, __dir__ = lazy_names(__name__, {"crossmodal.randomness.fields": "normals random_bits uniforms"})
