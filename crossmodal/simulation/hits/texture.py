"""Textures of surfaces: colour at every point of a plane, from noise, weaves, joints and loose bits."""

import numpy as np

from crossmodal.compiled import compiled
from crossmodal.simulation.hits.material import Appearance


@compiled
def _lattice(column: int, row: int, seed: int) -> float:
    """Return a hash of a lattice point in [0, 1)."""
    value = (column * 374761393 + row * 668265263 + seed * 1274126177) & 0xFFFFFFFF
    value = ((value ^ (value >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((value ^ (value >> 16)) & 0xFFFFFF) / 16777216.0


@compiled
def value_noise(x: np.ndarray, y: np.ndarray, seed: int, octaves: int, persistence: float, ridged: bool) -> np.ndarray:
    """Return fractal value noise at points (x, y), about [0, 1] with mean one half; ``ridged`` folds it to creases."""
    height, width = x.shape
    out = np.empty((height, width), np.float32)
    for i in range(height):
        for j in range(width):
            total, weight, weights, scale = 0.0, 1.0, 0.0, 1.0
            for octave in range(octaves):
                px, py = x[i, j] * scale + 17.3 * octave, y[i, j] * scale + 9.1 * octave
                column, row = int(np.floor(px)), int(np.floor(py))
                fx, fy = px - column, py - row
                fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
                top = _lattice(column, row, seed) * (1 - fx) + _lattice(column + 1, row, seed) * fx
                low = _lattice(column, row + 1, seed) * (1 - fx) + _lattice(column + 1, row + 1, seed) * fx
                value = top * (1 - fy) + low * fy
                if ridged:
                    value = abs(2 * value - 1)
                total += weight * value
                weights += weight
                weight *= persistence
                scale *= 2.03
            out[i, j] = total / weights
    return out


@compiled
def paint_bits(
    image: np.ndarray, mask: np.ndarray, bits: np.ndarray, colours: np.ndarray, shade_xy: tuple[float, float]
) -> None:
    """Paint ellipses (rows of ``bits``: x, y, half length, half width, angle) with small shadows, in place."""
    height, width = mask.shape
    for k in range(bits.shape[0]):
        for layer in range(2):
            dark = layer == 0
            x, y = bits[k, 0], bits[k, 1]
            if dark:
                x, y = x + shade_xy[0] * bits[k, 3], y + shade_xy[1] * bits[k, 3]
            a, b, cos, sin = bits[k, 2], bits[k, 3], np.cos(bits[k, 4]), np.sin(bits[k, 4])
            for i in range(max(int(y - a - 1), 0), min(int(y + a + 2), height)):
                for j in range(max(int(x - a - 1), 0), min(int(x + a + 2), width)):
                    u, v = (j - x) * cos + (i - y) * sin, -(j - x) * sin + (i - y) * cos
                    reach = np.sqrt((u / a) ** 2 + (v / b) ** 2)
                    cover = min(max((1.0 - reach) * b + 0.5, 0.0), 1.0) * mask[i, j]
                    if cover <= 0:
                        continue
                    if dark:
                        cover *= 0.45
                    bend = 1.0 + 0.25 * v / b
                    for c in range(3):
                        colour = 0.0 if dark else colours[k, c] * bend
                        image[i, j, c] += cover * (colour - image[i, j, c])


def noise_at(
    points_m: np.ndarray,
    rng: np.random.Generator,
    scale_m: float,
    *,
    stretch: float = 1.0,
    roughness: float = 0.5,
    ridged: bool = False,
) -> np.ndarray:
    """Return noise at points (height, width, >= 2) in metres with coarsest detail ``scale_m``, rotated at random."""
    angle = rng.uniform(0, np.pi)
    x = points_m[..., 0] * np.cos(angle) + points_m[..., 1] * np.sin(angle)
    y = -points_m[..., 0] * np.sin(angle) + points_m[..., 1] * np.cos(angle)
    octaves = 3 + round(4 * roughness)
    seed = int(rng.integers(1 << 24))
    return value_noise(x / (scale_m * stretch), y / scale_m, seed, octaves, 0.35 + 0.4 * roughness, ridged)


def paint_plane(appearance: Appearance, points_m: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the colours (height, width, 3), float32 0 to 255, of a material at points (height, width, 3) in metres."""
    palette = np.array(appearance.palette, np.float32)
    first, second = palette[rng.permutation(len(palette))[:2]]
    first = np.clip(first * np.exp(0.15 * rng.standard_normal()) + rng.normal(0, 8, 3), 8, 250)
    if rng.random() < 0.6 and appearance.weave_m == 0:
        second = first * rng.uniform(0.5, 0.8)  # usually one colour, lighter and darker
    noise = noise_at(
        points_m,
        rng,
        appearance.scale_m * np.exp(0.3 * rng.standard_normal()),
        stretch=appearance.stretch,
        roughness=appearance.roughness,
        ridged=appearance.ridged,
    )
    noise = np.clip(0.5 + (noise - noise.mean()) / max(4 * float(noise.std()), 1e-6), 0, 1)
    blend = appearance.contrast * noise
    if appearance.weave_m > 0:
        blend = np.clip(blend + _weave(points_m, appearance.weave_m, rng), 0, 1)
    colour = first + (second - first) * blend[..., None]
    colour *= (1 + 0.35 * appearance.contrast * (noise - 0.5))[..., None]
    if appearance.grid_m > 0:
        colour *= _joints(points_m, appearance.grid_m * rng.uniform(0.6, 1.6), rng)[..., None]
    if appearance.gloss > 0:
        colour += appearance.gloss * _highlight(points_m, rng)[..., None]
    return np.asarray(np.clip(colour, 0, 255), np.float32)


def _weave(points_m: np.ndarray, period_m: float, rng: np.random.Generator) -> np.ndarray:
    """Return stripes, checks or dots of a woven or printed thing, 0 to about 0.5."""
    angle, period = rng.uniform(0, np.pi), period_m * np.exp(rng.normal(0.3, 0.5))
    u = 2 * np.pi * (points_m[..., 0] * np.cos(angle) + points_m[..., 1] * np.sin(angle)) / period
    v = 2 * np.pi * (-points_m[..., 0] * np.sin(angle) + points_m[..., 1] * np.cos(angle)) / period
    kind = rng.integers(4)
    if kind == 0:
        return np.zeros_like(u)
    if kind == 1:
        return np.asarray(0.5 * np.clip(0.5 + 2 * np.sin(u), 0, 1))
    if kind == 2:
        return np.asarray(0.25 * np.clip(0.5 + 2 * np.sin(u), 0, 1) + 0.25 * np.clip(0.5 + 2 * np.sin(v), 0, 1))
    return np.asarray(0.5 * np.clip(4 * (np.sin(u) * np.sin(v) - 0.3), 0, 1))


def _joints(points_m: np.ndarray, distance_m: float, rng: np.random.Generator) -> np.ndarray:
    """Return the brightness of a tiled floor: dark joints, and a separate factor for each tile."""
    angle = rng.uniform(0, np.pi / 2)
    u = (points_m[..., 0] * np.cos(angle) + points_m[..., 1] * np.sin(angle)) / distance_m
    v = (-points_m[..., 0] * np.sin(angle) + points_m[..., 1] * np.cos(angle)) / distance_m
    edge = np.minimum(np.abs(u - np.round(u)), np.abs(v - np.round(v))) * distance_m
    tile = np.sin(12.9898 * np.floor(u + 0.5) + 78.233 * np.floor(v + 0.5)) * 43758.5453
    joint = 0.62 + 0.38 * np.clip(edge / 0.003 - 0.6, 0, 1)
    return np.asarray(joint * (0.94 + 0.12 * (tile - np.floor(tile))))


def _highlight(points_m: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a soft streak of reflected light in grey levels."""
    angle, centre = rng.uniform(0, np.pi), rng.normal(0, 0.2, 2)
    x, y = points_m[..., 0] - centre[0], points_m[..., 1] - centre[1]
    u, v = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
    width = rng.uniform(0.03, 0.15)
    height, stretch = rng.uniform(20, 80), rng.uniform(1.5, 6)
    return np.asarray(height * np.exp(-0.5 * ((u / width) ** 2 + (v / (width * stretch)) ** 2)))


def scatter_bits(
    image: np.ndarray,
    mask: np.ndarray,
    scale_px_m: np.ndarray,
    squash: float,
    appearance: Appearance,
    rng: np.random.Generator,
    light_xy: tuple[float, float],
    cover: tuple[float, float] = (0.6, 2.2),
) -> None:
    """Scatter the loose bits of a material over ``image`` (height, width, 3) where ``mask`` is set, in place.

    Args:
        image: float32 colours.
        mask: (height, width), 0 to 1.
        scale_px_m: (height, width), pixels per metre.
        squash: foreshortening of a flat thing in height, 0 to 1.
        appearance: shape, size and palette of the bits.
        rng: random generator.
        light_xy: direction of the shadows, in pixels.
        cover: range of the area of all bits divided by the area of the mask.
    """
    rows, columns = np.nonzero(mask > 0.5)
    if not len(rows):
        return
    length_px = appearance.fleck_m * np.exp(0.3 * rng.standard_normal()) * float(np.median(scale_px_m[rows, columns]))
    slim = {"leaf": 0.45, "stone": 0.75, "blade": 0.12}[appearance.flecks]
    area = max(np.pi * 0.25 * length_px**2 * slim, 1.0)
    count = int(min(len(rows) / area * rng.uniform(*cover), 6000))
    chosen = rng.integers(len(rows), size=count)
    half = 0.5 * appearance.fleck_m * np.exp(0.35 * rng.standard_normal(count))
    half *= scale_px_m[rows[chosen], columns[chosen]] * length_px / max(length_px, 1e-6)
    bits = np.empty((count, 5), np.float32)
    bits[:, 0], bits[:, 1] = columns[chosen], rows[chosen]
    bits[:, 2] = np.maximum(half, 0.8)
    bits[:, 3] = np.maximum(half * slim * np.exp(0.2 * rng.standard_normal(count)) * (0.4 + 0.6 * squash), 0.5)
    bits[:, 4] = rng.uniform(-np.pi, np.pi, count)
    palette = np.array(appearance.palette, np.float32)
    few = palette[rng.permutation(len(palette))[: int(rng.integers(2, len(palette) + 1))]]
    colours = few[rng.integers(len(few), size=count)] * np.exp(0.25 * rng.standard_normal((count, 1)))
    paint_bits(image, mask.astype(np.float32), bits, np.clip(colours, 5, 250).astype(np.float32), light_xy)
