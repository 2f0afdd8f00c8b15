"""One real stance in the coordinates of the foot, to be replayed elsewhere."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossmodal.tactile.recording import Side

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StanceMovie:
    """The pressure of one real stance in the coordinates of the foot, in mm.

    y runs from the heel centre along the axis, x outwards. These coordinates are the same for both feet, so that a
    stance of one foot, mirrored, serves the other. Pressure is linear between two frames. The first load of a sampled
    stance begins at some time between the last empty frame and the first loaded one; here it begins half way between
    them, and the last load ends half way between the last loaded frame and the next one. The ends of the stance are
    thus exact by definition. As an estimate of the real stance they are uncertain by half a frame, ``frame_s`` / 2, and
    by the load that the sensor's floor hid.

    Attributes:
        pressure_kpa: float64 (frames, cells), from the first loaded frame to the last; in the recording's unit.
        positions_mm: (cells, 2) centres of the cells that are loaded at any time.
        edges_mm: (2, 2) edges of a cell, along the recording's y and x.
        reach_mm: distance along the axis from the heel centre to the estimated second metatarsal head.
        middle_mm: (2,) centre of the rectangle along the axis that contains the print.
        size_mm: length and width of that rectangle.
        side: the foot.
        frame_s: time between two frames.
    """

    pressure_kpa: Floats
    positions_mm: Floats
    edges_mm: Floats
    reach_mm: float
    middle_mm: Floats
    size_mm: tuple[float, float]
    side: Side
    frame_s: float

    @property
    def duration_s(self) -> float:
        """Duration from the first load to the last, as recorded."""
        return self.frame_s * len(self.pressure_kpa)

    @property
    def cell_area_mm2(self) -> float:
        """Area of a cell."""
        return float(abs(np.linalg.det(self.edges_mm)))

    @property
    def force_n(self) -> Floats:
        """Force in each frame: (frames,), in newtons where the recording is calibrated."""
        return np.asarray(self.pressure_kpa.sum(axis=1) * self.cell_area_mm2 * 1e-3)

    def at(self, phases: Floats) -> Floats:
        """Return the pressure at phases (n,) of the stance: (n, cells); 0 outside [0, 1]."""
        count = len(self.pressure_kpa)
        padded = np.pad(self.pressure_kpa, ((1, 1), (0, 0)))
        knots = np.concatenate([[0.0], (np.arange(count) + 0.5) / count, [1.0]])
        before = np.clip(np.searchsorted(knots, phases, side="right") - 1, 0, count)
        weight = np.clip((phases - knots[before]) / (knots[before + 1] - knots[before]), 0.0, 1.0)[:, None]
        inside = ((phases >= 0.0) & (phases <= 1.0))[:, None]
        return np.asarray(inside * ((1.0 - weight) * padded[before] + weight * padded[before + 1]))
