"""Arrangement of listed sensors in rows and columns."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Largest distance of a sensor from its grid point, as a fraction of the pitch: files round to 0.001 cm.
_TOLERANCE = 0.02
#: Largest number of grid points per sensor; sparser arrangements are not grids.
_MAX_POINTS = 4


class SensorGrid(NamedTuple):
    """Rows and columns of a list of sensors; ``valid`` is False at grid points without a sensor."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    valid: NDArray[np.bool_]
    pitch_mm: tuple[float, float]
    origin_mm: tuple[float, float]

    def place(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Arrange (frames, sensors) as (frames, rows, columns), zero where there is no sensor."""
        frames = np.zeros((len(values), *self.valid.shape), np.float32)
        frames[:, self.rows, self.columns] = values
        return frames


def find_grid(y_mm: NDArray[np.float64], x_mm: NDArray[np.float64]) -> SensorGrid | None:
    """Find the grid whose points are the centres of the sensors; None if they are not on a grid."""
    along_y, along_x = _find_steps(y_mm), _find_steps(x_mm)
    if along_y is None or along_x is None:
        return None
    (rows, row_pitch), (columns, column_pitch) = along_y, along_x
    shape = (int(rows.max()) + 1, int(columns.max()) + 1)
    if shape[0] * shape[1] > _MAX_POINTS * len(rows):
        return None
    valid = np.zeros(shape, bool)
    valid[rows, columns] = True
    if valid.sum() != len(rows):
        return None
    return SensorGrid(rows, columns, valid, (row_pitch, column_pitch), (float(y_mm.min()), float(x_mm.min())))


def _find_steps(positions: NDArray[np.float64]) -> tuple[NDArray[np.intp], float] | None:
    """Return the indices of positions along an axis and the pitch; None if distances are not multiples of a pitch."""
    if not np.isfinite(positions).all():
        return None
    levels = np.unique(np.round(positions, 3))
    if len(levels) == 1:
        return np.zeros(len(positions), np.intp), float("nan")
    steps = (positions - levels[0]) / np.diff(levels).min()
    # The span divided by the number of steps is a more precise pitch than one rounded step.
    count = round(float(steps.max()))
    if count > _MAX_POINTS * len(positions):
        return None
    pitch = float(levels[-1] - levels[0]) / count
    steps = (positions - levels[0]) / pitch
    numbers = np.rint(steps).astype(np.intp)
    return (numbers, pitch) if (np.abs(steps - numbers) < _TOLERANCE).all() else None
