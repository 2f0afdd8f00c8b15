"""Endless small programs of images, written by a seeded grammar; each has a number, which is a free label.

From the bottom up: `arithmetic` is what operations are written in, `operation` makes a function one, and the
operations stand in `coordinates`, `noises`, `patterns`, `shapes`, `iterations`, `blends` and `colours`. A `program` is
a list of steps. The grammar writes it (`draw`, `writer`, `bending`, `texturing`, `theme`, `scenery`), `selection`
takes the first attempt that shows something. On the CPU `recording`, `assembly` and `machine` paint it; on other
devices `tensors`; and `translation` and `glsl` print it as a fragment shader.
"""

from crossmodal.noise.programs.process import ProgramDraws, Programs
from crossmodal.noise.programs.program import Parameter, Program, Step

__all__ = ["Parameter", "Program", "ProgramDraws", "Programs", "Step"]
