"""Base of procedural images with labels: classes by name, and masks beside the images."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossmodal.noise.process import Indices, Process, Size
from crossmodal.spelling import check_choice

Draws = TypeVar("Draws")
Bytes = NDArray[np.uint8]

MIN_SIDE = 16


@dataclass(frozen=True)
class ClassList:
    """The classes of pixels, and wholes that consist of several classes.

    Attributes:
        names: names of the classes; the values of a mask are indices in this tuple.
        colours: RGB of each class on a drawn mask, 0 to 255.
        wholes: the classes of each whole, such as a house.
    """

    names: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]
    wholes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def concepts(self) -> tuple[str, ...]:
        """The names of all classes and wholes."""
        return (*self.names, *self.wholes)

    def indices(self, concept: str) -> list[int]:
        """Return the class indices (in ``names``) of a class or a whole.

        Raises:
            ValueError: the concept is unknown; the nearest name is given.
        """
        check_choice("concept", concept, self.concepts)
        return [self.names.index(name) for name in self.wholes.get(concept, (concept,))]

    def masks(self, mask: Tensor, concepts: Iterable[str] | None = None) -> Tensor:
        """Split class masks (n, height, width) into one mask per concept: bool (n, concepts, height, width).

        ``concepts`` are classes or wholes; by default the classes in order.

        Raises:
            ValueError: a concept is unknown.
        """
        chosen = self.names if concepts is None else tuple(concepts)
        # Look-up table from classes to concepts.
        table = torch.zeros(len(chosen), len(self), dtype=torch.bool, device=mask.device)
        for row, concept in enumerate(chosen):
            table[row, self.indices(concept)] = True
        return table[:, mask.long()].transpose(0, 1)

    def paint(self, mask: Tensor) -> Tensor:
        """Draw class masks (n, height, width) in the colours of the classes: uint8 (n, 3, height, width)."""
        colours = torch.tensor(self.colours, dtype=torch.uint8, device=mask.device)
        return colours[mask.long()].permute(0, 3, 1, 2)


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images with ground truth for every pixel, all on one device.

    Attributes:
        images: uint8 (n, 3, height, width), RGB.
        masks: uint8 (n, height, width), the class at the centre of each pixel.
        things: uint8 (n, height, width), the number of the thing at the centre of each pixel; 0 for none.
        attributes: int64 (n,) or (n, things) by name, see the process.
        classes: the classes of the masks.
    """

    images: Tensor
    masks: Tensor
    things: Tensor
    attributes: Mapping[str, Tensor]
    classes: ClassList

    def part_masks(self, concepts: Iterable[str] | None = None) -> Tensor:
        """Return one mask per class or whole: bool (n, concepts, height, width); see `ClassList.masks`."""
        return self.classes.masks(self.masks, concepts)


class LabelledProcess(Process[Draws], Generic[Draws]):
    """A process of images with masks: `label` returns both, calling the process returns only images.

    Masks are exact: a pixel has the class of the surface at its centre. The colour of a pixel is the mean of several
    samples, so that edges are smooth.
    """

    #: The classes of the masks.
    class_list: ClassVar[ClassList]

    def label(
        self, indices: Indices, size: Size = 128, seed: int = 0, device: torch.device | str = "cpu"
    ) -> LabelledImages:
        """Draw the images of ``indices`` with their masks and attributes.

        Raises:
            ValueError: an index or the seed is negative, or a side is shorter than 16 pixels.
        """
        return self.render_labelled(self.sample(indices, size, seed), device)

    def render_labelled(self, draws: Draws, device: torch.device | str = "cpu") -> LabelledImages:
        """Render drawn parameters with masks and attributes, on the CPU."""
        painted = self._paint(draws)
        images, masks, things = (torch.from_numpy(array).to(device) for array in painted)
        attributes = {name: torch.from_numpy(values).to(device) for name, values in self._attributes(draws).items()}
        return LabelledImages(images, masks, things, attributes, self.class_list)

    def attributes(self, indices: Indices, size: Size = 128, seed: int = 0) -> dict[str, Tensor]:
        """Return the attributes of images without rendering them; see the process."""
        found = self._attributes(self.sample(indices, size, seed))
        return {name: torch.from_numpy(values) for name, values in found.items()}

    def _render(self, draws: Draws, device: torch.device) -> Tensor:
        return torch.from_numpy(self._paint(draws)[0]).to(device)

    @abstractmethod
    def _paint(self, draws: Draws) -> tuple[Bytes, Bytes, Bytes]: ...

    @abstractmethod
    def _attributes(self, draws: Draws) -> dict[str, NDArray[np.int64]]: ...


def check_size(size: tuple[int, int]) -> None:
    """Refuse a size (height, width) with a side shorter than `MIN_SIDE`.

    Raises:
        ValueError: a side is too short.
    """
    if min(size) < MIN_SIDE:
        raise ValueError(f"sides must be at least {MIN_SIDE} pixels, got {size[0]} x {size[1]}")


def empty_arrays(count: int, size: tuple[int, int]) -> tuple[Bytes, Bytes, Bytes]:
    """Allocate uint8 images (n, 3, height, width), masks and things (n, height, width) for a kernel to fill."""
    masks = np.empty((count, *size), np.uint8)
    return np.empty((count, 3, *size), np.uint8), masks, np.empty_like(masks)
