"""Motion of hand and stick: a swing whose touches are exactly at the times of the script.

The swing has one coordinate, the lift: the distance of the tip from its contact point, in metres of arc. Lift is a
piecewise cubic of time with given speeds at its knots: it falls from rest to the strike speed, is zero at the touch,
rises with the rebound speed or stays at zero, and is raised again. Wrist (rotation) and arm (height) share the lift.
"""

from dataclasses import dataclass

import numpy as np

from crossmodal.simulation.hits.material import MATERIALS
from crossmodal.simulation.hits.script import Surface, Touch


@dataclass(frozen=True)
class Build:
    """Parameters of the person's swing, constant over one video.

    Attributes:
        stick_m: length of the stick from the hand to the tip.
        azimuth_rad: direction of the stick in the ground plane.
        grip_m: height of the hand above the contact point while the tip touches.
        wrist_fraction: fraction of the lift made by the wrist; the rest is made by the arm.
        lift_m: lift before a hard strike.
        rest_m: lift while waiting.
    """

    stick_m: float
    azimuth_rad: float
    grip_m: float
    wrist_fraction: float
    lift_m: float
    rest_m: float


@dataclass(frozen=True)
class Pose:
    """Hand and tip at some times, each (times, 3) in metres, and the lift (times,)."""

    hand_m: np.ndarray
    tip_m: np.ndarray
    lift_m: np.ndarray


