"""Grammar rules for whole images: backgrounds, occluding objects, patchworks, landscapes, light."""

from crossmodal.noise.programs import blends as b
from crossmodal.noise.programs import colours as k
from crossmodal.noise.programs import coordinates as c
from crossmodal.noise.programs import noises as n
from crossmodal.noise.programs import patterns as t
from crossmodal.noise.programs import shapes as s
from crossmodal.noise.programs.bending import REPEATING, bend, place, settle
from crossmodal.noise.programs.draw import Draw, Menu, even, scale
from crossmodal.noise.programs.program import Program
from crossmodal.noise.programs.texturing import embossed, field, irregular, one_of, plain_field, regular, shape
from crossmodal.noise.programs.theme import Theme, paint, swatches
from crossmodal.noise.programs.writer import Result, Writer, later


def write_program(draw: Draw) -> Program:
    """Write one program of the grammar."""
    writer = Writer(draw)
    theme = Theme(draw)
    p = writer.step(
        c.place,
        writer.screen,
        left=even(-0.3, 0.3, drift=0.05),
        down=even(-0.3, 0.3, drift=0.05),
        turn=even(-0.06, 0.06, drift=0.012) if draw.chance(0.6) else even(0.0, 1.0, drift=0.02),
        scale_x=(size := draw.scale(0.7, 1.5)),
        scale_y=size,
    )
    if draw.chance(0.15):
        p = bend(writer, p, 0.7)
    image = draw.weighted(_SCENES)(writer, theme, p)
    _finish(writer, theme, p, image)
    return writer.finish()


def coloured(writer: Writer, theme: Theme, p: Result) -> Result:
    """Write a coloured field; in 15 % of the cases embossed, in 5 % with a separate field per channel."""
    draw = writer.draw
    kind = draw.number()
    if kind < 0.15:
        relief = embossed(writer, p, irregular)
        colour = paint(writer, theme, plain_field(writer, p))
        return writer.step(k.shade, colour, relief, depth=even(0.5, 1.0))
    if kind < 0.2:
        channels = [plain_field(writer, p) for _ in range(3)]
        return writer.step(k.saturate, writer.step(b.stack, *channels), amount=even(0.2, 0.8))
    return paint(writer, theme, field(writer, p, 1))


def layers(writer: Writer, theme: Theme, p: Result) -> Result:
    """Write a background with 1 to 5 objects in front of it."""
    image = coloured(writer, theme, p)
    for _ in range(writer.draw.whole(1, 5)):
        other = Theme(writer.draw) if writer.draw.chance(0.4) else theme
        image = _with_object(writer, other, p, image)
    return image


def flat(writer: Writer, theme: Theme, p: Result) -> Result:
    """Write one coloured field of depth 3."""
    return paint(writer, theme, field(writer, p, 3))


def patchwork(writer: Writer, theme: Theme, p: Result) -> Result:
    """Write patches of random colours, with textures, borders and light."""
    draw = writer.draw
    identity, edge, light = _patches(writer, bend(writer, p, 0.35))
    image = swatches(writer, theme, identity, 97.0)
    if draw.chance(0.7):
        kind = writer.step(b.threshold, identity, level=even(0.3, 0.7), softness=0.01)
        image = writer.step(k.over, image, coloured(writer, theme, p), kind, cover=even(0.4, 1.0))
    if draw.chance(0.6):
        # The shift differs between patches, so that the pattern ends at their borders.
        shifted = writer.step(c.push, p, identity, amount=even(5.0, 40.0))
        texture = regular(writer, shifted) if draw.chance(0.4) else irregular(writer, shifted)
        image = writer.step(k.shade, image, texture, depth=even(0.3, 0.9))
    if draw.chance(0.5):
        image = writer.step(k.shade, image, light, depth=even(0.3, 0.9))
    if draw.chance(0.6):
        border = writer.step(b.threshold, edge, level=scale(0.02, 0.12), softness=scale(0.02, 0.1))
        image = writer.step(k.shade, image, border, depth=even(0.4, 1.0))
    return image


