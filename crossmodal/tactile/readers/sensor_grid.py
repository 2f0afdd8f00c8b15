"""Sensors that a file lists one by one, laid out as rows and columns."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Part of the pitch that a sensor may lie beside its place: files round to 0.001 cm.
_TOLERANCE = 0.02
#: Places for each sensor that a grid may have: sparser ones are no grids.
_MOST_PLACES = 4


class SensorGrid(NamedTuple):
    """Rows and columns of a list of sensors; ``valid`` is False where there is none."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    valid: NDArray[np.bool_]
    pitch_mm: tuple[float, float]
    origin_mm: tuple[float, float]

    def place(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Lay (frames, sensors) out as (frames, rows, columns), zero where there is no sensor."""
        frames = np.zeros((len(values), *self.valid.shape), np.float32)
        frames[:, self.rows, self.columns] = values
        return frames


def lay_out(y_mm: NDArray[np.float64], x_mm: NDArray[np.float64]) -> SensorGrid | None:
    """Find the grid whose points are the centres of the sensors; None where they do not lie on one."""
    along_y, along_x = _find_steps(y_mm), _find_steps(x_mm)
    if along_y is None or along_x is None:
        return None
    (rows, row_pitch), (columns, column_pitch) = along_y, along_x
    shape = (int(rows.max()) + 1, int(columns.max()) + 1)
    if shape[0] * shape[1] > _MOST_PLACES * len(rows):
        return None
    valid = np.zeros(shape, bool)
    valid[rows, columns] = True
    if valid.sum() != len(rows):
        return None
    return SensorGrid(rows, columns, valid, (row_pitch, column_pitch), (float(y_mm.min()), float(x_mm.min())))


def _find_steps(places: NDArray[np.float64]) -> tuple[NDArray[np.intp], float] | None:
    """Number the places along an axis; None where their distances are no multiples of the least one."""
    if not np.isfinite(places).all():
        return None
    levels = np.unique(np.round(places, 3))
    if len(levels) == 1:
        return np.zeros(len(places), np.intp), float("nan")
    steps = (places - levels[0]) / np.diff(levels).min()
    # The whole span over a whole number of steps is a better pitch than one rounded step.
    count = round(float(steps.max()))
    if count > _MOST_PLACES * len(places):
        return None
    pitch = float(levels[-1] - levels[0]) / count
    steps = (places - levels[0]) / pitch
    numbers = np.rint(steps).astype(np.intp)
    return (numbers, pitch) if (np.abs(steps - numbers) < _TOLERANCE).all() else None
