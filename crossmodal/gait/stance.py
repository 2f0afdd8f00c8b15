"""One foot on the floor, from heel strike to toe off, and the print that it leaves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossmodal.gait.activity import Activity, known_pitch
from crossmodal.tactile.recording import Side

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Footprint:
    """Where a foot stood and how its pressure was spread; places are millimetres (y, x) of the recording.

    Attributes:
        places_mm: (n, 2) centres of the cells that were loaded.
        peaks: (n,) largest pressure of each over the stance, in the recording's unit.
        integrals: (n,) pressure-time integral of each, unit times seconds; 0 without a clock.
        areas_mm2: (n,) of the cells.
        pitch_mm: distance of rows and of columns.
        axis: (2,) unit vector from the heel towards the toes.
        axis_from: ``metatarsal`` (heel centre to the estimated second metatarsal head), ``principal`` (long axis of the
            loaded area), ``progression`` (too round to have an axis of its own: the walk's direction) or ``insole``.
        heel_mm: (2,) centre of the heel: of the loaded area within the rear 27 % of the print.
        metatarsal_mm: (2,) estimate of the second metatarsal head.
        centre_mm: (2,) centre of the loaded area's pressure.
        length_mm, width_mm: extent of the loaded area along and across the axis.
        begin_mm: coordinate along the axis where the print begins, so that (place @ axis - begin_mm) / length_mm runs
            from 0 at the heel's end to 1 at the toes.
        partial: whether the print touches the edge of the mat.
    """

    places_mm: Floats
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
        low, high = self.places_mm.min(axis=0) - half, self.places_mm.max(axis=0) + half
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    @property
    def shares(self) -> Floats:
        """Where along the foot each cell lies: (n,) from 0 at the heel's end to 1 at the toes."""
        return (self.places_mm @ self.axis - self.begin_mm) / self.length_mm


@dataclass(frozen=True, eq=False, kw_only=True)
class Stance:
    """One foot on the floor.

    Attributes:
        side: the foot; None where nothing tells.
        heel_strike_s, toe_off_s: NaN where the recording begins or ends during the stance.
        times_s: (n,) of the frames of the stance.
        force_n: (n,) newtons, or the recording's own unit summed where it is not calibrated.
        cop_mm: (n, 2) centre of pressure (y, x); NaN without load, or where cells have no known places.
        footprint: the print; None where cells have no known places.
        peak: largest pressure of any cell (force, for cells that measure force).
        walker: from 0; several only where several people are on the mat at once.
        passage: from 0; one uninterrupted walk over the mat.
    """

    side: Side | None
    heel_strike_s: float
    toe_off_s: float
    times_s: Floats
    force_n: Floats
    cop_mm: Floats
    peak: float
    footprint: Footprint | None = None
    walker: int = 0
    passage: int = 0

    @property
    def duration_s(self) -> float:
        """From heel strike to toe off; NaN where one of them is outside the recording."""
        return self.toe_off_s - self.heel_strike_s

    @property
    def time_s(self) -> float:
        """A time to sort by: of the heel strike, or of the first frame."""
        return self.heel_strike_s if np.isfinite(self.heel_strike_s) else float(self.times_s[0])


@dataclass(frozen=True, eq=False)
class Curves:
    """Active cells of a stance summed up: over its frames (force, centre of pressure), and over its cells.

    Attributes:
        first: the recording's frame that is the first one here.
        times_s, force_n, cop_mm: (frames,), (frames,), (frames, 2), as in `Stance`.
        places_mm, peaks, integrals: (n, 2), (n,), (n,), as in `Footprint`.
        touches_edge: whether a cell lies on the mat's edge.
    """

    first: int
    times_s: Floats
    force_n: Floats
    cop_mm: Floats
    places_mm: Floats
    peaks: Floats
    integrals: Floats
    touches_edge: bool

    @classmethod
    def of(cls, group: Activity) -> "Curves":
        """Sum up a group of active cells."""
        recording = group.recording
        _, rows, columns = recording.shape
        first, count = int(group.frame.min()), int(np.ptp(group.frame)) + 1
        frame = group.frame - first
        total = np.bincount(frame, group.pressure, count)
        with np.errstate(invalid="ignore"):
            moments = [np.bincount(frame, group.pressure * place, count) / total for place in group.places_mm.T]
        cells, index = np.unique(group.row * columns + group.column, return_inverse=True)
        row, column = np.divmod(cells, columns)
        pitch, origin = known_pitch(recording), recording.origin_mm
        peaks = np.zeros(len(cells))
        np.maximum.at(peaks, index, group.pressure)
        durations = frame_durations(recording.times_s)
        return cls(
            first,
            recording.times_s[first : first + count],
            np.asarray(total, dtype=np.float64)
            * (recording.cell_area_mm2 * 1e-3 if np.isfinite(recording.cell_area_mm2) else 1.0),
            np.stack(moments, axis=1),
            np.stack([origin[0] + row * pitch[0], origin[1] + column * pitch[1]], axis=1),
            peaks,
            np.asarray(np.bincount(index, group.pressure * durations[group.frame], len(cells)), dtype=np.float64),
            bool(((row == 0) | (row == rows - 1) | (column == 0) | (column == columns - 1)).any()),
        )


def frame_durations(times_s: Floats) -> Floats:
    """Time that each frame stands for: half way to its neighbours; 0 for a single frame."""
    return np.asarray(np.gradient(times_s)) if len(times_s) > 1 else np.zeros(len(times_s))
