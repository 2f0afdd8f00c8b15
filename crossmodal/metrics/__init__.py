"""Pure functions that put numbers on predictions, each with a stated convention."""

from typing import TYPE_CHECKING

from crossmodal.lazy import lazy_names

if TYPE_CHECKING:
    from crossmodal.metrics.image_distance import frechet_distance, sliced_wasserstein
    from crossmodal.metrics.impact import (
        STEPS_PER_FRAME,
        ImpactScores,
        cut_impact_windows,
        impact_scores,
        loudness,
        pearson_r,
        spectral_centroid,
    )
    from crossmodal.metrics.interval import Interval, bootstrap_interval, bootstrap_weights, percentile_interval
    from crossmodal.metrics.material import MaterialClassifier, class_averaged_accuracy
    from crossmodal.metrics.onset import (
        OnsetCounts,
        OnsetScores,
        PooledOnsets,
        count_onsets,
        find_by_rank,
        match_onsets,
        onset_scores,
    )
    from crossmodal.metrics.pose import PoseScore, earlier_poses, joint_errors_mm, moving_frames, pose_score
    from crossmodal.metrics.segmentation import class_iou, confusion_matrix, mean_iou, pixel_accuracy
    from crossmodal.metrics.verification import VerificationScore, equal_error_rate, rank_one, reference_scores, verify

__all__ = [
    "STEPS_PER_FRAME",
    "ImpactScores",
    "Interval",
    "MaterialClassifier",
    "OnsetCounts",
    "OnsetScores",
    "PooledOnsets",
    "PoseScore",
    "VerificationScore",
    "bootstrap_interval",
    "bootstrap_weights",
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
    "percentile_interval",
    "pixel_accuracy",
    "pose_score",
    "rank_one",
    "reference_scores",
    "sliced_wasserstein",
    "spectral_centroid",
    "verify",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "crossmodal.metrics.image_distance": "frechet_distance sliced_wasserstein",
        "crossmodal.metrics.impact": (
            "STEPS_PER_FRAME ImpactScores cut_impact_windows impact_scores loudness pearson_r spectral_centroid"
        ),
        "crossmodal.metrics.interval": "Interval bootstrap_interval bootstrap_weights percentile_interval",
        "crossmodal.metrics.material": "MaterialClassifier class_averaged_accuracy",
        "crossmodal.metrics.onset": (
            "OnsetCounts OnsetScores PooledOnsets count_onsets find_by_rank match_onsets onset_scores"
        ),
        "crossmodal.metrics.pose": "PoseScore earlier_poses joint_errors_mm moving_frames pose_score",
        "crossmodal.metrics.segmentation": "class_iou confusion_matrix mean_iou pixel_accuracy",
        "crossmodal.metrics.verification": "VerificationScore equal_error_rate rank_one reference_scores verify",
    },
)
