"""Images looked at a little displaced, scaled and turned, so that what drives a unit does so from there too."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

#: Random numbers that one view takes.
NUMBERS_A_VIEW = 7

# Lengths are given for a shorter side of 256 pixels and follow it.
_REFERENCE_SIDE = 256
_BORDER = 12
_FIRST_JITTER = 8
_SECOND_JITTER = 4
_SCALES = (0.9, 1.1)
_MOST_TURN = math.radians(10)
_UPRIGHT = 0.2
_GREY = 0.5


def moved_views(images: Tensor, numbers: Tensor, least_side: int) -> Tensor:
    """Look at images (n, 3, rows, columns) in 0 to 1 on grey ground: (n, 3, more rows, more columns).

    A border of 12 pixels; a shift of up to 8 pixels in all; a scale in 0.9 to 1.1; a turn of up to 10 degrees, none
    once in five times; a shift of up to 4 pixels. What the shifts may take from the border is left out. The pixels are
    those of a shorter side of 256, and the lengths follow the side. All this is one resampling.

    Args:
        images: to look at.
        numbers: uniform in [0, 1), (n, NUMBERS_A_VIEW).
        least_side: views of fewer pixels are enlarged, so that their shorter side has as many.
    """
    rows, columns = images.shape[2:]
    pixel = min(rows, columns) / _REFERENCE_SIDE
    margin = (2 * _BORDER - _FIRST_JITTER - _SECOND_JITTER) * pixel
    seen = torch.tensor([columns + margin, rows + margin], device=images.device)
    enlargement = max(1.0, least_side / float(seen.min()))
    size = [len(images), 3, round(enlargement * (rows + margin)), round(enlargement * (columns + margin))]
    grid = F.affine_grid(_placements(numbers, seen, (columns, rows), pixel), size, align_corners=False)
    return F.grid_sample(images - _GREY, grid, align_corners=False) + _GREY


def _placements(numbers: Tensor, seen: Tensor, sides: tuple[int, int], pixel: float) -> Tensor:
    """Make the maps (n, 2, 3) from places in a view to places in the image, each of which reaches from -1 to 1."""
    first, second, scale, turn, upright = torch.split(numbers, [2, 2, 1, 1, 1], dim=1)
    scale = _SCALES[0] + (_SCALES[1] - _SCALES[0]) * scale[:, 0]
    turn = torch.where(upright < _UPRIGHT, 0.0, _MOST_TURN * (2 * turn - 1))[:, 0]
    cosine, sine = torch.cos(turn) / scale, torch.sin(turn) / scale
    turned = torch.stack([cosine, -sine, sine, cosine], dim=1).view(-1, 2, 2)
    shift = (
        _jitter(first, _FIRST_JITTER * pixel) + (turned @ _jitter(second, _SECOND_JITTER * pixel)[..., None])[..., 0]
    )
    # In pixels up to here.
    half = torch.tensor(sides, device=numbers.device) / 2
    return torch.cat([turned * (seen / 2) / half[:, None], (shift / half)[..., None]], dim=2)


def _jitter(numbers: Tensor, reach: float) -> Tensor:
    return reach * (numbers - 0.5)
