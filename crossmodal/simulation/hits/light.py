"""Light of a scene, indoors or outdoors."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Light:
    """Directional light with shadows.

    Attributes:
        slope: (x, y) displacement of a shadow on the ground per metre of height.
        shadow: fraction of the light that a shadow removes, 0 to 1.
        softness_px: width of the edge of a shadow.
        tint: (3,) gain of red, green and blue.
    """

    slope: tuple[float, float]
    shadow: float
    softness_px: float
    tint: np.ndarray

    def cast(self, points_m: np.ndarray, height_m: np.ndarray | float = 0.0) -> np.ndarray:
        """Return the shadow of points (..., 3) on the plane z = height_m."""
        above = np.maximum(points_m[..., 2] - height_m, 0.0)
        return np.stack(
            [
                points_m[..., 0] + self.slope[0] * above,
                points_m[..., 1] + self.slope[1] * above,
                points_m[..., 2] - above,
            ],
            axis=-1,
        )


def draw_light(rng: np.random.Generator, place: str) -> Light:
    """Draw the light of an "indoor" or "outdoor" place: the sun, an overcast sky, or lamps."""
    angle = rng.uniform(0, 2 * np.pi)
    sunny = place == "outdoor" and rng.random() < 0.6
    steepness = rng.uniform(0.3, 1.1) if sunny else rng.uniform(0.1, 0.6)
    warmth = rng.normal(0.0, 0.05) + (0.06 if place == "indoor" else 0.0)
    return Light(
        slope=(float(steepness * np.cos(angle)), float(steepness * np.sin(angle))),
        shadow=float(rng.uniform(0.4, 0.75) if sunny else rng.uniform(0.0, 0.35)),
        softness_px=float(rng.uniform(1.0, 3.0) if sunny else rng.uniform(4.0, 12.0)),
        tint=np.array([1 + warmth, 1.0, 1 - 1.3 * warmth]),
    )
