"""Compiled loops of the rendering: background with warps, limbs with motion blur, particles, and the sensor."""

import numpy as np

from crossmodal.compiled import compiled

LIMB_COLUMNS = 13  # x0, y0, radius 0, x1, y1, radius 1, red, green, blue, opacity, edge width, kind, length in metres
SHADOW, STICK, SLEEVE, HAND = 0, 1, 2, 3


@compiled
def draw_background(
    out: np.ndarray,
    canvas: np.ndarray,
    corner_x: float,
    corner_y: float,
    warps: np.ndarray,
    water: np.ndarray,
    plants: np.ndarray,
    moves: tuple[float, float, float, float],
    time_s: float,
) -> None:
    """Sample the canvas into ``out`` (height, width, 3) at a fractional corner, displaced by warps, water and wind.

    Args:
        out: float32, written.
        canvas: (canvas height, canvas width, 3) float32.
        corner_x: column of the canvas under the first column of the image.
        corner_y: row of the canvas under the first row of the image.
        warps: (n, 9), rows of `reaction.Dent.row`.
        water: (canvas height, canvas width), 1 where water flows.
        plants: (canvas height, canvas width), 1 where wind moves leaves.
        moves: amplitude of the water waves in pixels, brightness of their glints, amplitude of the wind in pixels, and
            wave number.
        time_s: time of the water and the wind.
    """
    height, width = out.shape[0], out.shape[1]
    rows, columns = canvas.shape[0], canvas.shape[1]
    wave, glint, wind, number = moves
    for i in range(height):
        for j in range(width):
            x, y, gain, add = corner_x + j, corner_y + i, 1.0, 0.0
            ci, cj = min(max(int(y), 0), rows - 1), min(max(int(x), 0), columns - 1)
            if wave > 0 and water[ci, cj] > 0:
                a = np.sin(number * (x + 0.4 * y) + 5.1 * time_s) + np.sin(number * (0.7 * x - 1.3 * y) - 3.7 * time_s)
                b = np.sin(number * (1.9 * y - 0.3 * x) + 6.3 * time_s + a)
                x, y = x + wave * a, y + 0.7 * wave * b
                light = 0.5 * (a + b) - 1.0
                if light > 0:
                    add = glint * light * light
            elif wind > 0 and plants[ci, cj] > 0:
                x += wind * np.sin(0.11 * x + 0.07 * y + 2.3 * time_s) * np.sin(1.1 * time_s + 0.05 * y)
                y += 0.6 * wind * np.sin(0.09 * y - 0.05 * x + 3.1 * time_s)
            for k in range(warps.shape[0]):
                dx, dy = corner_x + j - warps[k, 0], corner_y + i - warps[k, 1]
                power = (dx * dx + dy * dy) * warps[k, 2]
                if power > 4.5:
                    continue
                bell = np.exp(-power)
                x -= bell * (warps[k, 3] - warps[k, 5] * dx)
                y -= bell * (warps[k, 4] - warps[k, 5] * dy)
                gain -= warps[k, 6] * bell
                if warps[k, 7] > 0:
                    reach = np.sqrt(dx * dx + 4.0 * dy * dy)
                    ring = warps[k, 7] * bell * np.sin(0.9 * reach - warps[k, 8])
                    y += ring
                    gain += 0.18 * ring
            x, y = min(max(x, 0.0), columns - 1.001), min(max(y, 0.0), rows - 1.001)
            i0, j0 = int(y), int(x)
            fy, fx = y - i0, x - j0
            for c in range(3):
                top = canvas[i0, j0, c] * (1 - fx) + canvas[i0, j0 + 1, c] * fx
                low = canvas[i0 + 1, j0, c] * (1 - fx) + canvas[i0 + 1, j0 + 1, c] * fx
                out[i, j, c] = gain * (top * (1 - fy) + low * fy) + add


