"""Operations that draw shapes: from points to the signed distance from an outline, negative inside.

Where the exact distance is costly, a field with the same outline and about the same slope there is used instead.

References:
    Hart, "Sphere tracing", 1996 (distance fields, their unions); Wyvill et al., "Data structure for soft objects",
    1986 (shapes that flow together).
"""

from crossmodal.noise.programs.arithmetic import (
    Count,
    Field,
    Number,
    Point,
    absolute,
    arctangent,
    cosine,
    exponential,
    lattice_random,
    logarithm,
    maximum,
    minimum,
    sine,
    square_root,
    unit,
)
from crossmodal.noise.programs.coordinates import triangle
from crossmodal.noise.programs.operation import operation


def length(x: Field, y: Field) -> Field:
    """Distance from the origin."""
    return square_root(x * x + y * y)


@operation
def disc(p: Point, radius: Number) -> Field:
    """A disc."""
    x, y = p
    return length(x, y) - radius


@operation
def ring(p: Point, radius: Number, width: Number) -> Field:
    """A ring."""
    x, y = p
    return absolute(length(x, y) - radius) - width


@operation
def box(p: Point, width: Number, height: Number, corner: Number) -> Field:
    """A rectangle with round corners."""
    x, y = p
    u = absolute(x) - width + corner
    v = absolute(y) - height + corner
    return length(maximum(u, 0.0), maximum(v, 0.0)) + minimum(maximum(u, v), 0.0) - corner


@operation
def frame(p: Point, width: Number, height: Number, thickness: Number) -> Field:
    """The outline of a rectangle."""
    x, y = p
    return absolute(maximum(absolute(x) - width, absolute(y) - height)) - thickness


@operation
def cross(p: Point, arm: Number, width: Number) -> Field:
    """A cross of two bars."""
    x, y = p
    u = absolute(x)
    v = absolute(y)
    return minimum(maximum(u - arm, v - width), maximum(u - width, v - arm))


@operation
def bar(p: Point, half: Number, width: Number) -> Field:
    """A bar with round ends."""
    x, y = p
    u = maximum(absolute(x) - half, 0.0)
    return length(u, y) - width


@operation
def polygon(p: Point, sides: Number, radius: Number) -> Field:
    """A regular polygon."""
    x, y = p
    angle = triangle(arctangent(y, x) * sides) / sides
    return length(x, y) * cosine(angle) - radius


@operation
def star(p: Point, points: Number, radius: Number, slope: Number) -> Field:
    """A star with straight rays."""
    x, y = p
    angle = 0.5 / points - triangle(arctangent(y, x) * points) / points
    r = length(x, y)
    return (r * cosine(angle) + r * sine(angle) * slope - radius) / (1.0 + 0.5 * slope)


@operation
def flower(p: Point, petals: Number, radius: Number, depth: Number, phase: Number) -> Field:
    """A disc whose rim is a wave."""
    x, y = p
    return length(x, y) - radius * (1.0 + depth * sine(arctangent(y, x) * petals + phase))


@operation
def pebble(p: Point, radius: Number, wobble: Number, salt: Number) -> Field:
    """A disc with an uneven rim."""
    x, y = p
    angle = arctangent(y, x)
    a = sine(2.0 * angle + lattice_random(salt, salt, salt))
    b = sine(3.0 * angle + lattice_random(salt, salt, salt + 1.0))
    c = sine(5.0 * angle + lattice_random(salt, salt, salt + 2.0))
    return length(x, y) - radius * (1.0 + wobble * (0.5 * a + 0.3 * b + 0.2 * c))


@operation
def shard(p: Point, radius: Number, salt: Number, sides: Count) -> Field:
    """A convex polygon of random sides."""
    x, y = p
    distance = 0.0 * x - 4.0
    for side in range(sides):
        code = salt + float(side)
        turn = (float(side) + 0.9 * lattice_random(code, salt, salt)) / float(sides)
        reach = radius * (0.4 + 0.6 * lattice_random(code, salt, salt + 1.0))
        distance = maximum(distance, x * cosine(turn) + y * sine(turn) - reach)
    return distance


@operation
def superellipse(p: Point, width: Number, height: Number, power: Number) -> Field:
    """Something between a diamond, an ellipse and a rectangle."""
    x, y = p
    u = exponential(power * logarithm(absolute(x) / width + 0.001))
    v = exponential(power * logarithm(absolute(y) / height + 0.001))
    return 0.5 * width * (exponential(logarithm(u + v) / power) - 1.0)


@operation
def moon(p: Point, radius: Number, bite: Number, shift: Number) -> Field:
    """A crescent: a disc without another disc."""
    x, y = p
    return maximum(length(x, y) - radius, bite - length(x - shift, y))


@operation
def heart(p: Point, radius: Number) -> Field:
    """A heart."""
    x, y = p
    u = absolute(x) / radius
    v = y / radius + 0.25 - 0.6 * square_root(u)
    return radius * 0.7 * (length(u, 1.15 * v) - 1.0)


@operation
def drops(p: Point, spread: Number, size: Number, salt: Number, phase: Number, count: Count) -> Field:
    """Round drops that flow together, each on its own path."""
    x, y = p
    total = 0.0 * x
    for number in range(count):
        code = salt + float(number)
        across = spread * sine(lattice_random(code, salt, salt) + phase)
        up = spread * sine(lattice_random(code, salt, salt + 1.0) + 0.7 * phase)
        u = x - across
        v = y - up
        total = total + 1.0 / (u * u + v * v + 0.003)
    return 1.0 / square_root(total + 0.01) - size


@operation
def letters(p: Point, width: Number, salt: Number, strokes: Count) -> Field:
    """A few straight strokes within the unit square, like a letter."""
    x, y = p
    distance = 0.0 * x + 4.0
    for stroke in range(strokes):
        code = salt + float(stroke)
        turn = 0.125 * (4.0 * lattice_random(code, salt, salt) - 2.0)
        across = 0.7 * (lattice_random(code, salt, salt + 1.0) - 0.5)
        up = 0.7 * (lattice_random(code, salt, salt + 2.0) - 0.5)
        half = 0.1 + 0.25 * lattice_random(code, salt, salt + 3.0)
        u = x - across
        v = y - up
        along = absolute(u * cosine(turn) + v * sine(turn)) - half
        distance = minimum(distance, length(maximum(along, 0.0), v * cosine(turn) - u * sine(turn)))
    return distance - width


@operation
def mask(distance: Field, softness: Number) -> Field:
    """1 inside, 0 outside, with an edge of some width."""
    return unit(0.5 - distance / softness)


@operation
def outline(distance: Field, offset: Number, width: Number, softness: Number) -> Field:
    """1 on a line along the edge."""
    return unit((width - absolute(distance - offset)) / softness + 0.5)


@operation
def union(a: Field, b: Field) -> Field:
    """The union of both shapes."""
    return minimum(a, b)


@operation
def intersection(a: Field, b: Field) -> Field:
    """The intersection of both shapes."""
    return maximum(a, b)


@operation
def without(a: Field, b: Field) -> Field:
    """The first shape without the second."""
    return maximum(a, -b)


@operation
def melt(a: Field, b: Field, reach: Number) -> Field:
    """Both shapes, flowing together where they are near."""
    gap = maximum(reach - absolute(a - b), 0.0)
    return minimum(a, b) - gap * gap / (4.0 * reach)


@operation
def onion(distance: Field, spacing: Number, width: Number) -> Field:
    """Rings along the edge of a shape."""
    return spacing * triangle(distance / spacing) - width
