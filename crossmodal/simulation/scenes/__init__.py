"""Procedural images with exact masks: outdoor scenes of parts, and ray-cast solids.

``create("outdoor").label(range(16), size=32, seed=0)`` makes sixteen images with masks. Image i depends only on the
process, its options, the seed, i and the size.
"""

from crossmodal.simulation.scenes.catalogue import create, names
from crossmodal.simulation.scenes.labelled import ClassList, LabelledImages, LabelledProcess
from crossmodal.simulation.scenes.outdoor import OutdoorScenes
from crossmodal.simulation.scenes.outdoor_draws import OUTDOOR_CLASSES, OUTDOOR_CONTEXT, SceneDraws
from crossmodal.simulation.scenes.solids import SolidScenes
from crossmodal.simulation.scenes.solids_draws import SOLID_CLASSES, SolidDraws

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
