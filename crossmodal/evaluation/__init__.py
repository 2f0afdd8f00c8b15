"""Evaluations that run without a trainer: predictors and baselines on whole videos."""

from crossmodal.evaluation.baselines import MeanSound, PictureMatch, RandomImpact, TrueSound
from crossmodal.evaluation.onset_baselines import MotionEnergyOnsets, PeakOptions, RandomOnsets
from crossmodal.evaluation.prediction import Predict, Sample, SoundDataset, SoundPrediction
from crossmodal.evaluation.sound_from_video import (
    TOLERANCES_MS,
    Difference,
    Evaluation,
    VideoMeasurement,
    evaluate,
    fit_material_classifier,
    measure,
    summarise,
)
from crossmodal.evaluation.table import EvaluationTable, evaluate_all, evaluate_folds, fit_baselines

__all__ = [
    "TOLERANCES_MS",
    "Difference",
    "Evaluation",
    "EvaluationTable",
    "MeanSound",
    "MotionEnergyOnsets",
    "PeakOptions",
    "PictureMatch",
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
    "fit_baselines",
    "fit_material_classifier",
    "measure",
    "summarise",
]
