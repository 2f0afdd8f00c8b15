"""Random colour models: axes, a centre and distributions along the axes, measured on a sheet of coloured stripes.

The sheet consists of stripes of random colours and widths, blurred, with noise added. The principal axes of its colours
decorrelate them; the channels of an image can be matched to the histograms along these axes.

References:
    Baradad et al., "Learning to see by looking at noise", NeurIPS 2021, section 3.2 (colour histograms).
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.compiled import compiled
from crossmodal.noise.statistical.histogram_matching import (
    HistogramTarget,
    has_compiled_loops,
    histogram,
    histogram_target,
)
from crossmodal.randomness import random_bits, uniforms

#: Bins of the histograms along the axes.
COLOUR_BINS = 256
# The least side of a sheet, which otherwise has the size of the image: the blur is in pixels.
_LEAST_SIDE = 128
_GREATEST = 255.0


class Palettes(NamedTuple):
    """Drawn colours of n images, as CPU tensors; colours beyond a palette's size have fraction 0."""

    #: Numbers of colours: int64 (n,).
    sizes: Tensor
    #: RGB in 0 to 255: float32 (n, most colours, 3).
    colours: Tensor
    #: Fractions of the sheet's area, which sum to 1: float64 (n, most colours).
    fractions: Tensor
    #: Sides of the box filter that blurs the sheet, in pixels: int64 (n,).
    blur: Tensor


class ColourModels(NamedTuple):
    """Colours of n images: RGB = mean + basis @ channels."""

    #: Principal axes as columns, by decreasing variance, the greatest entry of each positive: float32 (n, 3, 3).
    basis: Tensor
    #: RGB in 0 to 255: float32 (n, 3).
    mean: Tensor
    #: The colours of the sheet along the axes: float32 (n, 3, pixels).
    channels: Tensor

    def distributions(self) -> HistogramTarget:
        """Return the histograms of the sheets' channels: targets for 3 n rows."""
        return histogram_target(*histogram(self.channels.flatten(0, 1), COLOUR_BINS))


def draw_palettes(
    seed: int, stream: str, indices: NDArray[np.int64], sizes: tuple[int, int], blur: tuple[int, int]
) -> Palettes:
    """Draw palettes: number of colours uniform in ``sizes``, side of the blur in ``blur``, both ends included."""
    most = sizes[1]
    numbers = uniforms(seed, f"{stream}/numbers", indices, 2)
    colours = _GREATEST * uniforms(seed, f"{stream}/colours", indices, 3 * most).reshape(-1, most, 3)
    count = _whole(numbers[:, 0], sizes)
    fractions = 0.001 + uniforms(seed, f"{stream}/shares", indices, most).double()
    fractions = torch.where(torch.arange(most) < count[:, None], fractions, 0.0)
    return Palettes(count, colours, fractions / fractions.sum(dim=1, keepdim=True), _whole(numbers[:, 1], blur))


