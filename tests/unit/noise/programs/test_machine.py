"""The compiled machine computes what mathematics says, to the last bits of single precision."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from crossmodal.noise.programs.machine import OPERANDS, WIDTH, Opcode, paint

PLACES = np.random.default_rng(0).normal(size=(2, 2500)).astype(np.float32)
PLAIN = np.array([1, 0, 0, 0, 1, 0], dtype=np.float32)


def compute(opcode, number=0.0, places=PLACES):
    """Apply one instruction to x, y and 0.7 y, and read the result back through an image of bytes, in 256ths."""
    kinds = OPERANDS[opcode]
    operands = [(0, 1, 5)[place] if kind == "v" else 0 for place, kind in enumerate(kinds)]
    code = [[Opcode.MUL_S, 5, 1, 1, 0], [opcode, 2, *operands, *[0] * (3 - len(operands))]]
    copies = [[Opcode.COPY, register, 2, 0, 0] for register in (3, 4)]
    image = np.empty((3, places.shape[1]), dtype=np.uint8)
    registers = np.full((6, WIDTH), np.nan, dtype=np.float32)
    paint(
        np.empty((0, 5), dtype=np.int16),
        np.array(code + copies, dtype=np.int16),
        np.array([0.0, 0.7], dtype=np.float32),
        np.array([[number, 0, 0, 0, 0]], dtype=np.float32),
        np.float32(0),
        places,
        PLAIN,
        registers,
        image,
    )
    assert_array_equal(image[0], image[2])
    return registers[2, : places.shape[1] % WIDTH], places[:, -(places.shape[1] % WIDTH) :].astype(np.float64)


X_AND_Y = {
    Opcode.ADD: lambda x, y: x + y,
    Opcode.SUB: lambda x, y: x - y,
    Opcode.MUL: lambda x, y: x * y,
    Opcode.DIV: lambda x, y: x / y,
    Opcode.MIN: np.minimum,
    Opcode.MAX: np.maximum,
    Opcode.LESS: lambda x, y: (x < y) * 1.0,
    Opcode.FLOOR: lambda x, y: np.floor(x),
    Opcode.ABS: lambda x, y: np.abs(x),
    Opcode.SQRT: lambda x, y: np.sqrt(np.maximum(x, 0)),
    Opcode.SINE: lambda x, y: np.sin(2 * np.pi * x),
    Opcode.ATAN: lambda x, y: np.arctan2(x, y) / (2 * np.pi),
    Opcode.EXP: lambda x, y: np.exp(x),
    Opcode.LOG: lambda x, y: np.log(np.maximum(x, 1e-12)),
    Opcode.EASE: lambda x, y: x * x * (3 - 2 * x),
    Opcode.MIX: lambda x, y: x + (y - x) * 0.7 * y,
    Opcode.PICK: lambda x, y: np.where(x > 0.5, y, 0.7 * y),
    Opcode.COPY: lambda x, y: x,
    Opcode.ADD_S: lambda x, y: x + 0.3,
    Opcode.SUB_S: lambda x, y: 0.3 - x,
    Opcode.MUL_S: lambda x, y: x * 0.3,
    Opcode.DIV_S: lambda x, y: 0.3 / x,
    Opcode.MIN_S: lambda x, y: np.minimum(x, 0.3),
    Opcode.MAX_S: lambda x, y: np.maximum(x, 0.3),
    Opcode.LESS_S: lambda x, y: (x < 0.3) * 1.0,
    Opcode.GREATER_S: lambda x, y: (x > 0.3) * 1.0,
    Opcode.FILL: lambda x, y: 0.3 + 0 * x,
}


def test_every_instruction_is_tested():
    assert set(X_AND_Y) | {Opcode.HASH} == set(Opcode)


@pytest.mark.parametrize("opcode", X_AND_Y, ids=lambda opcode: opcode.name)
def test_an_instruction_computes_its_function(opcode):
    found, (x, y) = compute(opcode, number=0.3)
    assert_allclose(found, X_AND_Y[opcode](x, y), rtol=2e-6, atol=2e-6)


def test_lattice_random_numbers_are_even_and_independent():
    """Mean, deviation and correlation with the neighbour; each at four sigma, false alarm 2e-4 in all."""
    places = np.stack(np.meshgrid(np.arange(-25, 25), np.arange(-25, 25))).reshape(2, -1).astype(np.float32)
    count = places.shape[1] % WIDTH
    here, _ = compute(Opcode.HASH, number=7.0, places=places)
    beside, _ = compute(Opcode.HASH, number=7.0, places=places + np.float32([[1], [0]]))
    other, _ = compute(Opcode.HASH, number=8.0, places=places)
    assert abs(here.mean() - 0.5) < 4 * (1 / 12) ** 0.5 / count**0.5
    for second in (beside, other):
        assert abs(np.corrcoef(here, second)[0, 1]) < 4 / count**0.5
    assert ((here >= 0) & (here < 1)).all()


def test_far_lattice_points_are_clamped_and_not_undefined():
    far = np.full((2, 3), 3e38, dtype=np.float32)
    edge = np.full((2, 3), 4194304.0, dtype=np.float32)
    assert_array_equal(compute(Opcode.HASH, places=far)[0], compute(Opcode.HASH, places=edge)[0])


def test_colours_beyond_the_range_are_clamped_and_what_is_no_number_is_black():
    places = np.array([[-1.0, 0.5, 2.0, np.nan, np.inf], [0.0] * 5], dtype=np.float32)
    code = [[Opcode.COPY, register, 0, 0, 0] for register in (2, 3, 4)]
    image = np.empty((3, 5), dtype=np.uint8)
    nothing = np.empty((0, 5), dtype=np.int16)
    registers = np.empty((5, WIDTH), dtype=np.float32)
    parameters = np.zeros((1, 5), dtype=np.float32)
    time_s, numbers = np.float32(0), np.zeros(1, dtype=np.float32)
    view = np.array([1, 0, 0, 0, 1, 0], dtype=np.float32)
    paint(nothing, np.array(code, dtype=np.int16), numbers, parameters, time_s, places, view, registers, image)
    assert image[0].tolist() == [0, 128, 255, 0, 255]


def test_parameters_move_with_time_and_views_move_the_plane():
    code = [[Opcode.FILL, 2, 0, 0, 0], [Opcode.COPY, 3, 0, 0, 0], [Opcode.COPY, 4, 1, 0, 0]]
    image = np.empty((3, 1), dtype=np.uint8)
    paint(
        np.empty((0, 5), dtype=np.int16),
        np.array(code, dtype=np.int16),
        np.zeros(1, dtype=np.float32),
        np.array([[0.1, 0.05, 0.2, 0.125, 0.5]], dtype=np.float32),
        np.float32(2.0),
        np.array([[0.2], [0.3]], dtype=np.float32),
        np.array([0.5, 1.0, 0.1, 1.0, 0.0, 0.4], dtype=np.float32),
        np.empty((5, WIDTH), dtype=np.float32),
        image,
    )
    moved = 0.1 + 0.05 * 2 + 0.2 * np.sin(2 * np.pi * (0.125 * 2 + 0.5))
    expected = [max(moved, 0), 0.5 * 0.2 + 0.3 + 0.1, 0.2 + 0.4]
    assert_array_equal(image[:, 0], np.round(255 * np.array(expected)))
