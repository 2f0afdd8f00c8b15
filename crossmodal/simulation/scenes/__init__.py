"""Procedural images whose every pixel is known: outdoor scenes of parts, and ray-cast solids.

``create("outdoor").label(range(16), size=32, seed=0)`` makes sixteen images with masks. Image i depends on the
process, its options, the seed, i and the size alone.
"""

from crossmodal.simulation.scenes.catalogue import create, names
from crossmodal.simulation.scenes.labelled import ClassList, LabelledImages, LabelledProcess
from crossmodal.simulation.scenes.outdoor import OutdoorScenes
from crossmodal.simulation.scenes.outdoor_law import OUTDOOR_CLASSES, OUTDOOR_CONTEXT, SceneDraws
from crossmodal.simulation.scenes.solids import SolidScenes
from crossmodal.simulation.scenes.solids_law import SOLID_CLASSES, SolidDraws

__all__ = [
    "OUTDOOR_CLASSES",
    "OUTDOOR_CONTEXT",
    "SOLID_CLASSES",
    "ClassList",
    "LabelledImages",
    "LabelledProcess",
    "OutdoorScenes",
    "SceneDraws",
    "SolidDraws",
    "SolidScenes",
    "create",
    "names",
]
