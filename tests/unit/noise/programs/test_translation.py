"""Operations are translated to GLSL literally; anything without a translation is refused."""

import pytest

from crossmodal.noise.programs.arithmetic import Count, Field, Number, Point, floor, pick
from crossmodal.noise.programs.glsl import parameter_expression, print_shader
from crossmodal.noise.programs.operation import OPERATIONS
from crossmodal.noise.programs.program import Parameter, Program, Step
from crossmodal.noise.programs.translation import functions_called, translate


def halve(half: Field) -> Field:
    """Take half of it."""
    return half / 2.0


def example(p: Point, amount: Number, rounds: Count) -> Point:
    """An example."""
    x, y = p
    for number in range(rounds):
        shift = float(number // 2) - (x - (y - amount))
        x = pick(x < y, -(x + shift), halve(floor(x) * 0.1))
    return x, y


def unknown(p: Point) -> Field:
    """Does what has no translation."""
    x, y = p
    return x**y


def test_a_function_is_translated_line_by_line():
    assert translate(example) == (
        "// An example.\n"
        "vec2 example(vec2 p, float amount, int rounds) {\n"
        "    float x = p.x;\n"
        "    float y = p.y;\n"
        "    for (int number = 0; number < rounds; number++) {\n"
        "        float shift = float(number / 2) - (x - (y - amount));\n"
        "        x = (x < y ? -(x + shift) : halve(floor(x) * 0.1));\n"
        "    }\n"
        "    return vec2(x, y);\n"
        "}\n"
    )


def test_reserved_words_of_glsl_are_renamed():
    assert "float halve(float half_)" in translate(halve)
    assert "float union_(float a, float b)" in translate(OPERATIONS["union"].function)


def test_functions_come_after_those_that_they_call():
    assert functions_called(example) == (halve, example)


def test_what_has_no_translation_is_refused():
    with pytest.raises(TypeError, match=r"unknown: 'x \*\* y' has no translation"):
        translate(unknown)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_translated_with_a_comment(name):
    assert translate(OPERATIONS[name].function).startswith("// ")


def test_parameters_are_expressions_of_time():
    assert parameter_expression(Parameter(0.25)) == "0.25"
    assert parameter_expression(Parameter(3.0, drift=-0.5)) == "3.0 + -0.5 * t"
    assert parameter_expression(Parameter(1.0, swing=0.1, pace=0.5, phase=0.2)) == "1.0 + 0.1 * sine(0.5 * t + 0.2)"


def test_a_shader_is_complete_and_licensed():
    steps = (
        Step("glow", ((-1, 0), (-1, 1)), (Parameter(0.0), Parameter(0.0), Parameter(2.0))),
        Step("stack", ((0, 0), (-1, 0), (0, 0))),
    )
    text = print_shader(Program(steps), view=(2.0, 0.0, 0.5, 0.0, 2.0, 0.0))
    assert text.startswith("// SPDX-License-Identifier: Apache-2.0\n")
    assert "    float s0 = glow(p, 0.0, 0.0, 2.0);\n    vec3 s1 = stack(s0, p.x, s0);\n    return s1;\n" in text
    assert "void mainImage(out vec4 fragColor, in vec2 fragCoord)" in text
    assert "vec2 p = vec2(2.0 * screen.x + 0.0 * screen.y + 0.5, 0.0 * screen.x + 2.0 * screen.y + 0.0);" in text
    assert "#version" not in text
    assert text.count("float glow(") == 1