def _patches(writer: Writer, p: Result) -> tuple[Result, Result, Result]:
    """Write a random number, a distance to the border, and light for each patch."""
    draw = writer.draw
    kind = draw.number()
    q = place(writer, p, 0.7, 4.5, stretch=1.6)
    if kind < 0.4:
        found = writer.step(
            n.leaves,
            q,
            count=draw.whole(3, 5),
            size=even(0.35, 0.5),
            roundness=draw.pick((0.0, 1.0, draw.number())),
            stretch=scale(1.0, 2.5),
        )
        return found[0:1], found[1:2], found[2:3]
    if kind < 0.65:
        found = writer.step(n.cells, q, jitter=even(0.4, 1.0), roundness=draw.pick((0.0, 1.0, 1.0)))
        return found[2:3], found[1:2], writer.step(b.negative, found[0:1])
    if kind < 0.8:
        found = writer.step(t.mondrian, q, balance=even(0.3, 0.9), count=draw.whole(2, 5))
        return found[0:1], found[1:2], found[2:3]
    if kind < 0.88:
        found = writer.step(t.quarters, q, share=even(0.4, 0.8), count=draw.whole(2, 4))
        return found[0:1], found[1:2], found[2:3]
    if kind < 0.94:
        found = writer.step(t.hexagons, q)
        return found[2:3], found[0:1], writer.step(b.negative, found[1:2])
    found = writer.step(t.scales, q)
    return found[1:2], found[2:3], found[0:1]


def surface(writer: Writer, theme: Theme, p: Result) -> Result:
    """Write a rough surface that is lit from the side."""
    draw = writer.draw
    image = paint(writer, theme, field(writer, p, 1))
    relief = embossed(writer, p, plain_field if draw.chance(0.4) else irregular)
    return writer.step(k.shade, image, relief, depth=even(0.6, 1.0))


def landscape(writer: Writer, theme: Theme, p: Result) -> Result:
    """Write ridges one before the other below a sky, paler with distance."""
    draw = writer.draw
    upright = writer.step(t.slope, p, turn=0.25)
    image = paint(writer, theme, upright if draw.chance(0.6) else field(writer, p, 1))
    haze = theme.colour(0.5, 1.0)
    count = draw.whole(2, 5)
    for number in range(count):
        near = (number + 1) / count
        across = writer.step(c.place, p, turn=0.0, down=0.0, left=even(-9.0, 9.0, drift=0.2), scale_x=1.0, scale_y=0.0)
        line = draw.pick((n.clouds, n.ridges, n.billows, n.terrain))
        scaled = place(writer, across, 0.8, 2.5)
        height = writer.step(line, scaled, count=draw.whole(3, 6))
        distance = writer.step(
            b.total, writer.step(b.negative, upright), height, weight=draw.between(0.2, 0.9) * (1.2 - 0.5 * near)
        )
        cover = writer.step(b.threshold, distance, level=0.35 + 0.45 * near, softness=0.02)
        ground = coloured(writer, theme, p)
        red, green, blue = (0.8 * (1.0 - near) * channel for channel in haze)
        ground = writer.step(k.shade, ground, writer.step(b.negative, upright), depth=0.8 * (1.0 - near))
        ground = writer.step(k.light_up, ground, upright, red_light=red, green_light=green, blue_light=blue)
        image = writer.step(k.over, image, ground, cover, cover=1.0)
    return image


def halves(writer: Writer, theme: Theme, p: Result) -> Result:
    """Write two images with a border between them, or one multiplied or screened with the other."""
    draw = writer.draw
    first = draw.weighted(_SIMPLE)(writer, theme, p)
    second = draw.weighted(_SIMPLE)(writer, theme, bend(writer, p, 0.4))
    if draw.chance(0.25):
        return writer.step(draw.pick((k.filtered, k.screened)), first, second)
    edge = writer.step(b.threshold, plain_field(writer, p), level=even(0.35, 0.6), softness=scale(0.01, 0.2))
    return writer.step(k.over, first, second, edge, cover=1.0)


_SIMPLE = Menu((3.0, flat), (3.0, patchwork), (2.0, surface), (1.5, layers))
_SCENES = Menu((4.5, layers), (1.5, flat), (3.0, patchwork), (1.2, surface), (1.0, landscape), (1.3, halves))


