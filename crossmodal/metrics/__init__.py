"""Pure functions that put numbers on predictions, each with a stated convention."""

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

__all__ = [
    "STEPS_PER_FRAME",
    "ImpactScores",
    "Interval",
    "MaterialClassifier",
    "OnsetCounts",
    "OnsetScores",
    "PooledOnsets",
    "bootstrap_interval",
    "bootstrap_weights",
    "class_averaged_accuracy",
    "count_onsets",
    "cut_impact_windows",
    "find_by_rank",
    "impact_scores",
    "loudness",
    "match_onsets",
    "onset_scores",
    "pearson_r",
    "percentile_interval",
    "spectral_centroid",
]
