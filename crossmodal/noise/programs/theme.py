"""The colours of one program: a few hues, and palettes of them."""

import colorsys
from typing import Any, TypeAlias

from crossmodal.noise.programs import colours as k
from crossmodal.noise.programs.draw import Draw, even, scale
from crossmodal.noise.programs.writer import Result, Writer

Colour: TypeAlias = tuple[float, float, float]


class Theme:
    """Random colours around a few related hues; in 15 % of the programs, arbitrary colours."""

    def __init__(self, draw: Draw):
        """Choose the hues of a program."""
        self.draw = draw
        self.wild = draw.chance(0.15)
        first = draw.number()
        spread = draw.pick((0.06, 0.15, 0.33, 0.42, 0.5))
        self.hues = [first, first + spread, first - spread * draw.number(), draw.number()]
        self.saturation = draw.between(0.05, 0.8)

    def colour(self, low: float = 0.05, high: float = 1.0) -> Colour:
        """Draw a colour with a lightness of ``low`` to ``high``."""
        draw = self.draw
        if self.wild:
            return draw.number(), draw.number(), draw.number()
        hue = draw.pick(self.hues) + draw.between(-0.03, 0.03)
        saturation = min(1.0, self.saturation * draw.between(0.4, 1.5))
        lightness = draw.between(low, high)
        return colorsys.hls_to_rgb(hue % 1.0, lightness * 0.92, saturation)


def paint(writer: Writer, theme: Theme, by: Result) -> Result:
    """Map a field to colours."""
    draw = writer.draw
    kind = draw.number()
    if kind < 0.35:
        return _ramp(writer, theme, by)
    if kind < 0.5:
        return _two_tone(writer, theme, by)
    if kind < 0.65:
        return swatches(writer, theme, by, draw.scale(3.0, 12.0))
    if kind < 0.88:
        return _cosines(writer, theme, by)
    return writer.step(
        k.hue_ramp,
        by,
        hue=even(0.0, 1.0, drift=0.02),
        spread=even(-0.5, 0.5) if draw.chance(0.7) else even(-1.5, 1.5),
        saturation=even(0.1, 0.9),
        dark=even(0.0, 0.4),
        bright=even(0.6, 1.0),
    )


def swatches(writer: Writer, theme: Theme, by: Result, levels: float) -> Result:
    """Map each level of a field to a random colour."""
    draw = writer.draw
    red, green, blue = theme.colour(0.25, 0.75)
    variety = 0.9 if theme.wild else draw.scale(0.05, 0.7)
    return writer.step(
        k.swatches, by, red=red, green=green, blue=blue, spread=even(0.35, 0.9), variety=variety, levels=levels
    )


def _ramp(writer: Writer, theme: Theme, by: Result) -> Result:
    draw = writer.draw
    ends = [theme.colour(0.0, 0.4), theme.colour(0.2, 0.8), theme.colour(0.5, 1.0)]
    if draw.chance(0.3):
        ends = [theme.colour() for _ in range(3)]
    elif draw.chance(0.4):
        ends.reverse()
    names = ("", "middle_", "end_")
    channels: dict[str, Any] = {
        f"{name}{channel}": amount
        for name, end in zip(names, ends, strict=True)
        for channel, amount in zip(("red", "green", "blue"), end, strict=True)
    }
    return writer.step(k.ramp, by, middle=even(0.3, 0.7), **channels)


def _two_tone(writer: Writer, theme: Theme, by: Result) -> Result:
    start, end = theme.colour(0.0, 0.5), theme.colour(0.5, 1.0)
    if writer.draw.chance(0.5):
        start, end = end, start
    red, green, blue = start
    end_red, end_green, end_blue = end
    return writer.step(
        k.two_tone, by, red=red, green=green, blue=blue, end_red=end_red, end_green=end_green, end_blue=end_blue
    )


def _cosines(writer: Writer, theme: Theme, by: Result) -> Result:
    draw = writer.draw
    red, green, blue = theme.colour(0.35, 0.65)
    phase, apart = draw.number(), 0.5 * theme.saturation
    swing = even(0.15, 0.5)
    return writer.step(
        k.cosine_palette,
        by,
        red=red,
        green=green,
        blue=blue,
        red_swing=swing,
        green_swing=swing,
        blue_swing=swing,
        rate=scale(0.4, 2.5),
        red_phase=phase,
        green_phase=phase + apart * draw.between(-1.0, 1.0),
        blue_phase=phase + apart * draw.between(-1.0, 1.0),
    )
