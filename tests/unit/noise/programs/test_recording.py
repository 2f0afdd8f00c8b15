"""Recording turns a function of tensors into few instructions over few registers."""

import numpy as np
import pytest

from crossmodal.noise.programs.arithmetic import floor, lattice_random, mix, sine
from crossmodal.noise.programs.machine import OPERANDS, Opcode
from crossmodal.noise.programs.operation import OPERATIONS
from crossmodal.noise.programs.recording import Recorder


def record(function, inputs=2, parameters=1):
    recorder = Recorder(inputs, parameters)
    return recorder.finish(function(*recorder.inputs, *recorder.parameters))


def opcodes(code):
    return [Opcode(row[0]).name for row in code]


def test_the_same_thing_done_twice_is_done_once():
    micro = record(lambda x, y, s: [floor(x) + floor(x) * y])
    assert opcodes(micro.code) == ["FLOOR", "MUL", "ADD"]


def test_what_no_result_needs_is_dropped():
    def wasteful(x, y, s):
        sine(x * y)
        return [x + y]

    assert opcodes(record(wasteful).code) == ["ADD"]


def test_what_is_the_same_for_all_pixels_is_computed_once_per_image():
    micro = record(lambda x, y, s: [x * (sine(s) + 1.0)])
    assert opcodes(micro.prelude) == ["SINE", "ADD"]
    assert opcodes(micro.code) == ["MUL_S"]
    assert 1.0 in micro.constants.tolist()


def test_numbers_take_either_side():
    assert opcodes(record(lambda x, y, s: [s - x]).code) == ["SUB_S"]
    assert opcodes(record(lambda x, y, s: [x - s]).code) == ["ADD_S"]
    assert opcodes(record(lambda x, y, s: [s / x]).code) == ["DIV_S"]
    assert opcodes(record(lambda x, y, s: [x / s]).code) == ["MUL_S"]
    assert opcodes(record(lambda x, y, s: [s < x]).code) == ["GREATER_S"]
    assert opcodes(record(lambda x, y, s: [mix(s, x, y)]).code) == ["ADD_S", "MUL", "ADD_S"]
    assert opcodes(record(lambda x, y, s: [lattice_random(x, 3.0, s)]).code) == ["FILL", "HASH"]


def test_results_have_registers_of_their_own():
    """An input that is given on is copied, and so is what is given twice, and numbers fill a register."""
    micro = record(lambda x, y, s: [x, y + 1.0, y + 1.0, s])
    assert sorted(opcodes(micro.code)) == ["ADD_S", "COPY", "COPY", "FILL"]
    assert sorted(micro.code[:, 1]) == [2, 3, 4, 5]


@pytest.mark.parametrize("name", OPERATIONS)
def test_instructions_read_what_was_written_and_never_overwrite_their_operands(name):
    operation = OPERATIONS[name]
    micro = operation.microcode((3,) * len(operation.counts))
    registers = micro.inputs + micro.outputs + micro.scratch
    written = set(range(micro.inputs))
    for opcode, result, *operands in micro.code.tolist():
        kinds = OPERANDS[Opcode(opcode)]
        read = [place for place, kind in zip(operands, kinds, strict=False) if kind == "v"]
        numbers = [place - registers for place, kind in zip(operands, kinds, strict=False) if kind == "s"]
        assert set(read) <= written
        assert result not in read
        assert micro.inputs <= result < registers
        assert all(0 <= place < micro.parameters + len(micro.constants) for place in numbers)
        written.add(result)
    assert written >= set(range(micro.inputs + micro.outputs))
    assert micro.code.dtype == np.int16
