"""Iterated function systems by class: two published distributions of affine maps, and the selection of systems.

References:
    Kataoka et al., "Pre-training without natural images", ACCV 2020, section 3 (FractalDB).
    Anderson & Farrell, "Improving fractal pre-training", WACV 2022, section 3.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from crossmodal.compiled import compiled
from crossmodal.noise.fractals.chaos_game import CHAINS, CHOICE_BITS, ESCAPE, play
from crossmodal.randomness import generator, stream_key

#: Least and greatest number of maps of a system, by law.
MAPS = {"contractive": (2, 4), "uniform": (2, 7)}
#: Least fraction of the canvas that a system of the uniform law covers.
LEAST_COVERAGE = 0.2
#: (parameter, factor): the factor of this parameter in all maps; the first is the identity.
WEIGHTINGS = ((0, 1.0), *((parameter, factor) for parameter in range(6) for factor in (0.2, 0.6, 1.4, 1.8)))

_CANVAS, _MARGIN, _POINTS = 512, 6, 100_000
# A system that covers too little of a coarse canvas with its first points also fails on the full canvas.
_SKETCH, _SKETCH_STEPS = 64, 32
# Least coverage of a weighted system; below it the points have diverged or collapsed.
_DUST = 0.05


@dataclass(frozen=True, eq=False)
class System:
    """The maps of a class: float32 (maps, 6), and the indices of the usable `WEIGHTINGS`."""

    maps: NDArray[np.float32]
    weightings: tuple[int, ...] = (0,)


@lru_cache(maxsize=1 << 14)
def find_system(law: str, least: int, most: int, label: int) -> System:
    """Return the system of class ``label``; it depends only on the arguments, so it is the same for all seeds.

    Args:
        law: "contractive" or "uniform".
        least: least number of maps, which is uniform from ``least`` to ``most``.
        most: greatest number of maps.
        label: a non-negative integer.
    """
    rng = generator(0, f"noise/fractals/{law}/{least}/{most}", label)
    if law == "contractive":
        return System(draw_contractive(rng, int(rng.integers(least, most + 1))))
    while True:
        maps = rng.uniform(-1, 1, (int(rng.integers(least, most + 1)), 6)).astype(np.float32)
        if _coverage_of(maps, maps, label, _SKETCH) < LEAST_COVERAGE:
            continue
        if measure_coverage(maps, label) >= LEAST_COVERAGE:
            return System(maps, tuple(_usable_weightings(maps, label)))


def draw_contractive(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Draw ``count`` maps U S V^T with random orthogonal U and V and singular values of at most 1.

    The sum of s1 + 2 s2 over the maps, with singular values s1 >= s2, is uniform in ((5 + count) / 2, (6 + count) / 2),
    where images are neither too sparse nor too dense (Anderson & Farrell, section 3.2). Translations are uniform in -1
    to 1.
    """
    values = _split(rng, rng.uniform((5 + count) / 2, (6 + count) / 2), count)
    linear = (_orthogonal(rng, count) * values[:, None, :]) @ _orthogonal(rng, count)
    return np.concatenate([linear.reshape(count, 4), rng.uniform(-1, 1, (count, 2))], axis=1).astype(np.float32)


def _split(rng: np.random.Generator, total: float, count: int) -> NDArray[np.float64]:
    """Split a total of s1 + 2 s2 over ``count`` pairs 1 >= s1 >= s2 >= 0, each uniform in its remaining range."""
    pairs = np.empty((count, 2))
    for i in range(count):
        rest = 3.0 * (count - 1 - i)  # the greatest sum of the following pairs
        if rest == 0:
            second = rng.uniform(max(0.0, (total - 1) / 2), total / 3)
            first = total - 2 * second
        else:
            first = rng.uniform(max(0.0, (total - rest) / 3), min(1.0, total))
            second = rng.uniform(max(0.0, (total - rest - first) / 2), min(first, (total - first) / 2))
        pairs[i] = first, second
        total -= first + 2 * second
    return pairs


