"""Random parameters of outdoor scenes: a list of simple shapes in the order of painting.

Lengths are in units of the shorter side of the image, x to the right and y down, so that a square scene is the same at
every size.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.draw_columns import DrawColumns, Floats, Integers
from crossmodal.simulation.scenes.labelled import ClassList

OUTDOOR_CLASSES = ClassList(
    names=("sky", "ground", "sun", "cloud", "wall", "roof", "door", "window", "trunk", "crown"),
    colours=(
        (120, 180, 235),
        (110, 150, 70),
        (255, 215, 0),
        (235, 235, 245),
        (215, 170, 125),
        (165, 50, 45),
        (95, 45, 125),
        (40, 60, 140),
        (110, 70, 35),
        (25, 105, 40),
    ),
    wholes={"house": ("wall", "roof", "door", "window"), "tree": ("trunk", "crown")},
)
SKY, GROUND, SUN, CLOUD, WALL, ROOF, DOOR, WINDOW, TRUNK, CROWN = range(len(OUTDOOR_CLASSES))

#: Outlines of a shape, each inscribed in its box: (left, right, top, bottom).
NOTHING, RECTANGLE, ELLIPSE, TRAPEZOID, HILL = range(5)
#: Columns of a shape: its outline, class, thing, box, and the parameter of the outline.
OUTLINE, CLASS, THING, LEFT, RIGHT, TOP, BOTTOM, FORM = range(8)
#: The first columns of its RGB (0 to 255) at the top and at the bottom of its box.
UPPER, LOWER = 8, 11
COLUMNS = 14

#: Classes that may be uncovered where a part is removed: a door is only on a wall.
OUTDOOR_CONTEXT = {"door": ("wall",), "window": ("wall",), "sun": ("sky",), "cloud": ("sky", "sun", "cloud")}

_STREAM = "scenes/outdoor"
_DRAWS = 512
_WALLS = ((236, 220, 180), (196, 108, 84), (226, 226, 222), (240, 200, 96), (176, 150, 190))
_ROOFS = ((150, 44, 40), (104, 66, 48), (84, 84, 104), (60, 96, 110))
_DOORS = ((92, 52, 30), (36, 66, 130), (30, 92, 60), (140, 28, 32))
_CROWNS = ((44, 122, 48), (24, 92, 52), (86, 134, 36))
_DUSK = np.array([0.62, 0.52, 0.62])


@dataclass(frozen=True, eq=False)
class SceneDraws:
    """Drawn scenes.

    Attributes:
        size: height and width in pixels.
        shapes: float64 (n, shapes, 14), the last on top; the columns are named in this module.
        attributes: int64 (n,) by name, see `OutdoorScenes`.
    """

    size: tuple[int, int]
    shapes: Floats
    attributes: dict[str, Integers]

    def without(self, concepts: Iterable[str]) -> "SceneDraws":
        """Return the scenes without some classes or wholes, which uncovers what they hid; attributes do not change.

        Raises:
            ValueError: a concept is unknown.
        """
        shapes = self.shapes.copy()
        removed = [index for concept in concepts for index in OUTDOOR_CLASSES.indices(concept)]
        shapes[np.isin(shapes[..., CLASS], removed), OUTLINE] = NOTHING
        return replace(self, shapes=shapes)


@dataclass(frozen=True)
class Weather:
    """Parameters shared by all parts of a scene: the extent (height, width), dusk, and the line of the ground."""

    height: float
    width: float
    dusk: NDArray[np.bool_]
    horizon: Floats
    bump: Floats

    def lit(self, colour: Floats) -> Floats:
        """Return a colour (n, 3), darker and redder at dusk."""
        return np.where(self.dusk[:, None], colour * _DUSK, colour)


def draw_scenes(
    indices: Integers,
    size: tuple[int, int],
    seed: int,
    *,
    dusk: float,
    sun: float,
    clouds: int,
    houses: int,
    trees: int,
) -> SceneDraws:
    """Draw scenes; see `OutdoorScenes` for the options."""
    columns, side = DrawColumns(seed, _STREAM, indices, _DRAWS), min(size)
    height, width = size[0] / side, size[1] / side
    weather = Weather(
        height,
        width,
        columns.bernoulli(dusk),
        columns.uniform(0.50, 0.66) * height,
        columns.uniform(-0.05, 0.05) * height,
    )
    attributes: dict[str, Integers] = {"dusk": weather.dusk.astype(np.int64)}
    shapes = [_sky(columns, weather)]
    shapes += _sun(columns, weather, attributes, sun)
    shapes += _clouds(columns, weather, attributes, clouds)
    shapes.append(_ground(columns, weather))
    attributes |= {name: np.zeros(len(indices), np.int64) for name in ("doors", "windows")}
    standing = _houses(columns, weather, attributes, houses, first=2 + clouds)
    standing += _trees(columns, weather, attributes, trees, first=2 + clouds + houses)
    return SceneDraws(size, np.concatenate([np.stack(shapes, axis=1), *_by_depth(standing)], axis=1), attributes)


def _by_depth(standing: list[tuple[Floats, Floats]]) -> list[Floats]:
    """Sort things, given as base lines (n,) and shapes (n, shapes, columns), from the farthest to the nearest."""
    if not standing:
        return []
    most = max(shapes.shape[1] for _, shapes in standing)
    padded = [np.pad(shapes, ((0, 0), (0, most - shapes.shape[1]), (0, 0))) for _, shapes in standing]
    order = np.argsort(np.stack([base for base, _ in standing], axis=1), axis=1, kind="stable")
    things = np.take_along_axis(np.stack(padded, axis=1), order[:, :, None, None], axis=1)
    return [things.reshape(len(things), len(standing) * most, COLUMNS)]


def _shape(
    exists: NDArray[np.bool_] | Floats,
    outline: int,
    class_: int,
    thing: int,
    box: tuple[float | Floats, float | Floats, float | Floats, float | Floats],
    upper: Floats,
    lower: Floats,
    form: float | Floats = 0.0,
) -> Floats:
    """Return the rows (n, columns) of a shape; ``box`` is left, right, top, bottom."""
    row = np.zeros((len(upper), COLUMNS))
    row[:, OUTLINE] = np.where(exists, outline, NOTHING)
    row[:, CLASS], row[:, THING], row[:, FORM] = class_, thing, form
    for column, edge in zip((LEFT, RIGHT, TOP, BOTTOM), box, strict=True):
        row[:, column] = edge
    row[:, UPPER : UPPER + 3], row[:, LOWER : LOWER + 3] = upper, lower
    return row


def _jittered(columns: DrawColumns, colour: Floats, amount: float) -> Floats:
    """Return a colour (n, 3) with random brightness."""
    return np.asarray(colour * columns.uniform(1 - amount, 1 + amount)[:, None])


def _sky(columns: DrawColumns, weather: Weather) -> Floats:
    dusk = weather.dusk[:, None]
    upper = _jittered(columns, np.where(dusk, (66.0, 48.0, 110.0), (70.0, 130.0, 215.0)), 0.1)
    lower = _jittered(columns, np.where(dusk, (226.0, 132.0, 96.0), (176.0, 210.0, 240.0)), 0.05)
    # It continues behind the ground, so that every pixel has a class whichever part is removed.
    box = (0.0, weather.width, 0.0, weather.height)
    return _shape(np.ones(len(dusk)), RECTANGLE, SKY, 0, box, upper, lower)


def _ground(columns: DrawColumns, weather: Weather) -> Floats:
    near = weather.lit(_jittered(columns, np.full((len(weather.horizon), 3), (92.0, 140.0, 58.0)), 0.15))
    box = (0.0, weather.width, weather.horizon, weather.height)
    return _shape(np.ones(len(near)), HILL, GROUND, 0, box, near * 1.2, near * 0.85, form=weather.bump)


def _sun(columns: DrawColumns, weather: Weather, attributes: dict[str, Integers], probability: float) -> list[Floats]:
    exists, radius = columns.bernoulli(probability), columns.uniform(0.07, 0.11)
    x = columns.uniform(0.1, 0.9) * weather.width
    # The whole disc is above the highest ground.
    y = columns.uniform(0.12, 0.33) * weather.height
    colour = np.where(weather.dusk[:, None], (255.0, 116.0, 48.0), (255.0, 228.0, 80.0))
    attributes["sun"] = exists.astype(np.int64)
    return [_shape(exists, ELLIPSE, SUN, 1, (x - radius, x + radius, y - radius, y + radius), colour, colour)]


def _clouds(columns: DrawColumns, weather: Weather, attributes: dict[str, Integers], max_count: int) -> list[Floats]:
    count, shapes = columns.integers(max_count), []
    white = np.where(weather.dusk[:, None], (206.0, 150.0, 160.0), (248.0, 248.0, 250.0))
    for number in range(max_count):
        x, y = columns.uniform() * weather.width, columns.uniform(0.08, 0.28) * weather.height
        reach, rise = columns.uniform(0.09, 0.14), columns.uniform(0.045, 0.065)
        side = columns.uniform(0.55, 0.8)
        for shift, scale in ((-0.9, side), (0.9, side), (0.0, 1.0)):
            middle, low = x + shift * reach, y + rise
            box = (middle - scale * reach, middle + scale * reach, low - 2 * scale * rise, low)
            shapes.append(_shape(number < count, ELLIPSE, CLOUD, 2 + number, box, white, white * 0.86))
    attributes["clouds"] = count
    return shapes


def _stand(columns: DrawColumns, weather: Weather) -> tuple[Floats, Floats, Floats]:
    """Draw the base (x, y) of a thing and its scale; nearer things are lower in the image and larger."""
    depth = columns.uniform()
    farthest = weather.horizon + np.abs(weather.bump) + 0.03 * weather.height
    base = farthest + depth * (0.96 * weather.height - farthest)
    return columns.uniform(0.08, 0.92) * weather.width, base, 0.8 + 0.4 * depth


def _houses(
    columns: DrawColumns, weather: Weather, attributes: dict[str, Integers], max_count: int, first: int
) -> list[tuple[Floats, Floats]]:
    count, standing = columns.integers(max_count), []
    for number in range(max_count):
        exists = number < count
        x, base, scale = _stand(columns, weather)
        half, rise = scale * columns.uniform(0.15, 0.21), scale * columns.uniform(0.19, 0.26)
        wall = weather.lit(_jittered(columns, columns.choice(_WALLS), 0.06))
        roof = weather.lit(_jittered(columns, columns.choice(_ROOFS), 0.08))
        top, eaves = base - rise, half + 0.03 * scale
        ridge = top - scale * columns.uniform(0.12, 0.19)
        # Half of the roofs are gables, half are hipped.
        form = np.where(columns.bernoulli(0.5), 0.0, columns.uniform(0.3, 0.7))
        thing = first + number
        shapes = [
            _shape(exists, RECTANGLE, WALL, thing, (x - half, x + half, top, base), wall, wall * 0.92),
            _shape(exists, TRAPEZOID, ROOF, thing, (x - eaves, x + eaves, ridge, top), roof, roof * 0.9, form=form),
        ]
        shapes += _openings(columns, weather, attributes, exists, thing, (x - half, x + half, top, base))
        standing.append((base, np.stack(shapes, axis=1)))
    attributes["houses"] = count
    return standing


def _openings(
    columns: DrawColumns,
    weather: Weather,
    attributes: dict[str, Integers],
    exists: NDArray[np.bool_],
    thing: int,
    wall: tuple[Floats, Floats, Floats, Floats],
) -> list[Floats]:
    """Draw a door in one third of a wall (probability 0.85), and windows (0.7 each) in the others."""
    left, right, top, base = wall
    third, rise = (right - left) / 3, base - top
    door_slot, has_door = columns.integers(2), exists & columns.bernoulli(0.85)
    colour, height = weather.lit(columns.choice(_DOORS)), columns.uniform(0.62, 0.78)
    width = columns.uniform(0.36, 0.42) * third
    middle = left + (door_slot + 0.5) * third
    shapes = [
        _shape(
            has_door,
            RECTANGLE,
            DOOR,
            thing,
            (middle - width, middle + width, base - height * rise, base),
            colour,
            colour,
        )
    ]
    attributes["doors"] += has_door
    # Windows are dark by day and lit at dusk.
    glass = np.where(weather.dusk[:, None], (255.0, 214.0, 110.0), (64.0, 86.0, 128.0))
    reach, tall, sill = columns.uniform(0.30, 0.38) * third, columns.uniform(0.34, 0.44), columns.uniform(0.18, 0.26)
    for slot in range(3):
        has_window = exists & columns.bernoulli(0.7) & ((door_slot != slot) | ~has_door)
        middle = left + (slot + 0.5) * third
        box = (middle - reach, middle + reach, top + sill * rise, top + (sill + tall) * rise)
        shapes.append(_shape(has_window, RECTANGLE, WINDOW, thing, box, glass, glass))
        attributes["windows"] += has_window
    return shapes


def _trees(
    columns: DrawColumns, weather: Weather, attributes: dict[str, Integers], max_count: int, first: int
) -> list[tuple[Floats, Floats]]:
    count, standing = columns.integers(max_count), []
    for number in range(max_count):
        exists = number < count
        x, base, scale = _stand(columns, weather)
        half, rise = scale * columns.uniform(0.025, 0.035), scale * columns.uniform(0.12, 0.18)
        bark = weather.lit(_jittered(columns, np.full((len(x), 3), (104.0, 68.0, 40.0)), 0.1))
        green = weather.lit(_jittered(columns, columns.choice(_CROWNS), 0.1))
        conifer, reach, tall = columns.bernoulli(0.4), columns.uniform(0.09, 0.14), columns.uniform(0.24, 0.34)
        low = base - rise + 0.03 * scale
        crown = (x - reach * scale, x + reach * scale, low - tall * scale, low)
        shapes = [
            _shape(exists, RECTANGLE, TRUNK, first + number, (x - half, x + half, base - rise, base), bark, bark * 0.9),
            _shape(exists & conifer, TRAPEZOID, CROWN, first + number, crown, green, green * 0.8),
            _shape(exists & ~conifer, ELLIPSE, CROWN, first + number, crown, green * 1.1, green * 0.85),
        ]
        standing.append((base, np.stack(shapes, axis=1)))
    attributes["trees"] = count
    return standing
