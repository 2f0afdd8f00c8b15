"""Grammar rules for fields: textures, patterns, iterated maps, shapes, and combinations of fields."""

from collections.abc import Callable
from typing import TypeAlias

from crossmodal.noise.programs import blends as b
from crossmodal.noise.programs import coordinates as c
from crossmodal.noise.programs import iterations as i
from crossmodal.noise.programs import noises as n
from crossmodal.noise.programs import patterns as t
from crossmodal.noise.programs import shapes as s
from crossmodal.noise.programs.bending import REPEATING, Rule, bend, place, settle
from crossmodal.noise.programs.draw import Menu, even, scale, whole
from crossmodal.noise.programs.writer import Result, Writer, later

_Make: TypeAlias = Callable[[Writer, Result], Result]

IRREGULAR = Menu(
    (1.0, Rule(n.value_noise)),
    (1.0, Rule(n.slope_noise)),
    (4.0, Rule(n.clouds, {}, (3, 6))),
    (2.5, Rule(n.ridges, {}, (3, 6))),
    (2.0, Rule(n.billows, {}, (3, 6))),
    (2.0, Rule(n.terrain, {"gain": even(0.5, 0.9)}, (3, 5))),
    (1.5, Rule(n.marble, {"frequency": even(0.2, 1.5), "amount": scale(0.5, 3.0)}, (3, 5))),
    (1.2, Rule(n.gabor, {"frequency": scale(1.0, 3.5), "spread": scale(0.05, 1.0)})),
    (1.0, Rule(n.sparks, {"sharpness": scale(20.0, 70.0)})),
    (1.0, Rule(n.waves, {"frequency": scale(0.3, 1.0), "spread": even(0.0, 1.5)}, (3, 7))),
    (3.0, Rule(n.cells, {"jitter": even(0.5, 1.0), "roundness": even(0.0, 1.0)})),
    (0.8, Rule(n.grain)),
    (1.0, Rule(n.dots, {"size": even(0.2, 0.48), "variety": even(0.0, 0.8)})),
    (1.5, Rule(n.leaves, {"size": even(0.3, 0.5), "roundness": even(0.0, 1.0), "stretch": scale(1.0, 3.0)}, (2, 3))),
)
REGULAR = Menu(
    (1.5, Rule(t.stripes, {"frequency": scale(0.3, 1.0)})),
    (1.0, Rule(t.bands, {"frequency": scale(0.3, 1.0), "share": even(0.1, 0.4)})),
    (1.0, Rule(t.rings, {"frequency": scale(0.3, 1.0)})),
    (0.7, Rule(t.two_sources, {"apart": even(0.3, 2.0), "frequency": scale(0.4, 1.5)})),
    (0.8, Rule(t.spiral, {"arms": whole(1, 5), "tightness": even(-3.0, 3.0)})),
    (0.6, Rule(t.rays, {"arms": whole(3, 16)})),
    (0.4, Rule(t.product_moire, {"frequency": scale(0.1, 0.6)})),
    (0.8, Rule(t.checker)),
    (0.8, Rule(t.lines, {"width": even(0.03, 0.15)})),
    (1.2, Rule(t.bricks, {"length_ratio": even(1.0, 3.5), "gap": even(0.02, 0.1), "shift": even(0.2, 0.5)})),
    (1.0, Rule(t.hexagons)),
    (1.2, Rule(t.truchet, {"width": even(0.05, 0.25)})),
    (0.8, Rule(t.maze, {"width": even(0.05, 0.3)})),
    (0.8, Rule(t.weave, {"width": even(0.2, 0.45)})),
    (0.8, Rule(t.scales)),
    (1.5, Rule(t.mondrian, {"balance": even(0.3, 0.9)}, (2, 5))),
    (1.2, Rule(t.quarters, {"share": even(0.4, 0.8)}, (2, 4))),
)
_ROUNDS = (5, 12)
ITERATED = Menu(
    (2.0, Rule(i.julia, {"across": even(-1.1, 0.4, swing=0.08), "up": even(-0.8, 0.8, swing=0.08)}, (8, 16))),
    (1.0, Rule(i.mandelbrot, {"fold_x": even(0.0, 1.0), "fold_y": even(0.0, 1.0)}, (8, 16))),
    (0.8, Rule(i.newton, {"relax": even(0.5, 1.3, swing=0.1)}, (4, 7))),
    (2.0, Rule(i.kali, {"across": even(0.3, 1.1, swing=0.08), "up": even(0.2, 1.1, swing=0.08)}, _ROUNDS)),
    (1.5, Rule(i.mirrors, {"scale": even(1.2, 1.9), "offset": even(0.2, 0.9, swing=0.08)}, _ROUNDS)),
    (1.2, Rule(i.gasket, {"scale": even(0.9, 1.5, swing=0.05)}, (4, 8))),
    (1.2, Rule(i.sine_net, {"amount": even(0.2, 0.8), "frequency": scale(0.2, 0.8)}, (3, 6))),
    (1.0, Rule(i.light_web, {"sharpness": even(0.4, 1.5)}, (3, 5))),
)
SHAPES = Menu(
    (2.0, Rule(s.disc, {"radius": even(0.6, 1.0)})),
    (1.0, Rule(s.ring, {"radius": even(0.5, 0.9), "width": even(0.08, 0.3)})),
    (2.0, Rule(s.box, {"width": even(0.4, 1.0), "height": even(0.3, 1.0), "corner": even(0.0, 0.3)})),
    (0.6, Rule(s.frame, {"width": even(0.5, 1.0), "height": even(0.5, 1.0), "thickness": even(0.05, 0.2)})),
    (0.8, Rule(s.cross, {"arm": even(0.7, 1.0), "width": even(0.1, 0.4)})),
    (0.8, Rule(s.bar, {"half": even(0.4, 1.5), "width": even(0.1, 0.4)})),
    (1.5, Rule(s.polygon, {"sides": whole(3, 8), "radius": even(0.5, 0.9)})),
    (1.0, Rule(s.star, {"points": whole(3, 9), "radius": even(0.4, 0.7), "slope": even(0.5, 2.0)})),
    (1.0, Rule(s.flower, {"petals": whole(3, 9), "radius": even(0.5, 0.8), "depth": even(0.1, 0.5)})),
    (2.5, Rule(s.pebble, {"radius": even(0.5, 0.9), "wobble": even(0.1, 0.5)})),
    (2.0, Rule(s.shard, {"radius": even(0.7, 1.1)}, (3, 7))),
    (1.0, Rule(s.superellipse, {"width": even(0.5, 1.0), "height": even(0.4, 1.0), "power": scale(0.7, 4.0)})),
    (0.8, Rule(s.moon, {"radius": even(0.6, 1.0), "bite": even(0.4, 0.9), "shift": even(0.2, 0.8)})),
    (0.6, Rule(s.heart, {"radius": even(0.6, 1.0)})),
    (1.0, Rule(s.drops, {"spread": even(0.4, 1.0), "size": even(0.2, 0.45)}, (3, 6))),
    (1.0, Rule(s.letters, {"width": even(0.04, 0.12)}, (2, 5))),
)
CURVES = Menu(
    (1.5, Rule(b.wave, {"frequency": scale(0.7, 4.0)})),
    (1.0, Rule(b.zigzag_of, {"frequency": scale(0.7, 3.0)})),
    (0.8, Rule(b.saw, {"frequency": scale(1.0, 4.0)})),
    (0.8, Rule(b.steps, {"levels": scale(2.5, 9.0)})),
    (2.0, Rule(b.threshold, {"level": even(0.3, 0.65, swing=0.05)})),
    (1.0, Rule(b.band, {"level": even(0.3, 0.65, swing=0.1), "width": scale(0.05, 0.3)})),
    (0.8, Rule(b.contours, {"frequency": scale(3.0, 10.0), "width": even(0.06, 0.2)})),
    (1.0, Rule(b.power, {"exponent": scale(0.5, 2.5)})),
    (0.7, Rule(b.negative)),
    (1.5, Rule(b.rise, {"gain": scale(1.2, 4.0)})),
    (0.7, Rule(b.crease)),
)
_JOINTS = (Rule(s.union), Rule(s.without), Rule(s.intersection), Rule(s.melt, {"reach": even(0.1, 0.6)}))
_WEIGHT = even(0.3, 1.0)
PAIRS = Menu(
    (1.5, Rule(b.average, {"share": even(0.25, 0.75)})),
    (1.5, Rule(b.product)),
    (1.0, Rule(b.higher)),
    (1.0, Rule(b.lower)),
    (1.2, Rule(b.difference)),
    (1.0, Rule(b.total, {"weight": _WEIGHT})),
    (0.7, Rule(b.wrap_total, {"weight": _WEIGHT})),
    (0.7, Rule(b.hypotenuse)),
    (0.7, Rule(b.quotient)),
)


