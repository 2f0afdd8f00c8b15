"""Operations that iterate a map at every point: from points to triples of statistics of the orbit, about 0 to 1.

References:
    Peitgen & Richter, "The beauty of fractals", 1986 (escape times of Julia sets, Newton's method); Pickover,
    "Computers, pattern, chaos and beauty", 1990 (traps of orbits).
"""

from crossmodal.noise.programs.arithmetic import (
    Count,
    Field,
    Number,
    Point,
    Triple,
    absolute,
    arctangent,
    cosine,
    exponential,
    floor,
    logarithm,
    maximum,
    minimum,
    pick,
    sine,
    square_root,
    unit,
)
from crossmodal.noise.programs.operation import operation


@operation
def julia(p: Point, across: Number, up: Number, rounds: Count) -> Triple:
    """Squares of complex numbers, shifted: smooth escape time, nearest approach to the origin, and to the axes."""
    x, y = p
    steps = 0.0 * x
    trap = 0.0 * x + 4.0
    axes = 0.0 * x + 4.0
    for _ in range(rounds):
        u = x * x - y * y + across
        v = 2.0 * x * y + up
        size = u * u + v * v
        inside = size < 16.0
        steps = pick(inside, steps + 1.0, steps)
        trap = minimum(trap, size)
        axes = minimum(axes, minimum(absolute(u), absolute(v)))
        x = pick(inside, u, x)
        y = pick(inside, v, y)
    late = unit((x * x + y * y) / 16.0)
    return (steps - late) / float(rounds), square_root(trap), unit(axes * 2.0)


@operation
def mandelbrot(p: Point, fold_x: Number, fold_y: Number, rounds: Count) -> Triple:
    """The same with the point itself as the shift, and with mirrors between squares (0 to 1)."""
    x, y = p
    a = x
    b = y
    steps = 0.0 * x
    trap = 0.0 * x + 4.0
    turn = 0.0 * x
    for _ in range(rounds):
        s = x + fold_x * (absolute(x) - x)
        t = y + fold_y * (absolute(y) - y)
        u = s * s - t * t + a
        v = 2.0 * s * t + b
        size = u * u + v * v
        inside = size < 16.0
        steps = pick(inside, steps + 1.0, steps)
        trap = minimum(trap, size)
        x = pick(inside, u, x)
        y = pick(inside, v, y)
    late = unit((x * x + y * y) / 16.0)
    turn = 0.5 + arctangent(y, x)
    return (steps - late) / float(rounds), square_root(trap), turn


@operation
def newton(p: Point, relax: Number, rounds: Count) -> Triple:
    """Newton's method for z^3 = 1: which root, how near on the way, how far on the last step."""
    x, y = p
    near = 0.0 * x + 4.0
    moved = 0.0 * x
    for _ in range(rounds):
        a = x * x - y * y
        b = 2.0 * x * y
        size = 3.0 * (a * a + b * b) + 0.01
        u = x * a - y * b - 1.0
        v = x * b + y * a
        step_x = relax * (u * a + v * b) / size
        step_y = relax * (v * a - u * b) / size
        x = maximum(minimum(x - step_x, 8.0), -8.0)
        y = maximum(minimum(y - step_y, 8.0), -8.0)
        near = minimum(near, absolute(x) + absolute(y))
        moved = mix_in(moved, step_x * step_x + step_y * step_y)
    return 0.5 + arctangent(y, x), unit(near), unit(moved)


def mix_in(total: Field, part: Field) -> Field:
    """Running average, with a weight of 0.3 for the new value."""
    return 0.7 * total + 0.3 * unit(part)


@operation
def kali(p: Point, across: Number, up: Number, rounds: Count) -> Triple:
    """Mirror, invert, shift: glow of the orbit, nearest approach to an axis, average size."""
    x, y = p
    glow = 0.0 * x
    trap = 0.0 * x + 4.0
    before = square_root(x * x + y * y)
    for _ in range(rounds):
        x = absolute(x)
        y = absolute(y)
        factor = 1.0 / maximum(x * x + y * y, 0.002)
        x = x * factor - across
        y = y * factor - up
        size = minimum(square_root(x * x + y * y), 20.0)
        glow = glow + exponential(-6.0 * absolute(size - before))
        before = size
        trap = minimum(trap, absolute(x))
    return 1.6 * glow / float(rounds), unit(trap * 3.0), unit(0.2 * before)


@operation
def mirrors(p: Point, turn: Number, scale: Number, offset: Number, rounds: Count) -> Triple:
    """Mirror, turn, enlarge: distance from the fractal of mirrors, number of mirrors passed, nearest approach."""
    x, y = p
    c = cosine(turn) * scale
    s = sine(turn) * scale
    passed = 0.0 * x
    shrink = 0.0 * scale + 1.0
    trap = 0.0 * x + 4.0
    for _ in range(rounds):
        passed = passed + pick(x < 0.0, 1.0, 0.0 * x)
        u = absolute(x) - offset
        v = absolute(y) - offset
        x = c * u - s * v
        y = s * u + c * v
        shrink = shrink * scale
        trap = minimum(trap, (x * x + y * y) / (shrink * shrink))
    distance = square_root(x * x + y * y) / shrink
    return unit(4.0 * distance), passed / float(rounds), unit(2.0 * square_root(trap))


@operation
def gasket(p: Point, scale: Number, rounds: Count) -> Triple:
    """Repeat and invert in circles: distance from a lace of circles, depth of inversion, nearest approach."""
    x, y = p
    size = 0.0 * x + 1.0
    trap = 0.0 * x + 4.0
    for _ in range(rounds):
        x = x - 2.0 * floor(0.5 * x + 0.5)
        y = y - 2.0 * floor(0.5 * y + 0.5)
        square = x * x + y * y
        trap = minimum(trap, square)
        factor = scale / maximum(square, 0.02)
        x = x * factor
        y = y * factor
        size = size * factor
    depth = logarithm(size)
    return unit(2.0 * absolute(y) / size + 0.02 * depth), unit(0.12 * depth), square_root(trap)


@operation
def sine_net(p: Point, amount: Number, frequency: Number, phase: Number, rounds: Count) -> Triple:
    """Waves of waves of waves: the last wave, their sum, their product."""
    x, y = p
    total = 0.0 * x
    product = 0.0 * x + 1.0
    u = x
    v = y
    for _ in range(rounds):
        s = u + amount * sine(frequency * v + phase)
        v = v + amount * sine(frequency * u - phase)
        u = 1.2 * s
        v = 1.2 * v
        wave = 0.5 + 0.5 * sine(u + v)
        total = total + wave
        product = product * (0.4 + 0.8 * wave)
    return wave_of(u - v), total / float(rounds), unit(product)


def wave_of(turns: Field) -> Field:
    """A sine between 0 and 1."""
    return 0.5 + 0.5 * sine(turns)


@operation
def light_web(p: Point, phase: Number, sharpness: Number, rounds: Count) -> Field:
    """Caustics: the bright net of light on the floor of a pool."""
    x, y = p
    u = x
    v = y
    total = 0.0 * x
    for number in range(rounds):
        rate = phase * (1.0 - 0.4 / (float(number) + 1.0))
        s = x + 0.16 * cosine(rate - u) + 0.16 * sine(rate + v)
        t = y + 0.16 * sine(rate - v) + 0.16 * cosine(rate + u)
        u = s
        v = t
        bright = absolute(sine(u + rate)) + absolute(cosine(v + rate))
        total = total + 1.0 / (0.15 + bright * sharpness)
    return unit(0.3 * total / float(rounds))
