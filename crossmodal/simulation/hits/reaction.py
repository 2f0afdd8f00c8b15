"""Visible reactions of struck things: pushes, dents, swings, thrown bits and drops, and rings on water."""

from dataclasses import dataclass

import numpy as np

from crossmodal.simulation.hits.material import MATERIALS
from crossmodal.simulation.hits.scene import MARGIN_PX, Scene
from crossmodal.simulation.hits.script import Touch

WARP_COLUMNS = 9  # x, y, 1 / (2 sigma^2), push x, push y, pinch, shade, ring height, ring phase
PARTICLE_COLUMNS = 9  # x0, y0, x1, y1, radius, red, green, blue, opacity
_GRAVITY_M_S2 = 9.81


@dataclass(frozen=True)
class Burst:
    """Bits or drops thrown up by one touch; they fly freely and come to rest on the ground.

    Attributes:
        time_s: time of the start.
        starts_m: (n, 3) start positions.
        velocities_m_s: (n, 3) start velocities.
        radii_m: (n,) radii.
        colours: (n, 3) colours.
        linger_s: time for which they are visible after landing.
    """

    time_s: float
    starts_m: np.ndarray
    velocities_m_s: np.ndarray
    radii_m: np.ndarray
    colours: np.ndarray
    linger_s: float

    def positions(self, time_s: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the positions (n, 3) at ``time_s`` and the time since landing (n,), negative in flight."""
        age = max(time_s - self.time_s, 0.0)
        rise = self.velocities_m_s[:, 2]
        flight = 2 * rise / _GRAVITY_M_S2
        flown = np.minimum(age, flight)[:, None]
        points = self.starts_m + self.velocities_m_s * flown
        points[:, 2] -= 0.5 * _GRAVITY_M_S2 * flown[:, 0] ** 2
        return points, age - flight


@dataclass(frozen=True)
class Dent:
    """A patch of the image that moves after a touch: a dent that recovers, a swing, or rings.

    Attributes:
        time_s: time of the start.
        kind: "dent", "swing" or "ring".
        centre_px: (x, y) on the canvas.
        radius_px: radius of the patch.
        push_px: (x, y) of the first displacement.
        rate_hz: rate of the swing or the rings.
        decay_s: time constant.
    """

    time_s: float
    kind: str
    centre_px: tuple[float, float]
    radius_px: float
    push_px: tuple[float, float]
    rate_hz: float
    decay_s: float

    def row(self, time_s: float) -> tuple[float, ...] | None:
        """Return its row of the warps at ``time_s``, None before the start and after the decay."""
        age = time_s - self.time_s
        if age < 0 or age > 4 * self.decay_s:
            return None
        fade = float(np.exp(-age / self.decay_s))
        rise = 1 - float(np.exp(-age / 0.015))
        x, y = self.centre_px
        if self.kind == "ring":
            radius = self.radius_px * (0.5 + 2.0 * age)
            return (x, y, 0.5 / radius**2, 0, 0, 0, 0, 2.5 * fade * rise, 2 * np.pi * self.rate_hz * age)
        narrow = 0.5 / self.radius_px**2
        if self.kind == "dent":
            size = fade * rise
            return (x, y, narrow, size * self.push_px[0], size * self.push_px[1], 0.25 * size, 0.25 * size, 0, 0)
        size = fade * float(np.cos(2 * np.pi * self.rate_hz * age)) * rise
        return (x, y, narrow, size * self.push_px[0], size * self.push_px[1], 0.1 * size, 0, 0, 0)


@dataclass(frozen=True)
class Shove:
    """A thing pushed by a touch: it rocks and comes to rest at a new position.

    Attributes:
        time_s: time of the start.
        surface: index of its surface.
        slide_px: (x, y) final displacement.
        rock_rad: first angle of rocking.
        rate_hz: rate of the rocking.
    """

    time_s: float
    surface: int
    slide_px: tuple[float, float]
    rock_rad: float
    rate_hz: float

    def offset(self, time_s: float) -> tuple[float, float, float]:
        """Return the displacement (x, y) in pixels and the angle at ``time_s``."""
        age = time_s - self.time_s
        if age <= 0:
            return (0.0, 0.0, 0.0)
        fraction = 1 - float(np.exp(-age / 0.05))
        angle = self.rock_rad * float(np.sin(2 * np.pi * self.rate_hz * age) * np.exp(-age / 0.18))
        return (fraction * self.slide_px[0], fraction * self.slide_px[1], angle)


@dataclass(frozen=True)
class Reactions:
    """All visible reactions of a video."""

    bursts: list[Burst]
    dents: list[Dent]
    shoves: list[Shove]

    def warps(self, time_s: float) -> np.ndarray:
        """Return the active dents at ``time_s``, (n, WARP_COLUMNS) float64."""
        rows = [row for dent in self.dents if (row := dent.row(time_s)) is not None]
        return np.array(rows, float).reshape(-1, WARP_COLUMNS)

    def offsets(self, time_s: float, surfaces: int) -> np.ndarray:
        """Return the displacement x, y in pixels and the angle of every surface, (surfaces, 3)."""
        out = np.zeros((surfaces, 3))
        for shove in self.shoves:
            out[shove.surface] += shove.offset(time_s)
        return out

    def particles(self, opens_s: float, closes_s: float, scene: Scene) -> np.ndarray:
        """Return the streaks of all visible bits while the shutter is open, (n, PARTICLE_COLUMNS) float64."""
        rows = []
        for burst in self.bursts:
            if not 0.0 <= closes_s - burst.time_s < 0.8 + burst.linger_s:
                continue
            first, _ = scene.camera.project(burst.positions(opens_s)[0])
            points, still_s = burst.positions(closes_s)
            second, scale = scene.camera.project(points)
            radius = np.maximum(burst.radii_m * scale, 0.4)
            streak = np.hypot(*(second - first).T)
            cover = np.clip(1 - still_s / burst.linger_s, 0, 1) * 2 * radius / (2 * radius + streak)
            rows.append(np.column_stack([first, second, radius, burst.colours, cover])[cover > 0.03])
        return np.concatenate(rows) if rows else np.zeros((0, PARTICLE_COLUMNS))


def draw_reactions(touches: list[Touch], scene: Scene, rng: np.random.Generator) -> Reactions:
    """Draw the reactions to every touch of a script."""
    out = Reactions([], [], [])
    for touch in touches:
        if touch.kind == "miss":
            continue
        force = float(np.clip((touch.speed_m_s / 2.0) ** 0.8, 0.25, 2.5))
        material = scene.surfaces[touch.surface].material
        if touch.reaction == "scatter":
            out.bursts.append(_bits(touch, scene, force, rng))
        elif touch.reaction == "splash":
            out.bursts.append(_drops(touch, scene, force, rng))
            out.dents.append(_dent(touch, scene, "ring", force, rng))
        elif touch.reaction == "rigid-motion" and scene.surfaces[touch.surface].thing:
            out.shoves.append(_shove(touch, force, out.shoves, rng))
        if touch.reaction == "deform" or material in {"leaf", "grass"}:
            springy = material in {"leaf", "grass", "paper", "plastic-bag"}
            out.dents.append(_dent(touch, scene, "swing" if springy else "dent", force, rng))
    return out


def _bits(touch: Touch, scene: Scene, force: float, rng: np.random.Generator) -> Burst:
    look = MATERIALS[scene.surfaces[touch.surface].material].appearance
    count = int(rng.integers(6, 30) * min(force, 1.5)) + 2
    size = max(look.fleck_m, 0.008) * {"blade": 0.3, "leaf": 0.4, "stone": 0.35}.get(look.flecks, 0.35)
    colour = scene.colours[touch.surface]
    colours = np.clip(colour * np.exp(0.35 * rng.standard_normal((count, 1))) + rng.normal(0, 10, (count, 3)), 5, 250)
    return _burst(touch, rng, count, 0.7 * force, size, colours, linger_s=0.6)


def _drops(touch: Touch, scene: Scene, force: float, rng: np.random.Generator) -> Burst:
    count = int(rng.integers(15, 50) * min(force, 1.6)) + 3
    white = rng.uniform(0.3, 1.0, (count, 1))
    colours = (1 - white) * scene.colours[touch.surface] + white * np.array([235.0, 238.0, 240.0])
    return _burst(touch, rng, count, 1.1 * force, 0.006, colours, linger_s=0.08)


def _burst(
    touch: Touch,
    rng: np.random.Generator,
    count: int,
    speed: float,
    size_m: float,
    colours: np.ndarray,
    linger_s: float,
) -> Burst:
    starts = np.array(touch.spot_m) + np.concatenate([rng.normal(0, 0.015, (count, 2)), np.zeros((count, 1))], axis=1)
    angle = rng.uniform(0, 2 * np.pi, count)
    out = 0.5 * speed * rng.rayleigh(1.0, count)
    velocities = np.stack([out * np.cos(angle), out * np.sin(angle), speed * (0.3 + rng.rayleigh(0.8, count))], axis=1)
    radii = size_m * np.exp(0.4 * rng.standard_normal(count))
    return Burst(touch.time_s, starts, velocities, radii, colours, linger_s)


def _dent(touch: Touch, scene: Scene, kind: str, force: float, rng: np.random.Generator) -> Dent:
    pixel, scale = scene.camera.project(np.array(touch.spot_m))
    below, _ = scene.camera.project(np.array(touch.spot_m) - [0.0, 0.0, 0.02])
    radius = float(scale) * rng.uniform(0.03, 0.09)
    push = (below - pixel) * force * rng.uniform(0.5, 1.5) + rng.normal(0, 0.004, 2) * scale * force
    push *= min(1.0, 0.6 * radius / max(float(np.hypot(*push)), 1e-6))
    return Dent(
        touch.time_s,
        kind,
        (float(pixel[0]) + MARGIN_PX, float(pixel[1]) + MARGIN_PX),
        radius,
        (float(push[0]), float(push[1])),
        float(rng.uniform(3.0, 8.0)),
        float(rng.uniform(0.1, 0.3)),
    )


def _shove(touch: Touch, force: float, earlier: list[Shove], rng: np.random.Generator) -> Shove:
    angle, length = rng.uniform(0, 2 * np.pi), min(force * rng.uniform(0.3, 1.8), 3.0)
    slide = np.array([length * np.cos(angle), 0.6 * length * np.sin(angle)])
    so_far = sum((np.array(s.slide_px) for s in earlier if s.surface == touch.surface), np.zeros(2))
    if slide @ so_far > 0 and np.hypot(*so_far) > 3:
        slide = -slide  # keeps a thing near its first position
    rock = float(rng.normal(0, 0.05) * min(force, 1.5))
    return Shove(touch.time_s, touch.surface, (float(slide[0]), float(slide[1])), rock, float(rng.uniform(4, 11)))
