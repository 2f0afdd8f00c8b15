"""Things on the ground: a footprint extruded to a height, painted slice by slice."""

from dataclasses import dataclass

import numpy as np

from crossmodal.simulation.hits.camera import Camera
from crossmodal.simulation.hits.light import Light
from crossmodal.simulation.hits.material import Material
from crossmodal.simulation.hits.texture import noise_at, paint_plane, scatter_bits

_SLICES = 20
_UNEVEN = {"rock", "cloth", "plastic-bag", "leaf", "paper"}


@dataclass(frozen=True)
class Sprite:
    """A thing that can move, as an image on the canvas.

    Attributes:
        rgba: (rows, columns, 4) float32: colour, and opacity from 0 to 1.
        corner: (row, column) of the sprite on the canvas.
        centre: (x, y) of the rotation centre on the canvas.
        spots_m: (n, 3) points of its top that the stick can reach.
        depth_m: distance of its middle along the ground; nearer things occlude farther ones.
    """

    rgba: np.ndarray
    corner: tuple[int, int]
    centre: tuple[float, float]
    spots_m: np.ndarray
    depth_m: float


@dataclass(frozen=True)
class _Footprint:
    """A superellipse on the ground with an optionally uneven outline.

    Attributes:
        centre_m: (x, y) of the centre.
        half_m: (2,) half width and half depth.
        power: exponent, 2 for an ellipse, large for a rectangle.
        angle_rad: rotation.
        wobble: unevenness of the outline, relative to its size.
        height_m: height of the top.
        bulge: narrowing of the top relative to the foot, 0 to 1.
    """

    centre_m: np.ndarray
    half_m: np.ndarray
    power: float
    angle_rad: float
    wobble: float
    height_m: float
    bulge: float

    def inside_m(self, points_m: np.ndarray, fraction: float, bumps: np.ndarray | float = 0.0) -> np.ndarray:
        """Return the approximate distance in metres of points inside the outline at a fraction of the height.

        Negative outside.
        """
        x, y = points_m[..., 0] - self.centre_m[0], points_m[..., 1] - self.centre_m[1]
        cos, sin = np.cos(self.angle_rad), np.sin(self.angle_rad)
        u, v = np.abs(x * cos + y * sin) / self.half_m[0], np.abs(-x * sin + y * cos) / self.half_m[1]
        reach = (u**self.power + v**self.power) ** (1 / self.power)
        outline = np.sqrt(max(1 - self.bulge * fraction**2, 0.0)) - reach + 4 * self.wobble * bumps
        return np.asarray(outline * self.half_m.min())


def place_thing(
    rng: np.random.Generator,
    camera: Camera,
    light: Light,
    pixels: np.ndarray,
    ground: np.ndarray,
    material: Material,
) -> Sprite | None:
    """Draw a thing of ``material`` at random, paint it, and add its shadow to the ground.

    Args:
        rng: random generator for position, outline, size and height.
        camera: the projection.
        light: light that casts the shadow.
        pixels: (height, width, 2) image coordinates of the canvas.
        ground: (height, width, 3) canvas; the shadow is added in place.
        material: material of the thing.

    Returns:
        The thing, None if it is out of reach.
    """
    middle = np.array([camera.width_px * rng.uniform(0.1, 0.9), camera.height_px * rng.uniform(0.2, 0.95)])
    footprint, scale = _draw_footprint(rng, camera, middle, material)
    reach = int((1.6 * footprint.half_m.max() + footprint.height_m * (1 + np.hypot(*light.slope))) * scale) + 6
    corner = np.maximum((middle - pixels[0, 0] - reach).astype(int), 0)
    part = (slice(corner[1], corner[1] + 2 * reach), slice(corner[0], corner[0] + 2 * reach))
    near = pixels[part]
    if min(near.shape[:2]) < 8:
        return None
    bumps = noise_at(camera.unproject(near), rng, float(footprint.half_m.mean())) - 0.5
    rgba = _paint(rng, camera, light, near, material, footprint, bumps)
    covered = rgba[..., 3] > 0.5
    rows, columns = np.nonzero(covered)
    spots = _spots(rng, camera, near, footprint)
    if len(rows) < 60 or not len(spots):
        return None
    ground[part] *= 1 - _shadow(camera, light, near, footprint, bumps)[..., None]
    centre = (float(columns.mean() + corner[0]), float(rows.mean() + corner[1]))
    depth_m = float(footprint.centre_m[1])
    return Sprite(np.ascontiguousarray(rgba), (int(corner[1]), int(corner[0])), centre, spots, depth_m)


