"""Operations that make random textures: from points to fields.

References:
    Perlin, "An image synthesizer", SIGGRAPH 1985 (noise on a lattice); Musgrave et al., "Texturing and Modeling",
    chapter 16 (sums of octaves, ridges); Worley, "A cellular texture basis function", SIGGRAPH 1996.
"""

from crossmodal.noise.programs.arithmetic import (
    Count,
    Field,
    Number,
    Point,
    Triple,
    absolute,
    cosine,
    ease,
    exponential,
    floor,
    fraction,
    lattice_random,
    maximum,
    minimum,
    mix,
    pick,
    sine,
    square_root,
)
from crossmodal.noise.programs.operation import operation


def lattice_noise(p: Point, salt: Field) -> Field:
    """Random heights of lattice points, 0 to 1, with smooth slopes between."""
    x, y = p
    column = floor(x)
    row = floor(y)
    u = ease(x - column)
    v = ease(y - row)
    below = mix(lattice_random(column, row, salt), lattice_random(column + 1.0, row, salt), u)
    above = mix(lattice_random(column, row + 1.0, salt), lattice_random(column + 1.0, row + 1.0, salt), u)
    return mix(below, above, v)


def slope_at(column: Field, row: Field, u: Field, v: Field, salt: Field) -> Field:
    """Height of the random slope of one lattice point, at the offset (u, v) from it."""
    right = lattice_random(column, row, salt) - 0.5
    up = lattice_random(column, row, salt + 1.0) - 0.5
    return right * u + up * v


@operation
def value_noise(p: Point, salt: Number) -> Field:
    """Smooth random heights."""
    return lattice_noise(p, salt)


@operation
def slope_noise(p: Point, salt: Number) -> Field:
    """Smooth noise from random slopes at lattice points."""
    x, y = p
    column = floor(x)
    row = floor(y)
    u = x - column
    v = y - row
    s = ease(u)
    below = mix(slope_at(column, row, u, v, salt), slope_at(column + 1.0, row, u - 1.0, v, salt), s)
    above = mix(
        slope_at(column, row + 1.0, u, v - 1.0, salt), slope_at(column + 1.0, row + 1.0, u - 1.0, v - 1.0, salt), s
    )
    return 0.5 + 0.9 * mix(below, above, ease(v))


@operation
def clouds(p: Point, gain: Number, salt: Number, octaves: Count) -> Field:
    """Noise of many sizes, each finer one weaker by the gain."""
    x, y = p
    total = 0.0 * x
    weight = 1.0 - gain
    for octave in range(octaves):
        total = total + weight * lattice_noise((x, y), salt + float(octave))
        weight = weight * gain
        u = 1.62 * x - 1.18 * y + 3.1
        y = 1.18 * x + 1.62 * y + 1.7
        x = u
    return total


@operation
def ridges(p: Point, gain: Number, salt: Number, octaves: Count) -> Field:
    """Noise of many sizes with sharp crests."""
    x, y = p
    total = 0.0 * x
    weight = 1.0 - gain
    for octave in range(octaves):
        crest = 1.0 - absolute(2.0 * lattice_noise((x, y), salt + float(octave)) - 1.0)
        total = total + weight * crest * crest
        weight = weight * gain
        u = 1.62 * x - 1.18 * y + 3.1
        y = 1.18 * x + 1.62 * y + 1.7
        x = u
    return total


@operation
def billows(p: Point, gain: Number, salt: Number, octaves: Count) -> Field:
    """Noise of many sizes with sharp valleys."""
    x, y = p
    total = 0.0 * x
    weight = 1.0 - gain
    for octave in range(octaves):
        total = total + weight * absolute(2.0 * lattice_noise((x, y), salt + float(octave)) - 1.0)
        weight = weight * gain
        u = 1.62 * x - 1.18 * y + 3.1
        y = 1.18 * x + 1.62 * y + 1.7
        x = u
    return 1.4 * total


@operation
def terrain(p: Point, gain: Number, salt: Number, octaves: Count) -> Field:
    """Noise whose fine octaves are strong only where it is high."""
    x, y = p
    total = lattice_noise((x, y), salt)
    weight = gain * total
    for octave in range(octaves):
        u = 1.62 * x - 1.18 * y + 3.1
        y = 1.18 * x + 1.62 * y + 1.7
        x = u
        bump = lattice_noise((x, y), salt + float(octave) + 1.0)
        total = total + weight * (bump - 0.5)
        weight = weight * gain * 1.6 * bump
    return total


@operation
def marble(p: Point, frequency: Number, amount: Number, salt: Number, octaves: Count) -> Field:
    """Bands that noise bends."""
    x, y = p
    total = x * frequency
    weight = amount
    u = x
    v = y
    for octave in range(octaves):
        total = total + weight * lattice_noise((u, v), salt + float(octave))
        weight = 0.5 * weight
        u = 2.0 * u + 0.3
        v = 2.0 * v + 0.6
    return 0.5 + 0.5 * sine(total)


@operation
def waves(p: Point, frequency: Number, spread: Number, salt: Number, count: Count) -> Field:
    """Sum of plane waves of random directions."""
    x, y = p
    total = 0.0 * x
    for number in range(count):
        code = salt + float(number)
        turn = lattice_random(code, salt, salt)
        phase = lattice_random(code, salt, salt + 1.0)
        rate = frequency * (1.0 + spread * (lattice_random(code, salt, salt + 2.0) - 0.5))
        total = total + sine((x * cosine(turn) + y * sine(turn)) * rate + phase)
    return 0.5 + 0.5 * total / (0.6 * float(count) + 0.4)


