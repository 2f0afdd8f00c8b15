"""Positions of a layer's cells in the image, and upsampling of maps to the pixels of the image.

Pixel i covers [i, i + 1) and has its centre at i + 1/2. By default a layer of ``cells`` cells over ``pixels`` pixels is
*centred*: each cell covers an equal part of the image, and cell k has its centre at (k + 1/2) pixels / cells. This is
exact for generators, which upsample by doubling cells. The cells of networks with strides and pooling have other
positions: `trace_grid` composes the kernels, strides and paddings on the path to the layer.

References:
    Bau et al., "Network dissection", CVPR 2017, section 2.3 (bilinear, anchored at the centres of receptive fields);
    Araujo et al., "Computing receptive fields of convolutional neural networks", Distill 2019, section 2.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from crossmodal.dissect.layer import as_maps

_WINDOWED = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
_CELLWISE = (
    nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d, nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.Identity, nn.Dropout,
    nn.Dropout2d,
)  # fmt: skip


@dataclass(frozen=True)
class CellGrid:
    """Positions of cells: cell k has its centre at ``first + k * step``, in pixels of an image, by axis (row, column).

    Attributes:
        step: distance between cells, in pixels.
        first: position of the centre of the first cell.
        size: of the image, in pixels.
    """

    step: tuple[float, float]
    first: tuple[float, float]
    size: tuple[int, int]

    def weights(self, axis: int, cells: int, pixels: int) -> Tensor:
        """Return weights (pixels, cells) of linear interpolation along an axis; constant beyond the outer centres.

        ``pixels`` may differ from ``size``, for the same image at another resolution.
        """
        scale = self.size[axis] / pixels
        positions = ((torch.arange(pixels, dtype=torch.float64) + 0.5) * scale - self.first[axis]) / self.step[axis]
        positions = positions.clamp(0, cells - 1)
        low = positions.floor().clamp(max=max(cells - 2, 0)).long()
        part = positions - low
        weights = torch.zeros(pixels, cells, dtype=torch.float64)
        rows = torch.arange(pixels)
        weights[rows, low] = 1 - part
        weights[rows, (low + 1).clamp(max=cells - 1)] += part
        return weights.float()


def centred_grid(cells: tuple[int, int], size: tuple[int, int]) -> CellGrid:
    """Return the grid of equal parts of the image, as with ``align_corners=False``."""
    step = (size[0] / cells[0], size[1] / cells[1])
    return CellGrid(step, (step[0] / 2, step[1] / 2), size)


def upsample(maps: Tensor, size: tuple[int, int], grid: CellGrid | None = None) -> Tensor:
    """Upsample maps (..., rows, columns) bilinearly to the pixel centres of an image: (..., *size)."""
    cells = (int(maps.shape[-2]), int(maps.shape[-1]))
    grid = grid or centred_grid(cells, size)
    down, across = (grid.weights(axis, cells[axis], size[axis]).to(maps) for axis in (0, 1))
    return down @ maps @ across.T


@torch.inference_mode()
def trace_grid(model: nn.Module, layer: nn.Module, images: Tensor) -> CellGrid | None:
    """Trace the centres of the receptive fields of a layer's cells, for images (n, channels, height, width).

    Returns:
        The grid, or None if the path to the layer contains anything but convolution, pooling, normalisation and
        activation (such as attention, upsampling or a linear layer).
    """
    # The grid of each tensor by its id; the tensors are kept so that no id is reused.
    known: dict[int, tuple[tuple[float, float], tuple[float, float]]] = {}
    kept: list[Tensor] = []
    size = (int(images.shape[-2]), int(images.shape[-1]))
    whole = ((1.0, 1.0), (0.5, 0.5))

    def follow(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        source = inputs[0] if inputs else None
        if not isinstance(source, Tensor) or not isinstance(output, Tensor):
            return
        kept.extend((source, output))
        # Normalisation before the first layer keeps the pixels of the image.
        grid = known.get(id(source)) or (whole if not known and tuple(source.shape[-2:]) == size else None)
        if grid is None:
            return
        if isinstance(module, _WINDOWED):
            known[id(output)] = _through(module, *grid)
        elif isinstance(module, _CELLWISE):
            known[id(output)] = grid

    handles = [part.register_forward_hook(follow) for part in model.modules() if not list(part.children())]
    reached: list[Tensor] = []
    handles.append(layer.register_forward_hook(lambda _module, _inputs, output: reached.append(output)))
    try:
        model(images)
    finally:
        for handle in handles:
            handle.remove()
    found = known.get(id(reached[-1])) if reached else None
    if found is None or as_maps(reached[-1]).shape[-1] == 1:
        return None
    return CellGrid(*found, size)


def _through(
    module: nn.Module, step: tuple[float, float], first: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    steps, firsts = [], []
    for axis in (0, 1):
        kernel, stride, padding, dilation = (
            _of_axis(getattr(module, name, 1), axis) for name in ("kernel_size", "stride", "padding", "dilation")
        )
        firsts.append(first[axis] + step[axis] * (dilation * (kernel - 1) / 2 - padding))
        steps.append(step[axis] * stride)
    return (steps[0], steps[1]), (firsts[0], firsts[1])


def _of_axis(value: Any, axis: int) -> int:
    return int(value[axis] if isinstance(value, tuple) else value)
