"""Position errors of joints: over all frames, over moving frames, and by joint.

Conventions: positions are in millimetres, (frames, joints, 3), without any alignment. A frame moves if the mean
distance of its joints from their positions ``lag`` frames earlier exceeds a threshold. Intervals are bootstrapped over
groups (people or recordings), because frames of one recording are alike.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crossmodal.interval import Interval, bootstrap_weights, percentile_interval

Floats = NDArray[np.float64]


class PoseScore(NamedTuple):
    """Mean per-joint position error in millimetres with its 95 % interval, and the number of frames."""

    mpjpe_mm: Interval
    frames: int


def joint_errors_mm(predicted_mm: ArrayLike, true_mm: ArrayLike) -> Floats:
    """Return the distance of each joint from its true position, in millimetres: (frames, joints).

    Both arguments have the shape (frames, joints, 3).

    Raises:
        ValueError: the shapes differ, or are not of this kind.
    """
    predicted, true = np.asarray(predicted_mm, np.float64), np.asarray(true_mm, np.float64)
    if predicted.shape != true.shape or true.ndim != 3 or true.shape[-1] != 3:
        raise ValueError(f"expected (frames, joints, 3) twice, got {predicted.shape} and {true.shape}")
    return np.asarray(np.linalg.norm(predicted - true, axis=-1), np.float64)


def earlier_poses(true_mm: ArrayLike, recordings: Sequence[int], frames: Sequence[int], lag: int) -> Floats:
    """Return the pose ``lag`` frames before each frame, the prediction of persistence: (frames, joints, 3).

    ``recordings`` and ``frames`` give the recording and the frame number of each pose. NaN where there is no earlier
    pose.
    """
    true = np.asarray(true_mm, np.float64)
    index_of = {key: index for index, key in enumerate(zip(recordings, frames, strict=True))}
    earlier = np.full_like(true, np.nan)
    for index, (recording, frame) in enumerate(zip(recordings, frames, strict=True)):
        before = index_of.get((recording, frame - lag))
        if before is not None:
            earlier[index] = true[before]
    return earlier


def moving_frames(true_mm: ArrayLike, earlier_mm: ArrayLike, threshold_mm: float) -> NDArray[np.bool_]:
    """Return which frames moved by more than ``threshold_mm``, mean over joints; False without an earlier pose."""
    # A comparison with NaN is False.
    return np.asarray(joint_errors_mm(true_mm, earlier_mm).mean(axis=1) > threshold_mm)


def pose_score(
    errors_mm: ArrayLike,
    groups: ArrayLike,
    chosen: NDArray[np.bool_] | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> PoseScore:
    """Return the mean of errors (frames, joints) over frames, with a bootstrap interval over ``groups`` (frames,).

    ``chosen`` selects frames, all by default. The mean is NaN without any frame, the interval with a single group.
    """
    errors = np.asarray(errors_mm, np.float64).mean(axis=1)
    counted = np.isfinite(errors) if chosen is None else chosen & np.isfinite(errors)
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.bincount(member, np.where(counted, errors, 0.0), minlength=len(names))
    counts = np.bincount(member, counted, minlength=len(names))
    total = int(counts.sum())
    if not total:
        return PoseScore(Interval(np.nan), 0)
    mean = sums.sum() / total
    if np.count_nonzero(counts) < 2:
        return PoseScore(Interval(float(mean)), total)
    weights = bootstrap_weights(len(names), resamples, seed=seed)
    drawn = weights @ counts
    means = np.divide(weights @ sums, drawn, out=np.full(resamples, np.nan), where=drawn > 0)
    return PoseScore(percentile_interval(mean, means), total)
