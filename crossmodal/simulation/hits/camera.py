"""Pinhole camera above a table top or the ground: projection of metres to pixels and back."""

from dataclasses import dataclass

import numpy as np

_MIN_DEPTH_M = 0.12  # nearer points are drawn at this depth


@dataclass(frozen=True)
class Camera:
    """A camera that looks at the origin of the plane z = 0; x is right, y away from the camera, z up.

    Attributes:
        height_px, width_px: size of the image.
        focal_px: focal length.
        distance_m: distance of the lens from the origin.
        pitch_rad: downward angle of the view: 0 along the ground, pi / 2 straight down (or straight at a wall).
        roll_rad: rotation of the image.
        centre_px: (x, y) of the origin in the image.
    """

    height_px: int
    width_px: int
    focal_px: float
    distance_m: float
    pitch_rad: float
    roll_rad: float
    centre_px: tuple[float, float]

    def project(self, points_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the pixels (..., 2) as (x, y) of points (..., 3), and the scale there (...,) in pixels per metre."""
        sin, cos = np.sin(self.pitch_rad), np.cos(self.pitch_rad)
        right = points_m[..., 0]
        up = points_m[..., 1] * sin + points_m[..., 2] * cos
        depth = self.distance_m + points_m[..., 1] * cos - points_m[..., 2] * sin
        scale = self.focal_px / np.maximum(depth, _MIN_DEPTH_M)
        x, y = right * scale, -up * scale
        roll_sin, roll_cos = np.sin(self.roll_rad), np.cos(self.roll_rad)
        pixels = np.stack(
            [self.centre_px[0] + roll_cos * x - roll_sin * y, self.centre_px[1] + roll_sin * x + roll_cos * y], axis=-1
        )
        return pixels, scale

    def unproject(self, pixels: np.ndarray, height_m: float = 0.0) -> np.ndarray:
        """Return the points (..., 3) of the plane z = height_m at ``pixels`` (..., 2); beyond the horizon, far away."""
        sin, cos = np.sin(self.pitch_rad), np.cos(self.pitch_rad)
        shifted_x, shifted_y = pixels[..., 0] - self.centre_px[0], pixels[..., 1] - self.centre_px[1]
        roll_sin, roll_cos = np.sin(self.roll_rad), np.cos(self.roll_rad)
        right = (roll_cos * shifted_x + roll_sin * shifted_y) / self.focal_px
        up = -(-roll_sin * shifted_x + roll_cos * shifted_y) / self.focal_px
        fall = np.maximum(sin - up * cos, 0.05)  # loss of height of the ray per unit of depth
        depth = (self.distance_m * sin - height_m) / fall
        y = depth * cos + up * depth * sin - self.distance_m * cos
        return np.stack([right * depth, y, np.full_like(depth, height_m)], axis=-1)


def draw_camera(rng: np.random.Generator, size: tuple[int, int]) -> Camera:
    """Draw a camera for images of ``size`` (height, width) with random distance, pitch and roll."""
    height, width = size
    focal = width * rng.uniform(0.9, 1.7)
    view_m = np.exp(rng.uniform(np.log(0.5), np.log(1.3)))
    return Camera(
        height,
        width,
        focal,
        max(view_m * focal / width, 0.65),
        np.radians(rng.uniform(30, 88)),
        np.radians(rng.normal(0, 5)),
        (width * rng.uniform(0.42, 0.58), height * rng.uniform(0.45, 0.62)),
    )
