"""Training tasks: a model, its objective and what is watched while it learns."""

from crossmodal.tasks.gait_from_touch import GaitFromTouchTask
from crossmodal.tasks.generator import GeneratorTask
from crossmodal.tasks.identity_from_touch import IdentityFromTouchTask
from crossmodal.tasks.noise_distillation import DinoTask, MomentumContrastTask
from crossmodal.tasks.noise_pretraining import (
    AlignmentUniformityTask,
    ProgramClassificationTask,
    SimCLRTask,
    SupervisedContrastiveTask,
)
from crossmodal.tasks.optimization import Optimization
from crossmodal.tasks.pose_from_touch import PoseFromTouchTask
from crossmodal.tasks.segmenter import SegmenterTask
from crossmodal.tasks.sound_from_video import SoundFromVideoTask

__all__ = [
    "AlignmentUniformityTask",
    "DinoTask",
    "GaitFromTouchTask",
    "GeneratorTask",
    "IdentityFromTouchTask",
    "MomentumContrastTask",
    "Optimization",
    "PoseFromTouchTask",
    "ProgramClassificationTask",
    "SegmenterTask",
    "SimCLRTask",
    "SoundFromVideoTask",
    "SupervisedContrastiveTask",
]
