"""What procedural images with labels have in common: classes by name, and masks that go with the images."""

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


@dataclass(frozen=True)
class ClassList:
    """The classes that a pixel can have, and the wholes that are made of several of them.

    Attributes:
        names: of the classes; a mask holds places in this tuple.
        colours: RGB of each class on a drawn mask, 0 to 255.
        wholes: what several classes make together, such as a house.
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

    def places(self, concept: str) -> list[int]:
        """Give the classes (places in ``names``) of a class or a whole.

        Raises:
            ValueError: there is no such concept; says the nearest.
        """
        check_choice("concept", concept, self.concepts)
        return [self.names.index(name) for name in self.wholes.get(concept, (concept,))]

    def masks(self, mask: Tensor, concepts: Iterable[str] | None = None) -> Tensor:
        """Split class masks (n, height, width) into one mask a concept: bool (n, concepts, height, width).

        ``concepts`` are classes or wholes; by default the classes in their order.

        Raises:
            ValueError: there is no such concept.
        """
        wanted = self.names if concepts is None else tuple(concepts)
        # A look-up table: which concepts a pixel of each class belongs to.
        belongs = torch.zeros(len(wanted), len(self), dtype=torch.bool, device=mask.device)
        for row, concept in enumerate(wanted):
            belongs[row, self.places(concept)] = True
        return belongs[:, mask.long()].transpose(0, 1)

    def paint(self, mask: Tensor) -> Tensor:
        """Draw class masks (n, height, width) in the classes' colours: uint8 (n, 3, height, width)."""
        colours = torch.tensor(self.colours, dtype=torch.uint8, device=mask.device)
        return colours[mask.long()].permute(0, 3, 1, 2)


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images with the truth about every pixel, all on one device.

    Attributes:
        images: uint8 (n, 3, height, width), RGB.
        masks: uint8 (n, height, width), the class that a pixel's centre shows.
        things: uint8 (n, height, width), the number of the thing that it belongs to; 0 for what is no single thing.
        attributes: int64 (n,) or (n, things) by name, see the process.
        classes: what the masks mean.
    """

    images: Tensor
    masks: Tensor
    things: Tensor
    attributes: Mapping[str, Tensor]
    classes: ClassList

    def part_masks(self, concepts: Iterable[str] | None = None) -> Tensor:
        """Give one mask a class or whole: bool (n, concepts, height, width); see `ClassList.masks`."""
        return self.classes.masks(self.masks, concepts)


class LabelledProcess(Process[Draws], Generic[Draws]):
    """A process whose images come with masks: `label` gives all of them, calling it the images alone.

    A mask is exact: its pixel has the class of the surface that the image shows at the pixel's centre. The image
    itself is the mean of several samples a pixel, so that edges are smooth.
    """

    #: What the masks mean.
    class_list: ClassVar[ClassList]

    def label(
        self, indices: Indices, size: Size = 128, seed: int = 0, device: torch.device | str = "cpu"
    ) -> LabelledImages:
        """Make the images of ``indices`` with their masks and attributes.

        Raises:
            ValueError: a negative index or seed, or a size that the process does not draw.
        """
        return self.render_labelled(self.sample(indices, size, seed), device)

    def render_labelled(self, draws: Draws, device: torch.device | str = "cpu") -> LabelledImages:
        """Render drawn parameters with masks and attributes. It is the CPU that draws."""
        painted = self._paint(draws)
        images, masks, things = (torch.from_numpy(array).to(device) for array in painted)
        told = {name: torch.from_numpy(values).to(device) for name, values in self._attributes(draws).items()}
        return LabelledImages(images, masks, things, told, self.class_list)

    def attributes(self, indices: Indices, size: Size = 128, seed: int = 0) -> dict[str, Tensor]:
        """Tell what was drawn for each image without painting it; see the process."""
        found = self._attributes(self.sample(indices, size, seed))
        return {name: torch.from_numpy(values) for name, values in found.items()}

    def _render(self, draws: Draws, device: torch.device) -> Tensor:
        return torch.from_numpy(self._paint(draws)[0]).to(device)

    @abstractmethod
    def _paint(self, draws: Draws) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]: ...

    @abstractmethod
    def _attributes(self, draws: Draws) -> dict[str, NDArray[np.int64]]: ...
