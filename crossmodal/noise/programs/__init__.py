"""Small image programs, written by a seeded grammar. The number of a program is a free label of its images.

From the bottom up: operations are functions written in terms of `arithmetic`; the decorator of `operation` registers
them; they are defined in `coordinates`, `noises`, `patterns`, `shapes`, `iterations`, `blends` and `colours`. A
`program` is a list of steps. The grammar (`draw`, `writer`, `bending`, `texturing`, `theme`, `scenery`) writes it, and
`selection` takes the first attempt whose image is not nearly uniform. `recording`, `assembly` and `machine` render it
on the CPU, `tensors` on other devices; `translation` and `glsl` print it as a fragment shader.
"""

from crossmodal.noise.programs.process import ProgramDraws, Programs
from crossmodal.noise.programs.program import Parameter, Program, Step

__all__ = ["Parameter", "Program", "ProgramDraws", "Programs", "Step"]
