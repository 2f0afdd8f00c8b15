"""One real stance in the foot's own frame, ready to be laid down elsewhere."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossmodal.tactile.recording import Side

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StanceMovie:
    """One real stance in the foot's own frame: y from the heel's centre along the axis, x outwards, in mm.

    That frame is the same for both feet, so that a movie serves the other foot as its mirror image. Between two frames
    the pressure changes evenly. The first load of a sampled movie began at some time between the last empty frame and
    the first loaded one; here it begins in the middle between them, and the last load ends in the middle between the
    last loaded frame and the next one. So the movie's ends are exact by definition; as an image of what the foot did
    they are uncertain by half a frame, ``frame_s`` / 2, and by the load that the sensor's floor hid.

    Attributes:
        pressure_kpa: float64 (frames, cells), from the first loaded frame to the last; in the recording's unit.
        places_mm: (cells, 2) centres of the cells that are loaded at any time.
        edges_mm: (2, 2) the edges of a cell, along the recording's rows' axis and its columns' axis.
        reach_mm: from the heel's centre to the estimated second metatarsal head, along the axis.
        middle_mm: (2,) middle of the rectangle along the axis that holds the print.
        size_mm: length and width of that rectangle.
        side: the foot that it is of.
        frame_s: time between two frames.
    """

    pressure_kpa: Floats
    places_mm: Floats
    edges_mm: Floats
    reach_mm: float
    middle_mm: Floats
    size_mm: tuple[float, float]
    side: Side
    frame_s: float

    @property
    def lasting_s(self) -> float:
        """From the first load to the last, as it was recorded."""
        return self.frame_s * len(self.pressure_kpa)

    @property
    def cell_area_mm2(self) -> float:
        """Area of a cell."""
        return float(abs(np.linalg.det(self.edges_mm)))

    @property
    def force_n(self) -> Floats:
        """Force of every frame: (frames,), in newtons where the recording is calibrated."""
        return np.asarray(self.pressure_kpa.sum(axis=1) * self.cell_area_mm2 * 1e-3)

    def at(self, phases: Floats) -> Floats:
        """Pressure at phases (n,) of the stance, 0 at the first load and 1 at the last: (n, cells); 0 outside."""
        count = len(self.pressure_kpa)
        padded = np.pad(self.pressure_kpa, ((1, 1), (0, 0)))
        knots = np.concatenate([[0.0], (np.arange(count) + 0.5) / count, [1.0]])
        before = np.clip(np.searchsorted(knots, phases, side="right") - 1, 0, count)
        share = np.clip((phases - knots[before]) / (knots[before + 1] - knots[before]), 0.0, 1.0)[:, None]
        inside = ((phases >= 0.0) & (phases <= 1.0))[:, None]
        return np.asarray(inside * ((1.0 - share) * padded[before] + share * padded[before + 1]))
