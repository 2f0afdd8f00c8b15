"""Footsteps as the truth tells them, from where a foot stands and what its own frame says about it."""

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.walks.footprint import direction, outwards
from crossmodal.simulation.walks.truth import Footstep
from crossmodal.tactile.recording import Side

NOWHERE = (float("nan"),) * 4


def describe_footstep(
    side: Side,
    contact_s: tuple[float, float],
    heel_mm: NDArray[np.float64],
    heading_rad: float,
    path_rad: float,
    *,
    metatarsal_mm: NDArray[np.float64],
    middle_mm: NDArray[np.float64],
    size_mm: tuple[float, float],
    box_mm: tuple[float, float, float, float],
    on_mat: float,
    walker: int = 0,
    crossing: int = 0,
    stands: bool = False,
    drag_s: tuple[float, float] | None = None,
) -> Footstep:
    """Describe a footstep.

    Args:
        side: the foot.
        contact_s: heel strike and toe off.
        heel_mm: (2,) middle of the heel on the mat, (y, x).
        heading_rad: direction of the axis.
        path_rad: direction of the way.
        metatarsal_mm: (2,) second metatarsal head as seen from the heel: along the axis and outwards.
        middle_mm: (2,) middle of the print's rectangle, likewise.
        size_mm: length and width of that rectangle.
        box_mm: see `Footstep`, as all that follows.
        on_mat: share of the impulse.
        walker: index.
        crossing: index.
        stands: whether the walker stands still.
        drag_s: when toes drag.
    """
    frame = np.stack([direction(heading_rad), outwards(heading_rad, side)])
    (metatarsal_y, metatarsal_x), (middle_y, middle_x) = heel_mm + np.stack([metatarsal_mm, middle_mm]) @ frame
    turn_deg = float(np.rad2deg(heading_rad - path_rad))
    return Footstep(
        walker=walker,
        crossing=crossing,
        side=side,
        heel_strike_s=contact_s[0],
        toe_off_s=contact_s[1],
        heel_mm=(float(heel_mm[0]), float(heel_mm[1])),
        metatarsal_mm=(float(metatarsal_y), float(metatarsal_x)),
        centre_mm=(float(middle_y), float(middle_x)),
        size_mm=size_mm,
        axis_deg=(float(np.rad2deg(heading_rad)) + 180.0) % 360.0 - 180.0,
        toe_out_deg=-turn_deg if side == "right" else turn_deg,
        box_mm=box_mm,
        on_mat=on_mat,
        stands=stands,
        drag_s=drag_s,
    )


def box_of(rows: slice, columns: slice, pitch_mm: tuple[float, float]) -> tuple[float, float, float, float]:
    """Middles of the first and the last cell of a window of the mat: (first y, first x, last y, last x)."""
    return (
        rows.start * pitch_mm[0],
        columns.start * pitch_mm[1],
        (rows.stop - 1) * pitch_mm[0],
        (columns.stop - 1) * pitch_mm[1],
    )
