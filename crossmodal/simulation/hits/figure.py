"""Arm, hand and stick of the person who strikes, projected into the image, with their shadows."""

from dataclasses import dataclass

import numpy as np

from crossmodal.simulation.hits.camera import Camera
from crossmodal.simulation.hits.kernel import HAND, LIMB_COLUMNS, SHADOW, SLEEVE, STICK
from crossmodal.simulation.hits.light import Light
from crossmodal.simulation.hits.motion import Build, Pose

LIMBS = 9
_SKIN = np.array([[238, 196, 172], [224, 172, 140], [190, 132, 100], [140, 92, 66], [92, 60, 46]], float)
_STICKS = np.array([[206, 160, 100], [226, 190, 140], [168, 118, 70], [214, 176, 130], [120, 84, 56]], float)


@dataclass(frozen=True)
class Figure:
    """Colours and sizes of the person, constant over one video.

    Attributes:
        build: see `Build`.
        stick_rgb, skin_rgb, cloth_rgb: (3,) colours.
        sleeve: (10,) pattern for the kernel: kind, two wave numbers, threshold, two more colours.
        stick_radius_m: radius of the stick at the hand; the tip is thinner.
        forearm_m: length from the wrist to the elbow.
        elbow: (x, y, z) direction from the hand to the elbow.
        bare_m: length of the forearm without sleeve.
    """

    build: Build
    stick_rgb: np.ndarray
    skin_rgb: np.ndarray
    cloth_rgb: np.ndarray
    sleeve: np.ndarray
    stick_radius_m: float
    forearm_m: float
    elbow: np.ndarray
    bare_m: float

    def limbs(self, pose: Pose, camera: Camera, light: Light, heights_m: np.ndarray) -> np.ndarray:
        """Return the limbs to draw at the times of a pose.

        Args:
            pose: hands and tips (times, 3).
            camera: the projection.
            light: direction and strength of the shadows.
            heights_m: (times,) height of the surface under the tip, which receives the shadows.

        Returns:
            (times, LIMBS, LIMB_COLUMNS) float64, in the order of drawing: shadows, then arm, stick and hand.
        """
        hand, tip = pose.hand_m, pose.tip_m
        along = (tip - hand) / self.build.stick_m
        butt = hand - 0.05 * along
        elbow = hand + self.forearm_m * self.elbow
        shoulder = elbow + 0.35 * self.elbow * np.array([1.0, 1.0, 0.6])
        wrist = hand + 0.06 * self.elbow
        cuff = hand + (0.06 + self.bare_m) * self.elbow
        knuckle, grip = hand + 0.028 * along, hand - 0.018 * along
        thumb = hand + 0.045 * along + np.array([0.0, 0.0, 0.008])
        thick, thin = self.stick_radius_m, 0.55 * self.stick_radius_m
        floor = heights_m
        out = np.empty((len(hand), LIMBS, LIMB_COLUMNS))
        dark, edge = 0.9 * light.shadow, light.softness_px
        black = np.zeros(3)

        def put(k: int, a: np.ndarray, ra: float, b: np.ndarray, rb: float, rgb: np.ndarray, kind: int) -> None:
            first, scale_a = camera.project(a)
            second, scale_b = camera.project(b)
            out[:, k, 0:2], out[:, k, 2] = first, ra * scale_a
            out[:, k, 3:5], out[:, k, 5] = second, rb * scale_b
            out[:, k, 6:9] = rgb
            out[:, k, 9], out[:, k, 10] = (dark, edge) if kind == SHADOW else (1.0, 1.0)
            out[:, k, 11] = kind
            out[:, k, 12] = np.linalg.norm(b - a, axis=1)

        put(0, light.cast(wrist, floor), 0.03, light.cast(elbow, floor), 0.05, black, SHADOW)
        put(1, light.cast(butt, floor), thick, light.cast(tip, floor), thin, black, SHADOW)
        put(2, elbow, 0.052, shoulder, 0.07, self.cloth_rgb, SLEEVE)
        put(3, wrist, 0.026, cuff, 0.032, self.skin_rgb, HAND)
        put(4, cuff, 0.038, elbow, 0.052, self.cloth_rgb, SLEEVE)
        put(5, butt, thick, tip, thin, self.stick_rgb, STICK)
        put(6, grip, 0.034, wrist, 0.028, self.skin_rgb, HAND)
        put(7, grip, 0.030, knuckle, 0.026, 0.94 * self.skin_rgb, HAND)
        put(8, hand, 0.014, thumb, 0.010, 1.04 * self.skin_rgb, HAND)
        return out


def draw_figure(rng: np.random.Generator, camera: Camera, light: Light) -> Figure:
    """Draw a random person: from the left, the right, below or above the image, with long or short sleeves."""
    side = rng.choice([0.0, np.pi, 0.5 * np.pi, -0.5 * np.pi], p=[0.36, 0.36, 0.23, 0.05])
    azimuth = float(side + rng.normal(0, 0.45))
    build = Build(
        stick_m=float(rng.uniform(0.22, 0.4)),
        azimuth_rad=azimuth,
        grip_m=float(rng.uniform(0.02, 0.17)),
        wrist_fraction=float(rng.uniform(0.45, 0.95)),
        lift_m=float(rng.uniform(0.12, 0.38)),
        rest_m=float(rng.uniform(0.05, 0.3)),
    )
    back = azimuth + np.pi + rng.normal(0, 0.5)
    elbow = np.array([np.cos(back), np.sin(back), rng.uniform(0.05, 0.6)])
    kind = float(rng.choice([0, 0, 0, 1, 2]))
    sleeve = np.concatenate(
        [[kind, rng.uniform(60, 220), rng.uniform(2, 6), rng.uniform(0.2, 0.8)], rng.uniform(15, 245, 6)]
    )
    tint = light.tint * rng.uniform(0.8, 1.15)
    cloth = (
        rng.uniform(15, 235, 3)
        if rng.random() < 0.5
        else np.full(3, rng.choice([22, 40, 120, 230])) + rng.normal(0, 8, 3)
    )
    sticks = _STICKS[rng.integers(len(_STICKS))] + rng.normal(0, 8, 3)
    return Figure(
        build,
        sticks * tint,
        _SKIN[rng.integers(len(_SKIN))] * tint,
        cloth * tint,
        sleeve,
        float(rng.uniform(0.006, 0.010)),
        0.26,
        elbow / np.linalg.norm(elbow),
        float(rng.choice([0.0, 0.02, 0.2])),
    )
