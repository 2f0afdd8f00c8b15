"""Generators of others: their published files read without running them, and rebuilt as networks of ours."""

from crossmodal.models.foreign.rebuild import Rebuilt, rebuild_generator

__all__ = ["Rebuilt", "rebuild_generator"]
