"""True footsteps, from planned steps and the shape of the foot."""

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.walks.footprint import direction, outwards
from crossmodal.simulation.walks.plan import Step
from crossmodal.simulation.walks.truth import Footstep

NOWHERE = (float("nan"),) * 4


def describe_footstep(
    step: Step,
    *,
    metatarsal_mm: NDArray[np.float64],
    middle_mm: NDArray[np.float64],
    size_mm: tuple[float, float],
    box_mm: tuple[float, float, float, float],
    on_mat: float,
) -> Footstep:
    """Return the true footstep of a planned step.

    Args:
        step: the step.
        metatarsal_mm: (2,) second metatarsal head relative to the heel centre: along the axis and outwards.
        middle_mm: (2,) centre of the print's rectangle, likewise.
        size_mm: length and width of that rectangle.
        box_mm: see `Footstep`.
        on_mat: fraction of the impulse on the mat.
    """
    frame = np.stack([direction(step.heading_rad), outwards(step.heading_rad, step.side)])
    (metatarsal_y, metatarsal_x), (middle_y, middle_x) = step.heel_mm + np.stack([metatarsal_mm, middle_mm]) @ frame
    turn_deg = float(np.rad2deg(step.heading_rad - step.path_rad))
    return Footstep(
        walker=step.walker,
        crossing=step.crossing,
        side=step.side,
        heel_strike_s=step.heel_strike_s,
        toe_off_s=step.toe_off_s,
        heel_mm=(float(step.heel_mm[0]), float(step.heel_mm[1])),
        metatarsal_mm=(float(metatarsal_y), float(metatarsal_x)),
        centre_mm=(float(middle_y), float(middle_x)),
        size_mm=size_mm,
        axis_deg=(float(np.rad2deg(step.heading_rad)) + 180.0) % 360.0 - 180.0,
        toe_out_deg=-turn_deg if step.side == "right" else turn_deg,
        box_mm=box_mm,
        on_mat=on_mat,
        stands=step.stands is not None,
        drag_s=None if step.drag is None else (step.drag.begin_s, step.drag.end_s),
    )


def box_of(rows: slice, columns: slice, pitch_mm: tuple[float, float]) -> tuple[float, float, float, float]:
    """Return the centres of the first and the last cell of a window: (first y, first x, last y, last x)."""
    return (
        rows.start * pitch_mm[0],
        columns.start * pitch_mm[1],
        (rows.stop - 1) * pitch_mm[0],
        (columns.stop - 1) * pitch_mm[1],
    )
