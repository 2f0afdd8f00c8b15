from .gait_from_touch import GaitFromTouchTask
from .generator import GeneratorTask
from .identity_from_touch import IdentityFromTouchTask
from .noise_distillation import DinoTask, MomentumContrastTask
from .noise_pretraining import AlignmentUniformityTask, ProgramClassificationTask, SimCLRTask, SupervisedContrastiveTask
from .optimization import Optimization
from .pose_from_touch import PoseFromTouchTask
from .segmenter import SegmenterTask
from .sound_from_video import SoundFromVideoTask

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
