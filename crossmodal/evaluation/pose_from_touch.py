"""Poses found in touch against the true ones, beside what can be had without learning."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from crossmodal.metrics.pose import earlier_poses, joint_errors_mm, moving_frames, pose_score
from crossmodal.models.skeleton import JOINTS, to_mm
from crossmodal.tactile.readers.intelligent_carpet import PITCH_MM

Floats = NDArray[np.float64]


class PoseDataset(Protocol):
    """What is evaluated on, as `crossmodal.data.IntelligentCarpetWindows` is it."""

    recordings: Any

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> dict[str, Any]: ...


class _Seen(NamedTuple):
    """Poses of a data set in millimetres, true and predicted (frames, 21, 3), and over which place (frames, 1, 3)."""

    true: Floats
    predicted: Floats
    above: Floats
    recordings: list[int]
    frames: list[int]


def evaluate_pose(
    predict: Callable[[dict[str, Any]], Any],
    dataset: PoseDataset,
    train: PoseDataset | None = None,
    lag_frames: int = 10,
    moving_mm: float = 50.0,
    seed: int = 0,
    bootstrap: int = 1000,
) -> dict[str, float]:
    """Measure a predictor of joints, and baselines, on all frames and on those that move.

    Each of ``model``, ``persistence`` (the true pose of ``lag_frames`` before, where there is one), ``mean_pose`` and
    ``mean_pose_at_pressure`` (the mean pose over the centre of pressure; both of ``train``) has ``_mpjpe_mm`` over all
    frames and ``_moving_mpjpe_mm`` over those that moved by more than ``moving_mm``, mean over joints, within
    ``lag_frames``; each with ``_low`` and ``_high``, the 95 % interval of a bootstrap over subjects (over recordings,
    where nothing tells the subjects), and the model for each joint. Most frames of such recordings hardly move, and
    there nobody beats persistence: the second number is the one to look at.

    Args:
        predict: from a sample to joints (21, 3) in millimetres.
        dataset: samples with ``touch``, ``keypoints``, ``recording`` and ``frame``.
        train: samples to fit the mean poses on; without it they are left out.
        lag_frames: how far persistence looks back, in frames.
        moving_mm: what counts as having moved.
        seed: of the bootstrap.
        bootstrap: number of resamples.

    Raises:
        ValueError: there is no sample.
    """
    if not len(dataset):
        raise ValueError("there is nothing to evaluate on")
    seen = _look(dataset, predict)
    earlier = earlier_poses(seen.true, seen.recordings, seen.frames, lag_frames)
    predicted = {
        "model": seen.predicted,
        "persistence": earlier,
        **({} if train is None else _mean_poses(_look(train), seen)),
    }
    names = [one.subject or one.name for one in dataset.recordings]
    groups = np.array([names[recording] for recording in seen.recordings])
    moving = moving_frames(seen.true, earlier, moving_mm)
    figures: dict[str, float] = {
        "frames": len(seen.true),
        "moving_frames": int(moving.sum()),
        "groups": len(set(groups)),
    }
    for method, poses in predicted.items():
        errors = joint_errors_mm(poses, seen.true)
        for kind, chosen in (("mpjpe_mm", None), ("moving_mpjpe_mm", moving)):
            score = pose_score(errors, groups, chosen, resamples=bootstrap, seed=seed)
            figures |= score.mpjpe_mm.named(f"{method}_{kind}")
    by_joint = joint_errors_mm(seen.predicted, seen.true).mean(axis=0)
    return figures | {f"model_{joint}_mm": float(error) for joint, error in zip(JOINTS, by_joint, strict=True)}


def centre_of_pressure_mm(touch: NDArray[np.floating]) -> Floats:
    """Find the centre (x, y) of touch (rows, columns) on the carpet, in millimetres; its middle where nobody stands."""
    pressure = np.asarray(touch, np.float64)
    # Cells at rest are not at zero: what is no more than usual does not press.
    pressure = np.clip(pressure - np.median(pressure), 0, None)
    total = pressure.sum()
    if total <= 0:
        pressure, total = np.ones_like(pressure), float(pressure.size)
    rows, columns = (PITCH_MM * (np.arange(size) + 0.5) for size in pressure.shape)
    return np.asarray(np.array([pressure.sum(axis=0) @ columns, pressure.sum(axis=1) @ rows]) / total)


def _look(dataset: PoseDataset, predict: Callable[[dict[str, Any]], Any] | None = None) -> _Seen:
    """Go through a data set once and keep what is small: windows of touch of thousands of frames would not fit."""
    true, predicted, above, recordings, frames = [], [], [], [], []
    for index in range(len(dataset)):
        sample = dataset[index]
        touch = np.asarray(sample["touch"])
        true.append(to_mm(np.asarray(sample["keypoints"])))
        above.append([*centre_of_pressure_mm(touch[len(touch) // 2]), 0.0])
        recordings.append(int(sample["recording"]))
        frames.append(int(sample["frame"]))
        if predict is not None:
            predicted.append(np.asarray(predict(sample), np.float64))
    return _Seen(np.array(true), np.array(predicted), np.array(above)[:, None], recordings, frames)


def _mean_poses(train: _Seen, seen: _Seen) -> dict[str, Floats]:
    """The mean training pose in the middle of nowhere, and moved to where each sample presses."""
    return {
        "mean_pose": np.broadcast_to(train.true.mean(axis=0), seen.true.shape),
        "mean_pose_at_pressure": (train.true - train.above).mean(axis=0) + seen.above,
    }
