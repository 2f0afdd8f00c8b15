"""Counter-based random numbers: draws are a function of (seed, stream, index).

Draws depend on nothing else, so any batch, worker, rank or order gives the same numbers, and any sample can be
reproduced from its index. `generator` returns a NumPy generator for one index; `uniforms` and `normals` return tensors
for many indices, the same on every device; `philox` is the underlying function, for compiled loops.
"""

import lazy_loader

# Names are imported when they are first used; __init__.pyi lists them.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
