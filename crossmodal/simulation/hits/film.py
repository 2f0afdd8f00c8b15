"""Render the frames of a scene, each averaged over its exposure."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from crossmodal.simulation.hits.figure import Figure
from crossmodal.simulation.hits.kernel import draw_background, draw_limbs, draw_particles, expose
from crossmodal.simulation.hits.motion import Motion
from crossmodal.simulation.hits.reaction import Reactions
from crossmodal.simulation.hits.scene import MARGIN_PX, Scene

_MAX_MOMENTS = 12
_RESOLUTION = np.array([100.0, 100.0, 10_000.0])  # steps of displacements per pixel, per pixel and per radian
_BLOCK = 64  # exposures whose limbs are computed together
_STEP_PX = 1.6  # largest movement of the tip between two moments of an exposure, approximately


@dataclass(frozen=True)
class Look:
    """Rendering parameters of the camera; slow changes are sums of sine waves.

    Attributes:
        exposure_fraction: exposure time as a fraction of the frame period.
        shake_px: amplitude of the hand-held sway, 0 on a tripod.
        flicker: relative change of brightness.
        waves: (n, 3) rate in Hz, phase and weight of the slow changes.
        vignette: (height, width) float32.
        curve: (1024,) uint8, the tone curve over light 0 to 512.
        saturation: factor of the colour saturation.
        noise: (rows, columns) float32 grain.
        moves: see `kernel.draw_background`.
        compression: constant rate factor of the video file.
    """

    exposure_fraction: float
    shake_px: float
    flicker: float
    waves: np.ndarray
    vignette: np.ndarray
    curve: np.ndarray
    saturation: float
    noise: np.ndarray
    moves: tuple[float, float, float, float]
    compression: int


def draw_look(rng: np.random.Generator, scene: Scene) -> Look:
    """Draw random rendering parameters: exposure, contrast, colour, grain and shake."""
    height, width = scene.camera.height_px, scene.camera.width_px
    row, column = np.mgrid[:height, :width]
    radius = np.hypot((row - height / 2) / height, (column - width / 2) / width)
    curve, gain = _draw_curve(rng, scene)
    hand_held = rng.random() < 0.4
    return Look(
        exposure_fraction=float(rng.uniform(0.25, 0.95)),
        shake_px=float(rng.uniform(0.4, 3.0)) if hand_held else 0.0,
        flicker=float(rng.choice([0.0, 0.01, 0.04]) * rng.random()),
        waves=np.stack([rng.uniform(0.15, 3.0, 8), rng.uniform(0, 2 * np.pi, 8), rng.uniform(0.3, 1.0, 8)], axis=1),
        vignette=np.asarray(1 - rng.uniform(0, 0.5) * radius**2, np.float32),
        curve=curve,
        saturation=float(rng.uniform(0.4, 1.05)),
        noise=np.asarray(rng.normal(0, rng.uniform(0.3, 3.0), (199, 307)) / gain, np.float32),
        moves=(
            float(rng.uniform(0.4, 1.4)),
            float(rng.uniform(20, 120)),
            float(rng.choice([0.0, 0.5, 1.2]) * rng.random()),
            float(rng.uniform(0.08, 0.25)),
        ),
        compression=int(rng.integers(17, 27)),
    )


def _draw_curve(rng: np.random.Generator, scene: Scene) -> tuple[np.ndarray, float]:
    """Draw a tone curve (1024,) uint8 that gives the scene a random mean brightness, and return it with its gain."""
    light = scene.canvas()[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX].mean(-1).ravel()[::7]
    target, contrast, gamma = rng.uniform(72, 148), rng.uniform(0.75, 1.2), np.exp(0.12 * rng.standard_normal())
    gain = target / max(float(light.mean()), 1.0)
    for _ in range(6):
        middle = target / 255
        table = middle + contrast * ((np.arange(1024) / 510 * gain) ** gamma - middle)
        table = np.where(table > 0.8, 1 - 0.2 * np.exp(-(table - 0.8) / 0.2), table)  # highlights roll off
        table = np.where(table < 0.1, 0.1 * np.exp((table - 0.1) / 0.1), table)
        curve = np.clip(255 * table, 0, 255).astype(np.uint8)
        gain *= float(target / max(curve[np.minimum(2 * light, 1023).astype(int)].mean(), 1.0)) ** 0.8
    return curve, float(gain)


def film(
    scene: Scene,
    figure: Figure,
    motion: Motion,
    reactions: Reactions,
    look: Look,
    times_s: np.ndarray,
    frame_rate_hz: Fraction,
    rng: np.random.Generator,
) -> Iterator[np.ndarray]:
    """Yield uint8 images (height, width, 3) at ``times_s``; each exposure is centred on its time.

    An image depends on its time and its index in ``times_s`` (for the grain), not on earlier images.
    """
    height, width = scene.camera.height_px, scene.camera.width_px
    size = (height, width, 3)
    image, layer, sums = np.empty(size, np.float32), np.empty(size, np.float32), np.empty(size, np.float32)
    at, canvas = np.zeros((len(scene.surfaces), 3)), scene.canvas()
    open_s = look.exposure_fraction / float(frame_rate_hz)
    shifts = rng.integers(0, 199, (len(times_s), 2))
    moves = look.moves if scene.water.any() or scene.plants.any() else (0.0, 0.0, 0.0, 0.0)
    all_limbs = _limbs(figure, motion, scene, times_s, open_s)
    for index, (time_s, limbs) in enumerate(zip(times_s, all_limbs, strict=True)):
        # Rounded to an invisible hundredth of a pixel, offsets become constant and the canvas can be reused.
        offsets = np.round(reactions.offsets(float(time_s), len(scene.surfaces)) * _RESOLUTION) / _RESOLUTION
        if not np.array_equal(offsets, at):
            at, canvas = offsets, scene.canvas(offsets)
        shake_x, shake_y, gain = _unsteadiness(look, float(time_s))
        warps = reactions.warps(float(time_s))
        draw_background(
            image,
            canvas,
            MARGIN_PX + shake_x,
            MARGIN_PX + shake_y,
            warps,
            scene.water,
            scene.plants,
            moves,
            float(time_s),
        )
        limbs[..., [0, 3]] -= shake_x
        limbs[..., [1, 4]] -= shake_y
        draw_limbs(image, limbs, figure.sleeve, layer, sums)
        particles = reactions.particles(float(time_s) - open_s / 2, float(time_s) + open_s / 2, scene)
        draw_particles(image, particles)
        out = np.empty(size, np.uint8)
        shift = (int(shifts[index, 0]), int(shifts[index, 1]))
        expose(out, image, gain, look.vignette, look.curve, look.saturation, look.noise, shift)
        yield out


def _spaced(moments: int) -> np.ndarray:
    """Return evenly spaced moments of an exposure between -1/2 and 1/2, centred on 0."""
    return (np.arange(moments) + 0.5) / moments - 0.5


def _moments(motion: Motion, scene: Scene, times_s: np.ndarray, open_s: float) -> np.ndarray:
    """Return the number of moments of each exposure, from the path length of the tip in the image."""
    path_px = np.zeros(len(times_s))
    before, _ = scene.camera.project(motion.pose(times_s - open_s / 2).tip_m)
    for fraction in (0.0, 0.5):
        after, _ = scene.camera.project(motion.pose(times_s + fraction * open_s).tip_m)
        path_px += np.hypot(*(after - before).T)
        before = after
    return np.clip(np.ceil(path_px / _STEP_PX), 1, _MAX_MOMENTS).astype(int)


def _limbs(figure: Figure, motion: Motion, scene: Scene, times_s: np.ndarray, open_s: float) -> Iterator[np.ndarray]:
    """Yield the limbs (moments, LIMBS, LIMB_COLUMNS) of each exposure.

    Those of many exposures are found at once: arrays of a few moments cost numpy more than their numbers do.
    """
    moments = _moments(motion, scene, times_s, open_s)
    for first in range(0, len(times_s), _BLOCK):
        counts = moments[first : first + _BLOCK]
        within = np.concatenate([_spaced(count) for count in counts])
        at_s = np.repeat(times_s[first : first + _BLOCK], counts) + open_s * within
        limbs = figure.limbs(motion.pose(at_s), scene.camera, scene.light, motion.height_m(at_s))
        yield from np.split(limbs, np.cumsum(counts)[:-1])


def _unsteadiness(look: Look, time_s: float) -> tuple[float, float, np.ndarray]:
    """Return the sway (x, y) in pixels, within the margin of the canvas, and the gain (3,) of the light."""
    rates, phases, weights = look.waves.T
    waves = weights * np.sin(2 * np.pi * rates * time_s + phases)
    limit = MARGIN_PX - 2.0
    x = float(np.clip(look.shake_px * waves[:4].sum(), -limit, limit))
    y = float(np.clip(look.shake_px * 0.8 * waves[4:].sum(), -limit, limit))
    return x, y, np.full(3, 1 + look.flicker * waves[::2].sum())
