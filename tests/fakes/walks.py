"""Simple walks with exact truth: feet of six ellipses that load and unload in turn, on a mat seen from above."""

import math
from dataclasses import dataclass

import numpy as np

from crossmodal.tactile import ArrayFrames, PressureRecording

#: Centre (fraction of the length, fraction of the half width, lateral positive), half axes (mm), peak (kPa), begin and
#: end (fraction of the stance) of each region.
REGIONS = (
    ((0.12, 0.0), (30.0, 25.0), 300.0, (0.0, 0.58)),
    ((0.45, 0.55), (45.0, 14.0), 80.0, (0.08, 0.75)),
    ((0.68, 0.50), (24.0, 20.0), 220.0, (0.10, 0.93)),
    ((0.72, 0.0), (24.0, 18.0), 320.0, (0.10, 0.94)),
    ((0.73, -0.55), (24.0, 20.0), 280.0, (0.12, 0.95)),
    ((0.92, -0.40), (17.0, 12.0), 250.0, (0.30, 1.0)),
)
HEEL, SECOND_HEAD = (0.12, 0.0), (0.72, -0.18)


@dataclass(frozen=True)
class Step:
    """The truth of one stance: the heel centre is (y, x) in mm, the heading is from y towards x in degrees."""

    side: str
    heel_strike_s: float
    toe_off_s: float
    heel_mm: tuple[float, float]
    heading_degrees: float
    walker: int = 0


def plan_walk(
    start_mm=(200.0, 600.0),
    heading_degrees=0.0,
    steps=5,
    *,
    step_mm=650.0,
    width_mm=100.0,
    step_s=0.55,
    stance_s=0.68,
    toe_out_degrees=7.0,
    begin_s=0.213,
    first="left",
    walker=0,
):
    """Steps along a straight line with alternating feet; headings include the toe-out."""
    heading = math.radians(heading_degrees)
    ahead = np.array([math.cos(heading), math.sin(heading)])
    right = np.array([ahead[1], -ahead[0]])
    plan = []
    for number in range(steps):
        side = first if number % 2 == 0 else {"left": "right", "right": "left"}[first]
        aside = 0.5 * width_mm * (1 if side == "right" else -1)
        heel = np.array(start_mm) + number * step_mm * ahead + aside * right
        # Turning from y towards x is turning to the left, for mats that are seen from above with row 0 at the top.
        turned = heading_degrees + (toe_out_degrees if side == "left" else -toe_out_degrees)
        begin = begin_s + number * step_s
        plan.append(Step(side, begin, begin + stance_s, (heel[0], heel[1]), turned, walker))
    return plan


def render_walk(
    plan, *, rows=720, columns=240, pitch_mm=5.0, rate_hz=100.0, seconds=None, floor_kpa=5.0, length_mm=255.0
):
    """The recording of planned steps: float32 frames, 0 below the floor."""
    seconds = max(step.toe_off_s for step in plan) + 0.2 if seconds is None else seconds
    times_s = np.arange(round(seconds * rate_hz)) / rate_hz
    movie = np.zeros((len(times_s), rows, columns), np.float32)
    y, x = np.meshgrid(np.arange(rows) * pitch_mm, np.arange(columns) * pitch_mm, indexing="ij")
    for step in plan:
        _tread(movie, times_s, (y, x), step, length_mm)
    movie[movie < floor_kpa] = 0.0
    return PressureRecording(
        frames=ArrayFrames(movie), times_s=times_s, pitch_mm=(pitch_mm, pitch_mm), valid=np.ones((rows, columns), bool)
    )


def foot_axes(step):
    """Unit vectors (y, x) of a step's foot: ahead, and outwards."""
    heading = math.radians(step.heading_degrees)
    ahead = np.array([math.cos(heading), math.sin(heading)])
    right = np.array([ahead[1], -ahead[0]])
    return ahead, right if step.side == "right" else -right


def _tread(movie, times_s, grid, step, length_mm):
    ahead, out = foot_axes(step)
    ends = np.array(step.heel_mm) + np.outer([-60.0, length_mm], ahead)
    near = [slice(*np.searchsorted(axis, [low - 90, high + 90])) for axis, low, high in zip(
        (grid[0][:, 0], grid[1][0]), ends.min(axis=0), ends.max(axis=0), strict=True)]  # fmt: skip
    places = np.stack([axis[near[0], near[1]] for axis in grid], axis=-1) - np.array(step.heel_mm)
    along, across = places @ ahead, places @ out
    phase = (times_s - step.heel_strike_s) / (step.toe_off_s - step.heel_strike_s)
    frames = np.flatnonzero((phase >= 0) & (phase <= 1))
    for (share, lateral), (half_length, half_width), peak, (begin, end) in REGIONS:
        distance = ((along - (share - HEEL[0]) * length_mm) / half_length) ** 2 + (
            (across - lateral * 45.0) / half_width
        ) ** 2
        spread = np.clip(1.0 - distance, 0.0, None)
        load = np.sin(np.pi * np.clip((phase[frames] - begin) / (end - begin), 0.0, 1.0)) ** 0.8
        movie[frames, near[0], near[1]] += (peak * load[:, None, None] * spread).astype(np.float32)