def sheet_grains(
    seed: int, stream: str, indices: NDArray[np.int64], size: tuple[int, int], device: torch.device
) -> Tensor:
    """Draw the noise on the sheets of images of ``size``: uint8 (n, 3, height, width), in 1/256 of its range.

    A byte suffices: its step is far smaller than a bin of the histograms.
    """
    height, width = max(size[0], _LEAST_SIDE), max(size[1], _LEAST_SIDE)
    values = 3 * height * width
    words = random_bits(seed, f"{stream}/sheet", indices, -(-values // 4), device)
    return words.int().view(torch.uint8)[:, :values].reshape(-1, 3, height, width)


def colour_models(palettes: Palettes, grains: Tensor, noise: float) -> ColourModels:
    """Compute the colour models of palettes.

    Args:
        palettes: of n images.
        grains: the result of `sheet_grains`, on the device of the returned models.
        noise: range of the noise, in units of the RGB range of 0 to 255.
    """
    make = _painted if has_compiled_loops(grains.device) else _filled
    sheets = make(palettes, grains, noise)
    pixels = _stretched(sheets).flatten(2)
    mean = pixels.mean(dim=2)
    centred = pixels - mean[:, :, None]
    # eigh sorts by increasing eigenvalue.
    basis = torch.linalg.eigh((centred @ centred.mT).double()).eigenvectors.flip(-1)
    greatest = basis.gather(1, basis.abs().argmax(dim=1, keepdim=True))
    basis = (basis * torch.where(greatest < 0.0, -1.0, 1.0)).float()
    return ColourModels(basis, mean, basis.mT @ centred)


def coloured(channels: Tensor, models: ColourModels) -> Tensor:
    """Turn channels to RGB by their models and stretch each image to the full range: uint8 (n, 3, height, width)."""
    rgb = models.basis @ channels.flatten(2) + models.mean[:, :, None]
    return _stretched(rgb).round().to(torch.uint8).reshape(channels.shape)


def _painted(palettes: Palettes, grains: Tensor, noise: float) -> Tensor:
    sheets = torch.empty(grains.shape)
    ends = _stripe_ends(palettes, grains[0, 0].numel()).numpy()
    colours, sides = palettes.colours.numpy(), palettes.blur.tolist()
    for i in range(len(sheets)):
        _paint(sheets[i].numpy(), ends[i], colours[i], sides[i], grains[i].numpy(), noise / 256)
    return sheets


def _filled(palettes: Palettes, grains: Tensor, noise: float) -> Tensor:
    """The same as `_paint`, with tensors."""
    images, most, _ = palettes.colours.shape
    area = grains[0, 0].numel()
    counts = torch.diff(_stripe_ends(palettes, area), dim=1, prepend=torch.zeros(images, 1, dtype=torch.int64))
    colours = torch.arange(images * most, device=grains.device).repeat_interleave(
        counts.flatten().to(grains.device), output_size=images * area
    )
    table = palettes.colours.reshape(-1, 3).T.contiguous().to(grains.device)
    stripes = table.index_select(1, colours).reshape(3, images, *grains.shape[2:]).transpose(0, 1)
    blurred = _blurred(_blurred(stripes, palettes.blur, -2), palettes.blur, -1)
    return blurred + grains * (noise / 256)


def _stripe_ends(palettes: Palettes, area: int) -> Tensor:
    """Return the end of each colour's stripe, in pixels in row-major order: int64 (n, most colours)."""
    return (palettes.fractions.cumsum(dim=1) * area).round().long()


def _blurred(sheets: Tensor, sides: Tensor, dim: int) -> Tensor:
    """Average over boxes of ``sides`` pixels (one for each sheet) along ``dim``; values outside are 0."""
    most = int(sides.max())
    before, after = (most - 1) // 2, most // 2
    padded = torch.nn.functional.pad(sheets, [0, 0, before, after] if dim == -2 else [before, after])
    first = before - (sides - 1) // 2
    offsets = torch.arange(most)[:, None]
    weights = (((offsets >= first) & (offsets < first + sides)) / sides).to(sheets)
    total = torch.zeros_like(sheets)
    for offset, weight in enumerate(weights[..., None, None, None]):
        total.addcmul_(padded.narrow(dim, offset, sheets.shape[dim]), weight)
    return total


@compiled
def _paint(
    sheet: NDArray[np.float32],
    ends: NDArray[np.int64],
    colours: NDArray[np.float32],
    side: int,
    grains: NDArray[np.uint8],
    grain: float,
) -> None:
    """Paint stripes that end at the pixels ``ends`` on a sheet (3, height, width), blur them, and add noise."""
    _, height, width = sheet.shape
    before, after = (side - 1) // 2, side // 2
    stripes = np.empty(height * width, dtype=np.float32)
    # Sums of `side` rows, padded with zeros. In float64 a value that is added and later subtracted cancels exactly.
    columns = np.zeros(width + side)
    mean = np.float32(1.0 / (side * side))
    for channel in range(3):
        first = 0
        for colour in range(ends.size):
            stripes[first : ends[colour]] = colours[colour, channel]
            first = ends[colour]
        columns[:] = 0.0
        for row in range(-after, height):
            if row + after < height:
                for x in range(width):
                    columns[before + x] += stripes[(row + after) * width + x]
            if row - before > 0:
                for x in range(width):
                    columns[before + x] -= stripes[(row - before - 1) * width + x]
            if row >= 0:
                out = sheet[channel, row]
                out[:] = 0.0
                for tap in range(side):
                    for x in range(width):
                        out[x] += np.float32(columns[tap + x])
                for x in range(width):
                    out[x] = out[x] * mean + np.float32(grain) * grains[channel, row, x]


def _stretched(images: Tensor) -> Tensor:
    """Scale each image (n, ...) to 0 to 255; a constant image becomes 0."""
    flat = images.flatten(1)
    if len(flat) == 1:  # many times faster than along a dimension
        least, most = (end.reshape(1) for end in torch.aminmax(flat))
    else:
        least, most = flat.amin(dim=1), flat.amax(dim=1)
    shape = (-1, *[1] * (images.ndim - 1))
    span = (most - least).clamp(min=1e-30)
    return (images - least.reshape(shape)) * (_GREATEST / span).reshape(shape)


def _whole(uniform: Tensor, ends: tuple[int, int]) -> Tensor:
    return ends[0] + (uniform * (ends[1] - ends[0] + 1)).floor().long()
