"""The sole of a foot: smooth regions at their anatomical positions, scaled to a length and a width."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

REGIONS = (
    "heel_back",
    "heel",
    "midfoot",
    "metatarsal_1",
    "metatarsal_2",
    "metatarsal_3",
    "metatarsal_4",
    "metatarsal_5",
    "great_toe",
    "toe_2",
    "toe_3",
    "toe_4",
    "toe_5",
)
HEEL = slice(0, 2)
MIDFOOT = 2
MEDIAL_FOREFOOT = slice(3, 5)
LATERAL_FOREFOOT = slice(5, 8)
GREAT_TOE = 8
TOES = slice(9, 13)
SECOND_METATARSAL = 4

#: Position of the axis from the heel to the second metatarsal head, as a fraction of the width from the medial border.
AXIS_AT = 0.39
# Centre from the heel's end (of the length) and from the medial border (of the width), half axes (of the length and of
# the width), rotation of the long axis outwards (degrees), and power of the pressure profile.
_ANATOMY = np.array(
    [
        (0.094, 0.39, 0.090, 0.240, 0.0, 1.2),
        (0.158, 0.39, 0.148, 0.290, 0.0, 1.25),
        (0.415, 0.69, 0.205, 0.180, 6.0, 1.1),
        (0.720, 0.165, 0.084, 0.165, 0.0, 1.2),
        (0.741, 0.39, 0.082, 0.150, 0.0, 1.3),
        (0.725, 0.555, 0.082, 0.145, 0.0, 1.3),
        (0.692, 0.715, 0.078, 0.140, 0.0, 1.2),
        (0.645, 0.86, 0.074, 0.135, 0.0, 1.2),
        (0.920, 0.215, 0.077, 0.125, -4.0, 1.8),
        (0.950, 0.44, 0.043, 0.080, 0.0, 1.0),
        (0.928, 0.58, 0.040, 0.075, 8.0, 1.0),
        (0.890, 0.71, 0.038, 0.073, 14.0, 1.0),
        (0.845, 0.83, 0.036, 0.070, 20.0, 1.0),
    ]
)


@dataclass(frozen=True, eq=False)
class Foot:
    """A sole in its own coordinates: y from the heel's end along the axis to the toes, x from the axis outwards, in mm.

    The axis runs from the heel centre through the second metatarsal head. The pressure of a region is
    (1 - r^2)^power, with r = 1 on its ellipse.

    Attributes:
        length_mm, width_mm: of the rectangle along the axis that contains the print of a bare foot.
        arch: 0 for a flat foot, 0.5 for a common one, 1 for a high arch.
        centres_mm: (regions, 2) as (y, x).
        half_axes_mm: (regions, 2), along and across the foot.
        turns_rad: (regions,) rotation of the ellipses, outwards.
        powers: (regions,).
    """

    length_mm: float
    width_mm: float
    arch: float
    centres_mm: NDArray[np.float64]
    half_axes_mm: NDArray[np.float64]
    turns_rad: NDArray[np.float64]
    powers: NDArray[np.float64]

    @property
    def heel_mm(self) -> NDArray[np.float64]:
        """Heel centre: (y, x)."""
        return np.asarray(self.centres_mm[1])

    @property
    def metatarsal_mm(self) -> NDArray[np.float64]:
        """Second metatarsal head: (y, x)."""
        return np.asarray(self.centres_mm[SECOND_METATARSAL])

    @property
    def middle_mm(self) -> NDArray[np.float64]:
        """Centre of the rectangle: (y, x)."""
        return np.array([0.5 * self.length_mm, (0.5 - AXIS_AT) * self.width_mm])

    def shod(self, sole_mm: float) -> "Foot":
        """Return the foot in a shoe whose sole spreads every load by ``sole_mm`` on all sides; 0 is barefoot."""
        grown = np.hypot(self.half_axes_mm, 2.0 * sole_mm)
        powers = 1.0 + (self.powers - 1.0) / (1.0 + 0.1 * sole_mm)
        return Foot(self.length_mm, self.width_mm, self.arch, self.centres_mm, grown, self.turns_rad, powers)


def draw_foot(rng: np.random.Generator, length_mm: float, width_mm: float, arch: float) -> Foot:
    """Draw a foot of a given size, with positions and sizes of heads and toes that vary between people."""
    count = len(REGIONS)
    size = np.array([length_mm, width_mm])
    shape = _ANATOMY.copy()
    loose = np.ones((count, 1))
    loose[[1, SECOND_METATARSAL]] = 0.0  # they define the axis
    centres = shape[:, :2] + loose * rng.normal(0.0, (0.006, 0.012), (count, 2))
    spread = np.where(np.arange(count) < GREAT_TOE, 1.0, 2.5)  # toes vary more than other parts
    halves = shape[:, 2:4] * np.exp(0.06 * spread[:, None] * rng.normal(size=(count, 2)))
    halves[MIDFOOT, 1] *= 1.45 - 0.9 * arch
    return Foot(
        length_mm=length_mm,
        width_mm=width_mm,
        arch=arch,
        centres_mm=(centres - (0.0, AXIS_AT)) * size,
        half_axes_mm=halves * size,
        turns_rad=np.deg2rad(shape[:, 4] + rng.normal(0.0, 3.0, count)),
        powers=shape[:, 5] * np.exp(0.10 * spread * rng.normal(size=count)),
    )
