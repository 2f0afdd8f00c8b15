"""Render many programs at once with tensors, on any device: steps of the same operation run together."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from crossmodal.noise.programs.arithmetic import sine
from crossmodal.noise.programs.operation import OPERATIONS
from crossmodal.noise.programs.program import COORDINATES, Program, Source

_Kind: TypeAlias = tuple[str, tuple[int, ...]]
# A step to run: (index of the program, index of the step).
_Job: TypeAlias = tuple[int, int]


def paint_tensors(programs: Sequence[Program], times_s: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Render each program at its time: float32 (programs, 3, height, width), clamped to 0 to 1.

    Args:
        programs: to render.
        times_s: (programs,) float32, on the CPU.
        x: (programs, height, width) float32 coordinates, to the right, on the device of the result.
        y: the same, up.
    """
    painter = _Painter(programs, times_s, x, y)
    while painter.ready:
        painter.run(max(painter.ready, key=lambda kind: (len(painter.ready[kind]), kind)))
    return painter.colours()


class _Painter:
    """Runs, step by step, the operation that is ready in most programs."""

    def __init__(self, programs: Sequence[Program], times_s: Tensor, x: Tensor, y: Tensor):
        self.programs, self.shape, self.device = programs, x.shape[1:], x.device
        self.values: list[dict[Source, Tensor]] = [
            dict(zip(COORDINATES, plane, strict=True)) for plane in zip(x, y, strict=True)
        ]
        self.numbers = [_numbers(program, time_s) for program, time_s in zip(programs, times_s, strict=True)]
        self.uses = [Counter(source for step in program.steps for source in step.inputs) for program in programs]
        self.ready: dict[_Kind, list[_Job]] = defaultdict(list)
        self.followers: dict[_Job, list[int]] = defaultdict(list)
        self.missing: dict[_Job, int] = {}
        for number, program in enumerate(programs):
            for position, step in enumerate(program.steps):
                before = {source[0] for source in step.inputs if source[0] >= 0}
                for earlier in before:
                    self.followers[number, earlier].append(position)
                self._expect((number, position), len(before))

    def run(self, kind: _Kind) -> None:
        """Run one operation for all steps whose inputs are computed."""
        name, counts = kind
        jobs = self.ready.pop(kind)
        steps = [self.programs[number].steps[position] for number, position in jobs]
        inputs = [
            torch.stack([self.values[number][source] for (number, _), source in zip(jobs, column, strict=True)])
            for column in zip(*(step.inputs for step in steps), strict=True)
        ]
        numbers = torch.tensor([self.numbers[number][position] for number, position in jobs]).to(self.device)
        results = OPERATIONS[name].apply(inputs, list(numbers.T[:, :, None, None]), counts)
        planes = [result.expand(len(jobs), *self.shape) for result in results]
        for row, (number, position) in enumerate(jobs):
            self.values[number].update({(position, component): plane[row] for component, plane in enumerate(planes)})
            self._forget(number, steps[row].inputs)
            for later in self.followers[number, position]:
                self._expect((number, later), self.missing[number, later] - 1)

    def colours(self) -> Tensor:
        """Return the results of the last steps."""
        planes = [
            torch.stack([values[len(program.steps) - 1, component] for component in range(3)])
            for program, values in zip(self.programs, self.values, strict=True)
        ]
        return torch.stack(planes).nan_to_num(0.0).clamp(0.0, 1.0)

    def _expect(self, job: _Job, missing: int) -> None:
        """Set the number of inputs that a step waits for."""
        self.missing[job] = missing
        if missing == 0:
            number, position = job
            step = self.programs[number].steps[position]
            self.ready[step.operation, step.counts].append(job)

    def _forget(self, number: int, sources: Sequence[Source]) -> None:
        """Drop values after their last use."""
        uses = self.uses[number]
        uses.subtract(sources)
        for source in set(sources):
            if uses[source] == 0:
                del self.values[number][source]


def _numbers(program: Program, time_s: Tensor) -> list[list[float]]:
    """Return the values of the parameters of each step."""
    table = torch.tensor([parameter for step in program.steps for parameter in step.parameters])
    base, drift, swing, pace, phase = table.reshape(-1, 5).T
    values = (base + drift * time_s + swing * sine(pace * time_s + phase)).tolist()
    following = iter(values)
    return [[next(following) for _ in step.parameters] for step in program.steps]
