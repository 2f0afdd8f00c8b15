"""Simulated insoles: grids or a few cells under each foot, with the errors of real ones, and the exact truth."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from crossmodal.randomness import generator
from crossmodal.simulation.walks.foot import Foot
from crossmodal.simulation.walks.footprint import direction, lay_sole, outwards
from crossmodal.simulation.walks.footstep import NOWHERE, describe_footstep
from crossmodal.simulation.walks.mat import Mat
from crossmodal.simulation.walks.parameter import measure_gait
from crossmodal.simulation.walks.plan import Step, plan_walk
from crossmodal.simulation.walks.press import region_force_n
from crossmodal.simulation.walks.sensor import SensorModel, draw_clock, sense
from crossmodal.simulation.walks.truth import Footstep, WalkTruth
from crossmodal.simulation.walks.walker import SIDES, Walker
from crossmodal.tactile.recording import ArrayFrames, InsoleRecording, PressureRecording, Sensor, Side

Floats = NDArray[np.float64]
Layout = Literal["grid", "16 cells", "8 cells"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)

_PITCH_MM, _MARGIN_MM = 5.08, 8.0
_LEAD_S = 1.5  # time that the walker has walked when the recording begins
#: Fraction of the cells that a shoe presses all the time, and the spread of that load (of its logarithm).
_SQUEEZED, _SQUEEZE_SPREAD = 0.05, 0.4
#: Centres of few cells: fractions of the length from the heel's end, and of the width from the medial border.
_FEW_CELLS: dict[Layout, tuple[tuple[float, float], ...]] = {
    "8 cells": ((0.1, 0.5), (0.3, 0.7), (0.3, 0.3), (0.5, 0.7), (0.5, 0.3), (0.7, 0.7), (0.7, 0.3), (0.9, 0.5)),
    "16 cells": (
        *(
            (0.07, 0.35),
            (0.07, 0.65),
            (0.19, 0.35),
            (0.19, 0.65),
            (0.34, 0.35),
            (0.34, 0.70),
            (0.49, 0.40),
            (0.49, 0.75),
        ),
        *(
            (0.64, 0.20),
            (0.64, 0.50),
            (0.64, 0.80),
            (0.76, 0.20),
            (0.76, 0.50),
            (0.74, 0.80),
            (0.92, 0.25),
            (0.90, 0.60),
        ),
    ),
}
_COMMON = SensorModel(quantum_kpa=2.0, floor_kpa=6.0, saturation_kpa=1200.0, gain_sd=0.05, noise_kpa=1.0)
_UP = np.pi  # insoles are seen from above, toes at row 0


@dataclass(frozen=True)
class InsoleModel:
    """The sensors of a pair of insoles.

    Attributes:
        layout: of the cells. Few cells cover the whole sole, each the part nearest to its centre, and report newtons.
        sensor: of each cell; its rate is that of the recording. Blur, crosstalk, dead lines and row scan are ignored.
        gains: factors of the left and the right insole.
        residual_n: constant force of the shoe on the left and the right insole, also in the swing.
        recovery: fraction of the load that follows with a delay, and is still there after toe off.
        recovery_s: time constant of that delay.
    """

    layout: Layout = "grid"
    sensor: SensorModel = _COMMON
    gains: tuple[float, float] = (1.0, 1.0)
    residual_n: tuple[float, float] = (0.0, 0.0)
    recovery: float = 0.0
    recovery_s: float = 0.15


@dataclass(frozen=True, eq=False)
class SimulatedInsoles:
    """A walk as insoles record it (two grids, or one recording of few cells), and its truth.

    Positions of the truth are on the floor, which insoles do not record; ``on_mat`` of every footstep is 1.
    """

    recordings: tuple[PressureRecording | InsoleRecording, ...]
    truth: WalkTruth


def draw_insoles(seed: int, index: int, layout: Layout = "grid") -> InsoleModel:
    """Draw a pair of insoles: 50 to 200 Hz, gains 10 % apart, up to 12 N in the swing, up to 4 % of the load delayed.

    A real F-Scan pair has 31 Hz, 924 and 784 N for the same person, 0 and 8 N in the swing, and a delay of 2 %.
    """
    rng = generator(seed, "walking/insole", index)
    few = layout != "grid"
    unequal = float(np.exp(0.05 * rng.normal()))
    return InsoleModel(
        layout=layout,
        sensor=SensorModel(
            rate_hz=float(rng.choice([50.0, 62.5, 75.0, 100.0, 100.0, 200.0])),
            quantum_kpa=float(rng.uniform(0.2, 1.0) if few else rng.uniform(1.0, 5.0)),
            floor_kpa=0.0 if few else float(rng.uniform(3.0, 15.0)),
            saturation_kpa=1500.0,
            gain_sd=float(rng.uniform(0.02, 0.08)),
            noise_kpa=float(rng.uniform(0.1, 0.5) if few else rng.uniform(0.5, 1.5)),
        ),
        gains=(unequal, 1.0 / unequal),
        residual_n=(float(rng.uniform(0.0, 12.0)), float(rng.uniform(0.0, 12.0))),
        recovery=float(rng.uniform(0.0, 0.04)),
        recovery_s=float(rng.uniform(0.08, 0.25)),
    )


def simulate_insoles(
    walker: Walker, seed: int, index: int, seconds: float, model: InsoleModel | None = None
) -> SimulatedInsoles:
    """Simulate the insoles of walk ``index`` of a seed: a straight walk that has begun before the recording.

    Raises:
        ValueError: the duration is not positive.
    """
    if seconds <= 0:
        raise ValueError(f"the duration must be above 0 s, got {seconds} s")
    model = InsoleModel() if model is None else model
    rng = generator(seed, "walking/insoles", index)
    steps = _plan(walker, rng, seconds)
    taken_s, stated_s = draw_clock(model.sensor, seconds, rng)
    force = np.zeros((len(taken_s), 2))
    pressures = []
    for k, side in enumerate(SIDES):
        own = [step for step in steps if step.side == side]
        regions = sum((region_force_n(step, walker, taken_s) for step in own), np.zeros(()))
        force[:, k] = regions.sum(axis=1)
        pressures.append(_press(walker.leg(side).foot, side, regions))
    footsteps = tuple(_describe(step, walker) for step in steps)
    truth = WalkTruth(
        walkers=(walker,),
        footsteps=footsteps,
        times_s=taken_s,
        force_n=force[:, None].astype(np.float32),
        cop_mm=np.full((len(taken_s), 1, 2, 2), np.nan, np.float32),
        parameters=(measure_gait(footsteps),),
    )
    if model.layout == "grid":
        grids = [
            _record_grid(one, side, model, taken_s, stated_s, rng) for one, side in zip(pressures, SIDES, strict=True)
        ]
        return SimulatedInsoles(tuple(grids), truth)
    return SimulatedInsoles((_record_cells(pressures, walker, model, taken_s, stated_s, rng),), truth)


def _plan(walker: Walker, rng: np.random.Generator, seconds: float) -> list[Step]:
    """Plan the steps of one long path, and keep those during the recording."""
    length_m = 1.4 * walker.speed_m_s * (seconds + 2 * _LEAD_S) + 5.0
    floor = Mat(round(20 * length_m), 20, (50.0, 50.0))
    steps = plan_walk(walker, floor, rng, seconds, begin_s=-_LEAD_S)
    return [step for step in steps if step.crossing == 0 and step.toe_off_s > 0.0 and step.heel_strike_s < seconds]


def _insole_of(foot: Foot) -> Mat:
    size = np.array([foot.length_mm, foot.width_mm]) + 2 * _MARGIN_MM
    rows, columns = (int(count) for count in np.ceil(size / _PITCH_MM))
    return Mat(rows, columns, (_PITCH_MM, _PITCH_MM))


def _heel_on_insole(foot: Foot, side: Side) -> Floats:
    """Return the heel centre on the insole, with the print's rectangle in its centre: (y, x)."""
    offset = foot.middle_mm - foot.heel_mm
    away = offset[0] * direction(_UP) + offset[1] * outwards(_UP, side)
    return np.asarray(_insole_of(foot).centre_mm - away)


