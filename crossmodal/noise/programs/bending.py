"""Grammar rules for coordinates: placement, bending and repetition of the plane."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from crossmodal.noise.programs import coordinates as c
from crossmodal.noise.programs.draw import Law, Menu, even, scale, whole
from crossmodal.noise.programs.program import Parameter
from crossmodal.noise.programs.writer import Result, Writer


@dataclass(frozen=True)
class Rule:
    """An operation with the distributions of its parameters and the range of its count."""

    function: Callable[..., Any]
    laws: dict[str, Law] = field(default_factory=dict)
    count: tuple[int, int] | None = None

    def write(self, writer: Writer, *inputs: Result) -> Result:
        """Add a step with drawn parameters."""
        count = None if self.count is None else writer.draw.whole(*self.count)
        return writer.step(self.function, *inputs, count=count, **self.laws)


SMOOTH = Menu(
    (3.0, Rule(c.warp, {"amount": scale(0.1, 0.9), "frequency": scale(0.6, 5.0)})),
    (
        3.0,
        Rule(c.rough_warp, {"amount": scale(0.1, 1.0), "frequency": scale(0.6, 3.0), "gain": even(0.35, 0.6)}, (3, 5)),
    ),
    (1.5, Rule(c.ripple, {"amount": scale(0.03, 0.3), "frequency": scale(0.3, 3.0)})),
    (1.0, Rule(c.rings_ripple, {"amount": scale(0.02, 0.2), "frequency": scale(0.5, 5.0)})),
    (2.0, Rule(c.swirl, {"strength": even(-1.0, 1.0, swing=0.2), "reach": scale(0.8, 8.0)})),
    (1.0, Rule(c.lens, {"strength": even(-1.0, 0.8, swing=0.2), "reach": scale(1.0, 10.0)})),
    (1.0, Rule(c.spiral_out, {"twist": even(-0.8, 0.8, swing=0.15)})),
    (1.5, Rule(c.stir, {"amount": scale(0.08, 0.5), "frequency": scale(0.3, 1.5)}, (2, 5))),
    (1.0, Rule(c.shear, {"slope": even(-1.0, 1.0)})),
    (0.7, Rule(c.complex_square, {"across": even(-1.0, 1.0, swing=0.2), "up": even(-1.0, 1.0, swing=0.2)})),
    (0.7, Rule(c.complex_sine, {"scale": scale(0.2, 0.8)})),
    (0.7, Rule(c.moebius, {"across": even(0.2, 1.2, swing=0.2), "up": even(-1.0, 1.0, swing=0.2)})),
    (0.7, Rule(c.invert, {"radius": scale(0.4, 1.5)})),
    (1.2, Rule(c.globe, {"radius": even(0.5, 1.0), "turn": even(-1.0, 1.0, drift=0.2)})),
    (1.2, Rule(c.ground, {"horizon": even(-0.5, 0.7), "height": scale(0.2, 0.8)})),
    (0.8, Rule(c.tunnel, {"depth": scale(0.2, 0.8), "arms": whole(1, 6)})),
)
SHARP = Menu(
    (1.5, Rule(c.fold, {"offset": even(-0.4, 0.4)})),
    (1.5, Rule(c.kaleidoscope, {"sectors": whole(2, 9)})),
    (1.0, Rule(c.polar, {"rings": scale(0.5, 2.0), "arms": whole(1, 8)})),
    (1.0, Rule(c.log_polar, {"rings": scale(0.5, 2.0), "arms": whole(1, 8), "twist": whole(-3, 3)})),
    (1.0, Rule(c.zigzag, {"amount": scale(0.2, 1.0), "frequency": scale(0.7, 4.0)})),
    (0.8, Rule(c.slip, {"amount": scale(0.1, 1.5), "bands": scale(2.0, 14.0)})),
    (0.6, Rule(c.pixelate, {"cells": scale(3.0, 16.0)})),
    (0.8, Rule(c.staircase, {"steps": scale(1.5, 6.0), "softness": even(0.3, 1.0)})),
    (0.8, Rule(c.mirror_lines, {"width": even(0.3, 1.0)})),
    (0.8, Rule(c.kali_fold, {"across": even(0.3, 1.0, swing=0.1), "up": even(0.3, 1.0, swing=0.1)}, (1, 3))),
    (0.8, Rule(c.fold_often, {"scale": even(1.1, 1.6), "offset": even(0.2, 0.7, swing=0.05)}, (2, 4))),
)
REPEATING = Menu(
    (1.0, Rule(c.tile)),
    (0.8, Rule(c.mirror_tile)),
    (1.0, Rule(c.brick_tile, {"shift": even(0.2, 0.5)})),
    (1.5, Rule(c.turned_tile, {"quarters": whole(0, 1), "scatter": even(0.0, 0.35)})),
    (1.0, Rule(c.turned_tile, {"quarters": even(0.3, 0.9), "scatter": even(0.0, 0.35)})),
)


def place(writer: Writer, p: Result, low: float, high: float, stretch: float = 1.0) -> Result:
    """Shift, rotate, and scale so that ``low`` to ``high`` units fit across half the image."""
    draw = writer.draw
    size = draw.scale(low, high)
    aspect = draw.scale(1.0 / stretch, stretch) if stretch > 1.0 and draw.chance(0.5) else 1.0
    return writer.step(
        c.place,
        p,
        left=even(-2.0, 2.0, drift=0.06),
        down=even(-2.0, 2.0, drift=0.06),
        scale_x=size * aspect,
        scale_y=size / aspect,
    )


def settle(writer: Writer, p: Result, low: float, high: float) -> Result:
    """Place an object of size ``low`` to ``high`` (half the image is 1) in the image, upright or rotated."""
    draw = writer.draw
    size = draw.scale(low, high)
    return writer.step(
        c.place,
        p,
        left=even(-0.9, 0.9, swing=0.2),
        down=even(-0.9, 0.9, swing=0.2),
        turn=Parameter(0.0) if draw.chance(0.3) else even(0.0, 1.0, drift=0.04),
        scale_x=1.0 / size,
        scale_y=1.0 / size,
    )


def bend(writer: Writer, p: Result, probability: float = 0.5) -> Result:
    """Bend the plane, 0 to 3 times."""
    draw = writer.draw
    for _ in range(3):
        if not draw.chance(probability):
            break
        menu = SMOOTH if draw.chance(0.75) else SHARP
        p = draw.weighted(menu).write(writer, p)
    return p
