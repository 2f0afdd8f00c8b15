"""Simulated walks: people, their steps on a mat, what its sensor makes of them, and the exact truth."""

from crossmodal.tactile.walking.mat import Mat, draw_mat
from crossmodal.tactile.walking.parameter import measure_gait
from crossmodal.tactile.walking.path import PATH_KINDS, Path, PathKind, draw_path
from crossmodal.tactile.walking.plan import Step, plan_walk
from crossmodal.tactile.walking.sensor import EMED_LIKE, SensorModel, draw_sensor
from crossmodal.tactile.walking.simulate import SimulatedWalk, simulate_walk
from crossmodal.tactile.walking.truth import Footstep, WalkTruth
from crossmodal.tactile.walking.walker import PATHOLOGIES, Pathology, Walker, draw_walker

__all__ = [
    "EMED_LIKE",
    "PATHOLOGIES",
    "PATH_KINDS",
    "Footstep",
    "Mat",
    "Path",
    "PathKind",
    "Pathology",
    "SensorModel",
    "SimulatedWalk",
    "Step",
    "WalkTruth",
    "Walker",
    "draw_mat",
    "draw_path",
    "draw_sensor",
    "draw_walker",
    "measure_gait",
    "plan_walk",
    "simulate_walk",
]