def one_of(writer: Writer, result: Result) -> Result:
    """Return a field as it is, and one random component of anything wider."""
    component = writer.draw.whole(0, len(result) - 1)
    return result[component : component + 1]


def irregular(writer: Writer, p: Result) -> Result:
    """Write a random texture at a random scale."""
    q = place(writer, bend(writer, p, 0.35), 0.8, 9.0, stretch=2.2)
    return one_of(writer, writer.draw.weighted(IRREGULAR).write(writer, q))


def regular(writer: Writer, p: Result) -> Result:
    """Write a pattern at a random scale."""
    q = place(writer, bend(writer, p, 0.45), 1.2, 8.0, stretch=1.5)
    return one_of(writer, writer.draw.weighted(REGULAR).write(writer, q))


def iterated(writer: Writer, p: Result) -> Result:
    """Write an iterated map, at a scale that shows its detail."""
    q = place(writer, bend(writer, p, 0.25), 0.4, 1.8)
    return one_of(writer, writer.draw.weighted(ITERATED).write(writer, q))


def shape(writer: Writer, p: Result) -> Result:
    """Write the distance from a shape of size 1, or from two joined shapes."""
    draw = writer.draw
    distance = draw.weighted(SHAPES).write(writer, p)
    if draw.chance(0.3):
        other = draw.weighted(SHAPES).write(writer, settle(writer, p, 0.3, 0.9))
        distance = draw.pick(_JOINTS).write(writer, distance, other)
    return distance