@compiled
def draw_sprite(
    canvas: np.ndarray,
    rgba: np.ndarray,
    corner: tuple[int, int],
    centre: tuple[float, float],
    offset: tuple[float, float, float],
) -> None:
    """Draw a sprite, shifted by (x, y) pixels and rotated by an angle about its centre, over the canvas in place."""
    rows, columns = rgba.shape[0], rgba.shape[1]
    dx, dy, angle = offset
    cos, sin = np.cos(angle), np.sin(angle)
    reach = int(abs(dx) + abs(dy) + abs(angle) * max(rows, columns)) + 2
    for i in range(max(corner[0] - reach, 0), min(corner[0] + rows + reach, canvas.shape[0])):
        for j in range(max(corner[1] - reach, 0), min(corner[1] + columns + reach, canvas.shape[1])):
            u, v = j - dx - centre[0], i - dy - centre[1]
            x = u * cos + v * sin + centre[0] - corner[1]
            y = -u * sin + v * cos + centre[1] - corner[0]
            if x < 0 or y < 0 or x > columns - 1 or y > rows - 1:
                continue
            i0, j0 = min(int(y), rows - 2), min(int(x), columns - 2)
            fy, fx = y - i0, x - j0
            w00, w01, w10, w11 = (1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx
            cover = (w00 * rgba[i0, j0, 3] + w01 * rgba[i0, j0 + 1, 3]
                     + w10 * rgba[i0 + 1, j0, 3] + w11 * rgba[i0 + 1, j0 + 1, 3])  # fmt: skip
            if cover <= 0.004:
                continue
            for c in range(3):
                colour = (w00 * rgba[i0, j0, c] + w01 * rgba[i0, j0 + 1, c]
                          + w10 * rgba[i0 + 1, j0, c] + w11 * rgba[i0 + 1, j0 + 1, c])  # fmt: skip
                canvas[i, j, c] += cover * (colour - canvas[i, j, c])


@compiled
def _draw_limb(layer: np.ndarray, limb: np.ndarray, sleeve: np.ndarray, box: np.ndarray) -> None:
    """Draw one tapered capsule into ``layer`` and extend ``box`` (top, left, bottom, right) to the pixels changed."""
    x0, y0, r0, x1, y1, r1 = limb[0], limb[1], limb[2], limb[3], limb[4], limb[5]
    edge, kind = limb[10], int(limb[11])
    spread = max(r0, r1) + 0.5 * edge + 1.0
    top, bottom = max(int(min(y0, y1) - spread), 0), min(int(max(y0, y1) + spread) + 1, layer.shape[0])
    left, right = max(int(min(x0, x1) - spread), 0), min(int(max(x0, x1) + spread) + 1, layer.shape[1])
    if top >= bottom or left >= right:
        return
    box[0], box[1] = min(box[0], top), min(box[1], left)
    box[2], box[3] = max(box[2], bottom), max(box[3], right)
    ax, ay = x1 - x0, y1 - y0
    square = max(ax * ax + ay * ay, 1e-9)
    long = np.sqrt(square)
    # A row crosses a slanted limb in a short run of columns: bound the run instead of testing the whole box.
    slope = ax / ay if abs(ay) > 1e-3 else 0.0
    run = spread * long / abs(ay) if abs(ay) > 1e-3 else 1e9
    for i in range(top, bottom):
        first, last = left, right
        if run < 1e8:
            middle = x0 + slope * (i - y0)
            first, last = max(left, int(max(middle - run, -1e6))), min(right, int(min(middle + run, 1e6)) + 2)
        for j in range(first, last):
            px, py = j - x0, i - y0
            t = (px * ax + py * ay) / square
            t = min(max(t, 0.0), 1.0)
            radius = r0 + (r1 - r0) * t
            gap = np.sqrt((px - t * ax) ** 2 + (py - t * ay) ** 2) - radius
            cover = (0.5 - gap / edge) * limb[9]
            if cover <= 0:
                continue
            cover = min(cover, limb[9])
            if kind == 0:
                for c in range(3):
                    layer[i, j, c] *= 1 - cover
                continue
            across = (px * ay - py * ax) / (long * max(radius, 0.3))
            across = min(max(across, -1.0), 1.0)
            light = 1.0 + 0.22 * across - 0.25 * across * across
            red, green, blue = limb[6], limb[7], limb[8]
            if kind == 2 and sleeve[0] > 0:
                u, v = sleeve[1] * t * limb[12], sleeve[2] * across
                if (np.sin(u) > sleeve[3]) or (sleeve[0] > 1 and np.sin(v) > sleeve[3]):
                    red, green, blue = sleeve[4], sleeve[5], sleeve[6]
                elif sleeve[0] > 1 and np.sin(0.5 * u + 1.0) * np.sin(0.5 * v + 0.5) > 0.4:
                    red, green, blue = sleeve[7], sleeve[8], sleeve[9]
            if kind == 2:
                light *= 1.0 + 0.12 * np.sin(37.0 * t + 3.0 * across) * np.sin(11.0 * t + 1.7)  # folds
            layer[i, j, 0] += cover * (red * light - layer[i, j, 0])
            layer[i, j, 1] += cover * (green * light - layer[i, j, 1])
            layer[i, j, 2] += cover * (blue * light - layer[i, j, 2])


@compiled
def _copy(image: np.ndarray, out: np.ndarray) -> None:
    """Copy ``image`` to ``out``, both (height, width, 3).

    By loops: ``out[:] = image`` takes numba three seconds to compile, most of them for the message of its error.
    """
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            for c in range(3):
                out[i, j, c] = image[i, j, c]


@compiled
def draw_limbs(image: np.ndarray, limbs: np.ndarray, sleeve: np.ndarray, layer: np.ndarray, sums: np.ndarray) -> None:
    """Draw limbs (moments, limbs, LIMB_COLUMNS) over ``image`` in place, averaged over the moments.

    ``layer`` and ``sums`` are work space of the image's shape.
    """
    moments = limbs.shape[0]
    whole = np.array([1 << 30, 1 << 30, 0, 0])
    if moments == 1:
        for k in range(limbs.shape[1]):
            _draw_limb(image, limbs[0, k], sleeve, whole)
        return
    sums[:] = 0.0
    _copy(image, layer)
    for m in range(moments):
        box = np.array([1 << 30, 1 << 30, 0, 0])
        for k in range(limbs.shape[1]):
            _draw_limb(layer, limbs[m, k], sleeve, box)
        for i in range(box[0], box[2]):
            for j in range(box[1], box[3]):
                for c in range(3):
                    sums[i, j, c] += layer[i, j, c] - image[i, j, c]
                    layer[i, j, c] = image[i, j, c]
        whole[0], whole[1] = min(whole[0], box[0]), min(whole[1], box[1])
        whole[2], whole[3] = max(whole[2], box[2]), max(whole[3], box[3])
    for i in range(whole[0], whole[2]):
        for j in range(whole[1], whole[3]):
            for c in range(3):
                image[i, j, c] += sums[i, j, c] / moments


@compiled
def draw_particles(image: np.ndarray, particles: np.ndarray) -> None:
    """Draw streaks (n, 9), with columns ends, radius, colour and opacity, over ``image`` in place."""
    for k in range(particles.shape[0]):
        x0, y0, x1, y1 = particles[k, 0], particles[k, 1], particles[k, 2], particles[k, 3]
        radius = particles[k, 4]
        ax, ay = x1 - x0, y1 - y0
        square = max(ax * ax + ay * ay, 1e-9)
        for i in range(max(int(min(y0, y1) - radius - 1), 0), min(int(max(y0, y1) + radius + 2), image.shape[0])):
            for j in range(max(int(min(x0, x1) - radius - 1), 0), min(int(max(x0, x1) + radius + 2), image.shape[1])):
                t = min(max(((j - x0) * ax + (i - y0) * ay) / square, 0.0), 1.0)
                gap = np.sqrt((j - x0 - t * ax) ** 2 + (i - y0 - t * ay) ** 2) - radius
                cover = min(max(0.5 - gap, 0.0), 1.0) * particles[k, 8]
                if cover > 0:
                    for c in range(3):
                        image[i, j, c] += cover * (particles[k, 5 + c] - image[i, j, c])


@compiled
def expose(
    out: np.ndarray,
    image: np.ndarray,
    gain: np.ndarray,
    vignette: np.ndarray,
    curve: np.ndarray,
    saturation: float,
    noise: np.ndarray,
    shift: tuple[int, int],
) -> None:
    """Convert light to bytes: gain, vignette, saturation, grain, tone curve (1024 entries over light 0 to 512)."""
    height, width = out.shape[0], out.shape[1]
    rows, columns = noise.shape
    for i in range(height):
        for j in range(width):
            grain = noise[(i + shift[0]) % rows, (j + shift[1]) % columns]
            red = image[i, j, 0] * gain[0] * vignette[i, j]
            green = image[i, j, 1] * gain[1] * vignette[i, j]
            blue = image[i, j, 2] * gain[2] * vignette[i, j]
            grey = 0.3 * red + 0.59 * green + 0.11 * blue
            for c in range(3):
                value = red if c == 0 else (green if c == 1 else blue)
                value = grey + saturation * (value - grey) + grain
                out[i, j, c] = curve[min(max(int(2 * value), 0), 1023)]