def _press(foot: Foot, side: Side, region_n: Floats) -> NDArray[np.float32]:
    """Return the true pressure on an insole: float32 (frames, rows, columns), in kPa."""
    insole = _insole_of(foot)
    laid = lay_sole(foot, side, _heel_on_insole(foot, side), _UP, insole)
    assert laid is not None
    pressure = np.zeros((len(region_n), insole.rows, insole.columns), np.float32)
    window = (1e3 * region_n).astype(np.float32) @ laid.density.reshape(len(laid.density), -1)
    pressure[:, laid.rows, laid.columns] = window.reshape(len(region_n), *laid.density.shape[1:])
    return pressure


def _lag(pressure: NDArray[np.float32], times_s: Floats, model: InsoleModel) -> NDArray[np.float32]:
    """Delay a fraction of the load by a first-order relaxation."""
    if model.recovery <= 0:
        return pressure
    late = np.zeros_like(pressure)
    keep = np.exp(-np.diff(times_s) / model.recovery_s).astype(np.float32)
    for k, kept in enumerate(keep, start=1):
        late[k] = kept * late[k - 1] + (1.0 - kept) * pressure[k]
    fraction = np.float32(model.recovery)
    return (np.float32(1.0) - fraction) * pressure + fraction * late


def _squeeze(pressure: NDArray[np.float32], residual_n: float, area_mm2: float, rng: np.random.Generator) -> None:
    """Add a constant load of ``residual_n`` in total to some cells, in place."""
    shape = pressure.shape[1:]
    squeezed = np.exp(_SQUEEZE_SPREAD * rng.normal(size=shape)) * (rng.random(shape) < _SQUEEZED)
    if residual_n > 0 and squeezed.any():
        pressure += (1e3 * residual_n / area_mm2 * squeezed / squeezed.sum()).astype(np.float32)


