"""Evaluations that run without a trainer: predictors and baselines on whole videos."""

from crossmodal.evaluation.gait.from_touch import evaluate_gait
from crossmodal.evaluation.generator import evaluate_generator
from crossmodal.evaluation.identity_from_touch import evaluate_identity
from crossmodal.evaluation.pose_from_touch import evaluate_pose
from crossmodal.evaluation.segmenter import evaluate_segmenter
from crossmodal.evaluation.sound.baselines import ImageMatch, MeanSound, RandomImpact, TrueSound
from crossmodal.evaluation.sound.measure import (
    TOLERANCES_MS,
    Evaluation,
    VideoMeasurement,
    evaluate,
    fit_material_classifier,
    measure,
    summarise,
)
from crossmodal.evaluation.sound.onset_baselines import MotionEnergyOnsets, PeakOptions, RandomOnsets
from crossmodal.evaluation.sound.prediction import Predict, Sample, SoundDataset, SoundPrediction
from crossmodal.evaluation.sound.table import EvaluationTable, evaluate_all, evaluate_folds, fit_baselines

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
