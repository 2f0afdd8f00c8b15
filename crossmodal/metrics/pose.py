"""How far joints are from where they should be: all frames, frames that move, and each joint by itself.

Conventions: joints are millimetres, (frames, joints, 3), not aligned in any way. A frame moves when its joints are, on
average, more than so many millimetres from where they were ``lag`` frames before. Intervals are drawn over groups
(people, or recordings), since frames of one recording are alike.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crossmodal.metrics.interval import bootstrap_weights, percentile_interval

Floats = NDArray[np.float64]


class PoseScore(NamedTuple):
    """Mean per-joint position error in millimetres, its 95 % interval, and the frames that entered."""

    mpjpe_mm: float
    low: float
    high: float
    frames: int


def joint_errors_mm(predicted_mm: ArrayLike, true_mm: ArrayLike) -> Floats:
    """Measure the distance of every joint from its place: (frames, joints, 3) twice to (frames, joints).

    Raises:
        ValueError: the shapes differ, or are not of this kind.
    """
    predicted, true = np.asarray(predicted_mm, np.float64), np.asarray(true_mm, np.float64)
    if predicted.shape != true.shape or true.ndim != 3 or true.shape[-1] != 3:
        raise ValueError(f"expected (frames, joints, 3) twice, got {predicted.shape} and {true.shape}")
    return np.asarray(np.linalg.norm(predicted - true, axis=-1), np.float64)


def earlier_poses(true_mm: ArrayLike, recordings: Sequence[int], frames: Sequence[int], lag: int) -> Floats:
    """Give the pose of ``lag`` frames before each frame, which persistence predicts: (frames, joints, 3).

    ``recordings`` and ``frames`` tell where each pose was taken. NaN where there is no such pose.
    """
    true = np.asarray(true_mm, np.float64)
    place = {key: index for index, key in enumerate(zip(recordings, frames, strict=True))}
    earlier = np.full_like(true, np.nan)
    for index, (recording, frame) in enumerate(zip(recordings, frames, strict=True)):
        before = place.get((recording, frame - lag))
        if before is not None:
            earlier[index] = true[before]
    return earlier


def moving_frames(true_mm: ArrayLike, earlier_mm: ArrayLike, least_mm: float) -> NDArray[np.bool_]:
    """Tell which frames moved by more than ``least_mm``, mean over joints; those without an earlier pose did not."""
    # A comparison with NaN is False.
    return np.asarray(joint_errors_mm(true_mm, earlier_mm).mean(axis=1) > least_mm)


def pose_score(
    errors_mm: ArrayLike,
    groups: ArrayLike,
    chosen: NDArray[np.bool_] | None = None,
    *,
    samples: int = 1000,
    seed: int = 0,
) -> PoseScore:
    """Average errors (frames, joints) over frames, with the interval of a bootstrap over ``groups`` (frames,).

    ``chosen`` are the frames that count, all of them by default. The mean is NaN where none does; the interval is NaN
    with a single group.
    """
    errors = np.asarray(errors_mm, np.float64).mean(axis=1)
    counted = np.isfinite(errors) if chosen is None else chosen & np.isfinite(errors)
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.bincount(member, np.where(counted, errors, 0.0), minlength=len(names))
    counts = np.bincount(member, counted, minlength=len(names))
    total = int(counts.sum())
    if not total:
        return PoseScore(float("nan"), float("nan"), float("nan"), 0)
    weights = bootstrap_weights(len(names), samples, seed=seed)
    drawn = weights @ counts
    means = np.divide(weights @ sums, drawn, out=np.full(samples, np.nan), where=drawn > 0)
    low, high, _ = percentile_interval(means)
    single = np.count_nonzero(counts) < 2
    mean = float(sums.sum() / total)
    return PoseScore(mean, *((float("nan"),) * 2 if single else (low, high)), total)
