"""Images of untrained generators, with random weights."""

from crossmodal.noise.untrained_generator.process import UntrainedGenerator

__all__ = ["UntrainedGenerator"]
