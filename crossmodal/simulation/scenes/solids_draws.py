"""The law of solids on a plane: which stand where, from where they are seen and lit.

Lengths are in CLEVR's units: the plane is z = 0, solids stand within 3 of its middle, a large one is 0.7 in radius.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.scenes.draw_columns import DrawColumns, Floats, Whole
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

#: Columns of a solid: its class (0 for none), place, radius, cosine and sine of its turn, metal (0 or 1), RGB.
CLASS, X, Y, RADIUS, COSINE, SINE, METAL, COLOUR = range(8)
COLUMNS = 10
#: Half the edge of a cube, and the radius and half the height of a cylinder, as parts of the radius.
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
        solids: float64 (n, solids, 10), the columns are named in this module.
        eyes, lamps: float64 (n, 3), where they are seen and lit from.
        attributes: int64 by name, see `SolidScenes`.
    """

    size: tuple[int, int]
    solids: Floats
    eyes: Floats
    lamps: Floats
    attributes: dict[str, Whole]


def draw_solids(indices: Whole, size: tuple[int, int], seed: int, *, fewest: int, most: int) -> SolidDraws:
    """Draw solids; see `SolidScenes` for the options."""
    columns = DrawColumns(seed, _STREAM, indices, 8 + most * (6 + 2 * _TRIES))
    count = fewest + columns.whole(most - fewest)
    eyes, lamps = (
        np.stack([columns.uniform(place - 0.5, place + 0.5) for place in middle], axis=1) for middle in (_EYE, _LAMP)
    )
    n = len(indices)
    solids, told = np.zeros((n, most, COLUMNS)), {"count": np.zeros(n, np.int64)}
    told |= {name: np.full((n, most), -1) for name in ("shape", "colour", "size", "material")}
    for number in range(most):
        drawn = {
            "shape": columns.whole(len(SHAPES) - 1),
            "colour": columns.whole(len(COLOURS) - 1),
            "size": columns.whole(len(RADII) - 1),
            "material": columns.whole(len(MATERIALS) - 1),
        }
        turn, radius = columns.uniform(0.0, 0.5 * np.pi), np.asarray(RADII)[drawn["size"]]
        place, fits = _free_place(columns, solids[:, :number], radius)
        there = fits & (number < count)
        row = np.column_stack(
            [
                1 + drawn["shape"],
                place,
                radius,
                np.cos(turn),
                np.sin(turn),
                drawn["material"],
                np.asarray(list(COLOURS.values()), np.float64)[drawn["colour"]],
            ]
        )
        solids[there, number] = row[there]
        told["count"] += there
        for name, values in drawn.items():
            told[name][there, number] = values[there]
    return SolidDraws(size, solids, eyes, lamps, told)


def _free_place(columns: DrawColumns, others: Floats, radius: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Draw the first of some places (n, 2) that keeps clear of the others, and whether there is one (n,)."""
    tries = np.stack([columns.uniform(-_REACH, _REACH) for _ in range(2 * _TRIES)], axis=1).reshape(
        len(radius), _TRIES, 2
    )
    apart = np.linalg.norm(tries[:, :, None] - others[:, None, :, X : Y + 1], axis=-1)
    clear = apart > radius[:, None, None] + others[:, None, :, RADIUS] + _GAP
    free = (clear | (others[:, None, :, CLASS] == 0)).all(axis=2)
    first = free.argmax(axis=1)
    return tries[np.arange(len(tries)), first], free.any(axis=1)
