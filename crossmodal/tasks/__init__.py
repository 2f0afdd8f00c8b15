"""Training tasks: a model, its objective and what is watched while it learns."""

from typing import TYPE_CHECKING

from crossmodal.lazy import lazy_names

if TYPE_CHECKING:
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

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "crossmodal.tasks.gait_from_touch": "GaitFromTouchTask",
        "crossmodal.tasks.generator": "GeneratorTask",
        "crossmodal.tasks.identity_from_touch": "IdentityFromTouchTask",
        "crossmodal.tasks.noise_distillation": "DinoTask MomentumContrastTask",
        "crossmodal.tasks.noise_pretraining": (
            "AlignmentUniformityTask ProgramClassificationTask SimCLRTask SupervisedContrastiveTask"
        ),
        "crossmodal.tasks.optimization": "Optimization",
        "crossmodal.tasks.pose_from_touch": "PoseFromTouchTask",
        "crossmodal.tasks.segmenter": "SegmenterTask",
        "crossmodal.tasks.sound_from_video": "SoundFromVideoTask",
    },
)
