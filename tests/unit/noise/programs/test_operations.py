"""Every operation has the same results on the compiled machine, on tensors and in GLSL."""

import importlib.util

import numpy as np
import pytest
import torch

from crossmodal.noise.programs import blends, colours, coordinates
from crossmodal.noise.programs.assembly import assemble
from crossmodal.noise.programs.draw import Draw
from crossmodal.noise.programs.glsl import print_shader
from crossmodal.noise.programs.operation import OPERATIONS, WIDTHS
from crossmodal.noise.programs.process import screen
from crossmodal.noise.programs.selection import PLAIN_VIEW
from crossmodal.noise.programs.shader import ShaderFile
from crossmodal.noise.programs.tensors import paint_tensors
from crossmodal.noise.programs.writer import Writer

SIDE = 48
TIME_S = 2.0
COUNT = 4


def show(name, reach=1.5):
    """Return a program that shows the result of one operation as waves, for any range."""
    operation = OPERATIONS[name]
    draw = Draw(3, 0)
    writer = Writer(draw)
    p = writer.step(coordinates.place, writer.screen, left=0.1, down=0.2, turn=0.07, scale_x=reach, scale_y=reach)
    third = writer.step(blends.wave, p[:1], frequency=0.3, phase=0.1)
    numbers = {
        parameter: float(draw.whole(0, 999)) if parameter == "salt" else draw.between(0.2, 1.2)
        for parameter in operation.parameters
    }
    inputs = [{"field": p[:1], "vec2": p, "vec3": (*p, *third)}[kind] for kind in operation.inputs]
    if len(inputs) > 1:  # so that not all fields are one
        inputs[1:] = [
            third if kind == "field" else given for kind, given in zip(operation.inputs[1:], inputs[1:], strict=True)
        ]
    result = writer.step(operation.function, *inputs, count=COUNT if operation.counts else None, **numbers)
    padded = (*result, *p, *p)[:3] if WIDTHS[operation.output] < 3 else result
    waves = [writer.step(blends.wave, (source,), frequency=0.2, phase=0.1) for source in padded]
    writer.step(blends.stack, *waves)
    return writer.finish()


def on_machine(program):
    image = np.empty((3, SIDE * SIDE), dtype=np.uint8)
    assemble(program).paint(TIME_S, np.stack([plane.ravel() for plane in screen(SIDE, SIDE)]), PLAIN_VIEW, image)
    return image.reshape(3, SIDE, SIDE).astype(int)


def on_tensors(programs):
    x, y = (torch.from_numpy(plane).expand(len(programs), -1, -1) for plane in screen(SIDE, SIDE))
    colours_of = paint_tensors(programs, torch.full((len(programs),), TIME_S), x, y)
    return (255.0 * colours_of + 0.5).to(torch.uint8).numpy().astype(int)


def share_beyond(first, second, levels):
    return (np.abs(first - second).max(axis=-3) > levels).mean()


def test_all_operations_agree_between_machine_and_tensors():
    """No more than 2 levels apart; at discontinuities (a floor, a choice) 3 pixels in 1000 may differ."""
    programs = [show(name) for name in OPERATIONS]
    for name, program, there in zip(OPERATIONS, programs, on_tensors(programs), strict=True):
        assert share_beyond(on_machine(program), there, 2) <= 0.003, name


@pytest.mark.parametrize("reach", [0.0, 60.0, 1e6])
def test_all_results_are_finite(reach):
    """At the origin, far away, and further than any program goes, everything stays finite."""
    for name, operation in OPERATIONS.items():
        points = torch.linspace(-reach, reach, 64)
        inputs = [points.roll(7 * place) for place in range(sum(WIDTHS[kind] for kind in operation.inputs))]
        numbers = [torch.tensor(0.6) for _ in operation.parameters]
        results = operation.apply(inputs, numbers, (COUNT,) * len(operation.counts))
        assert all(bool(torch.isfinite(result).all()) for result in results), name


@pytest.mark.skipif(importlib.util.find_spec("moderngl") is None, reason="moderngl (the extra `gl`) is not installed")
def test_all_operations_agree_between_machine_and_glsl(tmp_path, gl):
    for name in OPERATIONS:
        (tmp_path / f"{name}.glsl").write_text(print_shader(show(name)))
    shaders = ShaderFile(path=str(tmp_path), time_range=(TIME_S, TIME_S))
    names = [file.stem for file in shaders.files]
    assert sorted(names) == sorted(OPERATIONS)
    images = gl.render_each(shaders, SIDE)
    for name, there in zip(names, images, strict=True):
        assert share_beyond(on_machine(show(name)), there, 3) <= 0.005, name


def test_colours_and_points_have_different_kinds():
    assert OPERATIONS["over"].inputs == ("vec3", "vec3", "field")
    assert OPERATIONS["over"].parameters == ("cover",)
    assert OPERATIONS["leaves"].counts == ("layers",)
    assert OPERATIONS["ramp"].function is colours.ramp
