"""Where and when one foot of a replayed walk comes down."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossmodal.tactile.recording import Side

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Foothold:
    """One step of a replayed walk.

    Attributes:
        side: the foot.
        heel_mm: (2,) place of the heel's centre, (y, x) of the mat.
        heading_rad: direction of the foot's axis, from y towards x.
        path_rad: direction of the way.
        heel_strike_s, toe_off_s: first and last load.
    """

    side: Side
    heel_mm: Floats
    heading_rad: float
    path_rad: float
    heel_strike_s: float
    toe_off_s: float
