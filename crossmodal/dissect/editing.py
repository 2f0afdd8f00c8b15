"""Edits of units: switching off or setting them, everywhere or at some cells, while a network runs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from crossmodal.dissect.layer import find_layer, replace_output


@contextmanager
def edit(
    model: nn.Module,
    layer: str,
    units: Sequence[int],
    value: float | Tensor = 0.0,
    *,
    cells: Tensor | None = None,
) -> Iterator[None]:
    """Set units of a layer to a value while a ``with`` block runs; 0 ablates them.

    Args:
        model: any network.
        layer: one of its layers, see `find_layer`.
        units: indices of the units; none leaves the network unchanged.
        value: one number, one per unit (units,), or maps that broadcast to (n, units, rows, columns).
        cells: (rows, columns) or (n, rows, columns), 0 to 1: weight of the new value at each cell, 1 by default.

    Raises:
        ValueError: the layer does not exist, or, when the network runs, a unit does not exist.
    """
    chosen = torch.as_tensor(list(units), dtype=torch.int64)
    values = torch.as_tensor(value)
    values = values[:, None, None] if values.ndim == 1 else values

    def change(output: Tensor) -> Tensor:
        if len(chosen) and not 0 <= int(chosen.min()) <= int(chosen.max()) < output.shape[1]:
            raise ValueError(f"{layer} has units 0 to {output.shape[1] - 1}, got {list(units)}")
        # A vector is one cell.
        maps = output if output.ndim == 4 else output[:, :, None, None]
        indices = chosen.to(maps.device)
        new = values.to(maps).expand(len(maps), len(indices), *maps.shape[2:])
        if cells is not None:
            weight = cells.to(maps)
            weight = weight[:, None] if weight.ndim == 3 else weight
            new = weight * new + (1 - weight) * maps[:, indices]
        return maps.index_copy(1, indices, new).view_as(output)

    with replace_output(find_layer(model, layer), change):
        yield