def shape_field(writer: Writer, p: Result) -> Result:
    """Write light, rings or waves around a shape, single or repeated."""
    draw = writer.draw
    if draw.chance(0.4):
        tiled = draw.weighted(REPEATING).write(writer, place(writer, bend(writer, p, 0.4), 0.7, 4.0))
        q = writer.step(c.place, tiled, left=0.0, down=0.0, scale_x=2.2, scale_y=2.2)
    else:
        q = settle(writer, bend(writer, p, 0.3), 0.3, 0.9)
    distance = shape(writer, q)
    kind = draw.whole(0, 3)
    if kind == 0:
        return writer.step(b.fade, distance, reach=scale(1.5, 8.0))
    if kind == 1:
        return writer.step(b.wave, distance, frequency=scale(0.7, 4.0))
    if kind == 2:
        rings = writer.step(s.onion, distance, spacing=even(0.2, 0.6), width=even(0.02, 0.1))
        return writer.step(s.mask, rings, softness=scale(0.02, 0.1))
    return writer.step(s.mask, distance, softness=scale(0.03, 0.8))


def gradient(writer: Writer, p: Result) -> Result:
    """Write light from one side or around a point."""
    if writer.draw.chance(0.5):
        return writer.step(t.slope, p)
    return writer.step(t.glow, p, reach=scale(0.5, 4.0))


def embossed(writer: Writer, p: Result, make: _Make) -> Result:
    """Write a height field that is lit from the side."""
    draw = writer.draw
    start = len(writer.steps)
    here = make(writer, p)
    end = len(writer.steps)
    step = 0.02 * draw.sign()
    neighbours = []
    for left, down in ((step, 0.0), (0.0, 0.02)):
        moved = writer.step(c.place, p, left=left, down=down, turn=0.0, scale_x=1.0, scale_y=1.0)
        neighbours.append(later(here, writer.again(start, end, moved, of=p)))
    return writer.step(b.emboss, here, *neighbours, strength=scale(4.0, 25.0))


_KINDS: Menu[_Make] = Menu((5.0, irregular), (2.2, regular), (1.4, iterated), (1.4, shape_field), (0.6, gradient))


def plain_field(writer: Writer, p: Result) -> Result:
    """Write one texture, pattern, map or shape, with a curve in 40 % of the cases."""
    draw = writer.draw
    result = draw.weighted(_KINDS)(writer, p)
    return draw.weighted(CURVES).write(writer, result) if draw.chance(0.4) else result


def field(writer: Writer, p: Result, depth: int = 1) -> Result:
    """Write any field: plain, a pair, a blend by a third, a halftone, or a field on a plane that is bent by fields."""
    draw = writer.draw
    kind = draw.number() if depth > 0 else 0.0
    if kind < 0.45:
        return plain_field(writer, p)
    if kind < 0.7:
        pair = field(writer, p, depth - 1), plain_field(writer, p)
        return draw.weighted(PAIRS).write(writer, *pair)
    if kind < 0.82:
        edge = writer.step(b.threshold, plain_field(writer, p), level=even(0.35, 0.6), softness=scale(0.02, 0.4))
        return writer.step(b.blend, field(writer, p, depth - 1), plain_field(writer, p), edge)
    by = plain_field(writer, p)
    if kind < 0.86:
        dots = place(writer, p, 6.0, 16.0)
        return writer.step(t.halftone, dots, by, size=even(0.5, 0.8))
    return field(writer, _bent_by(writer, p, by), depth - 1)


def _bent_by(writer: Writer, p: Result, by: Result) -> Result:
    """Bend the plane by a field."""
    bending = writer.draw.whole(0, 3)
    if bending == 0:
        return writer.step(c.push, p, by, amount=even(-0.8, 0.8, swing=0.2))
    if bending == 1:
        return writer.step(c.turn_by, p, by, amount=even(-0.6, 0.6, swing=0.1))
    if bending == 2:
        return writer.step(c.zoom_by, p, by, amount=even(-0.6, 1.0, swing=0.2))
    return writer.step(b.combine, by, plain_field(writer, p))
