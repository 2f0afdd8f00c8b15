"""Write the steps of a program one after the other."""

from collections.abc import Callable
from typing import Any, TypeAlias

from crossmodal.noise.programs.draw import USUAL, Draw, Law
from crossmodal.noise.programs.operation import OPERATIONS, WIDTHS
from crossmodal.noise.programs.program import COORDINATES, Parameter, Program, Source, Step

#: The result of a step, or components of results: what further steps take.
Result: TypeAlias = tuple[Source, ...]


class Writer:
    """Steps in the making, and the choices that make them."""

    def __init__(self, draw: Draw):
        """Begin a program."""
        self.draw = draw
        self.steps: list[Step] = []
        self.screen: Result = COORDINATES

    def step(self, function: Callable[..., Any], *inputs: Result, count: int | None = None, **numbers: Any) -> Result:
        """Add a step, and give its result.

        Args:
            function: an operation.
            inputs: what goes in.
            count: its count, where it takes one.
            numbers: its parameters, each a number, a `Parameter` or a `Law` to draw from; those left out are drawn
                from their usual law.
        """
        operation = OPERATIONS[function.__name__]
        parameters = tuple(self._parameter(numbers.pop(name, None), name) for name in operation.parameters)
        if numbers:
            raise TypeError(f"{operation.name} has no parameter {sorted(numbers)}")
        flat = tuple(source for given in inputs for source in given)
        self.steps.append(Step(operation.name, flat, parameters, () if count is None else (count,)))
        return tuple((len(self.steps) - 1, component) for component in range(WIDTHS[operation.output]))

    def again(self, start: int, end: int, instead: Result, of: Result) -> int:
        """Repeat steps ``start`` to ``end`` with other points, and give by how much their numbers grew."""
        shift = len(self.steps) - start
        swap = dict(zip(of, instead, strict=True))
        for step in self.steps[start:end]:
            moved = tuple(swap.get(s, (s[0] + shift, s[1]) if s[0] >= start else s) for s in step.inputs)
            self.steps.append(step._replace(inputs=moved))
        return shift

    def finish(self) -> Program:
        """Give the program whose colour is the last step, without the steps that it does not need."""
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
    """Name the same result of steps that were written again."""
    return tuple((step + shift, component) for step, component in result)
