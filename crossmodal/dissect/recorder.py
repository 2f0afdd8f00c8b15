"""Activations of a layer over a source of images, block by block, upsampled to the pixels of the masks."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crossmodal.dissect.counter import BLOCK
from crossmodal.dissect.grid import CellGrid, centred_grid, trace_grid, upsample
from crossmodal.dissect.layer import Inputs, record, record_with_output, to_device
from crossmodal.dissect.source import Source, require_finite
from crossmodal.errors import DatasetError
from crossmodal.randomness import generator

#: Called with the number of blocks done, their total and the name of the stage.
Progress = Callable[[int, int, str], None]


class LabelledActivations(NamedTuple):
    """Activations and labels of a block of images."""

    #: (n,) indices of the images in the source.
    indices: NDArray[np.int64]
    #: float32 (n, units, height, width), at the pixels of the masks.
    activations: Tensor
    #: (n, units): the largest activation among the layer's own cells.
    peaks: Tensor
    #: int64 (n, height, width).
    labels: Tensor
    #: uint8 (n, 3, height, width).
    images: Tensor


class Recorder:
    """Records a layer over a source, in blocks of a random order that the seed fixes; each pass has the same order.

    If the masks cover the network's input, cells are at the centres of their receptive fields (`trace_grid`) where
    these can be traced. Otherwise, and if the masks cover the output, cells are equal parts of the image.

    Raises:
        DatasetError: the source has fewer than 4 images.
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
            raise DatasetError(f"a dissection needs at least 4 images, found {len(source)}")
        self.model, self.layer, self.source, self.seed = model, layer, source, seed
        self.device = torch.device(device)
        self.concept_indices = torch.tensor(sorted(source.concepts), dtype=torch.int64)
        self.grid: CellGrid | None = None
        self.cells: tuple[int, int] | None = None
        self._progress = progress
        order = generator(seed, "dissect/order").permutation(len(source))
        # Permuting masks needs at least two images per block; two halves need at least two blocks.
        count = max(2, -(-len(order) // BLOCK))
        self._blocks = [block.astype(np.int64) for block in np.array_split(order, count)]

    def blocks(self, stage: str) -> Iterator[NDArray[np.int64]]:
        """Iterate over the blocks of image indices; even blocks name units, odd blocks score them."""
        for number, block in enumerate(self._blocks):
            yield block
            if self._progress is not None:
                self._progress(number + 1, len(self._blocks), stage)

    def activations(self, indices: NDArray[np.int64]) -> Tensor:
        """Return the layer's activations on its own cells: float32 (n, units, rows, columns).

        Raises:
            WeightsError: an activation is not finite.
        """
        maps = record(self.model, self.layer, to_device(self.source.inputs(indices), self.device))
        require_finite(maps, "the layer's activations")
        return maps

    @torch.inference_mode()
    def labelled_activations(self, indices: NDArray[np.int64]) -> LabelledActivations:
        """Run the network on images and return activations at the pixels of the masks, with the labels.

        Raises:
            WeightsError: an activation or a generated image is not finite.
        """
        inputs = self.source.inputs(indices)
        moved, output = to_device(inputs, self.device), None
        if self.source.over == "output":
            maps, output = record_with_output(self.model, self.layer, moved)
        else:
            maps = record(self.model, self.layer, moved)
        require_finite(maps, "the layer's activations")
        images, labels = self.source.labelled(indices, inputs, output)
        size = (int(labels.shape[1]), int(labels.shape[2]))
        activations = upsample(maps, size, self._find_grid(maps, size, moved))
        return LabelledActivations(indices, activations, maps.amax(dim=(2, 3)), labels.to(maps.device), images)

    def _find_grid(self, maps: Tensor, size: tuple[int, int], inputs: Inputs) -> CellGrid:
        if self.grid is None:
            self.cells = (int(maps.shape[2]), int(maps.shape[3]))
            traced = trace_grid(self.model, self.layer, inputs[0][:1]) if self.source.over == "input" else None
            self.grid = traced or centred_grid(self.cells, size)
        return self.grid
