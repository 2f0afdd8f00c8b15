"""From pressings to the recording that a mat makes of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.walks.frames import SparseFrames
from crossmodal.simulation.walks.mat import Mat
from crossmodal.simulation.walks.press import Box, Pressing, join_boxes
from crossmodal.simulation.walks.sensor import Cells, SensorModel, sense
from crossmodal.tactile.recording import PressureRecording, Sensor


def record_pressings(
    pressings: Sequence[Pressing],
    mat: Mat,
    sensor: SensorModel,
    cells: Cells,
    clock: tuple[NDArray[np.float64], ...],
    seconds: float,
    rng: np.random.Generator,
    *,
    source: str,
    meta: Mapping[str, Any],
) -> PressureRecording:
    """Sum up what presses on a mat that is silent otherwise, and pass it through the sensor.

    Args:
        pressings: true pressure of the feet.
        mat: the grid.
        sensor: what it makes of pressure.
        cells: gains of its cells.
        clock: when frames were taken, and when they say so, as of `draw_clock`.
        seconds: length of the recording, over which the sensor drifts.
        rng: of the noise.
        source: name of the recording's format.
        meta: whatever else it tells.
    """
    taken_s, told_s = clock
    windows = []
    for box, members in join_boxes([_with_margin(one, mat, sensor) for one in pressings]):
        pressure = np.zeros(box.shape, np.float32)
        for one in members:
            pressure[one.box.within(box)] += one.pressure_kpa
        gain = cells.gain[box.rows, box.columns]
        windows.append((box, sense(pressure, taken_s[box.frames], sensor, gain, mat.pitch_mm, seconds, rng)))
    return PressureRecording(
        frames=SparseFrames((len(taken_s), mat.rows, mat.columns), tuple(windows)),
        times_s=told_s,
        pitch_mm=mat.pitch_mm,
        valid=cells.alive if sensor.tells_dead else np.ones_like(cells.alive),
        sensor=Sensor(sensor.quantum_kpa or None, sensor.floor_kpa or None, sensor.saturation_kpa),
        source=source,
        meta=meta,
    )


def _with_margin(pressing: Pressing, mat: Mat, sensor: SensorModel) -> Pressing:
    """Widen the box by what crosstalk and blur carry around."""
    reach = [int(sensor.crosstalk > 0) + round(0.5 * sensor.blur_mm / pitch) for pitch in mat.pitch_mm]
    if not any(reach):
        return pressing
    box = pressing.box
    rows = slice(max(box.rows.start - reach[0], 0), min(box.rows.stop + reach[0], mat.rows))
    columns = slice(max(box.columns.start - reach[1], 0), min(box.columns.stop + reach[1], mat.columns))
    wide = Box(box.frames, rows, columns)
    pressure = np.zeros(wide.shape, np.float32)
    pressure[box.within(wide)] = pressing.pressure_kpa
    return Pressing(wide, pressure)
