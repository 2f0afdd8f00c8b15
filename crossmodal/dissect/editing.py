"""Units switched off or set, everywhere or at some cells, while a network runs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from crossmodal.dissect.layer import changed, find_layer


@contextmanager
def edit(
    model: nn.Module,
    layer: str,
    units: Sequence[int],
    value: float | Tensor = 0.0,
    *,
    cells: Tensor | None = None,
) -> Iterator[None]:
    """Set units of a layer to a value as long as the block lasts; 0 ablates them.

    Args:
        model: any network.
        layer: one of its layers, see `find_layer`.
        units: which; none leaves the network as it is.
        value: one number, one a unit (units,), or maps that broadcast to (n, units, rows, columns).
        cells: where, (rows, columns) or (n, rows, columns): 1 sets, 0 leaves, what lies between mixes; all by default.

    Raises:
        ValueError: the layer or a unit does not exist (a unit, when the network runs).
    """
    chosen = torch.as_tensor(list(units), dtype=torch.int64)
    wanted = torch.as_tensor(value)
    wanted = wanted[:, None, None] if wanted.ndim == 1 else wanted

    def change(output: Tensor) -> Tensor:
        if len(chosen) and not 0 <= int(chosen.min()) <= int(chosen.max()) < output.shape[1]:
            raise ValueError(f"{layer} has units 0 to {output.shape[1] - 1}, asked for {list(units)}")
        # A vector is one cell.
        maps = output if output.ndim == 4 else output[:, :, None, None]
        place = chosen.to(maps.device)
        new = wanted.to(maps).expand(len(maps), len(place), *maps.shape[2:])
        if cells is not None:
            share = cells.to(maps)
            share = share[:, None] if share.ndim == 3 else share
            new = share * new + (1 - share) * maps[:, place]
        return maps.index_copy(1, place, new).view_as(output)

    with changed(find_layer(model, layer), change):
        yield
