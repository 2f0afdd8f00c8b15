"""Random parameters of solids on a plane: shapes, positions, camera and lamp.

Lengths are in the units of CLEVR: the plane is z = 0, x and y of the solids are within -3 to 3, and a large solid has
radius 0.7.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.draw_columns import DrawColumns, Floats, Integers
from crossmodal.simulation.scenes.labelled import ClassList

SHAPES = ("cube", "sphere", "cylinder")
CUBE, SPHERE, CYLINDER = range(1, len(SHAPES) + 1)
COLOURS = {
    "grey": (87, 87, 87),
    "red": (173, 35, 35),
    "blue": (42, 75, 215),
    "green": (29, 105, 20),
    "brown": (129, 74, 25),
    "purple": (129, 38, 192),
    "cyan": (41, 208, 208),
    "yellow": (255, 238, 51),
}
MATERIALS = ("rubber", "metal")
#: Radii of the small and the large solids.
RADII = (0.4, 0.7)

SOLID_CLASSES = ClassList(
    names=("ground", *SHAPES),
    colours=((150, 150, 150), (200, 60, 50), (60, 120, 200), (70, 160, 70)),
    wholes={"solid": SHAPES},
)

#: Columns of a solid: class (0 for none), position, radius, cosine and sine of the rotation, metal (0 or 1), RGB.
CLASS, X, Y, RADIUS, COSINE, SINE, METAL, COLOUR = range(8)
COLUMNS = 10
#: Half the edge of a cube, and the radius and half the height of a cylinder, as fractions of the radius.
CUBE_HALF, CYLINDER_RADIUS, CYLINDER_HALF = 0.7, 0.8, 0.8
#: Half the shorter side of the image at distance 1 from the eye.
HALF_VIEW = 0.42

_STREAM = "scenes/solids"
_EYE = (7.2, -6.4, 5.6)
_LAMP = (2.0, -8.0, 9.0)
_REACH, _GAP, _TRIES = 3.0, 0.2, 24


@dataclass(frozen=True, eq=False)
class SolidDraws:
    """Drawn solids.

    Attributes:
        size: height and width in pixels.
        solids: float64 (n, solids, 10); the columns are named in this module.
        eyes, lamps: float64 (n, 3), positions of the camera and the lamp.
        attributes: int64 by name, see `SolidScenes`.
    """

    size: tuple[int, int]
    solids: Floats
    eyes: Floats
    lamps: Floats
    attributes: dict[str, Integers]


def draw_solids(indices: Integers, size: tuple[int, int], seed: int, *, fewest: int, most: int) -> SolidDraws:
    """Draw solids; see `SolidScenes` for the options."""
    columns = DrawColumns(seed, _STREAM, indices, 8 + most * (6 + 2 * _TRIES))
    count = fewest + columns.integers(most - fewest)
    eyes, lamps = (
        np.stack([columns.uniform(mean - 0.5, mean + 0.5) for mean in position], axis=1) for position in (_EYE, _LAMP)
    )
    n = len(indices)
    solids, attributes = np.zeros((n, most, COLUMNS)), {"count": np.zeros(n, np.int64)}
    attributes |= {name: np.full((n, most), -1) for name in ("shape", "colour", "size", "material")}
    for number in range(most):
        drawn = {
            "shape": columns.integers(len(SHAPES) - 1),
            "colour": columns.integers(len(COLOURS) - 1),
            "size": columns.integers(len(RADII) - 1),
            "material": columns.integers(len(MATERIALS) - 1),
        }
        angle, radius = columns.uniform(0.0, 0.5 * np.pi), np.asarray(RADII)[drawn["size"]]
        position, fits = _free_position(columns, solids[:, :number], radius)
        exists = fits & (number < count)
        row = np.column_stack(
            [
                1 + drawn["shape"],
                position,
                radius,
                np.cos(angle),
                np.sin(angle),
                drawn["material"],
                np.asarray(list(COLOURS.values()), np.float64)[drawn["colour"]],
            ]
        )
        solids[exists, number] = row[exists]
        attributes["count"] += exists
        for name, values in drawn.items():
            attributes[name][exists, number] = values[exists]
    return SolidDraws(size, solids, eyes, lamps, attributes)


def _free_position(columns: DrawColumns, others: Floats, radius: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Draw positions and return the first (n, 2) at a distance from the others, and whether there is one (n,)."""
    tries = np.stack([columns.uniform(-_REACH, _REACH) for _ in range(2 * _TRIES)], axis=1).reshape(
        len(radius), _TRIES, 2
    )
    apart = np.linalg.norm(tries[:, :, None] - others[:, None, :, X : Y + 1], axis=-1)
    clear = apart > radius[:, None, None] + others[:, None, :, RADIUS] + _GAP
    free = (clear | (others[:, None, :, CLASS] == 0)).all(axis=2)
    first = free.argmax(axis=1)
    return tries[np.arange(len(tries)), first], free.any(axis=1)
