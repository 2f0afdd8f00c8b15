"""Procedural images: the published processes that vision has been pretrained on, replayable by index.

``create("dead_leaves", shape="oriented")(range(16), size=128, seed=0)`` returns 16 images. Image i depends on the
process, its options, the seed, i and the size, and on nothing else.

Importing `crossmodal.visualization` registers one more process, ``feature_visualization``.
"""

from crossmodal.noise.catalogue import as_process, create, from_description, names, process_class, register
from crossmodal.noise.process import Process

__all__ = ["Process", "as_process", "create", "from_description", "names", "process_class", "register"]
