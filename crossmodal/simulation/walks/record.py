"""The recording that a mat makes of true pressures."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.walks.frames import SparseFrames
from crossmodal.simulation.walks.mat import Mat
from crossmodal.simulation.walks.press import Box, PressureWindow, join_boxes
from crossmodal.simulation.walks.sensor import Cells, SensorModel, sense
from crossmodal.tactile.recording import PressureRecording, Sensor


def record_windows(
    windows: Sequence[PressureWindow],
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
    """Sum up true pressures on an otherwise empty mat, and apply the sensor model.

    Args:
        windows: true pressure of the feet.
        mat: the grid.
        sensor: the model of the sensor.
        cells: gains of the cells.
        clock: true and stated times of the frames, as of `draw_clock`.
        seconds: duration of the recording, over which the sensor drifts.
        rng: draws the noise.
        source: name of the recording's format.
        meta: the recording's other metadata.
    """
    taken_s, stated_s = clock
    recorded = []
    for box, members in join_boxes([_with_margin(one, mat, sensor) for one in windows]):
        pressure = np.zeros(box.shape, np.float32)
        for one in members:
            pressure[one.box.within(box)] += one.pressure_kpa
        gain = cells.gain[box.rows, box.columns]
        values = sense(pressure, taken_s[box.frames], sensor, gain, mat.pitch_mm, seconds, rng)
        recorded.append(PressureWindow(box, values))
    return PressureRecording(
        frames=SparseFrames((len(taken_s), mat.rows, mat.columns), tuple(recorded)),
        times_s=stated_s,
        pitch_mm=mat.pitch_mm,
        valid=cells.alive if sensor.tells_dead else np.ones_like(cells.alive),
        sensor=Sensor(sensor.quantum_kpa or None, sensor.floor_kpa or None, sensor.saturation_kpa),
        source=source,
        meta=meta,
    )


def _with_margin(window: PressureWindow, mat: Mat, sensor: SensorModel) -> PressureWindow:
    """Widen the box by the reach of crosstalk and blur."""
    reach = [int(sensor.crosstalk > 0) + round(0.5 * sensor.blur_mm / pitch) for pitch in mat.pitch_mm]
    if not any(reach):
        return window
    box = window.box
    rows = slice(max(box.rows.start - reach[0], 0), min(box.rows.stop + reach[0], mat.rows))
    columns = slice(max(box.columns.start - reach[1], 0), min(box.columns.stop + reach[1], mat.columns))
    wide = Box(box.frames, rows, columns)
    pressure = np.zeros(wide.shape, np.float32)
    pressure[box.within(wide)] = window.pressure_kpa
    return PressureWindow(wide, pressure)
