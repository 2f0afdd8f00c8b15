from .image_distance import frechet_distance, sliced_wasserstein
from .impact import (
    STEPS_PER_FRAME,
    ImpactScores,
    cut_impact_windows,
    impact_scores,
    loudness,
    pearson_r,
    spectral_centroid,
)
from .material import MaterialClassifier, class_averaged_accuracy
from .onset import OnsetCounts, OnsetScores, PooledOnsets, count_onsets, find_by_rank, match_onsets, onset_scores
from .pose import PoseScore, earlier_poses, joint_errors_mm, moving_frames, pose_score
from .segmentation import class_iou, confusion_matrix, mean_iou, pixel_accuracy
from .verification import VerificationScore, equal_error_rate, rank_one, reference_scores, verify

__all__ = [
    "STEPS_PER_FRAME",
    "ImpactScores",
    "MaterialClassifier",
    "OnsetCounts",
    "OnsetScores",
    "PooledOnsets",
    "PoseScore",
    "VerificationScore",
    "class_averaged_accuracy",
    "class_iou",
    "confusion_matrix",
    "count_onsets",
    "cut_impact_windows",
    "earlier_poses",
    "equal_error_rate",
    "find_by_rank",
    "frechet_distance",
    "impact_scores",
    "joint_errors_mm",
    "loudness",
    "match_onsets",
    "mean_iou",
    "moving_frames",
    "onset_scores",
    "pearson_r",
    "pixel_accuracy",
    "pose_score",
    "rank_one",
    "reference_scores",
    "sliced_wasserstein",
    "spectral_centroid",
    "verify",
]