def _record_grid(
    pressure: NDArray[np.float32],
    side: Side,
    model: InsoleModel,
    taken_s: Floats,
    stated_s: Floats,
    rng: np.random.Generator,
) -> PressureRecording:
    foot, sensor = SIDES.index(side), model.sensor
    applied = _lag(pressure, taken_s, model)
    _squeeze(applied, model.residual_n[foot], _PITCH_MM**2, rng)
    return PressureRecording(
        frames=ArrayFrames(_sense(applied, model, foot, taken_s, rng)),
        times_s=stated_s,
        pitch_mm=(_PITCH_MM, _PITCH_MM),
        valid=np.ones(pressure.shape[1:], bool),
        side=side,
        sensor=Sensor(sensor.quantum_kpa or None, sensor.floor_kpa or None, sensor.saturation_kpa),
        source="simulated",
        meta={"sensor": sensor.as_json()},
    )


def _record_cells(
    pressures: list[NDArray[np.float32]],
    walker: Walker,
    model: InsoleModel,
    taken_s: Floats,
    stated_s: Floats,
    rng: np.random.Generator,
) -> InsoleRecording:
    fractions = np.array(_FEW_CELLS[model.layout])
    values, positions, areas = [], [], []
    for k, (side, pressure) in enumerate(zip(SIDES, pressures, strict=True)):
        foot = walker.leg(side).foot
        centres = fractions * (foot.length_mm, foot.width_mm)
        nearest = _nearest_cell(foot, side, centres)
        area_mm2 = np.bincount(nearest, minlength=len(fractions)) * _PITCH_MM**2
        applied = _lag(pressure, taken_s, model)
        _squeeze(applied, model.residual_n[k], _PITCH_MM**2, rng)
        member = (nearest[:, None] == np.arange(len(fractions))).astype(np.float32)
        cell_n = applied.reshape(len(applied), -1) @ member * np.float32(1e-3 * _PITCH_MM**2)
        mean_kpa = (1e3 * cell_n / area_mm2).astype(np.float32)[:, None]
        values.append(_sense(mean_kpa, model, k, taken_s, rng)[:, 0] * (1e-3 * area_mm2).astype(np.float32))
        positions.append(centres)
        areas.append(area_mm2)
    count = len(fractions)
    return InsoleRecording(
        values=np.concatenate(values, axis=1),
        quantity="force_n",
        times_s=stated_s,
        sides=tuple(side for side in SIDES for _ in range(count)),
        positions_mm=np.concatenate(positions),
        areas_mm2=np.concatenate(areas),
        valid=np.ones(2 * count, bool),
        sensor=Sensor(unit="N"),
        source="simulated",
        meta={"sensor": model.sensor.as_json()},
    )


def _nearest_cell(foot: Foot, side: Side, centres_mm: Floats) -> NDArray[np.int64]:
    """Return the index of the nearest of the few cells for each cell of the grid: int64 (rows * columns,)."""
    insole = _insole_of(foot)
    grid = np.stack(np.meshgrid(np.arange(insole.rows), np.arange(insole.columns), indexing="ij"), axis=-1)
    offset = grid.reshape(-1, 2) * np.array(insole.pitch_mm) - np.array(insole.centre_mm)
    positions = np.stack([offset @ direction(_UP), offset @ outwards(_UP, side)], axis=1)
    positions += 0.5 * np.array([foot.length_mm, foot.width_mm])
    return np.asarray(np.linalg.norm(positions[:, None] - centres_mm, axis=2).argmin(axis=1))


def _sense(
    pressure: NDArray[np.float32], model: InsoleModel, foot: int, taken_s: Floats, rng: np.random.Generator
) -> NDArray[np.float32]:
    spread = np.exp(model.sensor.gain_sd * rng.standard_normal(pressure.shape[1:], dtype=np.float32))
    gain = (model.gains[foot] * spread).astype(np.float32)
    pitch = (_PITCH_MM, _PITCH_MM)
    return sense(pressure, taken_s, model.sensor, gain, pitch, float(taken_s[-1]) + 1.0 / model.sensor.rate_hz, rng)


def _describe(step: Step, walker: Walker) -> Footstep:
    foot = walker.leg(step.side).foot
    return describe_footstep(
        replace(step, drag=None),  # toes that drag over the floor do not load an insole
        metatarsal_mm=foot.metatarsal_mm - foot.heel_mm,
        middle_mm=foot.middle_mm - foot.heel_mm,
        size_mm=(foot.length_mm, foot.width_mm),
        box_mm=NOWHERE,
        on_mat=1.0,
    )
