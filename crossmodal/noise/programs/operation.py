"""Operations: Python functions of points, fields and numbers that return points, fields or colours."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from inspect import signature
from typing import Annotated, Any, TypeVar, get_args, get_origin

from crossmodal.noise.programs.recording import Microcode, Recorder

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: Number of components of each kind of argument and result that varies over the image.
WIDTHS = {"field": 1, "vec2": 2, "vec3": 3}

#: Every operation by its name.
OPERATIONS: dict[str, "Operation"] = {}


@dataclass(frozen=True)
class Operation:
    """One step of a program.

    The arguments of its function are fields, points and triples first, then numbers, then counts (see
    `crossmodal.noise.programs.arithmetic`). Points are tuples of two tensors, triples of three.
    """

    name: str
    function: Callable[..., Any]
    inputs: tuple[str, ...]  #: kinds of the inputs
    parameters: tuple[str, ...]  #: names of the numbers
    counts: tuple[str, ...]  #: names of the counts
    output: str  #: kind of the result

    def apply(self, inputs: list[Any], parameters: list[Any], counts: tuple[int, ...]) -> tuple[Any, ...]:
        """Call the function with a flat list of inputs; return a flat tuple of results."""
        grouped, start = [], 0
        for kind in self.inputs:
            width = WIDTHS[kind]
            grouped.append(inputs[start] if width == 1 else tuple(inputs[start : start + width]))
            start += width
        result = self.function(*grouped, *parameters, *counts)
        return result if isinstance(result, tuple) else (result,)

    def microcode(self, counts: tuple[int, ...] = ()) -> Microcode:
        """Return the recorded instructions, cached for each choice of counts."""
        return _recorded(self.name, counts)


def operation(function: _Function) -> _Function:
    """Register a function as an operation of programs, under its name."""
    kinds: dict[str, list[str]] = {"input": [], "number": [], "count": []}
    for name, argument in signature(function, eval_str=True).parameters.items():
        kind = kind_of(argument.annotation)
        if kind in WIDTHS:
            kinds["input"].append(kind)
        else:
            kinds[kind].append(name)
    name = function.__name__
    OPERATIONS[name] = Operation(
        name=name,
        function=function,
        inputs=tuple(kinds["input"]),
        parameters=tuple(kinds["number"]),
        counts=tuple(kinds["count"]),
        output=kind_of(signature(function, eval_str=True).return_annotation),
    )
    return function


def kind_of(annotation: Any) -> str:
    """Return the kind of an annotation of `crossmodal.noise.programs.arithmetic`."""
    if get_origin(annotation) is not Annotated:
        raise TypeError(f"{annotation} is not Field, Point, Triple, Number or Count")
    kind: str = get_args(annotation)[1]
    return kind


@cache
def _recorded(name: str, counts: tuple[int, ...]) -> Microcode:
    step = OPERATIONS[name]
    recorder = Recorder(sum(WIDTHS[kind] for kind in step.inputs), len(step.parameters))
    return recorder.finish(step.apply(recorder.inputs, recorder.parameters, counts))
