"""Published generators: files are read without executing them, and rebuilt as networks of this package."""

from crossmodal.models.foreign.rebuild import Rebuilt, rebuild_generator

__all__ = ["Rebuilt", "rebuild_generator"]