class Motion:
    """Motion of the stick in one video; `pose` returns its position.

    Args:
        touches: the script, in order of time.
        surfaces: the surfaces of the script.
        build: parameters of the swing.
        rng: generator for rebounds, pauses and tremor.
        seconds: length of the video.
    """

    def __init__(
        self,
        touches: list[Touch],
        surfaces: list[Surface],
        build: Build,
        rng: np.random.Generator,
        seconds: float,
    ) -> None:
        self.build = build
        knots = [(-1.0, build.rest_m, 0.0, 0.0)]
        positions: list[tuple[float, np.ndarray, float]] = []
        end_s = -1.0
        for touch in touches:
            restitution = MATERIALS[surfaces[touch.surface].material].acoustics.restitution
            knots += _approach(knots[-1], end_s, touch, build, rng)
            leave, end_s = _leave(touch, restitution, rng)
            knots += leave
            azimuth = build.azimuth_rad + 0.12 * rng.standard_normal()
            positions += _positions(touch, azimuth)
        knots.append((max(seconds, end_s) + 1.0, build.rest_m, 0.0, 0.0))
        if not positions:
            positions = [(0.0, np.array(surfaces[0].spots_m[0]), build.azimuth_rad)]
        self._knots = np.array(knots)
        self._position_times = np.array([p[0] for p in positions])
        self._positions = np.array([p[1] for p in positions])
        self._azimuths = np.array([p[2] for p in positions])
        self._tremor = rng.uniform(0.7, 2.6, 6), rng.uniform(0, 2 * np.pi, 6), 0.012 * rng.random(6)

    def lift(self, times_s: np.ndarray) -> np.ndarray:
        """Return the lift of the tip in metres (times,), zero exactly while it touches."""
        times, values, arriving, leaving = self._knots.T
        right = np.clip(np.searchsorted(times, times_s, side="right"), 1, len(times) - 1)
        left = right - 1
        span = times[right] - times[left]
        u = np.clip((times_s - times[left]) / span, 0.0, 1.0)
        cubic = (
            (1 + 2 * u) * (1 - u) ** 2 * values[left]
            + u * (1 - u) ** 2 * span * leaving[left]
            + u * u * (3 - 2 * u) * values[right]
            - u * u * (1 - u) * span * arriving[right]
        )
        return np.asarray(np.maximum(cubic, 0.0))

    def height_m(self, times_s: np.ndarray) -> np.ndarray:
        """Return the height of the surface below the tip (times,)."""
        return self._spot(times_s)[0][:, 2]

    def pose(self, times_s: np.ndarray) -> Pose:
        """Return hand and tip at ``times_s``; where the lift is zero, the tip is at the position of the script."""
        build = self.build
        lift = self.lift(times_s)
        spot, azimuth = self._spot(times_s)
        away = np.minimum(lift / 0.05, 1.0)
        rates, phases, sizes = self._tremor
        sway = [np.sin(2 * np.pi * r * times_s + p) * s for r, p, s in zip(rates, phases, sizes, strict=True)]
        spot = spot + away[:, None] * np.stack([sway[0] + sway[1], sway[2] + sway[3], 0 * lift], axis=1)
        azimuth = azimuth + 4.0 * away * (sway[4] + sway[5])
        rest = -np.arcsin(min(build.grip_m / build.stick_m, 0.95))
        hand = spot - build.stick_m * _direction(azimuth, np.full_like(lift, rest))
        hand[:, 2] += (1 - build.wrist_fraction) * lift
        tip = hand + build.stick_m * _direction(azimuth, rest + build.wrist_fraction * lift / build.stick_m)
        return Pose(hand, tip, lift)

    def _spot(self, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        times = self._position_times
        right = np.clip(np.searchsorted(times, times_s, side="right"), 1, max(len(times) - 1, 1))
        right = np.minimum(right, len(times) - 1)
        left = np.maximum(right - 1, 0)
        span = np.maximum(times[right] - times[left], 1e-9)
        u = np.clip((times_s - times[left]) / span, 0.0, 1.0)
        s = (u**3 * (10 - 15 * u + 6 * u * u))[:, None]  # minimum jerk
        spot = (1 - s) * self._positions[left] + s * self._positions[right]
        azimuth = (1 - s[:, 0]) * self._azimuths[left] + s[:, 0] * self._azimuths[right]
        return spot, azimuth


Knot = tuple[float, float, float, float]
"""Time in s, lift in m, arrival speed and departure speed in m/s."""


def _approach(last: Knot, end_s: float, touch: Touch, build: Build, rng: np.random.Generator) -> list[Knot]:
    """Return the knots of raising the stick and striking: rest (if there is time), top, touch."""
    bottom = touch.clearance_m if touch.kind == "miss" else 0.0
    free_s = touch.time_s - last[0]
    highest = build.lift_m * rng.uniform(0.6, 1.2)
    down_s = min(2 * highest / touch.speed_m_s, 0.55 * free_s)
    top = bottom + 0.5 * touch.speed_m_s * down_s
    knots: list[Knot] = []
    hover_s = free_s - down_s
    if hover_s > 0.6 and end_s > 0:
        rest = build.rest_m * rng.uniform(0.7, 1.3)
        knots.append((last[0] + 0.35 * rng.uniform(0.6, 1.0), rest, 0.0, 0.0))
        knots.append((touch.time_s - down_s - 0.25 * rng.uniform(0.6, 1.0), rest * rng.uniform(0.9, 1.1), 0.0, 0.0))
    knots.append((touch.time_s - down_s, top, 0.0, 0.0))
    if touch.kind == "miss":
        knots.append((touch.time_s, bottom, 0.0, 0.0))
    else:
        knots.append((touch.time_s, 0.0, -touch.speed_m_s, 0.0))
    return knots


def _leave(touch: Touch, restitution: float, rng: np.random.Generator) -> tuple[list[Knot], float]:
    """Return the knots after a touch, on the surface or of the rebound up to its apex, and the end of the touch."""
    if touch.kind == "miss":
        return [], touch.time_s
    if touch.seconds > 0:
        end_s = touch.time_s + touch.seconds
        return [(end_s, 0.0, 0.0, 0.0)], end_s
    pulled = rng.uniform(0.0, 0.45)  # fraction of the speed that the hand adds by drawing the stick back
    speed = touch.speed_m_s * min(restitution * rng.uniform(0.3, 1.0) + pulled, 0.9)
    apex_s = 0.07 * rng.uniform(0.6, 1.2)
    return [
        (touch.time_s + 1e-6, 0.0, 0.0, speed),
        (touch.time_s + apex_s, max(0.5 * speed * apex_s, 0.002), 0.0, 0.0),
    ], touch.time_s


def _positions(touch: Touch, azimuth: float) -> list[tuple[float, np.ndarray, float]]:
    """Return (time, contact point, azimuth) of a touch: fixed around a hit, sliding during a scratch."""
    spot = np.array(touch.spot_m)
    end_s = touch.time_s + touch.seconds
    slide = np.array([*touch.slide_m, 0.0])
    before = (touch.time_s - 0.02, spot, azimuth)
    if touch.kind == "scratch":
        return [before, (touch.time_s, spot, azimuth), (end_s, spot + slide, azimuth)]
    return [before, (end_s + 0.02, spot, azimuth)]


def _direction(azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    level = np.cos(elevation)
    return np.stack([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)], axis=-1)