@operation
def cells(p: Point, jitter: Number, roundness: Number, salt: Number) -> Triple:
    """Random cells: distance from the nearest seed, distance to the border, a random number of the cell."""
    x, y = p
    column = floor(x)
    row = floor(y)
    nearest = 0.0 * x + 8.0
    second = 0.0 * x + 8.0
    identity = 0.0 * x
    for number in range(9):
        i = column + float(number % 3 - 1)
        j = row + float(number // 3 - 1)
        mark = lattice_random(i, j, salt)
        u = absolute(i + 0.5 + jitter * (mark - 0.5) - x)
        v = absolute(j + 0.5 + jitter * (lattice_random(i, j, salt + 1.0) - 0.5) - y)
        distance = mix(maximum(u, v), square_root(u * u + v * v), roundness)
        second = minimum(second, maximum(nearest, distance))
        identity = pick(distance < nearest, mark, identity)
        nearest = minimum(nearest, distance)
    return nearest, second - nearest, identity


@operation
def dots(p: Point, size: Number, variety: Number, salt: Number) -> Triple:
    """One disc per cell, of random position and size: distance to its rim, fraction of its radius, a random number."""
    x, y = p
    column = floor(x)
    row = floor(y)
    identity = lattice_random(column, row, salt)
    radius = size * (1.0 - variety * lattice_random(column, row, salt + 1.0))
    room = 0.5 - radius
    u = x - column - 0.5 + room * (2.0 * lattice_random(column, row, salt + 2.0) - 1.0)
    v = y - row - 0.5 + room * (2.0 * lattice_random(column, row, salt + 3.0) - 1.0)
    distance = square_root(u * u + v * v)
    return distance - radius, distance / radius, identity


@operation
def leaves(p: Point, size: Number, roundness: Number, stretch: Number, salt: Number, layers: Count) -> Triple:
    """Occluding shapes of random positions, sizes and rotations: number of the shape, depth inside it, shade.

    Layers go from large and far to small and near. A shape extends at most half a cell beyond its own cell, so that
    a point depends on four cells.
    """
    x, y = p
    identity = lattice_noise((0.5 * x, 0.5 * y), salt + 9.0) * 0.2
    depth = 0.0 * x
    shade = 0.0 * x
    scale = 0.5
    for layer in range(layers):
        u = x * scale + 0.37 * float(layer)
        v = y * scale + 0.61 * float(layer)
        code = salt + 5.0 * float(layer)
        for corner in range(4):
            i = floor(u - 0.5) + float(corner % 2)
            j = floor(v - 0.5) + float(corner // 2)
            mark = lattice_random(i, j, code)
            across = u - i - lattice_random(i, j, code + 1.0)
            along = v - j - lattice_random(i, j, code + 2.0)
            turn = lattice_random(i, j, code + 3.0)
            c = cosine(turn)
            s = sine(turn)
            a = absolute(c * across - s * along)
            b = absolute(s * across + c * along) * stretch
            reach = mix(maximum(a, b), square_root(a * a + b * b), roundness)
            radius = size * (0.25 + 0.75 * mark * mark)
            inside = radius - reach
            identity = pick(inside > 0.0, fraction(17.0 * mark + 0.31 * float(layer)), identity)
            shade = pick(inside > 0.0, 0.5 + 0.5 * (c * across + s * along) / radius, shade)
            depth = pick(inside > 0.0, inside / radius, depth)
        scale = 1.7 * scale
    return identity, depth, shade


@operation
def grain(p: Point, salt: Number) -> Field:
    """A random number for each unit cell: a mosaic."""
    x, y = p
    return lattice_random(floor(x), floor(y), salt)


@operation
def sparks(p: Point, sharpness: Number, salt: Number) -> Field:
    """Soft spots of random positions and strengths."""
    x, y = p
    total = 0.0 * x
    for corner in range(4):
        i = floor(x - 0.5) + float(corner % 2)
        j = floor(y - 0.5) + float(corner // 2)
        u = x - i - lattice_random(i, j, salt)
        v = y - j - lattice_random(i, j, salt + 1.0)
        total = total + lattice_random(i, j, salt + 2.0) * exponential(-sharpness * (u * u + v * v))
    return total


@operation
def gabor(p: Point, frequency: Number, turn: Number, spread: Number, salt: Number) -> Field:
    """Short waves of nearly one direction at random positions, as in woven or brushed materials.

    References:
        Lagae et al., "Procedural noise using sparse Gabor convolution", SIGGRAPH 2009.
    """
    x, y = p
    total = 0.0 * x
    for corner in range(4):
        i = floor(x - 0.5) + float(corner % 2)
        j = floor(y - 0.5) + float(corner // 2)
        u = x - i - lattice_random(i, j, salt)
        v = y - j - lattice_random(i, j, salt + 1.0)
        angle = turn + spread * (lattice_random(i, j, salt + 2.0) - 0.5)
        wave = sine(frequency * (u * cosine(angle) + v * sine(angle)) + lattice_random(i, j, salt + 3.0))
        total = total + wave * exponential(-16.0 * (u * u + v * v))
    return 0.5 + 0.6 * total
