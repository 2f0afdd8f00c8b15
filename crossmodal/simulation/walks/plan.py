"""The planned steps of a walk: position, time and load of each foot."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.walks.footprint import direction, outwards
from crossmodal.simulation.walks.load import Load
from crossmodal.simulation.walks.mat import Mat
from crossmodal.simulation.walks.path import Path, PathKind, draw_path
from crossmodal.simulation.walks.walker import SIDES, Walker
from crossmodal.tactile.recording import Side


@dataclass(frozen=True, eq=False)
class Drag:
    """Toes that drag over the floor during swing.

    Attributes:
        begin_s, end_s: begin and end of the drag.
        from_mm, to_mm: (2,) positions (y, x) of the great toe at those times.
        force_n: largest force.
    """

    begin_s: float
    end_s: float
    from_mm: NDArray[np.float64]
    to_mm: NDArray[np.float64]
    force_n: float


@dataclass(frozen=True, eq=False)
class Step:
    """One planned step: a foot that is to come down.

    Attributes:
        side: the foot.
        heel_strike_s, toe_off_s: first and last contact.
        heel_mm: (2,) heel centre on the mat, (y, x).
        heading_rad: direction of the foot's axis, from y towards x.
        path_rad: direction of the path at the step.
        load: how the foot is loaded, in body weights; None for a step that replays a real stance.
        walker: index of the walker in the walk.
        crossing: index of the crossing of the mat.
        stands: interval in which the walker stands still on it; None while walking.
        drag: of the toes in the swing after it.
    """

    side: Side
    heel_strike_s: float
    toe_off_s: float
    heel_mm: NDArray[np.float64]
    heading_rad: float
    path_rad: float
    load: Load | None = None
    walker: int = 0
    crossing: int = 0
    stands: tuple[float, float] | None = None
    drag: Drag | None = None

    def region_force(self, phases: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the force of every region of the sole in body weights at phases of the load: (n, regions).

        Raises:
            ValueError: the step has no load.
        """
        if self.load is None:
            raise ValueError("a step without a load presses nothing; give it a load, or replay a stance on it")
        return self.load.region_force(phases)


def plan_walk(
    walker: Walker,
    mat: Mat,
    rng: np.random.Generator,
    seconds: float,
    *,
    path: PathKind = "straight",
    stop_fraction: float = 0.0,
    begin_s: float = 0.0,
    number: int = 0,
) -> list[Step]:
    """Plan crossings of the mat, to and fro, for a given time.

    Args:
        walker: who walks.
        mat: the mat.
        rng: draws the paths and the variation of steps.
        seconds: duration of the walk.
        path: kind of every crossing.
        stop_fraction: probability that the walker stands still for a while during a crossing.
        begin_s: time of the first heel strike.
        number: index of the walker in the walk.

    Returns:
        The steps in order of time, including those beside the mat.
    """
    steps: list[Step] = []
    time_s, crossing = begin_s, 0
    backwards = bool(rng.random() < 0.5)
    while time_s < seconds:
        way = draw_path(rng, path, mat, backwards)
        stops = bool(rng.random() < stop_fraction)
        crossed = _cross(walker, way, rng, time_s, stops, (number, crossing))
        steps += crossed
        time_s = crossed[-1].toe_off_s + float(rng.uniform(0.3, 1.2))
        crossing, backwards = crossing + 1, not backwards
    return steps


@dataclass
class _Rhythm:
    """Sides, positions along the path and times of the steps of one crossing."""

    sides: list[Side]
    ways_mm: NDArray[np.float64]
    strikes_s: NDArray[np.float64]
    doubles_s: NDArray[np.float64]
    stop: int | None


def _cross(
    walker: Walker, way: Path, rng: np.random.Generator, begin_s: float, stops: bool, numbers: tuple[int, int]
) -> list[Step]:
    rhythm = _draw_rhythm(walker, way.length_mm, rng, begin_s, stops)
    count = len(rhythm.sides) - 1  # the last one only gives the toe off of the one before it
    # Width is measured to a line between two other prints, which vary as much: 1.5 times the variance.
    sway = walker.step_width_sd_mm / np.sqrt(1.5) * rng.normal(size=count)
    steps = []
    for k in range(count):
        side = rhythm.sides[k]
        leg = walker.leg(side)
        point, heading = way.at(float(rhythm.ways_mm[k]))
        heel = point + outwards(heading, side) * (0.5 * walker.step_width_mm + sway[k])
        toe_out = np.deg2rad(leg.toe_out_deg + walker.toe_out_sd_deg * rng.normal())
        turn = -toe_out if side == "right" else toe_out
        strike, off = float(rhythm.strikes_s[k]), float(rhythm.strikes_s[k + 1] + rhythm.doubles_s[k + 1])
        steps.append(
            Step(
                side=side,
                heel_strike_s=strike,
                toe_off_s=off,
                heel_mm=heel,
                heading_rad=float(heading + turn),
                path_rad=float(heading),
                load=_draw_load(walker, side, rng),
                walker=numbers[0],
                crossing=numbers[1],
                stands=_stand(walker, rhythm, k, off),
            )
        )
    return _with_drags(walker, steps, rng)


