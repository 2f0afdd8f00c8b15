"""Iterated maps: fractals of affine systems, and orbits."""

from crossmodal.noise.fractals.orbits import Orbits
from crossmodal.noise.fractals.process import Fractals

__all__ = ["Fractals", "Orbits"]
