"""Operations that draw regular or half-regular patterns: from points to fields in 0 to 1 or to triples."""

from crossmodal.noise.programs.arithmetic import (
    Count,
    Field,
    Number,
    Point,
    Triple,
    absolute,
    arctangent,
    cosine,
    floor,
    fraction,
    lattice_random,
    logarithm,
    maximum,
    minimum,
    pick,
    sine,
    square_root,
    unit,
)
from crossmodal.noise.programs.coordinates import triangle
from crossmodal.noise.programs.operation import operation
from crossmodal.noise.programs.shapes import length


@operation
def slope(p: Point, turn: Number) -> Field:
    """A ramp in one direction: 0.5 at the origin."""
    x, y = p
    return 0.5 + 0.5 * (x * cosine(turn) + y * sine(turn))


@operation
def glow(p: Point, left: Number, down: Number, reach: Number) -> Field:
    """Light around a point: 1 there, falling off."""
    x, y = p
    u = x + left
    v = y + down
    return 1.0 / (1.0 + (u * u + v * v) * reach)


@operation
def stripes(p: Point, frequency: Number, turn: Number, phase: Number) -> Field:
    """Waves in one direction."""
    x, y = p
    return 0.5 + 0.5 * sine((x * cosine(turn) + y * sine(turn)) * frequency + phase)


@operation
def bands(p: Point, frequency: Number, share: Number, softness: Number) -> Field:
    """Stripes with edges."""
    x, y = p
    return unit((share - triangle(x * frequency)) / softness + 0.0 * y)


@operation
def rings(p: Point, frequency: Number, phase: Number) -> Field:
    """Waves around the origin."""
    x, y = p
    return 0.5 + 0.5 * sine(length(x, y) * frequency - phase)


@operation
def two_sources(p: Point, apart: Number, frequency: Number, phase: Number) -> Field:
    """Waves around two points, added up."""
    x, y = p
    left = sine(length(x - apart, y) * frequency - phase)
    right = sine(length(x + apart, y) * frequency - 0.8 * phase)
    return 0.5 + 0.25 * (left + right)


@operation
def spiral(p: Point, arms: Number, tightness: Number, phase: Number) -> Field:
    """A spiral of equal angles."""
    x, y = p
    depth = 0.5 * logarithm(x * x + y * y + 0.0004)
    return 0.5 + 0.5 * sine(arctangent(y, x) * arms + depth * tightness - phase)


@operation
def rays(p: Point, arms: Number, phase: Number) -> Field:
    """Beams from the origin."""
    x, y = p
    return 0.5 + 0.5 * sine(arctangent(y, x) * arms + phase)


@operation
def product_moire(p: Point, frequency: Number, phase: Number) -> Field:
    """Waves of the product of the coordinates."""
    x, y = p
    return 0.5 + 0.5 * sine(x * y * frequency + phase)


@operation
def checker(p: Point) -> Field:
    """A chequered board."""
    x, y = p
    return 2.0 * fraction(0.5 * (floor(x) + floor(y)))


@operation
def lines(p: Point, width: Number) -> Field:
    """The lines of a square grid."""
    x, y = p
    distance = minimum(triangle(x), triangle(y))
    return unit((width - distance) / (0.3 * width) + 0.5)


@operation
def halftone(p: Point, by: Field, size: Number) -> Field:
    """Dots on a grid, with sizes in proportion to a field."""
    x, y = p
    radius = length(x - floor(x) - 0.5, y - floor(y) - 0.5)
    return unit(8.0 * (size * by - radius) + 0.5)


@operation
def bricks(p: Point, length_ratio: Number, gap: Number, shift: Number, salt: Number) -> Triple:
    """A wall: 1 on the bricks, a random number of each, its own height."""
    x, y = p
    row = floor(y)
    u = x / length_ratio + shift * row
    column = floor(u)
    across = (0.5 - absolute(u - column - 0.5)) * length_ratio
    up = 0.5 - absolute(y - row - 0.5)
    inside = unit(10.0 * (minimum(across, up) - gap))
    return inside, lattice_random(column, row, salt), y - row


@operation
def hexagons(p: Point, salt: Number) -> Triple:
    """Six-sided tiles: distance to the border, distance from the middle, a random number of the tile."""
    x, y = p
    v = y / 1.7320508
    ax = x - floor(x + 0.5)
    av = v - floor(v + 0.5)
    bx = x - floor(x) - 0.5
    bv = v - floor(v) - 0.5
    a = ax * ax + 3.0 * av * av
    b = bx * bx + 3.0 * bv * bv
    near_a = a < b
    u = pick(near_a, ax, bx)
    w = pick(near_a, av, bv) * 1.7320508
    across = absolute(u)
    border = 0.5 - maximum(across, 0.5 * across + 0.8660254 * absolute(w))
    identity = lattice_random(floor(2.0 * (x - u) + 0.5), floor(2.0 * (v - w / 1.7320508) + 0.5), salt)
    return border, square_root(minimum(a, b)), identity