def _orthogonal(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Draw rotations, half of them with a reflection: (count, 2, 2)."""
    angle, sign = rng.uniform(-math.pi, math.pi, count), rng.choice([-1.0, 1.0], count)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([cos, -sin * sign], -1), np.stack([sin, cos * sign], -1)], -2)


def limits_of(maps: NDArray[np.floating]) -> NDArray[np.int32]:
    """Return the cumulative probabilities of maps (..., maps, 6), which are proportional to their determinants.

    Returns int32 (..., maps - 1), times 2**CHOICE_BITS.
    """
    sizes = np.abs(maps[..., 0] * maps[..., 3] - maps[..., 1] * maps[..., 2]).astype(np.float64)
    cumulative = np.cumsum(sizes, -1)
    probabilities = cumulative[..., :-1] / np.maximum(cumulative[..., -1:], 1e-300)
    limits: NDArray[np.int32] = np.round(probabilities * 2**CHOICE_BITS).astype(np.int32)
    return limits


def start_of(maps: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return a point of the attractor of maps (..., maps, 6): the fixed point of the most contractive map, (..., 2)."""
    smallest = (maps[..., :4] ** 2).sum(-1).argmin(-1)
    a, b, c, d, e, f = np.moveaxis(np.take_along_axis(maps, smallest[..., None, None], -2)[..., 0, :], -1, 0)
    determinant = (1.0 - a) * (1.0 - d) - b * c
    determinant = np.where(np.abs(determinant) < 1e-6, 1e-6, determinant)
    return np.stack([(e * (1 - d) + b * f) / determinant, (f * (1 - a) + c * e) / determinant], -1).astype(np.float32)


def measure_coverage(maps: NDArray[np.float32], label: int) -> float:
    """Return the fraction of a canvas of 512 x 512 pixels that 100,000 points of the chaos game cover."""
    return _coverage_of(maps, maps, label, _CANVAS)


def _coverage_of(maps: NDArray[np.float32], weighted: NDArray[np.float32], label: int, side: int) -> float:
    steps, margin = (_SKETCH_STEPS, 0) if side == _SKETCH else (math.ceil(_POINTS / CHAINS), _MARGIN)
    points = np.empty((steps, CHAINS, 2), np.float32)
    play(points, weighted, limits_of(maps), start_of(weighted), label, stream_key(0, "noise/fractals/search"))
    return _coverage(points.reshape(-1, 2), side, margin)


def _usable_weightings(maps: NDArray[np.float32], label: int) -> list[int]:
    kept = []
    for number, weighting in enumerate(WEIGHTINGS):
        weighted = maps.copy()
        weighted[:, weighting[0]] *= weighting[1]
        if number == 0 or _coverage_of(maps, weighted, label, _SKETCH) >= _DUST:
            kept.append(number)
    return kept


@compiled
def _coverage(points: NDArray[np.float32], side: int, margin: int) -> float:
    """Return the fraction of a square canvas that points (n, 2) cover, with their box scaled to it less a margin."""
    low_x, low_y, high_x, high_y = np.inf, np.inf, -np.inf, -np.inf
    for i in range(points.shape[0]):
        x, y = points[i, 0], points[i, 1]
        if not (abs(x) < ESCAPE and abs(y) < ESCAPE):
            return 0.0
        low_x, high_x = min(low_x, x), max(high_x, x)
        low_y, high_y = min(low_y, y), max(high_y, y)
    if high_x <= low_x or high_y <= low_y:
        return 0.0
    inside = side - 2 * margin
    canvas = np.zeros((side, side), np.bool_)
    for i in range(points.shape[0]):
        column = int((points[i, 0] - low_x) / (high_x - low_x) * inside) + margin
        row = int((points[i, 1] - low_y) / (high_y - low_y) * inside) + margin
        canvas[min(row, side - 1), min(column, side - 1)] = True
    return float(canvas.sum() / (side * side))
