"""Whole prints of simulated walks, measured as in the published tables of real ones."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.walks import Footstep, SimulatedWalk, Walker

Floats = NDArray[np.float64]

PHASES = np.linspace(0.0, 1.0, 101)
#: Parts of the sole: first and last fraction of the length, then of the width from the medial border.
PARTS = {
    "heel": (0.0, 0.31, 0.0, 1.0),
    "medial_forefoot": (0.60, 0.835, 0.0, 0.47),
    "lateral_forefoot": (0.60, 0.80, 0.47, 1.0),
    "great_toe": (0.835, 1.0, 0.0, 0.36),
}


@dataclass(frozen=True, eq=False)
class MeasuredPrint:
    """One stance as a plate records it.

    Attributes:
        walker: the walker.
        footstep: the truth.
        times_s: of the frames.
        pressure_kpa: (frames, cells).
        ahead, outward: (cells,) position of each cell: fractions of the length from the heel's end and of the width
            from the medial border, of the rectangle along the axis that the print fills.
        size_mm: of that rectangle.
        cell_mm2: area of a cell.
    """

    walker: Walker
    footstep: Footstep
    times_s: Floats
    pressure_kpa: Floats
    ahead: Floats
    outward: Floats
    size_mm: tuple[float, float]
    cell_mm2: float

    @property
    def force_n(self) -> Floats:
        return self.pressure_kpa.sum(axis=1) * self.cell_mm2 * 1e-3

    @property
    def phases(self) -> Floats:
        step = self.footstep
        return (self.times_s - step.heel_strike_s) / (step.toe_off_s - step.heel_strike_s)

    def cop(self) -> tuple[Floats, Floats]:
        """Centre of pressure at 0 to 100 % of the contact: fractions of the length, and of the width from outside."""
        total = self.pressure_kpa.sum(axis=1)
        loaded = total > 0
        ahead = self.pressure_kpa[loaded] @ self.ahead / total[loaded]
        inward = 1.0 - self.pressure_kpa[loaded] @ self.outward / total[loaded]
        when = self.times_s[loaded]
        sampled = when[0] + PHASES * (when[-1] - when[0])
        return np.interp(sampled, when, ahead), np.interp(sampled, when, inward)

    def part(self, name: str) -> Floats:
        """Pressure of a part of the sole: (frames, cells)."""
        first, last, inner, outer = PARTS[name]
        chosen = (self.ahead >= first) & (self.ahead < last) & (self.outward >= inner) & (self.outward < outer)
        return self.pressure_kpa[:, chosen]

    def part_force(self, name: str) -> Floats:
        """Force of a part of the sole in body weights: (frames,)."""
        return self.part(name).sum(axis=1) * self.cell_mm2 * 1e-3 / self.walker.weight_n


def measure_prints(walk: SimulatedWalk) -> Iterator[MeasuredPrint]:
    """Yield all whole prints of a walk."""
    recording, truth = walk.recording, walk.truth
    pressure = recording.pressure
    for step in truth.footsteps:
        if step.on_mat < 0.9999:
            continue
        first, last = np.searchsorted(truth.times_s, [step.heel_strike_s, step.toe_off_s])
        box = np.round(np.array(step.box_mm).reshape(2, 2) / recording.pitch_mm).astype(int)
        window = pressure[first:last, box[0, 0] : box[1, 0] + 1, box[0, 1] : box[1, 1] + 1]
        rows, columns = np.nonzero(window.max(axis=0) > 0)
        if not len(rows) or first == 0 or last >= len(pressure):
            continue
        cells = (np.stack([rows, columns], axis=1) + box[0]) * recording.pitch_mm - np.array(step.heel_mm)
        axis = np.array(step.metatarsal_mm) - step.heel_mm
        axis /= np.hypot(*axis)
        right = np.array([axis[1], -axis[0]])
        along, across = cells @ axis, cells @ right * (1.0 if step.side == "right" else -1.0)
        half = 0.5 * recording.pitch_mm[0]
        length, width = (float(np.ptp(one) + 2 * half) for one in (along, across))
        yield MeasuredPrint(
            walker=truth.walkers[step.walker],
            footstep=step,
            times_s=truth.times_s[first:last],
            pressure_kpa=window[:, rows, columns].astype(float),
            ahead=(along - along.min() + half) / length,
            outward=(across - across.min() + half) / width,
            size_mm=(length, width),
            cell_mm2=recording.cell_area_mm2,
        )
