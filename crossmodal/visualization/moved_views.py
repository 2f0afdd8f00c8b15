"""Random views of images, shifted, scaled and rotated, so that optimized images are robust to small motions."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

#: Random numbers per view.
NUMBERS_A_VIEW = 7

# Lengths are for a shorter side of 256 pixels and scale with it.
_REFERENCE_SIDE = 256
_BORDER = 12
_FIRST_JITTER = 8
_SECOND_JITTER = 4
_SCALES = (0.9, 1.1)
_GREATEST_ROTATION = math.radians(10)
_UPRIGHT = 0.2
_GREY = 0.5


def moved_views(images: Tensor, numbers: Tensor, least_side: int) -> Tensor:
    """Return random views of images (n, 3, rows, columns) in 0 to 1, on a grey background, with a border.

    The steps are: a border of 12 pixels; a shift within a range of 8 pixels; a scale of 0.9 to 1.1; a rotation of up to
    10 degrees, none with probability 0.2; a shift within a range of 4 pixels. The part of the border that shifts may
    reach is cropped. Lengths are for a shorter side of 256 pixels and scale with it. All this is one resampling.

    Args:
        images: on any device.
        numbers: uniform in [0, 1), (n, NUMBERS_A_VIEW).
        least_side: smaller views are enlarged to this shorter side, in pixels.
    """
    rows, columns = images.shape[2:]
    pixel = min(rows, columns) / _REFERENCE_SIDE
    margin = (2 * _BORDER - _FIRST_JITTER - _SECOND_JITTER) * pixel
    visible = torch.tensor([columns + margin, rows + margin], device=images.device)
    enlargement = max(1.0, least_side / float(visible.min()))
    size = [len(images), 3, round(enlargement * (rows + margin)), round(enlargement * (columns + margin))]
    grid = F.affine_grid(_placements(numbers, visible, (columns, rows), pixel), size, align_corners=False)
    return F.grid_sample(images - _GREY, grid, align_corners=False) + _GREY


def _placements(numbers: Tensor, visible: Tensor, sides: tuple[int, int], pixel: float) -> Tensor:
    """Return the affine maps (n, 2, 3) from positions in a view to positions in the image, both in -1 to 1."""
    first, second, scale, turn, upright = torch.split(numbers, [2, 2, 1, 1, 1], dim=1)
    scale = _SCALES[0] + (_SCALES[1] - _SCALES[0]) * scale[:, 0]
    turn = torch.where(upright < _UPRIGHT, 0.0, _GREATEST_ROTATION * (2 * turn - 1))[:, 0]
    cosine, sine = torch.cos(turn) / scale, torch.sin(turn) / scale
    turned = torch.stack([cosine, -sine, sine, cosine], dim=1).view(-1, 2, 2)
    shift = (
        _jitter(first, _FIRST_JITTER * pixel) + (turned @ _jitter(second, _SECOND_JITTER * pixel)[..., None])[..., 0]
    )
    # Lengths above are in pixels.
    half = torch.tensor(sides, device=numbers.device) / 2
    return torch.cat([turned * (visible / 2) / half[:, None], (shift / half)[..., None]], dim=2)


def _jitter(numbers: Tensor, reach: float) -> Tensor:
    return reach * (numbers - 0.5)
