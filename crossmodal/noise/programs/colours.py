"""Operations that compute and mix colours.

References:
    Quilez, "Procedural palettes" (a cosine for each channel); Smith, "Color gamut transform pairs", 1978 (hue).
"""

from crossmodal.noise.programs.arithmetic import (
    Field,
    Number,
    Triple,
    absolute,
    cosine,
    ease,
    exponential,
    floor,
    fraction,
    lattice_random,
    logarithm,
    maximum,
    mix,
    unit,
)
from crossmodal.noise.programs.operation import operation


@operation
def cosine_palette(
    a: Field,
    red: Number,
    green: Number,
    blue: Number,
    red_swing: Number,
    green_swing: Number,
    blue_swing: Number,
    rate: Number,
    red_phase: Number,
    green_phase: Number,
    blue_phase: Number,
) -> Triple:
    """A wave for each channel."""
    return (
        red + red_swing * cosine(a * rate + red_phase),
        green + green_swing * cosine(a * rate + green_phase),
        blue + blue_swing * cosine(a * rate + blue_phase),
    )


@operation
def ramp(
    a: Field,
    red: Number,
    green: Number,
    blue: Number,
    middle_red: Number,
    middle_green: Number,
    middle_blue: Number,
    end_red: Number,
    end_green: Number,
    end_blue: Number,
    middle: Number,
) -> Triple:
    """From one colour over a second, at the middle, to a third."""
    first = unit(a / middle)
    second = unit((a - middle) / (1.0 - middle))
    return (
        mix(mix(red, middle_red, first), end_red, second),
        mix(mix(green, middle_green, first), end_green, second),
        mix(mix(blue, middle_blue, first), end_blue, second),
    )


@operation
def two_tone(
    a: Field,
    red: Number,
    green: Number,
    blue: Number,
    end_red: Number,
    end_green: Number,
    end_blue: Number,
) -> Triple:
    """From one colour to another."""
    share = unit(a)
    return mix(red, end_red, share), mix(green, end_green, share), mix(blue, end_blue, share)


@operation
def hue_ramp(a: Field, hue: Number, spread: Number, saturation: Number, dark: Number, bright: Number) -> Triple:
    """Hue and brightness that follow a field."""
    h = hue + spread * a
    value = mix(dark, bright, unit(a))
    pale = 1.0 - saturation
    return (
        value * (pale + saturation * ease(unit(absolute(6.0 * fraction(h) - 3.0) - 1.0))),
        value * (pale + saturation * ease(unit(absolute(6.0 * fraction(h + 0.6666667) - 3.0) - 1.0))),
        value * (pale + saturation * ease(unit(absolute(6.0 * fraction(h + 0.3333333) - 3.0) - 1.0))),
    )


@operation
def swatches(
    a: Field, red: Number, green: Number, blue: Number, spread: Number, variety: Number, levels: Number, salt: Number
) -> Triple:
    """A random colour for each level of a field: brightness varies most, then the channels among themselves."""
    level = floor(a * levels)
    light = spread * (lattice_random(level, 0.0 * level, salt) - 0.5)
    return (
        red + light + variety * (lattice_random(level, 0.0 * level, salt + 1.0) - 0.5),
        green + light + variety * (lattice_random(level, 0.0 * level, salt + 2.0) - 0.5),
        blue + light + variety * (lattice_random(level, 0.0 * level, salt + 3.0) - 0.5),
    )


@operation
def shade(colour: Triple, by: Field, depth: Number) -> Triple:
    """Darken where a field is low."""
    red, green, blue = colour
    light = 1.0 - depth + depth * by
    return red * light, green * light, blue * light


@operation
def light_up(colour: Triple, by: Field, red_light: Number, green_light: Number, blue_light: Number) -> Triple:
    """Add coloured light as strong as a field."""
    red, green, blue = colour
    return red + by * red_light, green + by * green_light, blue + by * blue_light


@operation
def over(below: Triple, above: Triple, by: Field, cover: Number) -> Triple:
    """Composite one colour over another where the mask is 1."""
    red, green, blue = below
    top_red, top_green, top_blue = above
    share = cover * unit(by)
    return mix(red, top_red, share), mix(green, top_green, share), mix(blue, top_blue, share)


@operation
def filtered(below: Triple, above: Triple) -> Triple:
    """Multiply two colours."""
    red, green, blue = below
    top_red, top_green, top_blue = above
    return red * top_red, green * top_green, blue * top_blue


@operation
def screened(below: Triple, above: Triple) -> Triple:
    """Screen two colours: multiply their complements."""
    red, green, blue = below
    top_red, top_green, top_blue = above
    return (
        1.0 - (1.0 - red) * (1.0 - top_red),
        1.0 - (1.0 - green) * (1.0 - top_green),
        1.0 - (1.0 - blue) * (1.0 - top_blue),
    )


@operation
def saturate(colour: Triple, amount: Number) -> Triple:
    """Move away from grey, or with less than 1 towards it."""
    red, green, blue = colour
    grey = 0.3 * red + 0.59 * green + 0.11 * blue
    return mix(grey, red, amount), mix(grey, green, amount), mix(grey, blue, amount)


@operation
def develop(colour: Triple, lift: Number, exposure: Number, gamma: Number) -> Triple:
    """Set the black point, the exposure and the gamma."""
    red, green, blue = colour
    return (
        exponential(gamma * logarithm(maximum((red + lift) * exposure, 0.0001))),
        exponential(gamma * logarithm(maximum((green + lift) * exposure, 0.0001))),
        exponential(gamma * logarithm(maximum((blue + lift) * exposure, 0.0001))),
    )


@operation
def posterised(colour: Triple, levels: Number) -> Triple:
    """Quantize each channel to a few levels."""
    red, green, blue = colour
    return floor(red * levels) / levels, floor(green * levels) / levels, floor(blue * levels) / levels
