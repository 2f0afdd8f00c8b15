"""Lines of harmonic orbits: compiled for one image, in torch for many, bitwise equal.

Positions are integers in subpixels, so that sums over orbits do not depend on their order.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.compiled import compiled
from crossmodal.randomness.philox import philox, philox_tensors

#: Subpixels per pixel, the unit of positions.
SUBPIXELS = 4096

_BITS = 12
# Vertices per batch on a device: about 0.5 GB with the derived tensors.
_CHUNK = 1 << 22


@compiled
def draw_orbits(
    canvas: NDArray[np.uint8],
    starts: NDArray[np.int32],
    steps: NDArray[np.float32],
    noise: NDArray[np.float32],
    greys: NDArray[np.uint8],
    index: int,
    key: NDArray[np.uint32],
) -> None:
    """Draw orbits on ``canvas`` (height, width) in place, the outer ones over the inner ones.

    Args:
        canvas: output.
        starts: (vertices, 2) x and y before the first orbit, in subpixels.
        steps: (vertices, 3): a step along x and y in subpixels, and the growth per orbit in such steps.
        noise: (2, 256), subtracted from the growth: weights of the slopes at both ends of an interval, by the position
            in it.
        greys: (orbits,).
        index: of the random words.
        key: (2,) of the random words. One word gives position and slopes for x and y.
    """
    low, high = np.uint32(index & 0xFFFFFFFF), np.uint32(index >> 32)
    count = starts.shape[0]
    blocks = (count + 3) // 4
    xs, ys = starts[:, 0].copy(), starts[:, 1].copy()
    words = np.empty(4 * blocks, np.uint32)
    for orbit in range(greys.shape[0]):
        for block in range(blocks):
            a, b, c, d = philox(np.uint32(orbit * blocks + block), np.uint32(0), low, high, key[0], key[1])
            words[4 * block], words[4 * block + 1], words[4 * block + 2], words[4 * block + 3] = a, b, c, d
        for v in range(count):
            noise_x = _noise_of(noise, np.int32(words[v] & np.uint32(0xFFFF)))
            noise_y = _noise_of(noise, np.int32(words[v] >> np.uint32(16)))
            xs[v] += np.int32(np.floor(steps[v, 0] * (steps[v, 2] - noise_x)))
            ys[v] += np.int32(np.floor(steps[v, 1] * (steps[v, 2] - noise_y)))
        for v in range(count):
            w = v + 1 if v + 1 < count else 0
            draw_line(canvas, xs[v] >> _BITS, ys[v] >> _BITS, xs[w] >> _BITS, ys[w] >> _BITS, greys[orbit])


@compiled
def _noise_of(noise: NDArray[np.float32], bits: np.int32) -> np.float32:
    """Return Perlin noise from 16 random bits: position (8), and slopes at both ends (4 each)."""
    position = bits & 255
    value: np.float32 = noise[0, position] * _slope_of(bits >> 8 & 15) + noise[1, position] * _slope_of(bits >> 12)
    return value


@compiled
def _slope_of(bits: np.int32) -> np.float32:
    """Return the slope of Perlin noise at an integer position, as in VisualAtom: 1 to 8, or -1 with probability 0.5."""
    return np.float32(bits + 1 if bits < 8 else -1)


@compiled
def draw_line(canvas: NDArray[np.uint8], x0: int, y0: int, x1: int, y1: int, grey: int) -> None:
    """Draw a line of one pixel's width from (x0, y0) to (x1, y1), both included, clipped to the canvas.

    Step s along the longer side is at step (2 s shorter + longer) // (2 longer) along the shorter one.

    References:
        Bresenham, "Algorithm for computer control of a digital plotter", IBM Systems Journal 1965.
    """
    height, width = canvas.shape
    if max(x0, x1) < 0 or max(y0, y1) < 0 or min(x0, x1) >= width or min(y0, y1) >= height:
        return
    along, across = abs(x1 - x0), abs(y1 - y0)
    step_x, step_y = (1 if x1 > x0 else -1), (1 if y1 > y0 else -1)
    steep = across > along
    if steep:
        along, across = across, along
    x, y, rest = x0, y0, along
    for _ in range(along + 1):
        if 0 <= x < width and 0 <= y < height:
            canvas[y, x] = grey
        rest += 2 * across
        turn = rest >= 2 * along
        if turn:
            rest -= 2 * along
        if turn or not steep:
            x += step_x
        if turn or steep:
            y += step_y


def render_tensors(
    size: tuple[int, int],
    key: tuple[int, int],
    vertices: Tensor,
    orbits: Tensor,
    starts: Tensor,
    steps: Tensor,
    noise: Tensor,
    greys: Tensor,
    indices: Tensor,
) -> Tensor:
    """Draw the orbits of many images at once: uint8 (n, height, width) on the device of the arguments.

    The arguments are those of `draw_orbits` with an additional first axis, padded; ``vertices`` and ``orbits`` (n,) are
    the numbers of valid entries.
    """
    height, width = size
    owners = torch.zeros(len(indices), height * width, dtype=torch.int32, device=indices.device)
    rows = max(_CHUNK // max(starts.shape[1] * greys.shape[1], 1), 1)
    for first in range(0, len(indices), rows):
        part = slice(first, first + rows)
        position = _positions(
            greys.shape[1], key, vertices[part], starts[part], steps[part], noise[part], indices[part]
        )
        _own_pixels(owners[part], size, position >> _BITS, vertices[part], orbits[part])
    padded = torch.cat([torch.zeros_like(greys[:, :1]), greys], 1)
    return padded.gather(1, owners.long()).reshape(-1, height, width)


def _positions(
    orbits: int, key: tuple[int, int], vertices: Tensor, starts: Tensor, steps: Tensor, noise: Tensor, indices: Tensor
) -> Tensor:
    """Return the vertices of all orbits: int32 (n, orbits, vertices, 2) in subpixels."""
    most = starts.shape[1]
    orbit = torch.arange(orbits, device=starts.device)[None, :, None]
    block = torch.arange((most + 3) // 4, device=starts.device)[None, None]
    counter = orbit * ((vertices + 3) // 4)[:, None, None] + block
    index = indices[:, None, None]
    words = torch.stack(philox_tensors((counter, torch.zeros_like(index), index & 0xFFFFFFFF, index >> 32), key), -1)
    words = words.flatten(2)[..., :most]
    moved = []
    for axis, bits in enumerate((words & 0xFFFF, words >> 16)):
        position = (bits & 255).flatten(1)
        slopes = [torch.where(b < 8, b + 1, -1).float() for b in (bits >> 8 & 15, bits >> 12)]
        ends = [noise[:, end].gather(1, position).reshape(bits.shape) * slopes[end] for end in (0, 1)]
        moved.append(torch.floor(steps[:, None, :, axis] * (steps[:, None, :, 2] - (ends[0] + ends[1]))).int())
    return starts[:, None] + torch.stack(moved, -1).cumsum(1, dtype=torch.int32)


def _own_pixels(owners: Tensor, size: tuple[int, int], ends: Tensor, vertices: Tensor, orbits: Tensor) -> None:
    """Write the number, from 1, of the last orbit through each pixel to ``owners`` (n, height * width)."""
    height, width = size
    n, lines, most, _ = ends.shape
    vertex = torch.arange(most, device=ends.device)
    following = torch.where(vertex + 1 < vertices[:, None], vertex + 1, 0)
    others = ends.gather(2, following[:, None, :, None].expand(n, lines, most, 2))
    limits = torch.tensor([width, height], device=ends.device)
    visible = ((torch.maximum(ends, others) >= 0) & (torch.minimum(ends, others) < limits)).all(-1)
    visible &= (vertex < vertices[:, None])[:, None]
    visible &= torch.arange(lines, device=ends.device)[None, :, None] < orbits[:, None, None]
    image, line, _ = visible.nonzero(as_tuple=True)
    begin, offset = ends[visible].long(), (others[visible] - ends[visible]).long()
    long = offset.abs().amax(-1)
    segment = torch.repeat_interleave(torch.arange(len(long), device=ends.device), long + 1)
    step = torch.arange(len(segment), device=ends.device) - ((long + 1).cumsum(0) - long - 1)[segment]
    twice = 2 * long[segment, None].clamp(min=1)
    distance = (2 * step[:, None] * offset.abs()[segment] + twice // 2) // twice
    positions = begin[segment] + offset.sign()[segment] * distance
    kept = ((positions >= 0) & (positions < limits)).all(-1)
    cell = (image[segment] * height + positions[:, 1]) * width + positions[:, 0]
    flat = owners.view(-1)
    flat.scatter_reduce_(0, cell[kept], (line[segment] + 1).int()[kept], "amax")
