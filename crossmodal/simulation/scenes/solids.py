"""Solids on a plane: spheres, cubes and cylinders with shading, shadows and exact masks."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.scenes.labelled import Bytes, ClassList, LabelledProcess, check_size, empty_arrays
from crossmodal.simulation.scenes.solids_draws import SOLID_CLASSES, SolidDraws, draw_solids
from crossmodal.simulation.scenes.solids_kernel import cast_solids

_MAX_COUNT = 12


@dataclass(frozen=True, kw_only=True)
class SolidScenes(LabelledProcess[SolidDraws]):
    """Separate cubes, spheres and cylinders of eight colours, two materials and two sizes on a grey plane.

    They are rendered in perspective from above, lit by one lamp, and cast shadows on the plane and on each other. The
    attribute of an image is ``count``; those of solids (n, most) are ``shape``, ``colour``, ``size`` and ``material``,
    indices in the lists of `crossmodal.simulation.scenes.solids_draws`, -1 without a solid. In ``things`` solid k is
    k + 1.

    Args:
        fewest: smallest number of solids; a solid is left out if 24 tries find no free position.
        most: largest number of solids; all numbers from ``fewest`` have equal probability.

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
        if not 0 <= self.fewest <= self.most <= _MAX_COUNT:
            raise ValueError(f"expected 0 <= fewest <= most <= {_MAX_COUNT}, got {self.fewest=}, {self.most=}")

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> SolidDraws:
        check_size(size)
        return draw_solids(indices, size, seed, fewest=self.fewest, most=self.most)

    def _paint(self, draws: SolidDraws) -> tuple[Bytes, Bytes, Bytes]:
        images, masks, things = empty_arrays(len(draws.solids), draws.size)
        cast_solids(images, masks, things, draws.solids, draws.eyes, draws.lamps)
        return images, masks, things

    def _attributes(self, draws: SolidDraws) -> dict[str, NDArray[np.int64]]:
        return draws.attributes