def _draw_footprint(
    rng: np.random.Generator, camera: Camera, middle: np.ndarray, material: Material
) -> tuple[_Footprint, float]:
    """Draw a footprint at a position of the image, and return it with the pixels per metre there."""
    centre = camera.unproject(middle)
    scale = float(camera.project(centre)[1])
    half = np.array([1.0, np.exp(0.4 * rng.standard_normal())]) * camera.width_px / scale
    half *= np.exp(rng.uniform(np.log(0.05), np.log(0.22)))
    height = min(float(half.min()), 0.25) * rng.choice([0.1, 0.5, 1.0, 1.6]) * rng.uniform(0.6, 1.2)
    uneven = material.name in _UNEVEN
    footprint = _Footprint(
        centre[:2],
        half,
        float(rng.choice([2.0, 2.6, 8.0])),
        float(rng.uniform(0, np.pi)),
        float(rng.uniform(0.1, 0.3)) if uneven else 0.0,
        float(height),
        float(rng.choice([0.0, 0.5, 0.9])) if uneven or rng.random() < 0.4 else 0.0,
    )
    return footprint, scale


def _shadow(camera: Camera, light: Light, pixels: np.ndarray, footprint: _Footprint, bumps: np.ndarray) -> np.ndarray:
    """Return the fraction of the light that the thing removes from the ground around it."""
    points = camera.unproject(pixels)
    scale = camera.project(points)[1]
    shade = np.zeros(pixels.shape[:2])
    for fraction in np.linspace(0, 1, 6):
        back = points - np.array([*light.slope, 0.0]) * fraction * footprint.height_m
        shade = np.maximum(
            shade, np.clip(footprint.inside_m(back, fraction, bumps) * scale / light.softness_px + 0.5, 0, 1)
        )
    return (0.15 + 0.85 * light.shadow) * shade


def _paint(
    rng: np.random.Generator,
    camera: Camera,
    light: Light,
    pixels: np.ndarray,
    material: Material,
    footprint: _Footprint,
    bumps: np.ndarray,
) -> np.ndarray:
    """Paint from the foot to the top, with darker sides and the top in full light."""
    rgba = np.zeros((*pixels.shape[:2], 4), np.float32)
    look = material.appearance
    key = int(rng.integers(1 << 32))
    for fraction in np.linspace(0, 1, _SLICES):
        points = camera.unproject(pixels, fraction * footprint.height_m)
        scale = camera.project(points)[1]
        cover = np.clip(footprint.inside_m(points, fraction, bumps) * scale + 0.5, 0, 1).astype(np.float32)
        if fraction in {0.0, 1.0}:  # the sides have the pattern of the foot: too little of them is visible to matter
            colour = paint_plane(look, points, np.random.default_rng(key)) * light.tint
            if look.flecks:
                squash = float(np.sin(camera.pitch_rad))
                scatter_bits(colour, cover, scale, squash, look, np.random.default_rng(key), light.slope)
        side = 1 if fraction == 1 else 0.55 + (0.45 if footprint.bulge else 0.1) * fraction
        lit = side + 0.4 * footprint.wobble * bumps
        rgba[..., :3] += cover[..., None] * (colour * np.asarray(lit)[..., None] - rgba[..., :3])
        rgba[..., 3] = np.maximum(rgba[..., 3], cover)
    return rgba


def _spots(rng: np.random.Generator, camera: Camera, pixels: np.ndarray, footprint: _Footprint) -> np.ndarray:
    """Draw points (n, 3) of the top, away from its edge and well within the image."""
    points = camera.unproject(pixels, footprint.height_m)
    x, y = pixels[..., 0] / camera.width_px, pixels[..., 1] / camera.height_px
    good = footprint.inside_m(points, 1.0) > 0.2 * footprint.half_m.min() * (1 - footprint.bulge)
    candidates = points[good & (x > 0.1) & (x < 0.9) & (y > 0.1) & (y < 0.92)]
    return np.asarray(candidates[rng.integers(len(candidates), size=40)] if len(candidates) else candidates)
