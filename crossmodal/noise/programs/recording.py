"""Record an operation as instructions, by calling its function once with values that record what is done to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.noise.programs.machine import OPERANDS, Opcode

# Forms of a binary instruction whose left or right operand is the same for all pixels.
_NUMBER_RIGHT = {
    Opcode.ADD: Opcode.ADD_S,
    Opcode.MUL: Opcode.MUL_S,
    Opcode.MIN: Opcode.MIN_S,
    Opcode.MAX: Opcode.MAX_S,
    Opcode.LESS: Opcode.LESS_S,
}
_NUMBER_LEFT = {
    **_NUMBER_RIGHT,
    Opcode.SUB: Opcode.SUB_S,
    Opcode.DIV: Opcode.DIV_S,
    Opcode.LESS: Opcode.GREATER_S,
}


class Value:
    """A register or a number of the machine, in place of a tensor while an operation is recorded."""

    def __init__(self, recorder: "Recorder", slot: int, is_number: bool):
        """Refer to the register ``slot``, or to the number ``slot``, which is the same for all pixels."""
        self.recorder, self.slot, self.is_number = recorder, slot, is_number

    @staticmethod
    def record(opcode: Opcode, *operands: Any) -> Tensor:
        """Record an instruction; at least one of the operands is a value, the others may be plain numbers."""
        recorder = next(operand.recorder for operand in operands if isinstance(operand, Value))
        # Operations treat a value as a tensor.
        return cast(Tensor, recorder.instruct(opcode, [recorder.value_of(operand) for operand in operands]))

    def recorded(self, opcode: Opcode) -> Tensor:
        """Record an instruction on this value."""
        return Value.record(opcode, self)

    def __add__(self, other: Any) -> Any:
        return Value.record(Opcode.ADD, self, other)

    def __radd__(self, other: Any) -> Any:
        return Value.record(Opcode.ADD, other, self)

    def __sub__(self, other: Any) -> Any:
        return Value.record(Opcode.SUB, self, other)

    def __rsub__(self, other: Any) -> Any:
        return Value.record(Opcode.SUB, other, self)

    def __mul__(self, other: Any) -> Any:
        return Value.record(Opcode.MUL, self, other)

    def __rmul__(self, other: Any) -> Any:
        return Value.record(Opcode.MUL, other, self)

    def __truediv__(self, other: Any) -> Any:
        return Value.record(Opcode.DIV, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return Value.record(Opcode.DIV, other, self)

    def __neg__(self) -> Any:
        return Value.record(Opcode.SUB, 0.0, self)

    def __lt__(self, other: Any) -> Any:
        return Value.record(Opcode.LESS, self, other)

    def __gt__(self, other: Any) -> Any:
        return Value.record(Opcode.LESS, other, self)


#: An instruction: opcode, operands, result.
Line: TypeAlias = tuple[Opcode, tuple[Value, ...], Value]


@dataclass(frozen=True)
class Microcode:
    """An operation as instructions over local indices, which a program replaces by its own.

    Local indices count registers first (inputs, outputs, scratch), then numbers (parameters, constants, scratch).
    """

    code: NDArray[np.int16]  #: (n, 5) instructions for each pixel
    prelude: NDArray[np.int16]  #: (n, 5) instructions on numbers
    inputs: int
    outputs: int
    scratch: int  #: number of registers that are free afterwards
    parameters: int
    constants: NDArray[np.float32]  #: initial values of the numbers after the parameters

    @property
    def instructions(self) -> int:
        """The number of instructions per pixel: the cost of the operation."""
        return len(self.code)


class Recorder:
    """Records the instructions on values; equal instructions are recorded once."""

    def __init__(self, inputs: int, parameters: int):
        """Start a record with some input registers and some parameters."""
        self.inputs = [Value(self, slot, False) for slot in range(inputs)]
        self.parameters = [Value(self, slot, True) for slot in range(parameters)]
        self.constants: dict[int, float] = {}
        self.lines: list[Line] = []
        self._known: dict[tuple[Any, ...], Value] = {}
        self._registers, self._numbers = inputs, parameters

    def value_of(self, operand: Any) -> Value:
        """Return a value as it is, and a plain number as a constant."""
        if isinstance(operand, Value):
            return operand
        key = ("constant", float(np.float32(operand)))
        if key not in self._known:
            self._known[key] = self._new(True)
            self.constants[self._known[key].slot] = key[1]
        return self._known[key]

    def instruct(self, opcode: Opcode, operands: Sequence[Value]) -> Value:  # noqa: PLR0911
        """Record an instruction in the form for the kinds of its operands."""
        if all(operand.is_number for operand in operands):
            return self._line(opcode, operands, True)
        if opcode in (Opcode.MIX, Opcode.PICK, Opcode.ATAN, Opcode.HASH):
            return self._spread(opcode, operands)
        if len(operands) == 1 or not any(operand.is_number for operand in operands):
            return self._line(opcode, operands, False)
        left, right = operands
        if left.is_number:
            return self._line(_NUMBER_LEFT[opcode], (right, left), False)
        if opcode == Opcode.SUB:
            return self._line(Opcode.ADD_S, (left, self._apply(Opcode.SUB, 0.0, right)), False)
        if opcode == Opcode.DIV:
            return self._line(Opcode.MUL_S, (left, self._apply(Opcode.DIV, 1.0, right)), False)
        return self._line(_NUMBER_RIGHT[opcode], (left, right), False)

    def _apply(self, opcode: Opcode, *operands: Value | float) -> Value:
        return self.instruct(opcode, [self.value_of(operand) for operand in operands])

    def _spread(self, opcode: Opcode, operands: Sequence[Value]) -> Value:
        kinds = OPERANDS[opcode]
        if opcode == Opcode.MIX and any(operand.is_number for operand in operands):
            start, end, weight = operands
            difference = self._apply(Opcode.SUB, end, start)
            return self._apply(Opcode.ADD, start, self._apply(Opcode.MUL, difference, weight))
        filled = [
            self._line(Opcode.FILL, (operand,), False) if operand.is_number and kind == "v" else operand
            for operand, kind in zip(operands, kinds, strict=True)
        ]
        return self._line(opcode, filled, False)

    def _line(self, opcode: Opcode, operands: Sequence[Value], is_number: bool) -> Value:
        key = (opcode, is_number, *((operand.is_number, operand.slot) for operand in operands))
        if key not in self._known:
            self._known[key] = self._write(opcode, operands, is_number)
        return self._known[key]

    def _write(self, opcode: Opcode, operands: Sequence[Value], is_number: bool) -> Value:
        result = self._new(is_number)
        self.lines.append((opcode, tuple(operands), result))
        return result

    def _new(self, is_number: bool) -> Value:
        if is_number:
            self._numbers += 1
            return Value(self, self._numbers - 1, True)
        self._registers += 1
        return Value(self, self._registers - 1, False)

    def finish(self, outputs: Sequence[Any]) -> Microcode:
        """Drop unneeded instructions, assign registers, and return the microcode."""
        results: list[Value] = []
        for value in map(self.value_of, outputs):
            # A result that is an input, or occurs twice, is copied to a separate register.
            copied = value.is_number or value in results or value in self.inputs
            opcode = Opcode.FILL if value.is_number else Opcode.COPY
            results.append(self._write(opcode, [value], False) if copied else value)
        lines = _needed(self.lines, results)
        code = [line for line in lines if not line[2].is_number]
        slots = _allocate([*self.inputs, *results], code)
        registers = 1 + max(slots.values())
        constants = np.zeros(self._numbers - len(self.parameters), dtype=np.float32)
        for slot, constant in self.constants.items():
            constants[slot - len(self.parameters)] = constant
        return Microcode(
            code=_rows(code, lambda value: registers + value.slot if value.is_number else slots[value]),
            prelude=_rows([line for line in lines if line[2].is_number], lambda value: value.slot),
            inputs=len(self.inputs),
            outputs=len(results),
            scratch=registers - len(self.inputs) - len(results),
            parameters=len(self.parameters),
            constants=constants,
        )


def _needed(lines: Sequence[Line], results: Sequence[Value]) -> list[Line]:
    needed, kept = set(results), []
    for line in reversed(lines):
        if line[2] in needed:
            needed.update(line[1])
            kept.append(line)
    return kept[::-1]


def _allocate(fixed: Sequence[Value], lines: Sequence[Line]) -> dict[Value, int]:
    """Assign registers to values: the fixed ones in order, then scratch, which is reused after its last use."""
    last_use = {operand: number for number, (_, operands, _) in enumerate(lines) for operand in operands}
    slots = {value: slot for slot, value in enumerate(fixed)}
    free: list[int] = []
    used = len(fixed)
    for number, (_, operands, result) in enumerate(lines):
        if result not in slots:
            if not free:
                free.append(used)
                used += 1
            slots[result] = free.pop()
        # Freed after the result got its register: loops whose result overwrites an operand are not vectorized.
        free.extend(
            slots[operand]
            for operand in dict.fromkeys(operands)
            if last_use[operand] == number and not operand.is_number and operand not in fixed
        )
    return slots


def _rows(lines: Sequence[Line], slot: Callable[[Value], int]) -> NDArray[np.int16]:
    code = np.zeros((len(lines), 5), dtype=np.int16)
    for number, (opcode, operands, result) in enumerate(lines):
        code[number, : 2 + len(operands)] = (opcode, slot(result), *map(slot, operands))
    return code
