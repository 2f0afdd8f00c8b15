"""Gait parameters of footsteps that are known exactly, by the definitions that gait laboratories use."""

from collections.abc import Sequence

import numpy as np

from crossmodal.tactile.walking.truth import Footstep


def measure_gait(footsteps: Sequence[Footstep]) -> dict[str, float]:
    """Measure the gait of one walker; means over all that can be measured, NaN where nothing can.

    Steps of different crossings are not put together. Three successive prints give a stride; the line through the heels
    of its first and last print is the line of progression.

    - ``cadence_per_min``: 60 (n - 1) over the time from the first to the last heel strike of a crossing, weighted by
      steps.
    - ``speed_m_s``: stride length over stride time.
    - ``step_length_mm``: from the heel's middle to that of the next (opposite) print, along the line of progression.
    - ``stride_length_mm``: from the heel's middle to that of the same foot's next print.
    - ``step_width_mm``: distance of the middle print's heel from the line of progression, negative when feet cross.
    - ``foot_angle_deg``: of the middle print's axis to the line of progression, positive outwards.
    - ``step_time_s``, ``stride_time_s``: between heel strikes.
    - ``stance_share``, ``swing_share``, ``single_support_share``: of the stride time.
    - ``initial_double_share``, ``terminal_double_share``: from a heel strike to the other foot's toe off, and from the
      other foot's heel strike to the toe off, of the stride time.

    References:
        Bilney, Morris and Webster, "Concurrent related validity of the GAITRite walkway system", Gait & Posture 17,
        2003 (the definitions).
    """
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    crossings: dict[int, list[Footstep]] = {}
    for step in sorted(footsteps, key=lambda one: one.heel_strike_s):
        crossings.setdefault(step.crossing, []).append(step)
    count, lasting_s = 0, 0.0
    for steps in crossings.values():
        count += len(steps) - 1
        lasting_s += steps[-1].heel_strike_s - steps[0].heel_strike_s
        for before, this, after in zip(steps, steps[1:], steps[2:], strict=False):
            for name, value in _measure_stride(before, this, after).items():
                found[name].append(value)
    measured = {name: float(np.mean(values)) if values else float("nan") for name, values in found.items()}
    measured["cadence_per_min"] = 60.0 * count / lasting_s if lasting_s > 0 else float("nan")
    return measured


NAMES = (
    "speed_m_s",
    "step_length_mm",
    "stride_length_mm",
    "step_width_mm",
    "foot_angle_deg",
    "step_time_s",
    "stride_time_s",
    "stance_share",
    "swing_share",
    "single_support_share",
    "initial_double_share",
    "terminal_double_share",
)


def _measure_stride(before: Footstep, this: Footstep, after: Footstep) -> dict[str, float]:
    """Measure two successive steps; ``before`` and ``after`` are of the same foot."""
    first, middle, last = (np.array(step.heel_mm) for step in (before, this, after))
    stride = last - first
    length = float(np.hypot(*stride))
    ahead = stride / length
    right = np.array([ahead[1], -ahead[0]])
    sign = 1.0 if this.side == "right" else -1.0
    axis = np.array(this.metatarsal_mm) - middle
    stride_s = after.heel_strike_s - before.heel_strike_s
    return {
        "speed_m_s": 1e-3 * length / stride_s,
        "step_length_mm": float((last - middle) @ ahead),
        "stride_length_mm": length,
        "step_width_mm": sign * float((middle - first) @ right),
        "foot_angle_deg": float(np.rad2deg(np.arctan2(sign * (axis @ right), axis @ ahead))),
        "step_time_s": after.heel_strike_s - this.heel_strike_s,
        "stride_time_s": stride_s,
        "stance_share": (before.toe_off_s - before.heel_strike_s) / stride_s,
        "swing_share": (after.heel_strike_s - before.toe_off_s) / stride_s,
        "single_support_share": (after.heel_strike_s - before.toe_off_s) / stride_s,
        "initial_double_share": (before.toe_off_s - this.heel_strike_s) / stride_s,
        "terminal_double_share": (this.toe_off_s - after.heel_strike_s) / stride_s,
    }
