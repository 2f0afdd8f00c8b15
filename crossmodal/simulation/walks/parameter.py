"""Gait parameters of true footsteps, by the definitions of gait laboratories."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.walks.truth import Footstep

Floats = NDArray[np.float64]

#: Least fraction of a foot's impulse on the mat for a whole print.
_WHOLE = 0.999
#: A step longer than this multiple of the usual step time is several steps, some of them beside the mat.
_LONGEST_STEP = 1.5
#: Largest distance of the path of a straight walk from its line.
_STRAIGHT_MM = 40.0

NAMES = (
    "cadence",
    "speed",
    "step_length",
    "stride_length",
    "step_width",
    "foot_progression_angle",
    "step_time",
    "stride_time",
    "stance_time",
    "swing_time",
    "stance",
    "swing",
    "single_support",
    "initial_double_support",
    "terminal_double_support",
    "double_support",
)


def measure_gait(footsteps: Sequence[Footstep]) -> dict[str, float]:
    """Measure the gait of one walker: the mean of each parameter over all steps that have it, NaN without any.

    Names, units and definitions are those of `crossmodal.gait.parameters.DEFINITIONS`, implemented a second time:
    lengths in mm, times in s, phases in % of the stride time. Steps of different crossings, or before and after a stop,
    are not combined. Two successive steps of the same foot (one between them is missing) give no step. Prints at the
    mat's edge give times, but no lengths, widths and angles. An event that is NaN gives no value.

    References:
        Bilney, Morris and Webster, "Concurrent related validity of the GAITRite walkway system", Gait & Posture 17,
        2003 (the definitions).
    """
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    for steps in _walks(footsteps):
        lines = progression_lines(np.array([step.heel_mm for step in steps]))
        measured = [_measure_foot(step, line) for step, line in zip(steps, lines, strict=True)]
        measured += [_measure_step(*pair, line) for pair, line in zip(pairwise(steps), lines[1:], strict=True)]
        measured += [_measure_pace(steps, lines)] if len(steps) > 1 else []
        for k, (first, middle, last) in enumerate(zip(steps, steps[1:], steps[2:], strict=False)):
            if first.side == last.side != middle.side:
                before = steps[k - 1] if k and steps[k - 1].side != first.side else None
                measured.append(_measure_stride(before, first, middle, last))
                measured.append(_measure_base(first, middle, last, lines[k + 2]))
        for values in measured:
            for name, value in values.items():
                found[name] += [value] if np.isfinite(value) else []
    return {name: float(np.mean(values)) if values else float("nan") for name, values in found.items()}


def progression_lines(heels_mm: Floats) -> Floats:
    """Return the line of progression at successive heels (prints, 2): unit vectors (y, x) of that shape.

    The path is the midpoints of successive heels. If it is within 40 mm of its line of least squares, that line is the
    direction of every print. Otherwise the direction of a print is the chord from the second midpoint before it to the
    second one after it, as far as they exist. NaN for a single print.

    The analysis implements the same definition in `crossmodal.gait.walkers.directions_of`. The two share no code, so
    that an error of the analysis is not repeated in the truth; a test compares them.
    """
    if len(heels_mm) < 2:
        return np.full((len(heels_mm), 2), np.nan)
    # Positions as complex numbers, y + ix: the sum of the squared offsets from their mean has twice the angle of the
    # line of least squares.
    heels = heels_mm[:, 0] + 1j * heels_mm[:, 1]
    path = 0.5 * (heels[1:] + heels[:-1]) if len(heels) > 2 else heels
    offsets = path - path.mean()
    line = np.exp(0.5j * np.angle((offsets**2).sum()))
    if (np.conj(line) * (path[-1] - path[0])).real < 0:
        line = -line
    lines = np.full(len(heels), line)
    if np.abs((np.conj(line) * offsets).imag).max() > _STRAIGHT_MM:
        last = len(path) - 1
        chords = [path[min(k + 1, last)] - path[max(k - 2, 0)] for k in range(len(heels))]
        lines = np.exp(1j * np.angle(chords))
    return np.stack([lines.real, lines.imag], axis=1)


def _walks(footsteps: Sequence[Footstep]) -> list[list[Footstep]]:
    """Return sections of successive steps: crossings, divided at stops and at missing steps beside the mat."""
    # Steps that began before the recording (NaN) come first.
    steps = sorted(footsteps, key=lambda one: (one.crossing, np.nan_to_num(one.heel_strike_s, nan=-np.inf)))
    steps_s = [b.heel_strike_s - a.heel_strike_s for a, b in pairwise(steps) if a.crossing == b.crossing]
    longest_s = _LONGEST_STEP * float(np.nanmedian(steps_s)) if np.isfinite(steps_s).any() else np.inf
    walks: list[list[Footstep]] = []
    follows = False
    for before, step in zip([None, *steps], steps, strict=False):
        follows &= before is not None and before.crossing == step.crossing and not step.stands
        follows &= before is None or not step.heel_strike_s - before.heel_strike_s > longest_s
        if follows:
            walks[-1].append(step)
        elif not step.stands:
            walks.append([step])
        follows = not step.stands
    return walks


def _right_of(line: Floats) -> Floats:
    return np.array([line[1], -line[0]])


def _whole(*steps: Footstep) -> bool:
    return all(step.on_mat > _WHOLE for step in steps)


def _heel(step: Footstep) -> Floats:
    return np.array(step.heel_mm)


def _outwards(step: Footstep) -> float:
    return 1.0 if step.side == "right" else -1.0


def _measure_foot(step: Footstep, line: Floats) -> dict[str, float]:
    values = {"stance_time": step.toe_off_s - step.heel_strike_s}
    if np.isfinite(line).all() and _whole(step):
        axis = np.array(step.metatarsal_mm) - step.heel_mm
        turn = np.rad2deg(np.arctan2(axis @ _right_of(line), axis @ line))
        values["foot_progression_angle"] = _outwards(step) * float(turn)
    return values


def _measure_step(before: Footstep, this: Footstep, line: Floats) -> dict[str, float]:
    if before.side == this.side:
        return {}
    length = float((_heel(this) - _heel(before)) @ line) if _whole(before, this) else np.nan
    return {"step_time": this.heel_strike_s - before.heel_strike_s, "step_length": length}


def _measure_pace(steps: Sequence[Footstep], lines: Floats) -> dict[str, float]:
    way_mm = sum(float((_heel(b) - _heel(a)) @ line) for (a, b), line in zip(pairwise(steps), lines[1:], strict=True))
    elapsed_s = steps[-1].heel_strike_s - steps[0].heel_strike_s
    return {"speed": 1e-3 * way_mm / elapsed_s, "cadence": 60.0 * (len(steps) - 1) / elapsed_s}


def _measure_base(this: Footstep, middle: Footstep, after: Footstep, line: Floats) -> dict[str, float]:
    way = _heel(after) - _heel(this)
    aside = _outwards(middle) * float((_heel(middle) - _heel(this)) @ _right_of(way)) / float(np.hypot(*way))
    return {
        "stride_length": float(way @ line) if _whole(this, after) else np.nan,
        "step_width": aside if _whole(this, middle, after) else np.nan,
    }


def _measure_stride(before: Footstep | None, this: Footstep, middle: Footstep, after: Footstep) -> dict[str, float]:
    """Measure the stride from ``this`` to ``after``, the next step of its foot; ``before`` is of the other foot."""
    stride_s = after.heel_strike_s - this.heel_strike_s
    percent = 100.0 / stride_s
    terminal = percent * (this.toe_off_s - middle.heel_strike_s)
    values = {
        "stride_time": stride_s,
        "swing_time": after.heel_strike_s - this.toe_off_s,
        "stance": percent * (this.toe_off_s - this.heel_strike_s),
        "swing": percent * (after.heel_strike_s - this.toe_off_s),
        "terminal_double_support": terminal,
    }
    if before is not None:
        initial = percent * (before.toe_off_s - this.heel_strike_s)
        values |= {
            "initial_double_support": initial,
            "double_support": initial + terminal,
            "single_support": percent * (middle.heel_strike_s - before.toe_off_s),
        }
    return values
