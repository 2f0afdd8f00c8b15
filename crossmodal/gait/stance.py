"""The stance, from heel strike to toe off, and the footprint of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossmodal.gait.activity import Activity, known_pitch
from crossmodal.gait.contact import Contact
from crossmodal.tactile.recording import Side

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curves:
    """Pressure of a stance, summed over its cells for each frame and over its frames for each cell.

    Attributes:
        first: index of the first frame in the recording.
        times_s: (frames,) times of the frames.
        force_n: (frames,) newtons, or the sum in the recording's own unit where it is not calibrated.
        cop_mm: (frames, 2) centre of pressure (y, x); NaN without load, or where cells have no known positions.
        positions_mm: (cells, 2) centres (y, x) of the cells that were loaded.
        peaks: (cells,) largest pressure of each over the stance, in the recording's unit.
        integrals: (cells,) pressure-time integral of each, unit times seconds; 0 without a clock.
        touches_edge: whether a cell is on the mat's edge. False without time: such an image ends at the print.
    """

    first: int
    times_s: Floats
    force_n: Floats
    cop_mm: Floats
    positions_mm: Floats
    peaks: Floats
    integrals: Floats
    touches_edge: bool = False

    @classmethod
    def of(cls, cells: Activity) -> "Curves":
        """Sum up the loaded cells of a stance."""
        recording = cells.recording
        frames, rows, columns = recording.shape
        first, count = int(cells.frame.min()), int(np.ptp(cells.frame)) + 1
        frame = cells.frame - first
        total = np.bincount(frame, cells.pressure, count)
        with np.errstate(invalid="ignore"):
            moments = [np.bincount(frame, cells.pressure * axis, count) / total for axis in cells.positions_mm.T]
        places, index = np.unique(cells.row * columns + cells.column, return_inverse=True)
        row, column = np.divmod(places, columns)
        pitch, origin = known_pitch(recording), recording.origin_mm
        peaks = np.zeros(len(places))
        np.maximum.at(peaks, index, cells.pressure)
        durations = frame_durations(recording.times_s)
        on_edge = (row == 0) | (row == rows - 1) | (column == 0) | (column == columns - 1)
        return cls(
            first,
            recording.times_s[first : first + count],
            np.asarray(total, dtype=np.float64)
            * (recording.cell_area_mm2 * 1e-3 if np.isfinite(recording.cell_area_mm2) else 1.0),
            np.stack(moments, axis=1),
            np.stack([origin[0] + row * pitch[0], origin[1] + column * pitch[1]], axis=1),
            peaks,
            np.asarray(np.bincount(index, cells.pressure * durations[cells.frame], len(places)), dtype=np.float64),
            bool(frames > 1 and on_edge.any()),
        )


@dataclass(frozen=True, eq=False)
class Footprint:
    """Position, axis and extent of a foot, and the pressure under it; in millimetres (y, x) of the recording.

    Attributes:
        positions_mm: (n, 2) centres of the cells that were loaded.
        peaks: (n,) largest pressure of each over the stance, in the recording's unit.
        integrals: (n,) pressure-time integral of each, unit times seconds; 0 without a clock.
        areas_mm2: (n,) of the cells.
        pitch_mm: distance of rows and of columns.
        axis: (2,) unit vector from the heel towards the toes.
        axis_from: ``metatarsal`` (heel centre to the estimated second metatarsal head), ``principal`` (long axis of the
            loaded area), ``progression`` (the direction of the walk, for a print too round to have an axis),
            ``learned`` (predicted by the network, for a print that shows a part of the foot) or ``insole``.
        heel_mm: (2,) centre of the heel: of the loaded area within the rear 27 % of the print.
        metatarsal_mm: (2,) estimate of the second metatarsal head.
        centre_mm: (2,) mean position of the cells, weighted by peak pressure.
        length_mm, width_mm: extent of the loaded area along and across the axis.
        begin_mm: coordinate along the axis where the print begins.
        partial: whether the print touches the edge of the mat.
    """

    positions_mm: Floats
    peaks: Floats
    integrals: Floats
    areas_mm2: Floats
    pitch_mm: tuple[float, float]
    axis: Floats
    axis_from: str
    heel_mm: Floats
    metatarsal_mm: Floats
    centre_mm: Floats
    length_mm: float
    width_mm: float
    begin_mm: float
    partial: bool = False

    @property
    def box_mm(self) -> tuple[float, float, float, float]:
        """Outer borders of the loaded cells: (y low, x low, y high, x high)."""
        half = 0.5 * np.array(self.pitch_mm)
        low, high = self.positions_mm.min(axis=0) - half, self.positions_mm.max(axis=0) + half
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    @property
    def along(self) -> Floats:
        """Position of each cell along the foot, 0 at the heel's end and 1 at the toes: (n,)."""
        return (self.positions_mm @ self.axis - self.begin_mm) / self.length_mm


@dataclass(frozen=True, eq=False, kw_only=True)
class Stance:
    """One foot on the floor, from heel strike to toe off.

    Attributes:
        side: the foot; None where it is unknown.
        contact: its events and frames.
        curves: its force, centre of pressure and pressures.
        footprint: its position and shape; None where cells have no known positions.
        walker: from 0; there are several only where several people are on the mat at once.
        passage: from 0; one uninterrupted walk over the mat.
    """

    side: Side | None
    contact: Contact
    curves: Curves
    footprint: Footprint | None = None
    walker: int = 0
    passage: int = 0

    @property
    def heel_strike_s(self) -> float:
        """Time of the heel strike; NaN where the recording begins during the stance."""
        return self.contact.heel_strike_s

    @property
    def toe_off_s(self) -> float:
        """Time of the toe off; NaN where the recording ends during the stance."""
        return self.contact.toe_off_s

    @property
    def times_s(self) -> Floats:
        """Times of the frames: (frames,)."""
        return self.curves.times_s

    @property
    def force_n(self) -> Floats:
        """Force in each frame, see `Curves`: (frames,)."""
        return self.curves.force_n

    @property
    def cop_mm(self) -> Floats:
        """Centre of pressure (y, x) in each frame, see `Curves`: (frames, 2)."""
        return self.curves.cop_mm

    @property
    def peak(self) -> float:
        """Largest pressure of any cell (force, for cells that measure force)."""
        return float(self.curves.peaks.max(initial=0.0))

    @property
    def duration_s(self) -> float:
        """Time from heel strike to toe off; NaN where one of them is outside the recording."""
        return self.toe_off_s - self.heel_strike_s

    @property
    def time_s(self) -> float:
        """Time to sort by: of the heel strike, or of the first frame where the heel strike is unknown."""
        return self.heel_strike_s if np.isfinite(self.heel_strike_s) else float(self.times_s[0])


def frame_durations(times_s: Floats) -> Floats:
    """Return the duration of each frame, half way to its neighbours: (frames,); 0 for a single frame."""
    return np.asarray(np.gradient(times_s)) if len(times_s) > 1 else np.zeros(len(times_s))
