"""Fractals of iterated function systems, and harmonic orbits."""

from crossmodal.noise.fractals.orbits import Orbits
from crossmodal.noise.fractals.process import Fractals

__all__ = ["Fractals", "Orbits"]
