"""The writer of programs, step by step."""

from collections.abc import Callable
from typing import Any, TypeAlias

from crossmodal.noise.programs.draw import USUAL, Draw, Law
from crossmodal.noise.programs.operation import OPERATIONS, WIDTHS
from crossmodal.noise.programs.program import COORDINATES, Parameter, Program, Source, Step

#: The result of a step, or components of results: the input of further steps.
Result: TypeAlias = tuple[Source, ...]


class Writer:
    """The steps of a program so far, and its random choices."""

    def __init__(self, draw: Draw):
        """Start a program."""
        self.draw = draw
        self.steps: list[Step] = []
        self.screen: Result = COORDINATES

    def step(self, function: Callable[..., Any], *inputs: Result, count: int | None = None, **numbers: Any) -> Result:
        """Add a step and return its result.

        Args:
            function: an operation.
            inputs: results of earlier steps.
            count: of the operation, if it has one.
            numbers: parameters: numbers, `Parameter`, or `Law` to draw from; the others are drawn from `USUAL`.
        """
        operation = OPERATIONS[function.__name__]
        parameters = tuple(self._parameter(numbers.pop(name, None), name) for name in operation.parameters)
        if numbers:
            raise TypeError(f"{operation.name} has no parameter {sorted(numbers)}")
        flat = tuple(source for given in inputs for source in given)
        self.steps.append(Step(operation.name, flat, parameters, () if count is None else (count,)))
        return tuple((len(self.steps) - 1, component) for component in range(WIDTHS[operation.output]))

    def again(self, start: int, end: int, instead: Result, of: Result) -> int:
        """Repeat steps ``start`` to ``end`` with ``instead`` for the points ``of``; return the offset of the copies."""
        shift = len(self.steps) - start
        swap = dict(zip(of, instead, strict=True))
        for step in self.steps[start:end]:
            moved = tuple(swap.get(s, (s[0] + shift, s[1]) if s[0] >= start else s) for s in step.inputs)
            self.steps.append(step._replace(inputs=moved))
        return shift

    def finish(self) -> Program:
        """Return the program whose colour is the last step, without unused steps."""
        needed = {len(self.steps) - 1}
        for number in range(len(self.steps) - 1, -1, -1):
            if number in needed:
                needed.update(source[0] for source in self.steps[number].inputs)
        renumbered = {-1: -1} | {old: new for new, old in enumerate(sorted(needed - {-1}))}
        steps = (self.steps[number] for number in renumbered if number >= 0)
        return Program(
            tuple(
                step._replace(inputs=tuple((renumbered[source], component) for source, component in step.inputs))
                for step in steps
            )
        )

    def _parameter(self, given: Any, name: str) -> Parameter:
        if given is None:
            given = USUAL[name]
        if isinstance(given, Law):
            return given.draw(self.draw)
        return given if isinstance(given, Parameter) else Parameter(float(given))


def later(result: Result, shift: int) -> Result:
    """Return the corresponding result of steps that `Writer.again` repeated."""
    return tuple((step + shift, component) for step, component in result)
