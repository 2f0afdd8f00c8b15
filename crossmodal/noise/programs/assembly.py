"""Assemble the instructions of a program's steps for the machine."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossmodal.noise.programs.machine import WIDTH, paint
from crossmodal.noise.programs.operation import OPERATIONS
from crossmodal.noise.programs.program import Program, Source
from crossmodal.noise.programs.recording import Microcode

# Registers 0 and 1 hold the coordinates, 2 to 4 the colour.
_COLOUR = 2
_RESERVED = 5


@dataclass(frozen=True)
class Assembled:
    """A program in the form of `crossmodal.noise.programs.machine.paint`."""

    prelude: NDArray[np.int16]
    code: NDArray[np.int16]
    numbers: NDArray[np.float32]
    parameters: NDArray[np.float32]
    registers: int

    def paint(
        self, time_s: float, positions: NDArray[np.float32], view: NDArray[np.float32], image: NDArray[np.uint8]
    ) -> None:
        """Render the program at one time into ``image`` (3, pixels)."""
        paint(
            self.prelude,
            self.code,
            self.numbers.copy(),
            self.parameters,
            np.float32(time_s),
            positions,
            view,
            np.empty((self.registers, WIDTH), dtype=np.float32),
            image,
        )


def assemble(program: Program) -> Assembled:
    """Join the instructions of all steps, with shared registers and numbers."""
    steps = program.steps
    micros = [OPERATIONS[step.operation].microcode(step.counts) for step in steps]
    scratch = list(range(_RESERVED, _RESERVED + max(micro.scratch for micro in micros)))
    registers, used = _allocate(program, micros, _RESERVED + len(scratch))
    parameter, constant = 0, sum(micro.parameters for micro in micros)
    frames, numbers = [], []
    for number, (step, micro) in enumerate(zip(steps, micros, strict=True)):
        own = [*range(parameter, parameter + micro.parameters), *range(constant, constant + len(micro.constants))]
        outputs = [registers[number, component] for component in range(micro.outputs)]
        frames.append([*(registers[source] for source in step.inputs), *outputs, *scratch[: micro.scratch], *own])
        numbers.append(own)
        parameter += micro.parameters
        constant += len(micro.constants)
    given = [parameter for step in steps for parameter in step.parameters]
    return Assembled(
        prelude=_relocated([micro.prelude for micro in micros], numbers),
        code=_relocated([micro.code for micro in micros], frames),
        numbers=np.concatenate([np.zeros(len(given), dtype=np.float32), *(micro.constants for micro in micros)]),
        parameters=np.array(given, dtype=np.float32).reshape(-1, 5),
        registers=used,
    )


def _allocate(program: Program, micros: list[Microcode], used: int) -> tuple[dict[Source, int], int]:
    """Assign a register to each component of each step; registers are reused after their last use."""
    last_use = {source: number for number, step in enumerate(program.steps) for source in step.inputs}
    registers: dict[Source, int] = {(-1, 0): 0, (-1, 1): 1}
    final = len(program.steps) - 1
    free: list[int] = []
    for number, (step, micro) in enumerate(zip(program.steps, micros, strict=True)):
        for component in range(micro.outputs):
            if number == final:
                registers[number, component] = _COLOUR + component
                continue
            if not free:
                free.append(used)
                used += 1
            registers[number, component] = free.pop()
        ended = [source for source in dict.fromkeys(step.inputs) if last_use[source] == number and source[0] >= 0]
        unused = [(number, component) for component in range(micro.outputs) if (number, component) not in last_use]
        free.extend(registers[source] for source in (*ended, *(unused if number != final else ())))
    return registers, used


def _relocated(codes: list[NDArray[np.int16]], frames: list[list[int]]) -> NDArray[np.int16]:
    """Join instructions, and replace the local indices of each part by those of its frame."""
    joined = np.concatenate(codes)
    lengths = [len(frame) for frame in frames]
    starts = np.cumsum([0, *lengths[:-1]])
    flat = np.array([index for frame in frames for index in frame], dtype=np.int16)
    joined[:, 1:] = flat[joined[:, 1:] + np.repeat(starts, [len(code) for code in codes])[:, None]]
    return joined
