"""Figures of a backbone during training: filters of the first layer, and an embedding of images."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from crossmodal.backbones import Backbone
from crossmodal.files import replace_atomically

_FILTER_PX, _GAP_PX = 32, 4
_SHEET_PX, _THUMBNAIL_PX = 960, 40


def draw_filters(backbone: Backbone, out: Path) -> None:
    """Draw the kernels of the first convolution as a PNG, each kernel scaled to the full range of colours.

    Raises:
        ValueError: the backbone has no convolution of 3 channels.
        OutputError: the image cannot be written.
    """
    first = next((layer for layer in backbone.modules() if isinstance(layer, nn.Conv2d)), None)
    if first is None or first.in_channels != 3:
        raise ValueError(f"{type(backbone).__name__} has no convolution on images, so it has no filters to draw")
    kernels = first.weight.detach().float().cpu()
    reach = kernels.abs().amax(dim=(1, 2, 3), keepdim=True).clamp_min(1e-12)
    tiles = F.interpolate(0.5 + kernels / (2 * reach), size=_FILTER_PX, mode="nearest")
    tiles = F.pad(tiles, (0, _GAP_PX, 0, _GAP_PX), value=1.0)
    columns = int(np.ceil(np.sqrt(2 * len(tiles))))
    blank = tiles.new_ones((-len(tiles) % columns, *tiles.shape[1:]))
    rows = torch.cat([tiles, blank]).view(-1, columns, *tiles.shape[1:])
    # (rows, columns, 3, side, side) to (rows * side, columns * side, 3)
    _write(rows.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1), out)


def draw_embedding(images: Tensor, vectors: Tensor, out: Path) -> None:
    """Draw images at the first two principal components of their vectors, as a PNG.

    ``images`` is uint8 (n, 3, side, side), ``vectors`` (n, features).

    Raises:
        OutputError: the image cannot be written.
    """
    thumbnails = F.interpolate(images.float().cpu() / 255, size=_THUMBNAIL_PX, mode="bilinear", antialias=True)
    centred = (vectors - vectors.mean(dim=0)).double().cpu()
    left, values, _ = torch.linalg.svd(centred, full_matrices=False)
    positions = left[:, :2] * values[:2]
    span = positions.amax(dim=0) - positions.amin(dim=0)
    positions = (positions - positions.amin(dim=0)) / span.clamp_min(1e-12)
    corners = (positions * (_SHEET_PX - _THUMBNAIL_PX)).round().long()
    sheet = torch.ones(_SHEET_PX, _SHEET_PX, 3)
    for thumbnail, (row, column) in zip(thumbnails, corners.tolist(), strict=True):
        sheet[row : row + _THUMBNAIL_PX, column : column + _THUMBNAIL_PX] = thumbnail.permute(1, 2, 0)
    _write(sheet, out)


def _write(colours: Tensor, out: Path) -> None:
    with replace_atomically(out) as temporary:
        Image.fromarray((colours.clamp(0, 1) * 255).round().byte().numpy()).save(temporary, format="PNG")
