"""Evaluations that run without a trainer: predictors and baselines on whole videos."""

from typing import TYPE_CHECKING

from crossmodal.lazy import lazy_names

if TYPE_CHECKING:
    from crossmodal.evaluation.gait.from_touch import evaluate_gait
    from crossmodal.evaluation.generator import evaluate_generator
    from crossmodal.evaluation.identity_from_touch import evaluate_identity
    from crossmodal.evaluation.pose_from_touch import evaluate_pose
    from crossmodal.evaluation.segmenter import evaluate_segmenter
    from crossmodal.evaluation.sound.baselines import ImageMatch, MeanSound, RandomImpact, TrueSound
    from crossmodal.evaluation.sound.measure import (
        TOLERANCES_MS,
        Difference,
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
    "Difference",
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

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "crossmodal.evaluation.gait.from_touch": "evaluate_gait",
        "crossmodal.evaluation.generator": "evaluate_generator",
        "crossmodal.evaluation.identity_from_touch": "evaluate_identity",
        "crossmodal.evaluation.pose_from_touch": "evaluate_pose",
        "crossmodal.evaluation.segmenter": "evaluate_segmenter",
        "crossmodal.evaluation.sound.baselines": "ImageMatch MeanSound RandomImpact TrueSound",
        "crossmodal.evaluation.sound.measure": (
            "TOLERANCES_MS Difference Evaluation VideoMeasurement evaluate fit_material_classifier measure summarise"
        ),
        "crossmodal.evaluation.sound.onset_baselines": "MotionEnergyOnsets PeakOptions RandomOnsets",
        "crossmodal.evaluation.sound.prediction": "Predict Sample SoundDataset SoundPrediction",
        "crossmodal.evaluation.sound.table": "EvaluationTable evaluate_all evaluate_folds fit_baselines",
    },
)
