"""Outdoor scenes: houses and trees under a sky, by day or at dusk, with the class of every pixel."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.scenes.labelled import Bytes, ClassList, LabelledProcess, check_size, empty_arrays
from crossmodal.simulation.scenes.outdoor_draws import OUTDOOR_CLASSES, SceneDraws, draw_scenes
from crossmodal.simulation.scenes.outdoor_kernel import paint_scenes

_MAX_COUNT = 6


@dataclass(frozen=True, kw_only=True)
class OutdoorScenes(LabelledProcess[SceneDraws]):
    """A sky over hilly ground, the sun, clouds, houses (wall, roof, door, window) and trees (trunk, crown).

    Parts have a fixed context: doors and windows are only on walls, suns and clouds in the sky, houses and trees on the
    ground. Farther things are smaller and are occluded by nearer ones. `SceneDraws.without` removes a part from drawn
    scenes and uncovers what it hid.

    The attributes of a scene are integers: ``dusk`` and ``sun`` (0 or 1), and the numbers of ``clouds``, ``houses``,
    ``trees``, ``doors`` and ``windows`` drawn, including hidden ones and those partly outside of the image. In
    ``things`` the sun is 1; the clouds, houses and trees follow, each with a separate number.

    Args:
        dusk: probability of dusk, in which everything is darker and redder, and windows are lit.
        sun: probability of a sun.
        clouds: largest number of clouds; all numbers from 0 have equal probability.
        houses: largest number of houses, likewise.
        trees: largest number of trees, likewise.

    Raises:
        ValueError: a probability is not in 0 to 1, or a number is not in 0 to 6.
    """

    name: ClassVar[str] = "outdoor"
    class_list: ClassVar[ClassList] = OUTDOOR_CLASSES
    dusk: float = 0.35
    sun: float = 0.5
    clouds: int = 2
    houses: int = 2
    trees: int = 2

    def __post_init__(self) -> None:
        for option in ("dusk", "sun"):
            if not 0 <= getattr(self, option) <= 1:
                raise ValueError(f"{option} must be a probability, 0 to 1, got {getattr(self, option)}")
        for option in ("clouds", "houses", "trees"):
            if getattr(self, option) not in range(_MAX_COUNT + 1):
                raise ValueError(f"{option} must be a whole number from 0 to {_MAX_COUNT}, got {getattr(self, option)}")

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> SceneDraws:
        check_size(size)
        return draw_scenes(
            indices,
            size,
            seed,
            dusk=self.dusk,
            sun=self.sun,
            clouds=self.clouds,
            houses=self.houses,
            trees=self.trees,
        )

    def _paint(self, draws: SceneDraws) -> tuple[Bytes, Bytes, Bytes]:
        images, masks, things = empty_arrays(len(draws.shapes), draws.size)
        paint_scenes(images, masks, things, draws.shapes)
        return images, masks, things

    def _attributes(self, draws: SceneDraws) -> dict[str, NDArray[np.int64]]:
        return draws.attributes
