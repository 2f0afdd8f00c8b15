"""The true pressure of steps on the mat, frame by frame, in the window that a foot covers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.walks.foot import GREAT_TOE, HEEL, LATERAL_FOREFOOT, MEDIAL_FOREFOOT, MIDFOOT, REGIONS, TOES
from crossmodal.simulation.walks.footprint import SoleOnMat
from crossmodal.simulation.walks.mat import Mat
from crossmodal.simulation.walks.plan import Drag, Step
from crossmodal.simulation.walks.walker import Walker

_KPA_PER_MPA = np.float32(1000.0)
_SETTLE_S = 0.3  # to stand still, or to start again
_TOE_MM = 16.0  # radius of the dragging toe


@dataclass(frozen=True)
class Box:
    """A part of a recording: frames, rows and columns."""

    frames: slice
    rows: slice
    columns: slice

    @property
    def shape(self) -> tuple[int, int, int]:
        """(frames, rows, columns)."""
        frames, rows, columns = (int(part.stop - part.start) for part in self.parts)
        return frames, rows, columns

    @property
    def parts(self) -> tuple[slice, slice, slice]:
        """The three slices."""
        return self.frames, self.rows, self.columns

    def touches(self, other: "Box") -> bool:
        """Return whether the two boxes overlap."""
        return all(a.start < b.stop and b.start < a.stop for a, b in zip(self.parts, other.parts, strict=True))

    def around(self, other: "Box") -> "Box":
        """Return the smallest box that contains both."""
        pairs = zip(self.parts, other.parts, strict=True)
        return Box(*(slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in pairs))

    def within(self, outer: "Box") -> tuple[slice, slice, slice]:
        """Return its slices in an array of the frames, rows and columns of ``outer``."""
        pairs = zip(self.parts, outer.parts, strict=True)
        frames, rows, columns = (slice(a.start - b.start, a.stop - b.start) for a, b in pairs)
        return frames, rows, columns


@dataclass(frozen=True, eq=False)
class PressureWindow:
    """Pressure in a box of a recording, zero elsewhere.

    Attributes:
        box: frames, rows and columns.
        pressure_kpa: float32, of the shape of the box.
    """

    box: Box
    pressure_kpa: NDArray[np.float32]


def region_force_n(step: Step, walker: Walker, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the force of every region of the foot in newtons: (n, regions); 0 before heel strike and after toe off."""
    walked_s = times_s - step.heel_strike_s
    lasting_s = step.toe_off_s - step.heel_strike_s
    still = np.zeros(len(times_s))
    if step.stands is not None:
        begin, end = step.stands
        settle = min(_SETTLE_S, 0.5 * (end - begin))
        still = _ease((times_s - begin) / settle) * _ease((end - times_s) / settle)
        # The phase of the step stops while the walker stands.
        walked_s = np.minimum(times_s, begin) - step.heel_strike_s + np.maximum(times_s - end, 0.0)
        lasting_s -= end - begin
    force = step.region_force(walked_s / lasting_s)
    if step.stands is not None:
        assert step.load is not None  # `region_force` has checked it
        fractions = _STANDING * (step.load.emphasis + 1e-3)
        force = (1.0 - still)[:, None] * force + 0.5 * still[:, None] * fractions / fractions.sum()
    return np.asarray(walker.weight_n * force)


def press_step(
    step: Step, walker: Walker, laid: SoleOnMat, times_s: NDArray[np.float64], row_delays_s: NDArray[np.float64]
) -> PressureWindow | None:
    """Return the pressure of a step on the mat; None when no frame is taken during it.

    Args:
        step: the step.
        walker: the walker.
        laid: the sole on the mat.
        times_s: (frames,) times of the frames.
        row_delays_s: (rows,) delay after which each row of the mat is read.
    """
    first, last = np.searchsorted(times_s, [step.heel_strike_s - row_delays_s.max(), step.toe_off_s])
    if first == last:
        return None
    box = Box(slice(int(first), int(last)), laid.rows, laid.columns)
    times, delays = times_s[first:last], row_delays_s[laid.rows]
    regions = laid.density.reshape(len(laid.density), -1)

    def movie(delay_s: float) -> NDArray[np.float32]:
        force = region_force_n(step, walker, times + delay_s).astype(np.float32)
        return (_KPA_PER_MPA * (force @ regions)).reshape(box.shape)

    early = movie(float(delays[0]))
    if delays[-1] == delays[0]:
        return PressureWindow(box, early)
    weight = ((delays - delays[0]) / (delays[-1] - delays[0])).astype(np.float32)[None, :, None]
    return PressureWindow(box, (1.0 - weight) * early + weight * movie(float(delays[-1])))


def press_drag(drag: Drag, mat: Mat, times_s: NDArray[np.float64]) -> PressureWindow | None:
    """Return the pressure of dragging toes on the mat; None when no frame or no cell shows them."""
    first, last = (int(k) for k in np.searchsorted(times_s, [drag.begin_s, drag.end_s]))
    pitch = np.array(mat.pitch_mm)
    ends = np.stack([drag.from_mm, drag.to_mm]) / pitch
    reach = np.ceil(_TOE_MM / pitch) + 1
    low = np.maximum(np.floor(ends.min(axis=0) - reach), 0).astype(int)
    high = np.minimum(np.ceil(ends.max(axis=0) + reach) + 1, (mat.rows, mat.columns)).astype(int)
    if first == last or (high <= low).any():
        return None
    box = Box(slice(first, last), slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1])))
    y = np.arange(low[0], high[0])[:, None] * pitch[0]
    x = np.arange(low[1], high[1])[None, :] * pitch[1]
    pressure = np.zeros(box.shape, np.float32)
    peak_kpa = 2000.0 * drag.force_n / (np.pi * _TOE_MM**2)
    for k, time_s in enumerate(times_s[first:last]):
        done = (time_s - drag.begin_s) / (drag.end_s - drag.begin_s)
        toe = drag.from_mm + done**2 * (drag.to_mm - drag.from_mm)
        radius_2 = ((y - toe[0]) ** 2 + (x - toe[1]) ** 2) / _TOE_MM**2
        # Stick and slip.
        strength = np.sin(np.pi * done) * (0.75 + 0.25 * np.sin(40.0 * done))
        pressure[k] = peak_kpa * strength * np.maximum(1.0 - radius_2, 0.0)
    return PressureWindow(box, pressure)


def join_boxes(windows: list[PressureWindow]) -> list[tuple[Box, list[PressureWindow]]]:
    """Group overlapping windows, so that the boxes of the groups do not overlap."""
    groups: list[tuple[Box, list[PressureWindow]]] = []
    for window in windows:
        box, members = window.box, [window]
        while touching := [group for group in groups if group[0].touches(box)]:
            for group in touching:
                box, members = box.around(group[0]), group[1] + members
            groups = [group for group in groups if not any(group is one for one in touching)]
        groups.append((box, members))
    return groups


def _ease(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(x, 0.0, 1.0)))


def _standing_fractions() -> NDArray[np.float64]:
    """Return the fraction of the load on each region of a standing foot: (regions,)."""
    fractions = np.zeros(len(REGIONS))
    fractions[HEEL], fractions[MIDFOOT] = (0.08, 0.47), 0.07
    fractions[MEDIAL_FOREFOOT], fractions[LATERAL_FOREFOOT] = 0.07, 0.07
    fractions[GREAT_TOE], fractions[TOES] = 0.015, 0.005
    return np.asarray(fractions / fractions.sum())


_STANDING = _standing_fractions()
