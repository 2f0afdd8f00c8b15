"""The path of a walk: straight, oblique or curved over the mat."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.walks.mat import Mat

PathKind = Literal["straight", "oblique", "turning"]
PATH_KINDS: tuple[PathKind, ...] = get_args(PathKind)

_STEP_MM = 10.0
_RUN_UP_MM = 600.0  # distance from the mat at which paths begin and end
_LONGEST_MM = 9000.0


@dataclass(frozen=True, eq=False)
class Path:
    """A path as points every 10 mm.

    Attributes:
        points_mm: (n, 2) as (y, x).
        headings_rad: (n,) direction at each point, 0 along y, pi / 2 along x.
    """

    points_mm: NDArray[np.float64]
    headings_rad: NDArray[np.float64]

    @property
    def length_mm(self) -> float:
        """Length from the first point to the last."""
        return (len(self.points_mm) - 1) * _STEP_MM

    def at(self, distance_mm: float) -> tuple[NDArray[np.float64], float]:
        """Return the point (y, x) and the heading at a distance from the beginning."""
        position = distance_mm / _STEP_MM
        index = int(np.clip(np.floor(position), 0, len(self.points_mm) - 2))
        heading = float(np.interp(position, [index, index + 1], self.headings_rad[index : index + 2]))
        first, second = self.points_mm[index], self.points_mm[index + 1]
        return first + (position - index) * (second - first), heading


def draw_path(rng: np.random.Generator, kind: PathKind, mat: Mat, backwards: bool = False) -> Path:
    """Draw a path across the mat, along its longer side; ``backwards`` reverses its direction."""
    size, centre = np.array(mat.size_mm), np.array(mat.centre_mm)
    along = int(size[1] > size[0])
    heading = 0.5 * np.pi * along + np.pi * backwards
    loose = 0.12 if kind == "straight" else 0.2
    middle = centre + rng.uniform(-loose, loose, 2) * size
    if kind == "straight":
        heading += rng.normal(0.0, np.deg2rad(1.0))
        bend = 0.0
    elif kind == "oblique":
        steepest = np.arctan2(size.min(), 0.5 * size.max())
        heading += rng.choice([-1.0, 1.0]) * rng.uniform(np.deg2rad(8.0), max(steepest, np.deg2rad(15.0)))
        bend = 0.0
    else:
        heading += rng.normal(0.0, np.deg2rad(10.0))
        bend = rng.choice([-1.0, 1.0]) / rng.uniform(600.0, 1800.0)
    ahead = _march(middle, heading, bend, mat)
    behind = _march(middle, heading + np.pi, -bend, mat)
    points = np.concatenate([behind[0][:0:-1], ahead[0]])
    headings = np.concatenate([behind[1][:0:-1] - np.pi, ahead[1]])
    return Path(points, headings)


def _march(
    start: NDArray[np.float64], heading: float, bend: float, mat: Mat
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points and headings from ``start`` to beside the mat; a bend grows over the first half metre."""
    distance = np.arange(0.0, 0.5 * _LONGEST_MM, _STEP_MM)
    headings = heading + bend * np.where(distance < 500.0, distance**2 / 1000.0, distance - 250.0)
    middle = 0.5 * (headings[1:] + headings[:-1])
    steps = _STEP_MM * np.stack([np.cos(middle), np.sin(middle)], axis=1)
    points = start + np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    beside = np.maximum(-points, points - np.array(mat.size_mm)).max(axis=1) > _RUN_UP_MM
    end = int(beside.argmax()) + 1 if beside.any() else len(points)
    return points[:end], headings[:end]
