"""Print programs as fragment shaders."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from crossmodal.noise.programs.operation import OPERATIONS
from crossmodal.noise.programs.program import Parameter, Program, Step, input_names, step_name
from crossmodal.noise.programs.translation import PRELUDE, functions_called, spell, translate

_TYPES = {"field": "float", "vec2": "vec2", "vec3": "vec3"}
_HEAD = """\
// SPDX-License-Identifier: Apache-2.0
// A program of crossmodal.noise, written by its grammar. Put into mainImage's convention: iResolution in pixels, iTime
// in seconds. Angles are turns: a full circle is 1.
"""
_MAIN = """\
void mainImage(out vec4 fragColor, in vec2 fragCoord) {{
    vec2 screen = (2.0 * fragCoord - iResolution.xy) / min(iResolution.x, iResolution.y);
    vec2 p = vec2({});
    fragColor = vec4(clamp(paint(p, iTime), 0.0, 1.0), 1.0);
}}
"""


def print_shader(program: Program, view: Sequence[float] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)) -> str:
    """Return a program as a fragment shader with ``mainImage``; it uses the uniforms iResolution and iTime.

    Args:
        program: to print.
        view: a, b, c, d, e, f: the program gets a x + b y + c and d x + e y + f for the coordinates x and y of the
            screen; its shorter side spans -1 to 1.
    """
    needed: dict[Callable[..., Any], None] = {}
    for step in program.steps:
        needed.update(dict.fromkeys(functions_called(OPERATIONS[step.operation].function)))
    body = "\n".join(f"    {_line(number, step, program)}" for number, step in enumerate(program.steps))
    result = step_name(len(program.steps) - 1)
    paint = f"vec3 paint(vec2 p, float t) {{\n{body}\n    return {result};\n}}\n"
    return "\n".join([_HEAD, PRELUDE, *map(translate, needed), paint, _MAIN.format(_view_expression(view))])


def _line(number: int, step: Step, program: Program) -> str:
    args = [
        *input_names(step, program, "p"),
        *map(parameter_expression, step.parameters),
        *map(str, step.counts),
    ]
    return f"{_TYPES[program.kind(number)]} {step_name(number)} = {spell(step.operation)}({', '.join(args)});"


def parameter_expression(parameter: Parameter) -> str:
    """Return a parameter as an expression of the time ``t``."""
    base, drift, swing, pace, phase = map(_number, parameter)
    text = base
    if parameter.drift:
        text += f" + {drift} * t"
    if parameter.swing:
        text += f" + {swing} * sine({pace} * t + {phase})"
    return text


def _view_expression(view: Sequence[float]) -> str:
    a, b, c, d, e, f = map(_number, view)
    if list(view) == [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]:
        return "screen"
    return f"{a} * screen.x + {b} * screen.y + {c}, {d} * screen.x + {e} * screen.y + {f}"


def _number(value: float) -> str:
    """Return the shortest decimal of the same number in single precision."""
    return repr(float(str(np.float32(value))))
