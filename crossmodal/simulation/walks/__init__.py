"""Simulated walks: people, their steps on a mat, what its sensor makes of them, and the exact truth.

Real stances can be laid out as a walk as well (`replay_walk`), with a truth that is just as exact.
"""

from crossmodal.simulation.walks.foothold import Foothold
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
    "Foothold",
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
