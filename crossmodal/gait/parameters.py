"""Parameters of gait, each with its unit, its definition and the number of steps behind it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossmodal.gait.shape import right_of
from crossmodal.gait.stance import Stance
from crossmodal.gait.walkers import directions_of
from crossmodal.tactile.recording import Side

Floats = NDArray[np.float64]

#: Unit and definition of each parameter, in the order in which they are reported.
DEFINITIONS: dict[str, tuple[str, str]] = {
    "cadence": (
        "steps/min",
        "60 (n - 1) / (t_last - t_first) over n successive heel strikes, without turns, stops and missed steps",
    ),
    "speed": (
        "m/s",
        "distance along the line of progression from the first to the last heel, divided by the time between their "
        "heel strikes",
    ),
    "step_time": ("s", "heel strike of the other foot to heel strike of this one"),
    "stride_time": ("s", "heel strike to the next heel strike of the same foot"),
    "stance_time": ("s", "heel strike to toe off of the same foot"),
    "swing_time": ("s", "toe off to the next heel strike of the same foot"),
    "stance": ("% cycle", "stance time divided by the time of the stride that begins with it"),
    "swing": ("% cycle", "swing time divided by the time of the stride that ends with it"),
    "initial_double_support": (
        "% cycle",
        "heel strike of this foot to toe off of the other, divided by this foot's stride time",
    ),
    "terminal_double_support": (
        "% cycle",
        "heel strike of the other foot to toe off of this one, divided by this foot's stride time",
    ),
    "double_support": ("% cycle", "sum of initial and terminal double support"),
    "single_support": (
        "% cycle",
        "toe off of the other foot to its next heel strike, divided by this foot's stride time",
    ),
    "step_length": ("mm", "heel centre of the other foot to that of this one, along the line of progression"),
    "stride_length": ("mm", "heel centre to the next heel centre of the same foot, along the line of progression"),
    "step_width": (
        "mm",
        "distance of this heel centre from the line through the heel centres of the steps before and after it, those "
        "of the other foot (as GAITRite's base of support); negative where the feet cross",
    ),
    "step_width_outer": (
        "mm",
        "distance of the outer borders of two successive prints across the line of progression (as GaitMat II)",
    ),
    "foot_progression_angle": (
        "degrees",
        "angle of the foot's axis (heel centre to the estimated second metatarsal head) to the line of progression; "
        "toe-out is positive",
    ),
    "foot_length": ("mm", "extent of the print along the foot's axis"),
    "foot_width": ("mm", "extent of the print across the foot's axis"),
    "cop_path_length": ("mm", "length of the path of the centre of pressure over a stance"),
    "cop_velocity": ("mm/s", "length of the path of the centre of pressure divided by its duration"),
    "cop_excursion_along": ("mm", "range of the centre of pressure along the foot's axis"),
    "cop_excursion_across": ("mm", "range of the centre of pressure across the foot's axis"),
    "contact_area": ("cm2", "area of the cells that were loaded at any time of the stance"),
    "peak_force": ("N", "largest force of the stance"),
    "peak_pressure": ("kPa", "largest pressure of any cell over the stance"),
    "pressure_time_integral": ("kPa s", "largest integral of pressure over the stance of any cell"),
    "impulse_share": ("%", "fraction of the stance's integral of force in the region"),
}
#: Strides outside this range, relative to the walk's median, are turns, stops or missed steps.
_SHORTEST_STRIDE, _LONGEST_STRIDE = 0.6, 1.5
#: Regions of the foot by its length from the heel's end; borders at 30 and 55 to 60 % are in common use.
REGIONS = {"heel": (0.0, 0.30), "midfoot": (0.30, 0.58), "forefoot": (0.58, 0.82), "toes": (0.82, 1.0)}
REGION_TEXT = ", ".join(f"{name} {100 * low:.0f} to {100 * high:.0f} %" for name, (low, high) in REGIONS.items())


@dataclass(frozen=True)
class Parameter:
    """A gait parameter of a walk.

    Attributes:
        name: as in `DEFINITIONS`, with a region as prefix for a part of the foot, or with the suffix ``_asymmetry`` or
            ``_variability`` for a figure derived from others.
        value: mean over the steps.
        sd: standard deviation over the steps (n - 1); NaN for fewer than two.
        unit: of both.
        steps: number of steps, strides or stances.
        side: the foot; None for both together.
        definition: as a phrase.
        walker: from 0.
    """

    name: str
    value: float
    sd: float
    unit: str
    steps: int
    side: Side | None
    definition: str
    walker: int = 0


class Samples:
    """Values of single steps, by the names of parameters."""

    def __init__(self) -> None:
        self._values: dict[str, list[tuple[Side | None, float]]] = {}
        self._steps: dict[str, int] = {}

    def add(self, name: str, side: Side | None, value: float, steps: int = 1) -> None:
        """Add a value measured from ``steps`` steps, unless it is NaN or infinite."""
        if math.isfinite(value):
            self._values.setdefault(name, []).append((side, value))
            self._steps[name] = self._steps.get(name, 0) + steps

    def steps(self, name: str, side: Side | None = None) -> int:
        """Return the number of steps of the values."""
        return self._steps[name] if side is None else len(self.values(name, side))

    def names(self) -> Iterable[str]:
        """Return the names that have values."""
        return self._values.keys()

    def values(self, name: str, side: Side | None = None) -> list[float]:
        """Return the values of one foot, or of both."""
        return [value for foot, value in self._values.get(name, []) if side is None or foot == side]


def measure_walk(stances: Sequence[Stance], on_a_mat: bool) -> Samples:
    """Measure every step of one walker.

    Args:
        stances: of all the walker's passages, in order of time within each.
        on_a_mat: whether positions are on a mat; False for insoles, whose positions are relative to the foot.
    """
    samples = Samples()
    passages = sorted({stance.passage for stance in stances})
    walks = [[stance for stance in stances if stance.passage == passage] for passage in passages]
    strides = [_stride_s(walk, number) for walk in walks for number in range(len(walk))]
    usual_s = float(np.median([one for one in strides if math.isfinite(one)] or [math.nan]))
    for walk in walks:
        _measure_times(walk, usual_s, samples)
        if on_a_mat and all(stance.footprint is not None for stance in walk):
            _measure_positions(walk, samples)
    return samples


def summarise(samples: Samples, walker: int = 0, units: dict[str, str] | None = None) -> list[Parameter]:
    """Return the parameters of the values: of both feet, of each foot, asymmetry and variability.

    Args:
        samples: the values.
        walker: whose they are.
        units: replacements for the names of units, for recordings that are not calibrated.
    """
    order = {name: number for number, name in enumerate(DEFINITIONS)}
    found: list[Parameter] = []
    for name in sorted(samples.names(), key=lambda name: order.get(base_name(name), len(order))):
        unit, definition = DEFINITIONS[base_name(name)]
        unit = (units or {}).get(unit, unit)
        if name != base_name(name):
            definition += f"; of the {name.removesuffix('_' + base_name(name))} ({REGION_TEXT} of the foot's length)"
        sides: list[Side | None] = [None, "left", "right"]
        for side in sides:
            values = samples.values(name, side)
            if values:
                sd = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
                found.append(
                    Parameter(
                        name, float(np.mean(values)), sd, unit, samples.steps(name, side), side, definition, walker
                    )
                )
        if name == base_name(name):
            found += _compare(name, samples, walker)
    return found


def base_name(name: str) -> str:
    """Return the name in `DEFINITIONS` of a parameter of the whole foot or of a region."""
    region, _, rest = name.partition("_")
    return rest if region in REGIONS else name


def _compare(name: str, samples: Samples, walker: int) -> list[Parameter]:
    """Return the asymmetry of the feet and the variability of the steps."""
    left, right, both = (samples.values(name, side) for side in ("left", "right", None))
    found = []
    mean = 0.5 * (abs(np.mean(left)) + abs(np.mean(right))) if left and right else 0.0
    if mean > 0 and name != "foot_progression_angle":
        value = 100.0 * (float(np.mean(right)) - float(np.mean(left))) / float(mean)
        text = f"100 (right - left) / mean of both, for {name}; 0 is symmetric"
        found.append(Parameter(f"{name}_asymmetry", value, math.nan, "%", len(left) + len(right), None, text, walker))
    if min(len(left), len(right)) >= 2 and np.mean(both) > 0 and name in _VARIABLE:
        # Within each foot: the difference of the feet is asymmetry, not variability.
        spread = math.sqrt(0.5 * (float(np.var(left, ddof=1)) + float(np.var(right, ddof=1))))
        text = f"coefficient of variation of {name}: standard deviation within each foot (mean variance) / mean"
        value = 100.0 * spread / float(np.mean(both))
        found.append(Parameter(f"{name}_variability", value, math.nan, "%", len(both), None, text, walker))
    return found


_VARIABLE = frozenset(
    {"step_time", "stride_time", "stance_time", "swing_time", "step_length", "stride_length", "step_width"}
)


def _stride_s(walk: Sequence[Stance], number: int) -> float:
    """Return the time from a heel strike to the next one of the same foot; NaN where there is none."""
    here = walk[number]
    after = next((other for other in walk[number + 1 :] if other.side == here.side), None)
    return math.nan if after is None else after.heel_strike_s - here.heel_strike_s


def _measure_times(walk: Sequence[Stance], usual_s: float, samples: Samples) -> None:
    """Measure the times of one passage, without strides that are turns, stops or missed steps."""
    steps: list[float] = []
    for number, here in enumerate(walk):
        samples.add(
            "stance_time",
            here.side,
            here.duration_s if here.duration_s < usual_s * 1.2 or not math.isfinite(usual_s) else math.nan,
        )
        if number and walk[number - 1].side != here.side:
            step_s = here.heel_strike_s - walk[number - 1].heel_strike_s
            if not math.isfinite(usual_s) or _SHORTEST_STRIDE * usual_s < 2 * step_s < _LONGEST_STRIDE * usual_s:
                samples.add("step_time", here.side, step_s)
                steps.append(step_s)
        stride_s = _stride_s(walk, number)
        if not _SHORTEST_STRIDE * usual_s < stride_s < _LONGEST_STRIDE * usual_s:
            continue
        after = next(other for other in walk[number + 1 :] if other.side == here.side)
        samples.add("stride_time", here.side, stride_s)
        samples.add("stance", here.side, 100 * here.duration_s / stride_s)
        samples.add("swing_time", here.side, after.heel_strike_s - here.toe_off_s)
        samples.add("swing", here.side, 100 * (after.heel_strike_s - here.toe_off_s) / stride_s)
        _measure_support(walk, number, stride_s, samples)
    known = [step for step in steps if math.isfinite(step)]
    # Cadence over all sections without turns and stops: 60 (n - 1) / (t_last - t_first).
    if known:
        samples.add("cadence", None, 60.0 * len(known) / sum(known), len(known))


def _measure_support(walk: Sequence[Stance], number: int, stride_s: float, samples: Samples) -> None:
    """Measure double and single support of the stride that begins with a stance."""
    here = walk[number]
    before = next((other for other in reversed(walk[:number]) if other.side != here.side), None)
    after = next((other for other in walk[number + 1 :] if other.side != here.side), None)
    initial = 100 * (before.toe_off_s - here.heel_strike_s) / stride_s if before else math.nan
    terminal = 100 * (here.toe_off_s - after.heel_strike_s) / stride_s if after else math.nan
    if not (abs(initial) < 50 or math.isnan(initial)) or not (abs(terminal) < 50 or math.isnan(terminal)):
        return
    samples.add("initial_double_support", here.side, initial)
    samples.add("terminal_double_support", here.side, terminal)
    samples.add("double_support", here.side, initial + terminal)
    if before and after:
        samples.add("single_support", here.side, 100 * (after.heel_strike_s - before.toe_off_s) / stride_s)


def _measure_positions(walk: Sequence[Stance], samples: Samples) -> None:
    """Measure the positions of one passage over a mat, without prints at the mat's edge, whose heel is uncertain."""
    prints = [stance.footprint for stance in walk if stance.footprint is not None]
    heels = np.array([one.heel_mm for one in prints])
    whole = [not one.partial for one in prints]
    lines = directions_of(heels)
    sides = [stance.side for stance in walk]
    for number, (foot, line, side) in enumerate(zip(prints, lines, sides, strict=True)):
        if not whole[number]:
            continue
        samples.add("foot_length", side, foot.length_mm + float(np.abs(foot.axis) @ foot.pitch_mm))
        samples.add("foot_width", side, foot.width_mm)
        if foot.axis_from != "progression":
            samples.add("foot_progression_angle", side, toe_out_degrees(foot.axis, line, side))
        if number and whole[number - 1] and sides[number - 1] != side:
            outer_mm = _outer_width(prints[number - 1].positions_mm, foot.positions_mm, line, side)
            samples.add("step_length", side, float((heels[number] - heels[number - 1]) @ line))
            samples.add("step_width_outer", side, outer_mm)
        if number > 1 and whole[number - 2] and sides[number - 2] == side and sides[number - 1] != side:
            samples.add("stride_length", side, float((heels[number] - heels[number - 2]) @ line))
        if 0 < number < len(walk) - 1 and whole[number - 1] and whole[number + 1]:
            near = slice(number - 1, number + 2)
            samples.add("step_width", side, _base_width(heels[near], sides[near]))
    _measure_speed(walk, heels, lines, samples)