def _with_object(writer: Writer, theme: Theme, p: Result, below: Result) -> Result:
    """Composite an object, or many copies of it, over an image, with a shadow and an outline."""
    draw = writer.draw
    start = len(writer.steps)
    distance, inside = _object(writer, p)
    end = len(writer.steps)
    softness = draw.pick((0.02, 0.04, 0.1))
    if draw.chance(0.4):
        moved = writer.step(
            c.place, p, left=even(-0.12, 0.12), down=even(0.02, 0.15), turn=0.0, scale_x=1.0, scale_y=1.0
        )
        shadow = later(distance, writer.again(start, end, moved, of=p))
        dark = writer.step(b.negative, writer.step(s.mask, shadow, softness=scale(0.05, 0.5)))
        below = writer.step(k.shade, below, dark, depth=even(0.3, 0.8))
    colour = coloured(writer, theme, inside)
    if draw.chance(0.5):
        light = writer.step(b.fade, distance, reach=scale(1.0, 5.0))
        if draw.chance(0.5):
            light = writer.step(b.negative, light)
        colour = writer.step(k.shade, colour, light, depth=even(0.3, 0.9))
    if draw.chance(0.35):
        line = writer.step(s.outline, distance, offset=0.0, width=scale(0.02, 0.12), softness=softness)
        red, green, blue = theme.colour(0.0, 0.3) if draw.chance(0.7) else theme.colour(0.7, 1.0)
        colour = writer.step(
            k.over,
            colour,
            writer.step(k.two_tone, line, red=red, green=green, blue=blue, end_red=red, end_green=green, end_blue=blue),
            line,
            cover=1.0,
        )
    cover = writer.step(s.mask, distance, softness=softness)
    return writer.step(k.over, below, colour, cover, cover=1.0 if draw.chance(0.75) else even(0.4, 0.9))


def _object(writer: Writer, p: Result) -> tuple[Result, Result]:
    """Write a distance field and the coordinates inside: one shape, repeated shapes, or an island of noise."""
    draw = writer.draw
    kind = draw.number()
    if kind < 0.5:
        q = settle(writer, bend(writer, p, 0.2), 0.12, 0.8)
        return shape(writer, q), (q if draw.chance(0.5) else p)
    if kind < 0.75:
        tiled = draw.weighted(REPEATING).write(writer, place(writer, bend(writer, p, 0.3), 0.7, 4.0))
        size = draw.between(2.0, 3.5)
        q = writer.step(c.place, tiled, left=0.0, down=0.0, scale_x=size, scale_y=size)
        return shape(writer, q), (q if draw.chance(0.5) else p)
    if kind < 0.85:
        q = place(writer, bend(writer, p, 0.3), 0.8, 5.0)
        return writer.step(n.dots, q, size=even(0.2, 0.45), variety=even(0.2, 0.9))[0:1], p
    height = irregular(writer, p) if draw.chance(0.7) else one_of(writer, regular(writer, p))
    low = writer.step(b.total, writer.step(b.negative, height), writer.step(t.slope, p), weight=even(-0.3, 0.3))
    return writer.step(b.offset, low, by=-draw.between(0.4, 0.65)), p


def _finish(writer: Writer, theme: Theme, p: Result, image: Result) -> Result:
    """Write light, fine texture and tone of the whole image."""
    draw = writer.draw
    if draw.chance(0.3):
        texture = irregular(
            writer, writer.step(c.place, p, scale_x=(size := draw.scale(1.5, 4.0)), scale_y=size, left=0.0, down=0.0)
        )
        image = writer.step(k.shade, image, texture, depth=even(0.15, 0.6))
    if draw.chance(0.25):
        light = writer.step(t.glow, p, reach=scale(0.4, 3.0))
        red, green, blue = theme.colour(0.4, 0.9)
        strength = draw.between(-0.1, 0.6)
        image = writer.step(
            k.light_up,
            image,
            light,
            red_light=strength * red,
            green_light=strength * green,
            blue_light=strength * blue,
        )
    if draw.chance(0.3):
        image = writer.step(k.shade, image, writer.step(b.vignette, writer.screen, strength=even(0.2, 1.0)), depth=1.0)
    if draw.chance(0.3):
        image = writer.step(k.saturate, image, amount=even(0.2, 1.4))
    if draw.chance(0.04):
        image = writer.step(k.posterised, image, levels=scale(2.5, 6.0))
    return writer.step(k.develop, image, lift=0.0, exposure=1.0, gamma=scale(0.75, 1.3))


def write_plain_program(draw: Draw) -> Program:
    """Write a program that is never uniform: coloured clouds."""
    writer = Writer(draw)
    height = writer.step(n.clouds, place(writer, writer.screen, 1.5, 4.0), gain=0.5, count=5)
    _ = writer.step(
        k.two_tone,
        height,
        red=0.0,
        green=draw.between(0.0, 0.4),
        blue=draw.between(0.0, 0.4),
        end_red=1.0,
        end_green=draw.number(),
        end_blue=draw.number(),
    )
    return writer.finish()
