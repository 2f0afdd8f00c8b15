"""Operations on fields: curves of one, combinations of several."""

from crossmodal.noise.programs.arithmetic import (
    Field,
    Number,
    Point,
    Triple,
    absolute,
    ease,
    exponential,
    floor,
    fraction,
    logarithm,
    maximum,
    minimum,
    mix,
    sine,
    square_root,
    unit,
)
from crossmodal.noise.programs.coordinates import triangle
from crossmodal.noise.programs.operation import operation


@operation
def wave(a: Field, frequency: Number, phase: Number) -> Field:
    """A sine of a field."""
    return 0.5 + 0.5 * sine(a * frequency + phase)


@operation
def zigzag_of(a: Field, frequency: Number, phase: Number) -> Field:
    """A triangle wave of a field."""
    return 2.0 * triangle(a * frequency + phase)


@operation
def saw(a: Field, frequency: Number, phase: Number) -> Field:
    """A sawtooth wave of a field."""
    return fraction(a * frequency + phase)


@operation
def steps(a: Field, levels: Number) -> Field:
    """Terraces of a field."""
    return floor(a * levels) / levels


@operation
def threshold(a: Field, level: Number, softness: Number) -> Field:
    """1 where a field is high, 0 where it is low."""
    return ease(unit((a - level) / softness + 0.5))


@operation
def band(a: Field, level: Number, width: Number) -> Field:
    """1 where a field is near a level."""
    return ease(unit(1.0 - absolute(a - level) / width))


@operation
def contours(a: Field, frequency: Number, width: Number) -> Field:
    """Thin lines of equal height."""
    return unit((width - triangle(a * frequency)) / (0.5 * width) + 0.5)


@operation
def power(a: Field, exponent: Number) -> Field:
    """Darken or brighten the middle."""
    return exponential(exponent * logarithm(unit(a) + 0.0001))


@operation
def negative(a: Field) -> Field:
    """One minus the field."""
    return 1.0 - a


@operation
def offset(a: Field, by: Number) -> Field:
    """Add a number."""
    return a + by


@operation
def rise(a: Field, gain: Number) -> Field:
    """Contrast around the middle."""
    return unit(0.5 + gain * (a - 0.5))


@operation
def fade(distance: Field, reach: Number) -> Field:
    """Light that falls off away from a shape."""
    return exponential(-reach * absolute(distance))


@operation
def crease(a: Field) -> Field:
    """Fold at the middle."""
    return absolute(2.0 * a - 1.0)


@operation
def average(a: Field, b: Field, share: Number) -> Field:
    """Weighted mean."""
    return mix(a, b, share)


@operation
def product(a: Field, b: Field) -> Field:
    """One field darkens the other."""
    return a * b


@operation
def higher(a: Field, b: Field) -> Field:
    """The greater."""
    return maximum(a, b)


@operation
def lower(a: Field, b: Field) -> Field:
    """The lesser."""
    return minimum(a, b)


@operation
def difference(a: Field, b: Field) -> Field:
    """Absolute difference."""
    return absolute(a - b)


@operation
def total(a: Field, b: Field, weight: Number) -> Field:
    """Add a multiple of the second."""
    return a + weight * b


@operation
def wrap_total(a: Field, b: Field, weight: Number) -> Field:
    """Add, modulo 1."""
    return fraction(a + weight * b)


@operation
def hypotenuse(a: Field, b: Field) -> Field:
    """Length of the two as a vector."""
    return square_root(a * a + b * b)


@operation
def quotient(a: Field, b: Field) -> Field:
    """One field divided by the other."""
    return a / (absolute(b) + a + 0.1)


@operation
def blend(a: Field, b: Field, by: Field) -> Field:
    """One field where the mask is 0, the other where it is 1."""
    return mix(a, b, unit(by))


@operation
def emboss(here: Field, right: Field, above: Field, strength: Number) -> Field:
    """Light from the side on a height field, of which two neighbours are given: 0.5 where it is flat."""
    u = (here - right) * strength
    v = (here - above) * strength
    return 0.5 + 0.5 * (u + v) / square_root(1.0 + u * u + v * v)


@operation
def combine(a: Field, b: Field) -> Point:
    """Two fields as coordinates."""
    return a, b


@operation
def stack(a: Field, b: Field, c: Field) -> Triple:
    """Three fields as red, green and blue."""
    return a, b, c


@operation
def vignette(p: Point, strength: Number) -> Field:
    """Darker towards the corners."""
    x, y = p
    return 1.0 / (1.0 + strength * (x * x + y * y))
