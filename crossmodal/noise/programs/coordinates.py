"""Operations that bend the plane: from points to points."""

from crossmodal.noise.programs.arithmetic import (
    Count,
    Field,
    Number,
    Point,
    absolute,
    arctangent,
    cosine,
    exponential,
    floor,
    fraction,
    lattice_random,
    logarithm,
    maximum,
    minimum,
    sine,
    square_root,
)
from crossmodal.noise.programs.noises import lattice_noise
from crossmodal.noise.programs.operation import operation


def rotated(p: Point, turn: Field) -> Point:
    """Turn about the origin."""
    x, y = p
    c = cosine(turn)
    s = sine(turn)
    return c * x - s * y, s * x + c * y


def triangle(x: Field) -> Field:
    """Fold the line into a zigzag of period 1 between 0 and 0.5."""
    return absolute(x - floor(x + 0.5))


@operation
def place(p: Point, left: Number, down: Number, turn: Number, scale_x: Number, scale_y: Number) -> Point:
    """Shift, turn and scale."""
    x, y = p
    q = rotated((x + left, y + down), turn)
    u, v = q
    return u * scale_x, v * scale_y


@operation
def shear(p: Point, slope: Number) -> Point:
    """Slant upright lines."""
    x, y = p
    return x + slope * y, y


@operation
def fold(p: Point, turn: Number, offset: Number) -> Point:
    """Mirror one half-plane onto the other."""
    x, y = p
    nx = cosine(turn)
    ny = sine(turn)
    over = 2.0 * minimum(x * nx + y * ny - offset, 0.0)
    return x - over * nx, y - over * ny


@operation
def kaleidoscope(p: Point, sectors: Number, turn: Number) -> Point:
    """Mirror every sector onto one."""
    x, y = p
    angle = triangle(arctangent(y, x) * sectors + turn) / sectors
    radius = square_root(x * x + y * y)
    return radius * cosine(angle), radius * sine(angle)


@operation
def polar(p: Point, rings: Number, arms: Number) -> Point:
    """Unroll the plane: radius and angle."""
    x, y = p
    return square_root(x * x + y * y) * rings, arctangent(y, x) * arms


@operation
def log_polar(p: Point, rings: Number, arms: Number, twist: Number) -> Point:
    """Unroll the plane: logarithm of the radius and angle, with a spiral twist."""
    x, y = p
    depth = 0.5 * logarithm(x * x + y * y + 0.0004)
    angle = arctangent(y, x)
    return depth * rings + twist * angle, angle * arms


@operation
def tunnel(p: Point, depth: Number, arms: Number) -> Point:
    """The view down a tube."""
    x, y = p
    return depth / (square_root(x * x + y * y) + 0.06), arctangent(y, x) * arms


@operation
def ground(p: Point, horizon: Number, height: Number) -> Point:
    """A plane in perspective, with its mirror image above the horizon."""
    x, y = p
    depth = height / (absolute(y - horizon) + 0.06)
    return x * depth, depth


@operation
def globe(p: Point, radius: Number, turn: Number) -> Point:
    """Wrap the plane around a ball; flat outside."""
    x, y = p
    edge = square_root(radius * radius - x * x - y * y)
    bend = radius / maximum(edge, 0.15 * radius)
    return x * bend + turn, y * bend


@operation
def lens(p: Point, left: Number, down: Number, strength: Number, reach: Number) -> Point:
    """Magnify or shrink around a point."""
    x, y = p
    u = x + left
    v = y + down
    zoom = 1.0 - strength * exponential(-(u * u + v * v) * reach)
    return u * zoom - left, v * zoom - down


@operation
def swirl(p: Point, left: Number, down: Number, strength: Number, reach: Number) -> Point:
    """Turn around a point, more strongly near it."""
    x, y = p
    u = x + left
    v = y + down
    q = rotated((u, v), strength * exponential(-(u * u + v * v) * reach))
    s, t = q
    return s - left, t - down


@operation
def spiral_out(p: Point, twist: Number) -> Point:
    """Turn in proportion to the distance."""
    x, y = p
    return rotated(p, twist * square_root(x * x + y * y))


@operation
def invert(p: Point, radius: Number) -> Point:
    """Swap inside and outside of a circle."""
    x, y = p
    factor = radius * radius / maximum(x * x + y * y, 0.01)
    return x * factor, y * factor


@operation
def tile(p: Point) -> Point:
    """Repeat the unit square around the origin."""
    x, y = p
    return x - floor(x + 0.5), y - floor(y + 0.5)


@operation
def mirror_tile(p: Point) -> Point:
    """Repeat the unit square and its mirror images."""
    x, y = p
    return 2.0 * triangle(0.5 * x) - 0.5, 2.0 * triangle(0.5 * y) - 0.5


@operation
def brick_tile(p: Point, shift: Number) -> Point:
    """Repeat the unit square in rows, each shifted against the one below."""
    x, y = p
    u = x + shift * floor(y + 0.5)
    return u - floor(u + 0.5), y - floor(y + 0.5)


@operation
def turned_tile(p: Point, quarters: Number, scatter: Number, salt: Number) -> Point:
    """Repeat the unit square, each copy turned and shifted at random."""
    x, y = p
    column = floor(x + 0.5)
    row = floor(y + 0.5)
    turn = floor(lattice_random(column, row, salt) * 4.0) * 0.25 * quarters
    u = x - column + scatter * (lattice_random(column, row, salt + 1.0) - 0.5)
    v = y - row + scatter * (lattice_random(column, row, salt + 2.0) - 0.5)
    return rotated((u, v), turn)


