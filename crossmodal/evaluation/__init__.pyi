from .gait.from_touch import evaluate_gait
from .generator import evaluate_generator
from .identity_from_touch import evaluate_identity
from .pose_from_touch import evaluate_pose
from .segmenter import evaluate_segmenter
from .sound.baselines import ImageMatch, MeanSound, RandomImpact, TrueSound
from .sound.measure import (
    TOLERANCES_MS,
    Evaluation,
    VideoMeasurement,
    evaluate,
    fit_material_classifier,
    measure,
    summarise,
)
from .sound.onset_baselines import MotionEnergyOnsets, PeakOptions, RandomOnsets
from .sound.prediction import Predict, Sample, SoundDataset, SoundPrediction
from .sound.table import EvaluationTable, evaluate_all, evaluate_folds, fit_baselines

__all__ = [
    "TOLERANCES_MS",
    "Evaluation",
    "EvaluationTable",
    "ImageMatch",
    "MeanSound",
    "MotionEnergyOnsets",
    "PeakOptions",
    "Predict",
    "RandomImpact",
    "RandomOnsets",
    "Sample",
    "SoundDataset",
    "SoundPrediction",
    "TrueSound",
    "VideoMeasurement",
    "evaluate",
    "evaluate_all",
    "evaluate_folds",
    "evaluate_gait",
    "evaluate_generator",
    "evaluate_identity",
    "evaluate_pose",
    "evaluate_segmenter",
    "fit_baselines",
    "fit_material_classifier",
    "measure",
    "summarise",
]
