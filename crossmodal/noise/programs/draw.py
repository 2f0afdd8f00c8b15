"""Random choices of the grammar: a sequence of numbers that depends only on the seed and the program's index."""

import math
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Generic, TypeVar

from crossmodal.noise.programs.program import Parameter
from crossmodal.randomness import uniforms

_Option = TypeVar("_Option")
_STREAM = "noise/programs/grammar"
_FIRST = 512


class Draw:
    """A sequence of choices, the same for the same seed and index on every machine."""

    def __init__(self, seed: int, index: int):
        """Start the sequence of one index."""
        self._seed, self._index, self._next = seed, index, 0
        self._numbers: list[float] = []

    def number(self) -> float:
        """Draw a number in [0, 1)."""
        if self._next == len(self._numbers):
            # A longer sequence begins with the shorter one.
            count = max(_FIRST, 2 * len(self._numbers))
            self._numbers = uniforms(self._seed, _STREAM, [self._index], count)[0].tolist()
        self._next += 1
        return self._numbers[self._next - 1]

    def chance(self, probability: float) -> bool:
        """Return True with a probability."""
        return self.number() < probability

    def between(self, low: float, high: float) -> float:
        """Draw a uniform number."""
        return low + (high - low) * self.number()

    def scale(self, low: float, high: float) -> float:
        """Draw a log-uniform number."""
        return low * math.exp(math.log(high / low) * self.number())

    def whole(self, low: int, high: int) -> int:
        """Draw an integer, both ends included."""
        return low + int((high - low + 1) * self.number())

    def sign(self) -> float:
        """Draw 1 or -1."""
        return 1.0 if self.number() < 0.5 else -1.0

    def pick(self, options: Sequence[_Option]) -> _Option:
        """Choose one option, all with the same probability."""
        return options[int(len(options) * self.number())]

    def weighted(self, menu: "Menu[_Option]") -> _Option:
        """Choose one option, with probabilities in proportion to the weights."""
        return menu.options[bisect(menu.ends, self.number() * menu.ends[-1])]


class Menu(Generic[_Option]):
    """Options with weights."""

    def __init__(self, *choices: tuple[float, _Option]):
        """Store pairs (weight, option)."""
        self.options = [option for _, option in choices]
        self.ends = list(accumulate(weight for weight, _ in choices))


@dataclass(frozen=True)
class Law:
    """The distribution of a parameter, and its possible motion."""

    low: float
    high: float
    logarithmic: bool = False
    whole: bool = False
    drift: float = 0.0  #: greatest speed, per second
    swing: float = 0.0  #: greatest amplitude

    def draw(self, draw: Draw) -> Parameter:
        """Draw a parameter; one that can move does so with probability 0.5."""
        if self.whole:
            return Parameter(float(draw.whole(int(self.low), int(self.high))))
        base = draw.scale(self.low, self.high) if self.logarithmic else draw.between(self.low, self.high)
        if self.drift and draw.chance(0.5):
            return Parameter(base, drift=draw.between(-self.drift, self.drift))
        if self.swing and draw.chance(0.5):
            swing = self.swing * draw.between(0.3, 1.0)
            return Parameter(base, swing=swing, pace=draw.scale(0.03, 0.25), phase=draw.number())
        return Parameter(base)


def even(low: float, high: float, drift: float = 0.0, swing: float = 0.0) -> Law:
    """Return the uniform distribution between two numbers."""
    return Law(low, high, drift=drift, swing=swing)


def scale(low: float, high: float, swing: float = 0.0) -> Law:
    """Return the log-uniform distribution between two numbers."""
    return Law(low, high, logarithmic=True, swing=swing)


def whole(low: int, high: int) -> Law:
    """Return the uniform distribution of integers, both ends included."""
    return Law(low, high, whole=True)


#: Default distributions of parameters by name, where a grammar rule gives no other.
USUAL = {
    "salt": whole(0, 999_999),
    "phase": even(0.0, 1.0, drift=0.3),
    "turn": even(0.0, 1.0, drift=0.03),
    "left": even(-0.8, 0.8, swing=0.15),
    "down": even(-0.8, 0.8, swing=0.15),
    "gain": even(0.4, 0.68),
    "softness": scale(0.02, 0.3),
}
