"""A network looking at a source, block by block: activations brought to the masks' pixels, with labels."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crossmodal.dissect.grid import CellGrid, centred_grid, trace_grid, upsample
from crossmodal.dissect.layer import Inputs, record, record_with_output, to_device
from crossmodal.dissect.source import Source, refuse_not_numbers
from crossmodal.dissect.tally import BLOCK
from crossmodal.errors import DatasetError
from crossmodal.randomness import generator

Progress = Callable[[int, int, str], None]


class View(NamedTuple):
    """A block of images, seen by a layer."""

    #: Which images of the source these are.
    indices: NDArray[np.int64]
    #: float32 (n, units, height, width), at the masks' pixels.
    activations: Tensor
    #: (n, units): the largest activation among the layer's own cells.
    peaks: Tensor
    #: int64 (n, height, width).
    labels: Tensor
    #: uint8 (n, 3, height, width).
    images: Tensor


class Viewer:
    """Shows a source to a network, in blocks of an order drawn from the seed, the same at each going over.

    Where masks lie over the network's input, its cells are placed by what they see (`trace_grid`) if that can be told;
    over its output, in equal shares.
    """

    def __init__(
        self,
        model: nn.Module,
        layer: nn.Module,
        source: Source,
        *,
        seed: int = 0,
        device: torch.device | str = "cpu",
        progress: Progress | None = None,
    ) -> None:
        if len(source) < 4:
            raise DatasetError(f"a dissection takes at least 4 images, found {len(source)}")
        self.model, self.layer, self.source, self.seed = model, layer, source, seed
        self.device = torch.device(device)
        self.concept_indices = torch.tensor(sorted(source.concepts), dtype=torch.int64)
        self.grid: CellGrid | None = None
        self.cells: tuple[int, int] | None = None
        self._progress = progress
        order = generator(seed, "dissect/order").permutation(len(source))
        # Never a block of one, which has nobody to exchange masks with, and at least two, one for each half.
        count = max(2, -(-len(order) // BLOCK))
        self._blocks = [block.astype(np.int64) for block in np.array_split(order, count)]

    def blocks(self, stage: str) -> Iterator[NDArray[np.int64]]:
        """Go over the blocks of numbers of images; even ones are for naming, odd ones for scoring."""
        for number, block in enumerate(self._blocks):
            yield block
            if self._progress is not None:
                self._progress(number + 1, len(self._blocks), stage)

    def activations(self, indices: NDArray[np.int64]) -> Tensor:
        """What the layer makes of images, on its own cells: float32 (n, units, rows, columns).

        Raises:
            WeightsError: some of it is no number.
        """
        maps = record(self.model, self.layer, to_device(self.source.inputs(indices), self.device))
        refuse_not_numbers(maps, "the layer's activations")
        return maps

    @torch.inference_mode()
    def look(self, indices: NDArray[np.int64]) -> View:
        """Show images to the network and label them.

        Raises:
            WeightsError: activations or drawn images are not numbers.
        """
        inputs = self.source.inputs(indices)
        given, output = to_device(inputs, self.device), None
        if self.source.over == "output":
            maps, output = record_with_output(self.model, self.layer, given)
        else:
            maps = record(self.model, self.layer, given)
        refuse_not_numbers(maps, "the layer's activations")
        images, labels = self.source.labelled(indices, inputs, output)
        size = (int(labels.shape[1]), int(labels.shape[2]))
        grid = self._placed(maps, size, given)
        return View(indices, upsample(maps, size, grid), maps.amax(dim=(2, 3)), labels.to(maps.device), images)

    def _placed(self, maps: Tensor, size: tuple[int, int], given: Inputs) -> CellGrid:
        if self.grid is None:
            self.cells = (int(maps.shape[2]), int(maps.shape[3]))
            traced = trace_grid(self.model, self.layer, given[0][:1]) if self.source.over == "input" else None
            self.grid = traced or centred_grid(self.cells, size)
        return self.grid
