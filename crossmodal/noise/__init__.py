"""Procedural images without end: every published process that vision was pretrained on, replayable by index.

``create("dead_leaves", shape="oriented")(range(16), size=128, seed=0)`` makes sixteen images. Image i depends on
the process, its options, the seed, i and the size alone.
"""

from crossmodal.noise.catalogue import as_process, create, from_description, names, process_class, register
from crossmodal.noise.process import Process

__all__ = ["Process", "as_process", "create", "from_description", "names", "process_class", "register"]