@operation
def truchet(p: Point, width: Number, softness: Number, salt: Number) -> Field:
    """Quarter circles in random turns that join into paths.

    References:
        Smith, "The tiling patterns of Sebastien Truchet and the topology of structural hierarchy", 1987.
    """
    x, y = p
    column = floor(x)
    row = floor(y)
    u = x - column
    u = pick(lattice_random(column, row, salt) < 0.5, u, 1.0 - u)
    v = y - row
    near = absolute(length(u, v) - 0.5)
    far = absolute(length(1.0 - u, 1.0 - v) - 0.5)
    return unit((width - minimum(near, far)) / softness + 0.5)


@operation
def maze(p: Point, width: Number, softness: Number, salt: Number) -> Field:
    """Diagonal strokes in random directions."""
    x, y = p
    column = floor(x)
    row = floor(y)
    u = x - column
    u = pick(lattice_random(column, row, salt) < 0.5, u, 1.0 - u)
    v = y - row
    away = minimum(absolute(u - v), minimum(absolute(u - v - 1.0), absolute(u - v + 1.0)))
    return unit((width - 0.7071068 * away) / softness + 0.5)


@operation
def weave(p: Point, width: Number, softness: Number) -> Triple:
    """Ribbons over and under each other: 1 on a ribbon, shade of its bend, 1 where it runs across."""
    x, y = p
    u = x - floor(x) - 0.5
    v = y - floor(y) - 0.5
    parity = 2.0 * fraction(0.5 * (floor(x) + floor(y)))
    across = absolute(v) < width
    along = absolute(u) < width
    over = pick(parity < 0.5, 1.0, 0.0 * x)
    lies_across = pick(across, pick(along, over, 1.0), 0.0 * x)
    on = unit((width - pick(lies_across < 0.5, absolute(u), absolute(v))) / softness)
    bend = pick(lies_across < 0.5, v, u)
    return on, 1.0 - 2.0 * bend * bend, lies_across


@operation
def scales(p: Point, salt: Number) -> Triple:
    """Overlapping round scales, as of a fish: position on the scale, a random number of it, distance to its rim."""
    x, y = p
    height = 0.0 * x
    identity = 0.0 * x
    rim = 0.0 * x
    for number in range(3):
        row = floor(2.0 * y) + 2.0 - float(number)
        half = 0.5 * fraction(0.5 * row) * 2.0
        column = floor(x + half)
        u = x + half - column - 0.5
        v = y - 0.5 * row
        distance = length(u, v)
        inside = distance < 0.5
        height = pick(inside, 0.5 - v, height)
        identity = pick(inside, lattice_random(column, row, salt), identity)
        rim = pick(inside, 0.5 - distance, rim)
    return height, identity, rim


@operation
def mondrian(p: Point, balance: Number, salt: Number, depth: Count) -> Triple:
    """Rectangles within rectangles, by repeated cuts of the unit square.

    Returns a random number of the rectangle, the distance to its border, and its size.
    """
    x, y = p
    left = floor(x)
    low = floor(y)
    right = left + 1.0
    high = low + 1.0
    code = lattice_random(left, low, salt)
    for level in range(depth):
        across = right - left
        up = high - low
        cut = 0.5 + balance * (code - 0.5)
        wide = up < across * (0.7 + 0.6 * fraction(code * 37.0))
        at = left + cut * across
        on_right = at < x
        at_y = low + cut * up
        on_top = at_y < y
        left = pick(wide, pick(on_right, at, left), left)
        right = pick(wide, pick(on_right, right, at), right)
        low = pick(wide, low, pick(on_top, at_y, low))
        high = pick(wide, high, pick(on_top, high, at_y))
        code = lattice_random(floor(left * 512.0 + 0.5), floor(low * 512.0 + 0.5), salt + 1.0 + float(level))
    border = minimum(minimum(x - left, right - x), minimum(y - low, high - y))
    return code, border, square_root((right - left) * (high - low))


@operation
def quarters(p: Point, share: Number, salt: Number, depth: Count) -> Triple:
    """Squares of many sizes: each is divided into four or kept, at random.

    Returns a random number of the square, the distance to its border in units of its size, and its size.
    """
    x, y = p
    size = 0.0 * x + 1.0
    divided = 0.0 * x + 1.0
    for level in range(depth):
        code = lattice_random(floor(x / size), floor(y / size), salt + float(level))
        divided = pick(code < share, divided, 0.0)
        size = size - 0.5 * size * divided
    u = fraction(x / size)
    v = fraction(y / size)
    identity = lattice_random(floor(x / size) + floor(17.0 / size), floor(y / size), salt + 20.0)
    return identity, minimum(minimum(u, 1.0 - u), minimum(v, 1.0 - v)), size
