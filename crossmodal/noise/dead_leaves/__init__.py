"""Dead leaves: occluding shapes whose sizes follow a power law."""

from crossmodal.noise.dead_leaves.process import DeadLeaves

__all__ = ["DeadLeaves"]
