"""Walks as pressure movies with their exact truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossmodal.randomness import generator
from crossmodal.simulation.walks.footprint import Print, lay_print
from crossmodal.simulation.walks.footstep import box_of, describe_footstep
from crossmodal.simulation.walks.mat import Mat
from crossmodal.simulation.walks.parameter import measure_gait
from crossmodal.simulation.walks.path import PathKind
from crossmodal.simulation.walks.plan import Step, plan_walk
from crossmodal.simulation.walks.press import Pressing, press_drag, press_step, region_force_n
from crossmodal.simulation.walks.record import record_pressings
from crossmodal.simulation.walks.sensor import EMED_LIKE, SensorModel, draw_clock, make_cells
from crossmodal.simulation.walks.truth import Footstep, WalkTruth
from crossmodal.simulation.walks.walker import SIDES, Walker
from crossmodal.tactile.recording import PressureRecording

_NEAREST_MM = 200.0  # feet of different walkers come no nearer at the same time
_TRIES = 16
_IMPULSE_POINTS = 100
_FAINTEST_SHARE = 1e-3  # less of a foot on the mat is no footstep


@dataclass(frozen=True, eq=False)
class SimulatedWalk:
    """A walk as a mat reports it, and what really happened."""

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
    stop_share: float = 0.0,
) -> SimulatedWalk:
    """Simulate walk ``index`` of a seed; it depends on the arguments alone.

    Args:
        walkers: who walks, one or several at the same time.
        mat: on what.
        seed: of all walks.
        index: which of them.
        seconds: length of the recording.
        sensor: what the mat makes of the pressure.
        path: kind of the crossings.
        stop_share: share of the crossings in which a walker stands still for a while.

    Raises:
        ValueError: nobody walks, or for no time.
    """
    if not walkers or seconds <= 0:
        raise ValueError(f"somebody must walk for a time above 0, got {len(walkers)} walkers and {seconds} s")
    steps = _plan_all(walkers, mat, seed, index, seconds, path, stop_share)
    rng = generator(seed, "walking/mat", index)
    cells = make_cells(sensor, mat, rng)
    taken_s, told_s = draw_clock(sensor, seconds, rng)
    delays = np.linspace(0.0, sensor.row_scan_s, mat.rows)
    footprints, pressings = _press_all(steps, walkers, mat, taken_s, delays)
    meta = {"seed": seed, "index": index, "sensor": sensor.as_json()}
    clock = taken_s, told_s
    recording = record_pressings(pressings, mat, sensor, cells, clock, seconds, rng, source="simulated", meta=meta)
    return SimulatedWalk(recording, _tell_truth(walkers, footprints, mat, taken_s))


def _plan_all(
    walkers: Sequence[Walker], mat: Mat, seed: int, index: int, seconds: float, path: PathKind, stop_share: float
) -> list[Step]:
    """Plan everybody's steps; whoever would run into another one tries again, later and elsewhere."""
    planned: list[Step] = []
    for number, walker in enumerate(walkers):
        for attempt in range(_TRIES):
            rng = generator(seed, f"walking/plan/{number}/{attempt}", index)
            begin_s = float(rng.uniform(0.1, 0.6) + 0.3 * attempt * rng.random())
            own = plan_walk(walker, mat, rng, seconds, path=path, stop_share=stop_share, begin_s=begin_s, number=number)
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
) -> tuple[list[tuple[Step, Print]], list[Pressing]]:
    """Press all steps, and keep those which the mat feels."""
    felt: list[tuple[Step, Print]] = []
    pressings: list[Pressing] = []
    for step in sorted(steps, key=lambda one: one.heel_strike_s):
        walker = walkers[step.walker]
        laid = lay_print(walker.leg(step.side).foot, step.side, step.heel_mm, step.heading_rad, mat)
        pressing = press_step(step, walker, laid, times_s, delays) if laid is not None else None
        if laid is not None and pressing is not None and laid.on_mat.any():
            felt.append((step, laid))
            pressings.append(pressing)
        scraping = press_drag(step.drag, mat, times_s) if step.drag is not None else None
        if scraping is not None:
            pressings.append(scraping)
    return felt, pressings


def _tell_truth(
    walkers: Sequence[Walker], footprints: list[tuple[Step, Print]], mat: Mat, times_s: NDArray[np.float64]
) -> WalkTruth:
    force = np.zeros((len(times_s), len(walkers), 2), np.float64)
    moment = np.zeros((len(times_s), len(walkers), 2, 2), np.float64)
    footsteps = []
    for step, laid in footprints:
        walker = walkers[step.walker]
        first, last = np.searchsorted(times_s, [step.heel_strike_s, step.toe_off_s])
        regions = region_force_n(step, walker, times_s[first:last])
        side = SIDES.index(step.side)
        force[first:last, step.walker, side] += regions @ laid.on_mat
        moment[first:last, step.walker, side] += regions @ laid.moments_mm
        footsteps.append(_describe(step, walker, laid, mat))
    whole = tuple(one for one in footsteps if one.on_mat > _FAINTEST_SHARE)
    cop = moment / np.where(force > 0, force, np.nan)[..., None]
    return WalkTruth(
        walkers=tuple(walkers),
        footsteps=whole,
        times_s=times_s,
        force_n=force.astype(np.float32),
        cop_mm=cop.astype(np.float32),
        parameters=tuple(measure_gait([s for s in whole if s.walker == k]) for k in range(len(walkers))),
    )


def _describe(step: Step, walker: Walker, laid: Print, mat: Mat) -> Footstep:
    foot = walker.leg(step.side).foot
    phases = (np.arange(_IMPULSE_POINTS) + 0.5) / _IMPULSE_POINTS
    impulse = step.load.region_force(phases).sum(axis=0)
    return describe_footstep(
        step.side,
        (step.heel_strike_s, step.toe_off_s),
        step.heel_mm,
        step.heading_rad,
        step.path_rad,
        metatarsal_mm=foot.metatarsal_mm - foot.heel_mm,
        middle_mm=foot.middle_mm - foot.heel_mm,
        size_mm=(foot.length_mm, foot.width_mm),
        box_mm=box_of(laid.rows, laid.columns, mat.pitch_mm),
        on_mat=float(impulse @ laid.on_mat / impulse.sum()),
        walker=step.walker,
        crossing=step.crossing,
        stands=step.stands is not None,
        drag_s=None if step.drag is None else (step.drag.begin_s, step.drag.end_s),
    )