def _draw_rhythm(walker: Walker, length_mm: float, rng: np.random.Generator, begin_s: float, stops: bool) -> _Rhythm:
    count = max(int(length_mm / (1000.0 * walker.step_length_m)) + 1, 3)
    first = int(rng.random() < 0.5)
    sides = [SIDES[(first + k) % 2] for k in range(count + 1)]
    habits = [walker.leg(side).habit for side in sides]
    uneven = np.array([1.0 + (walker.asymmetry if side == "left" else -walker.asymmetry) for side in sides])
    noise = rng.normal(size=(3, count + 1))
    lengths = np.array([habit.step_length for habit in habits]) * uneven * (1.0 + walker.step_length_sd * noise[0])
    lengths *= 1000.0 * walker.step_length_m
    step_s = 60.0 / walker.cadence_per_min
    times = step_s * np.array([habit.step_time for habit in habits]) * (1.0 + walker.step_time_sd * noise[1])
    doubles = np.maximum(2.0 * step_s * (walker.stance_share - 0.5) * (1.0 + 0.05 * noise[2]), 0.02)
    stop = int(rng.integers(count // 3, max(2 * count // 3, count // 3 + 1))) + 1 if stops else None
    if stop is not None and stop < count:
        # The second foot is placed beside the first, both stand, and the first one leaves.
        pause_s = float(rng.uniform(0.8, 3.0))
        lengths[stop] *= rng.uniform(0.05, 0.5)
        doubles[stop] += pause_s
        times[stop + 1] += pause_s
    ways = np.cumsum(lengths) - lengths[0] * rng.random()
    return _Rhythm(sides, ways, begin_s + np.cumsum(times) - times[0], doubles, stop)


def _stand(walker: Walker, rhythm: _Rhythm, k: int, off_s: float) -> tuple[float, float] | None:
    """Return the interval in which the walker stands still on step ``k``; None while walking."""
    if rhythm.stop is None or k not in (rhythm.stop - 1, rhythm.stop):
        return None
    step_s = 60.0 / walker.cadence_per_min
    # At these times a walking foot bears about half of the body weight, as a standing one does.
    after, before = (0.0, 0.20) if k < rhythm.stop else (0.10, 1.10)
    arrives_s = float(rhythm.strikes_s[rhythm.stop]) + after * step_s
    leaves_s = off_s - before * step_s
    return (arrives_s, leaves_s) if leaves_s > arrives_s else None


def _draw_load(walker: Walker, side: Side, rng: np.random.Generator) -> Load:
    """Draw a step's load: the leg's with some variation, scaled so that both legs bear the body weight on average."""
    leg = walker.leg(side)
    load = leg.load
    varied = replace(
        load,
        peaks=(load.peaks[0] * np.exp(0.02 * rng.normal()), load.peaks[1] * np.exp(0.02 * rng.normal())),
        peaks_at=(load.peaks_at[0] + 0.01 * rng.normal(), load.peaks_at[1] + 0.008 * rng.normal()),
        pace=load.pace * np.exp(0.02 * rng.normal()),
        emphasis=load.emphasis * np.exp(0.05 * rng.normal(size=len(load.emphasis))),
        unloading=(load.unloading[0], load.unloading[1] * float(np.exp(np.clip(0.1 * rng.normal(), -0.2, 0.2)))),
        last=tuple(float(factor * np.exp(0.4 * rng.normal())) for factor in load.last),
        hurry=float(np.clip(load.hurry + 0.004 * rng.normal(), -0.046, 0.046)),
    )
    borne = leg.habit.support / (2.0 * walker.stance_share * varied.mean_force)
    return replace(varied, peaks=(varied.peaks[0] * borne, varied.peaks[1] * borne), trough=varied.trough * borne)


def _with_drags(walker: Walker, steps: list[Step], rng: np.random.Generator) -> list[Step]:
    """Add the drag of toes between a step and the next one of the same foot, for legs that drag."""
    dragged = []
    for k, step in enumerate(steps):
        force_n = walker.leg(step.side).habit.drag_n * float(np.exp(0.3 * rng.normal()))
        fraction = float(rng.uniform(0.3, 0.7))
        if force_n <= 0 or k + 2 >= len(steps):
            dragged.append(step)
            continue
        landing = steps[k + 2]
        swing_s = landing.heel_strike_s - step.toe_off_s
        foot = walker.leg(step.side).foot
        toe = foot.centres_mm[8] - foot.heel_mm
        ends = [
            one.heel_mm + toe[0] * direction(one.heading_rad) + toe[1] * outwards(one.heading_rad, one.side)
            for one in (step, landing)
        ]
        begin_s = step.toe_off_s + 0.05 * swing_s
        # The foot accelerates: the distance grows with the square of time.
        reached = ends[0] + fraction**2 * (ends[1] - ends[0])
        drag = Drag(begin_s, step.toe_off_s + fraction * swing_s, ends[0], reached, force_n)
        dragged.append(replace(step, drag=drag))
    return dragged
