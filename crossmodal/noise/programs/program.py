"""A program: steps from the coordinates of a pixel to its colour."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from crossmodal.noise.programs.operation import OPERATIONS, WIDTHS

#: Origin of a number of each pixel: (step, component); step -1 are the coordinates of the image.
Source: TypeAlias = tuple[int, int]
COORDINATES: tuple[Source, Source] = ((-1, 0), (-1, 1))


class Parameter(NamedTuple):
    """A number of a program, as a function of the time t in seconds: base + drift t + swing sine(pace t + phase)."""

    base: float
    drift: float = 0.0
    swing: float = 0.0
    pace: float = 0.0  #: turns/s
    phase: float = 0.0  #: turns

    def __str__(self) -> str:
        # Six digits: salts are integers below a million.
        text = f"{self.base:.6g}"
        if self.drift:
            text += f" {'-' if self.drift < 0 else '+'} {abs(self.drift):.4g} t"
        if self.swing:
            text += f" + {self.swing:.4g} sine({self.pace:.4g} t + {self.phase:.4g})"
        return text


class Step(NamedTuple):
    """One operation, its inputs, parameters and counts."""

    operation: str
    inputs: tuple[Source, ...]
    parameters: tuple[Parameter, ...] = ()
    counts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Program:
    """An image for every time; the last step computes red, green and blue, which are clamped to 0 to 1.

    ``str(program)`` lists the steps; `crossmodal.noise.programs.glsl.print_shader` returns a fragment shader.
    """

    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return "\n".join(self._line(number, step) for number, step in enumerate(self.steps))

    def _line(self, number: int, step: Step) -> str:
        operation = OPERATIONS[step.operation]
        args = input_names(step, self, "p")
        args += [f"{name}={value}" for name, value in zip(operation.parameters, step.parameters, strict=True)]
        args += [f"{name}={count}" for name, count in zip(operation.counts, step.counts, strict=True)]
        return f"{step_name(number)} = {step.operation}({', '.join(args)})"

    def kind(self, step: int) -> str:
        """Return the kind of a step's result: "field", "vec2" or "vec3"."""
        return "vec2" if step < 0 else OPERATIONS[self.steps[step].operation].output


def step_name(step: int) -> str:
    """Return the name of a step's result."""
    return f"s{step}"


def input_names(step: Step, program: Program, coordinates: str) -> list[str]:
    """Return the names of a step's inputs, one for each: ``s3``, ``s3.x`` or ``vec2(s1, s4.z)``."""
    args, start = [], 0
    for kind in OPERATIONS[step.operation].inputs:
        sources = step.inputs[start : start + WIDTHS[kind]]
        start += WIDTHS[kind]
        args.append(_input_name(sources, kind, program, coordinates))
    return args


def _input_name(sources: Sequence[Source], kind: str, program: Program, coordinates: str) -> str:
    first = sources[0][0]
    name = coordinates if first < 0 else step_name(first)
    whole = [(first, component) for component in range(WIDTHS[program.kind(first)])]
    if list(sources) == whole:
        return name
    parts = []
    for step, component in sources:
        name = coordinates if step < 0 else step_name(step)
        parts.append(name if program.kind(step) == "field" else f"{name}.{'xyz'[component]}")
    return parts[0] if len(parts) == 1 else f"{kind}({', '.join(parts)})"