@operation
def ripple(p: Point, amount: Number, frequency: Number, phase: Number) -> Point:
    """Displace rows and columns by waves."""
    x, y = p
    return x + amount * sine(y * frequency + phase), y + amount * sine(x * frequency + 0.7 * phase)


@operation
def rings_ripple(p: Point, amount: Number, frequency: Number, phase: Number) -> Point:
    """Displace the distance from the origin by a wave, as a drop in water does."""
    x, y = p
    radius = square_root(x * x + y * y)
    push = 1.0 + amount * sine(radius * frequency - phase) / (radius + 0.2)
    return x * push, y * push


@operation
def zigzag(p: Point, amount: Number, frequency: Number) -> Point:
    """Shift rows along a zigzag."""
    x, y = p
    return x + amount * triangle(y * frequency), y


@operation
def slip(p: Point, amount: Number, bands: Number, salt: Number) -> Point:
    """Shift bands sideways at random."""
    x, y = p
    return x + amount * (lattice_random(floor(y * bands), 0.0 * x, salt) - 0.5), y


@operation
def pixelate(p: Point, cells: Number) -> Point:
    """Take one point for each square cell."""
    x, y = p
    return (floor(x * cells) + 0.5) / cells, (floor(y * cells) + 0.5) / cells


@operation
def warp(p: Point, amount: Number, frequency: Number, salt: Number) -> Point:
    """Push by smooth noise."""
    x, y = p
    u = x * frequency
    v = y * frequency
    right = lattice_noise((u, v), salt) - 0.5
    up = lattice_noise((u, v), salt + 1.0) - 0.5
    return x + amount * right, y + amount * up


@operation
def rough_warp(p: Point, amount: Number, frequency: Number, gain: Number, salt: Number, octaves: Count) -> Point:
    """Push by noise of many sizes."""
    x, y = p
    u = x * frequency
    v = y * frequency
    weight = amount
    for octave in range(octaves):
        x = x + weight * (lattice_noise((u, v), salt + 2.0 * float(octave)) - 0.5)
        y = y + weight * (lattice_noise((u, v), salt + 2.0 * float(octave) + 1.0) - 0.5)
        u = 2.03 * u + 0.37
        v = 2.03 * v + 0.71
        weight = weight * gain
    return x, y


@operation
def stir(p: Point, amount: Number, frequency: Number, phase: Number, rounds: Count) -> Point:
    """Push repeatedly by waves of the pushed point, with finer and finer waves."""
    x, y = p
    weight = amount
    rate = frequency
    for _ in range(rounds):
        x = x + weight * sine(rate * y + phase)
        y = y + weight * sine(rate * x + 0.3 * phase)
        weight = 0.6 * weight
        rate = 1.7 * rate
    return x, y


@operation
def fold_often(p: Point, turn: Number, scale: Number, offset: Number, rounds: Count) -> Point:
    """Mirror, turn and enlarge repeatedly, as in a fractal of mirrors."""
    x, y = p
    c = cosine(turn) * scale
    s = sine(turn) * scale
    for _ in range(rounds):
        u = absolute(x) - offset
        v = absolute(y) - offset
        x = c * u - s * v
        y = s * u + c * v
    return x, y


@operation
def kali_fold(p: Point, across: Number, up: Number, rounds: Count) -> Point:
    """Mirror, invert in a circle and shift, a few times."""
    x, y = p
    for _ in range(rounds):
        x = absolute(x)
        y = absolute(y)
        factor = 1.0 / maximum(x * x + y * y, 0.05)
        x = x * factor - across
        y = y * factor - up
    return x, y


@operation
def complex_square(p: Point, across: Number, up: Number) -> Point:
    """Square as complex numbers, and shift."""
    x, y = p
    return x * x - y * y + across, 2.0 * x * y + up


@operation
def complex_sine(p: Point, scale: Number) -> Point:
    """Take the sine of complex numbers."""
    x, y = p
    grow = exponential(maximum(minimum(y * scale, 3.0), -3.0))
    fall = 1.0 / grow
    return 0.5 * sine(x * scale) * (grow + fall), 0.5 * cosine(x * scale) * (grow - fall)


@operation
def moebius(p: Point, across: Number, up: Number) -> Point:
    """Map the plane by (z - a) / (z + a) for complex a."""
    x, y = p
    above_x = x - across
    above_y = y - up
    below_x = x + across
    below_y = y + up
    size = maximum(below_x * below_x + below_y * below_y, 0.02)
    return (above_x * below_x + above_y * below_y) / size, (above_y * below_x - above_x * below_y) / size


@operation
def push(p: Point, by: Field, amount: Number, turn: Number) -> Point:
    """Push by a field in one direction."""
    x, y = p
    return x + by * amount * cosine(turn), y + by * amount * sine(turn)


@operation
def turn_by(p: Point, by: Field, amount: Number) -> Point:
    """Turn by a field."""
    return rotated(p, by * amount)


@operation
def zoom_by(p: Point, by: Field, amount: Number) -> Point:
    """Scale by a field."""
    x, y = p
    zoom = 1.0 + by * amount
    return x * zoom, y * zoom


@operation
def mirror_lines(p: Point, width: Number) -> Point:
    """Repeat upright strips and their mirror images."""
    x, y = p
    return width * (2.0 * triangle(0.5 * x / width) - 0.5), y


@operation
def staircase(p: Point, steps: Number, softness: Number) -> Point:
    """Flatten the plane into terraces, steep between them."""
    x, y = p
    u = fraction(x * steps) - 0.5
    v = fraction(y * steps) - 0.5
    return x - softness * u / steps, y - softness * v / steps
