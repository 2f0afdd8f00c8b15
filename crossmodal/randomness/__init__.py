"""Counter-based random numbers: (seed, stream, index) names the draws, whatever ran before them.

A draw depends on these three alone, so any batch, worker, rank or order gives the same numbers and any sample can be
made again from its index. `generator` gives NumPy's generator for one index; `uniforms` and `normals` fill tensors for
many indices at once, the same on every device; `philox` is the function underneath, for compiled loops.
"""

from crossmodal.randomness.fields import normals, random_bits, uniforms
from crossmodal.randomness.generator import generator, stream_key

__all__ = ["generator", "normals", "random_bits", "stream_key", "uniforms"]
