"""Where the cells of a layer lie in the image, and maps brought to the image's pixels.

Pixel i covers [i, i + 1) and has its centre at i + 1/2. A layer that has ``cells`` cells where the image has
``pixels`` pixels is *centred* unless more is known: cell k stands for an equal share of the image, its centre at
(k + 1/2) pixels / cells. That is so for generators, which enlarge by doubling cells. Networks that stride and pool look
elsewhere: `trace_grid` composes the kernels, strides and paddings on the way to the layer.

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
    """Cell k of a layer has its centre at ``first + k * step`` along an axis, in pixels of an image, (row, column).

    Attributes:
        step: pixels from one cell to the next.
        first: place of the first cell's centre.
        size: of the image that the places are of, in pixels.
    """

    step: tuple[float, float]
    first: tuple[float, float]
    size: tuple[int, int]

    def weights(self, axis: int, cells: int, pixels: int) -> Tensor:
        """Weights (pixels, cells) of linear interpolation along an axis; beyond the outer centres, the outer cells'.

        ``pixels`` may differ from ``size``: the image is the same, its pixels are others.
        """
        scale = self.size[axis] / pixels
        places = ((torch.arange(pixels, dtype=torch.float64) + 0.5) * scale - self.first[axis]) / self.step[axis]
        places = places.clamp(0, cells - 1)
        low = places.floor().clamp(max=max(cells - 2, 0)).long()
        part = places - low
        weights = torch.zeros(pixels, cells, dtype=torch.float64)
        rows = torch.arange(pixels)
        weights[rows, low] = 1 - part
        weights[rows, (low + 1).clamp(max=cells - 1)] += part
        return weights.float()


def centred_grid(cells: tuple[int, int], size: tuple[int, int]) -> CellGrid:
    """Equal shares of the image: what ``align_corners=False`` means."""
    step = (size[0] / cells[0], size[1] / cells[1])
    return CellGrid(step, (step[0] / 2, step[1] / 2), size)


def upsample(maps: Tensor, size: tuple[int, int], grid: CellGrid | None = None) -> Tensor:
    """Interpolate maps (..., rows, columns) bilinearly at the centres of an image's pixels: (..., *size)."""
    cells = (int(maps.shape[-2]), int(maps.shape[-1]))
    grid = grid or centred_grid(cells, size)
    down, across = (grid.weights(axis, cells[axis], size[axis]).to(maps) for axis in (0, 1))
    return down @ maps @ across.T


@torch.inference_mode()
def trace_grid(model: nn.Module, layer: nn.Module, images: Tensor) -> CellGrid | None:
    """Follow images (n, channels, height, width) through the network to a layer, and tell where its cells look.

    Returns:
        None where the way cannot be followed: a layer that is none of convolution, pooling, norm or activation stands
        before it (attention, enlarging, linear).
    """
    # What each tensor's cells see, by its identity; the tensors are kept so that no identity is used twice.
    known: dict[int, tuple[tuple[float, float], tuple[float, float]]] = {}
    kept: list[Tensor] = []
    size = (int(images.shape[-2]), int(images.shape[-1]))
    whole = ((1.0, 1.0), (0.5, 0.5))

    def follow(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        given = inputs[0] if inputs else None
        if not isinstance(given, Tensor) or not isinstance(output, Tensor):
            return
        kept.extend((given, output))
        # Whatever normalises the image before the first layer keeps its pixels.
        seen = known.get(id(given)) or (whole if not known and tuple(given.shape[-2:]) == size else None)
        if seen is None:
            return
        if isinstance(module, _WINDOWED):
            known[id(output)] = _through(module, *seen)
        elif isinstance(module, _CELLWISE):
            known[id(output)] = seen

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
