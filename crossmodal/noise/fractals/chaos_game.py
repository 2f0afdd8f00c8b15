"""The chaos game: points of an iterated function system and their image, compiled for one image, in torch for many.

Both forms do the same float32 operations in the same order on the same random words, so their images are bitwise
equal. A map is a row (a, b, c, d, e, f): (x, y) becomes (a x + b y + e, c x + d y + f).
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.compiled import compiled
from crossmodal.randomness import random_bits
from crossmodal.randomness.philox import philox

#: Number of parallel walks. The steps of one walk depend on each other; those of several are pipelined.
CHAINS = 64
#: Initial steps that are not drawn, until the walks differ. They start on the attractor.
BURN_IN = 32
#: Coordinates beyond this have diverged.
ESCAPE = np.float32(1e6)
#: Bits of a random word that select the map.
CHOICE_BITS = 23
#: The stream of the random words of the game.
STREAM = "noise/fractals/game"

_SHIFT = np.uint32(32 - CHOICE_BITS)
_LEAST_SPAN = np.float32(1e-20)
# Random words per batch on a device: about 1 GB with the derived tensors.
_CHUNK = 1 << 24


@compiled
def play(
    points: NDArray[np.float32],
    maps: NDArray[np.float32],
    limits: NDArray[np.int32],
    start: NDArray[np.float32],
    index: int,
    key: NDArray[np.uint32],
) -> None:
    """Fill ``points`` (steps, CHAINS, 2) by applying maps at random.

    Args:
        points: output.
        maps: (maps, 6).
        limits: (maps - 1,) cumulative probabilities of all maps but the last, times 2**CHOICE_BITS.
        start: (2,) first point of all walks.
        index: of the random words.
        key: (2,) of the random words, from seed and stream.
    """
    low, high = np.uint32(index & 0xFFFFFFFF), np.uint32(index >> 32)
    x, y = np.full(CHAINS, start[0]), np.full(CHAINS, start[1])
    words = np.empty(4, np.uint32)
    blocks = CHAINS // 4
    for step in range(BURN_IN + points.shape[0]):
        for block in range(blocks):
            counter = np.uint32(step * blocks + block)
            words[0], words[1], words[2], words[3] = philox(counter, np.uint32(0), low, high, key[0], key[1])
            for lane in range(4):
                choice = np.int32(words[lane] >> _SHIFT)
                k = 0
                for m in range(limits.shape[0]):
                    k += choice >= limits[m]
                chain = 4 * block + lane
                u, v = x[chain], y[chain]
                x[chain] = maps[k, 0] * u + maps[k, 1] * v + maps[k, 4]
                y[chain] = maps[k, 2] * u + maps[k, 3] * v + maps[k, 5]
        if step >= BURN_IN:
            for chain in range(CHAINS):
                points[step - BURN_IN, chain, 0] = x[chain]
                points[step - BURN_IN, chain, 1] = y[chain]


@compiled
def paint(
    image: NDArray[np.uint8],
    points: NDArray[np.float32],
    window: NDArray[np.float32],
    patch: int,
    palette: NDArray[np.uint8],
) -> None:
    """Paint points into ``image`` (3, height, width) in place, each as a patch of 3 x 3 pixels.

    Args:
        image: the background; output.
        points: (steps, CHAINS, 2).
        window: (2, 2), for each axis the size of the points' bounding box and the position of its lower side, in
            pixels.
        patch: bit 3 i + j is set if a point covers the pixel i - 1 rows below and j - 1 columns right of it.
        palette: (256, 3) colours by the number of points on a pixel, scaled to 255 at its maximum.
    """
    height, width = image.shape[1], image.shape[2]
    counts = _count(points, window, height, width)
    covers = np.zeros((height, width), np.int32)
    for bit in range(9):
        if patch >> bit & 1:
            i, j = bit // 3, bit % 3
            covers += counts[2 - i : 2 - i + height, 2 - j : 2 - j + width]
    most = covers.max()
    for row in range(height):
        for column in range(width):
            if covers[row, column] > 0:
                level = covers[row, column] * 255 // most
                for channel in range(3):
                    image[channel, row, column] = palette[level, channel]


@compiled
def _count(points: NDArray[np.float32], window: NDArray[np.float32], height: int, width: int) -> NDArray[np.int32]:
    """Return the number of points on each pixel, and on a border of one pixel around the image."""
    low = np.full(2, np.float32(np.inf))
    high = -low
    for step in range(points.shape[0]):
        for chain in range(points.shape[1]):
            x, y = points[step, chain, 0], points[step, chain, 1]
            if abs(x) < ESCAPE and abs(y) < ESCAPE:
                low[0], high[0] = min(low[0], x), max(high[0], x)
                low[1], high[1] = min(low[1], y), max(high[1], y)
    scale_x = window[0, 0] / max(high[0] - low[0], _LEAST_SPAN)
    scale_y = window[1, 0] / max(high[1] - low[1], _LEAST_SPAN)
    counts = np.zeros((height + 2, width + 2), np.int32)
    for step in range(points.shape[0]):
        for chain in range(points.shape[1]):
            x, y = points[step, chain, 0], points[step, chain, 1]
            if abs(x) < ESCAPE and abs(y) < ESCAPE:
                column = np.floor((x - low[0]) * scale_x + window[0, 1])
                row = np.floor((y - low[1]) * scale_y + window[1, 1])
                if -1 <= column <= width and -1 <= row <= height:
                    counts[int(row) + 1, int(column) + 1] += 1
    return counts


def render_tensors(
    images: Tensor,
    steps: int,
    seed: int,
    indices: NDArray[np.int64],
    maps: Tensor,
    limits: Tensor,
    starts: Tensor,
    windows: Tensor,
    patches: Tensor,
    palettes: Tensor,
) -> None:
    """Play and paint many images at once, in place in ``images`` (n, 3, height, width), on their device.

    The random words are those of ``indices`` in `STREAM` for ``seed``; the other arguments are those of `play` and
    `paint` with an additional first axis.
    """
    rows = max(_CHUNK // (CHAINS * (BURN_IN + steps)), 1)
    for first in range(0, len(images), rows):
        part = slice(first, first + rows)
        count = (BURN_IN + steps) * CHAINS
        choices = random_bits(seed, STREAM, indices[part], count, images.device) >> (32 - CHOICE_BITS)
        points = _walk(choices.reshape(-1, BURN_IN + steps, CHAINS), maps[part], limits[part], starts[part])
        _paint_tensors(images[part], points, windows[part], patches[part], palettes[part])


def _walk(choices: Tensor, maps: Tensor, limits: Tensor, starts: Tensor) -> Tensor:
    """Apply the maps selected by choices (n, BURN_IN + steps, CHAINS): float32 (n, steps * CHAINS, 2)."""
    n, total, _ = choices.shape
    walk = starts[:, None].expand(n, CHAINS, 2)
    points = torch.empty(n, total - BURN_IN, CHAINS, 2, dtype=torch.float32, device=starts.device)
    for step in range(total):
        k = (choices[:, step, :, None] >= limits[:, None]).sum(-1)
        chosen = maps.gather(1, k[..., None].expand(n, CHAINS, 6))
        # Rounded after each operation, as in the compiled loop: a fused multiply-add would round differently.
        walk = chosen[..., 0:4:2] * walk[..., :1] + chosen[..., 1:4:2] * walk[..., 1:] + chosen[..., 4:]
        if step >= BURN_IN:
            points[:, step - BURN_IN] = walk
    return points.flatten(1, 2)


def _paint_tensors(images: Tensor, points: Tensor, windows: Tensor, patches: Tensor, palettes: Tensor) -> None:
    n, _, height, width = images.shape
    kept = (points.abs() < float(ESCAPE)).all(-1, keepdim=True)
    low = torch.where(kept, points, torch.inf).amin(1, keepdim=True)
    high = torch.where(kept, points, -torch.inf).amax(1, keepdim=True)
    scale = windows[:, None, :, 0] / (high - low).clamp(min=float(_LEAST_SPAN))
    positions = torch.floor((points - low) * scale + windows[:, None, :, 1])
    sides = torch.tensor([width, height], device=positions.device)
    visible = kept[..., 0] & ((positions >= -1) & (positions <= sides)).all(-1)
    column, row = torch.where(visible[..., None], positions, 0).long().unbind(-1)
    cell = (torch.arange(n, device=row.device)[:, None] * (height + 2) + row + 1) * (width + 2) + column + 1
    counts = torch.zeros(n * (height + 2) * (width + 2), dtype=torch.int32, device=row.device)
    counts.scatter_add_(0, cell.flatten(), visible.flatten().int())
    counts = counts.reshape(n, height + 2, width + 2)
    covers = torch.zeros(n, height, width, dtype=torch.int32, device=row.device)
    for bit in range(9):
        shifted = counts[:, 2 - bit // 3 :, 2 - bit % 3 :][:, :height, :width]
        covers += shifted * (patches >> bit & 1)[:, None, None].int()
    most = covers.amax((1, 2), keepdim=True).clamp(min=1)
    levels = torch.div(covers.long() * 255, most, rounding_mode="floor")
    colours = palettes.gather(1, levels.reshape(n, -1, 1).expand(-1, -1, 3)).transpose(1, 2).reshape(images.shape)
    images.copy_(torch.where(covers[:, None] > 0, colours, images))