def toe_out_degrees(axis: Floats, line: Floats, side: Side | None) -> float:
    """Return the angle of a foot's axis to the line of progression in degrees, toe-out positive; NaN without a side."""
    if side is None:
        return math.nan
    turned = math.degrees(math.atan2(float(axis @ right_of(line)), float(axis @ line)))
    return turned if side == "right" else -turned


def _base_width(heels: Floats, sides: Sequence[Side | None]) -> float:
    """Return the distance of the middle heel from the line through the other two; NaN unless the feet alternate."""
    if not sides[0] == sides[2] != sides[1]:
        return math.nan
    way = heels[2] - heels[0]
    length = float(np.linalg.norm(way))
    if length == 0:
        return math.nan
    aside = float((heels[1] - heels[0]) @ right_of(way / length))
    return aside if sides[1] == "right" else -aside


def _outer_width(before: Floats, here: Floats, line: Floats, side: Side | None) -> float:
    across = right_of(line)
    right, left = (here, before) if side == "right" else (before, here)
    return float((right @ across).max() - (left @ across).min())


def _measure_speed(walk: Sequence[Stance], heels: Floats, lines: Floats, samples: Samples) -> None:
    struck = [number for number, stance in enumerate(walk) if math.isfinite(stance.heel_strike_s)]
    if len(struck) < 2:
        return
    first, last = struck[0], struck[-1]
    way_mm = sum(float((heels[k] - heels[k - 1]) @ lines[k]) for k in range(first + 1, last + 1))
    elapsed_s = walk[last].heel_strike_s - walk[first].heel_strike_s
    if elapsed_s > 0:
        samples.add("speed", None, way_mm / elapsed_s / 1000, len(struck) - 1)
