"""Outdoor scenes: houses and trees under a sky, by day or at dusk, with the class of every pixel."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from crossmodal.simulation.scenes.labelled import ClassList, LabelledProcess
from crossmodal.simulation.scenes.outdoor_kernel import paint_scenes
from crossmodal.simulation.scenes.outdoor_law import OUTDOOR_CLASSES, SceneDraws, draw_scenes

SHORTEST_SIDE = 16
_MOST = 6


@dataclass(frozen=True, kw_only=True)
class OutdoorScenes(LabelledProcess[SceneDraws]):
    """A sky over hilly ground, the sun, clouds, houses (wall, roof, door, window) and trees (trunk, crown).

    Parts have an obligatory context: doors and windows stand on walls alone, suns and clouds in the sky, houses and
    trees on the ground. Things that stand farther off look smaller and are hidden by nearer ones. `SceneDraws.without`
    takes a part out of drawn scenes and shows what it hid.

    A scene's attributes are whole numbers: ``dusk`` and ``sun`` (0 or 1), and how many ``clouds``, ``houses``,
    ``trees``, ``doors`` and ``windows`` were drawn, whether or not they are hidden or partly outside. In ``things`` the
    sun is 1, then come the clouds, houses and trees, each with a number of its own.

    Args:
        dusk: probability that it is dusk: everything is darker and redder, and windows are lit.
        sun: probability of a sun.
        clouds: the most clouds; each number from 0 on is as likely.
        houses: the most houses, likewise.
        trees: the most trees, likewise.

    Raises:
        ValueError: a probability outside of 0 to 1, or a number outside of 0 to 6.
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
                raise ValueError(f"{option} is a probability, 0 to 1, got {getattr(self, option)}")
        for option in ("clouds", "houses", "trees"):
            if getattr(self, option) not in range(_MOST + 1):
                raise ValueError(f"{option} must be a whole number from 0 to {_MOST}, got {getattr(self, option)}")

    def _draw(self, indices: NDArray[np.int64], size: tuple[int, int], seed: int) -> SceneDraws:
        if min(size) < SHORTEST_SIDE:
            raise ValueError(f"scenes have sides of at least {SHORTEST_SIDE} pixels, got {size[0]} x {size[1]}")
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

    def _paint(self, draws: SceneDraws) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
        n, (height, width) = len(draws.shapes), draws.size
        images, masks = np.empty((n, 3, height, width), np.uint8), np.empty((n, height, width), np.uint8)
        things = np.empty_like(masks)
        paint_scenes(images, masks, things, draws.shapes)
        return images, masks, things

    def _attributes(self, draws: SceneDraws) -> dict[str, NDArray[np.int64]]:
        return draws.attributes
