"""Simulated walks: walkers, their steps on a mat or insoles, the sensor, and the exact truth.

`replay_walk` replays real stances as a walk, with an exact truth as well. Types for a foot on the floor:

- `Step`: a planned step; position, time, and the load of a simulated one.
- `footprint.SoleOnMat`: the regions of a sole on the grid of a mat.
- `StanceMovie`: the pressure of one real stance in the coordinates of the foot, to be replayed.
- `press.PressureWindow`: pressure in a box of frames, rows and columns.
- `Footstep`: a true footstep of a walk, part of its `WalkTruth`.
"""

from crossmodal.simulation.walks.insoles import (
    LAYOUTS,
    InsoleModel,
    Layout,
    SimulatedInsoles,
    draw_insoles,
    simulate_insoles,
)
from crossmodal.simulation.walks.mat import Mat, draw_mat
from crossmodal.simulation.walks.parameter import measure_gait
from crossmodal.simulation.walks.path import PATH_KINDS, Path, PathKind, draw_path
from crossmodal.simulation.walks.plan import Step, plan_walk
from crossmodal.simulation.walks.replay import replay_walk
from crossmodal.simulation.walks.replay_stance import StanceMovie
from crossmodal.simulation.walks.sensor import EMED_LIKE, SensorModel, draw_sensor
from crossmodal.simulation.walks.simulate import SimulatedWalk, simulate_walk
from crossmodal.simulation.walks.truth import Footstep, WalkTruth
from crossmodal.simulation.walks.walker import PATHOLOGIES, Pathology, Walker, draw_walker

__all__ = [
    "EMED_LIKE",
    "LAYOUTS",
    "PATHOLOGIES",
    "PATH_KINDS",
    "Footstep",
    "InsoleModel",
    "Layout",
    "Mat",
    "Path",
    "PathKind",
    "Pathology",
    "SensorModel",
    "SimulatedInsoles",
    "SimulatedWalk",
    "StanceMovie",
    "Step",
    "WalkTruth",
    "Walker",
    "draw_insoles",
    "draw_mat",
    "draw_path",
    "draw_sensor",
    "draw_walker",
    "measure_gait",
    "plan_walk",
    "replay_walk",
    "simulate_insoles",
    "simulate_walk",
]
