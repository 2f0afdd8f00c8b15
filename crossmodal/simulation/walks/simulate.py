"""Simulated walks: pressure recordings with their exact truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossmodal.randomness import generator
from crossmodal.simulation.walks.footprint import SoleOnMat, lay_sole
from crossmodal.simulation.walks.footstep import box_of, describe_footstep
from crossmodal.simulation.walks.mat import Mat
from crossmodal.simulation.walks.parameter import measure_gait
from crossmodal.simulation.walks.path import PathKind
from crossmodal.simulation.walks.plan import Step, plan_walk
from crossmodal.simulation.walks.press import PressureWindow, press_drag, press_step, region_force_n
from crossmodal.simulation.walks.record import record_windows
from crossmodal.simulation.walks.sensor import EMED_LIKE, SensorModel, draw_clock, make_cells
from crossmodal.simulation.walks.truth import Footstep, WalkTruth
from crossmodal.simulation.walks.walker import SIDES, Walker
from crossmodal.tactile.recording import PressureRecording

_NEAREST_MM = 200.0  # least distance of the feet of different walkers at the same time
_TRIES = 16
_IMPULSE_POINTS = 100
_LEAST_ON_MAT = 1e-3  # a foot with a smaller fraction of its impulse on the mat is not a footstep


@dataclass(frozen=True, eq=False)
class SimulatedWalk:
    """A walk as a mat records it, and its truth."""

    recording: PressureRecording
    truth: WalkTruth


def simulate_walk(
    walkers: Sequence[Walker],
    mat: Mat,
    seed: int,
    index: int,
    seconds: float,
    *,
    sensor: SensorModel = EMED_LIKE,
    path: PathKind = "straight",
    stop_fraction: float = 0.0,
) -> SimulatedWalk:
    """Simulate walk ``index`` of a seed; it depends on the arguments alone.

    Args:
        walkers: one, or several who walk at the same time.
        mat: the mat.
        seed: of all walks.
        index: of the walk.
        seconds: duration of the recording.
        sensor: the model of the mat's sensor.
        path: kind of the crossings.
        stop_fraction: probability that a walker stands still for a while during a crossing.

    Raises:
        ValueError: there is no walker, or the duration is not positive.
    """
    if not walkers or seconds <= 0:
        raise ValueError(f"need at least one walker and a duration above 0, got {len(walkers)} walkers and {seconds} s")
    steps = _plan_all(walkers, mat, seed, index, seconds, path, stop_fraction)
    rng = generator(seed, "walking/mat", index)
    cells = make_cells(sensor, mat, rng)
    clock = draw_clock(sensor, seconds, rng)
    delays = np.linspace(0.0, sensor.row_scan_s, mat.rows)
    recorded, windows = _press_all(steps, walkers, mat, clock[0], delays)
    meta = {"seed": seed, "index": index, "sensor": sensor.as_json()}
    recording = record_windows(windows, mat, sensor, cells, clock, seconds, rng, source="simulated", meta=meta)
    return SimulatedWalk(recording, _truth_of(walkers, recorded, mat, clock[0]))


def _plan_all(
    walkers: Sequence[Walker], mat: Mat, seed: int, index: int, seconds: float, path: PathKind, stop_fraction: float
) -> list[Step]:
    """Plan the steps of all walkers; one who would collide with another is planned again, later and elsewhere."""
    planned: list[Step] = []
    for number, walker in enumerate(walkers):
        for attempt in range(_TRIES):
            rng = generator(seed, f"walking/plan/{number}/{attempt}", index)
            begin_s = float(rng.uniform(0.1, 0.6) + 0.3 * attempt * rng.random())
            own = plan_walk(
                walker, mat, rng, seconds, path=path, stop_fraction=stop_fraction, begin_s=begin_s, number=number
            )
            if not _collide(planned, own):
                break
        planned += own
    return planned


def _collide(some: list[Step], others: list[Step]) -> bool:
    if not some or not others:
        return False
    first, second = (np.array([(s.heel_strike_s, s.toe_off_s, *s.heel_mm) for s in steps]) for steps in (some, others))
    both = (first[:, None, 0] < second[None, :, 1]) & (second[None, :, 0] < first[:, None, 1])
    distance = np.hypot(*np.moveaxis(first[:, None, 2:] - second[None, :, 2:], -1, 0))
    return bool((both & (distance < _NEAREST_MM)).any())


def _press_all(
    steps: list[Step], walkers: Sequence[Walker], mat: Mat, times_s: NDArray[np.float64], delays: NDArray[np.float64]
) -> tuple[list[tuple[Step, SoleOnMat]], list[PressureWindow]]:
    """Return the steps that the mat records, and the pressures of feet and dragging toes."""
    recorded: list[tuple[Step, SoleOnMat]] = []
    windows: list[PressureWindow] = []
    for step in sorted(steps, key=lambda one: one.heel_strike_s):
        walker = walkers[step.walker]
        laid = lay_sole(walker.leg(step.side).foot, step.side, step.heel_mm, step.heading_rad, mat)
        window = press_step(step, walker, laid, times_s, delays) if laid is not None else None
        if laid is not None and window is not None and laid.on_mat.any():
            recorded.append((step, laid))
            windows.append(window)
        dragged = press_drag(step.drag, mat, times_s) if step.drag is not None else None
        if dragged is not None:
            windows.append(dragged)
    return recorded, windows


def _truth_of(
    walkers: Sequence[Walker], recorded: list[tuple[Step, SoleOnMat]], mat: Mat, times_s: NDArray[np.float64]
) -> WalkTruth:
    force = np.zeros((len(times_s), len(walkers), 2), np.float64)
    moment = np.zeros((len(times_s), len(walkers), 2, 2), np.float64)
    footsteps = []
    for step, laid in recorded:
        walker = walkers[step.walker]
        first, last = np.searchsorted(times_s, [step.heel_strike_s, step.toe_off_s])
        regions = region_force_n(step, walker, times_s[first:last])
        side = SIDES.index(step.side)
        force[first:last, step.walker, side] += regions @ laid.on_mat
        moment[first:last, step.walker, side] += regions @ laid.moments_mm
        footsteps.append(_describe(step, walker, laid, mat))
    whole = tuple(one for one in footsteps if one.on_mat > _LEAST_ON_MAT)
    cop = moment / np.where(force > 0, force, np.nan)[..., None]
    return WalkTruth(
        walkers=tuple(walkers),
        footsteps=whole,
        times_s=times_s,
        force_n=force.astype(np.float32),
        cop_mm=cop.astype(np.float32),
        parameters=tuple(measure_gait([s for s in whole if s.walker == k]) for k in range(len(walkers))),
    )


def _describe(step: Step, walker: Walker, laid: SoleOnMat, mat: Mat) -> Footstep:
    foot = walker.leg(step.side).foot
    phases = (np.arange(_IMPULSE_POINTS) + 0.5) / _IMPULSE_POINTS
    impulse = step.region_force(phases).sum(axis=0)
    return describe_footstep(
        step,
        metatarsal_mm=foot.metatarsal_mm - foot.heel_mm,
        middle_mm=foot.middle_mm - foot.heel_mm,
        size_mm=(foot.length_mm, foot.width_mm),
        box_mm=box_of(laid.rows, laid.columns, mat.pitch_mm),
        on_mat=float(impulse @ laid.on_mat / impulse.sum()),
    )
