"""Solids on a plane: spheres, cubes and cylinders with shading and shadows, and the solid of every pixel."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.scenes.labelled import ClassList, LabelledProcess
from crossmodal.simulation.scenes.solids_kernel import cast_solids
from crossmodal.simulation.scenes.solids_law import SOLID_CLASSES, SolidDraws, draw_solids

SHORTEST_SIDE = 16
_MOST = 12


@dataclass(frozen=True, kw_only=True)
class SolidScenes(LabelledProcess[SolidDraws]):
    """Cubes, spheres and cylinders of eight colours, two materials and two sizes stand apart on a grey plane.

    They are seen in perspective from above, lit by one lamp, and cast shadows on the plane and on each other. An
    attribute of an image is ``count``; of each solid (n, most) ``shape``, ``colour``, ``size`` and ``material``, the
    places in the lists of `crossmodal.simulation.scenes.solids_law`, -1 where there is none. In ``things`` solid k is
    k + 1.

    Args:
        fewest: solids at least; where no free place is found in 24 tries a solid is left out.
        most: solids at most; each number from ``fewest`` on is as likely.

    Raises:
        ValueError: not 0 <= fewest <= most <= 12.

    References:
        Johnson et al., "CLEVR: a diagnostic dataset for compositional language and elementary visual reasoning", CVPR
        2017, section 3.1 (shapes, colours, materials, sizes; the images here are ray cast, without Blender).
    """

    name: ClassVar[str] = "solids"
    class_list: ClassVar[ClassList] = SOLID_CLASSES
    fewest: int = 3
    most: int = 6

    def __post_init__(self) -> None:
        if not 0 <= self.fewest <= self.most <= _MOST:
            raise ValueError(f"need 0 <= fewest <= most <= {_MOST}, got {self.fewest=}, {self.most=}")

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> SolidDraws:
        if min(size) < SHORTEST_SIDE:
            raise ValueError(f"solids have sides of at least {SHORTEST_SIDE} pixels, got {size[0]} x {size[1]}")
        return draw_solids(indices, size, seed, fewest=self.fewest, most=self.most)

    def _paint(self, draws: SolidDraws) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
        n, (height, width) = len(draws.solids), draws.size
        images, masks = np.empty((n, 3, height, width), np.uint8), np.empty((n, height, width), np.uint8)
        things = np.empty_like(masks)
        cast_solids(images, masks, things, draws.solids, draws.eyes, draws.lamps)
        return images, masks, things

    def _attributes(self, draws: SolidDraws) -> dict[str, NDArray[np.int64]]:
        return draws.attributes
