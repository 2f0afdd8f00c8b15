"""Errors of poses from touch, with baselines without learning."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from crossmodal.metrics.pose import earlier_poses, joint_errors_mm, moving_frames, pose_score
from crossmodal.models.skeleton import JOINTS, to_mm
from crossmodal.tactile.readers.intelligent_carpet import PITCH_MM

Floats = NDArray[np.float64]


class PoseDataset(Protocol):
    """Data set of windows, such as `crossmodal.data.IntelligentCarpetWindows`."""

    recordings: Any

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> dict[str, Any]: ...


class _Poses(NamedTuple):
    """Poses of a data set in millimetres: true and predicted (frames, 21, 3), centre of pressure (frames, 1, 3)."""

    true: Floats
    predicted: Floats
    centre: Floats
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
    """Evaluate a predictor of joints, and baselines, on all frames and on moving frames.

    The methods are ``model``, ``persistence`` (the true pose ``lag_frames`` earlier, where there is one), ``mean_pose``
    and ``mean_pose_at_pressure`` (the mean pose at the centre of pressure; both of ``train``). Each has ``_mpjpe_mm``
    over all frames and ``_moving_mpjpe_mm`` over frames whose joints moved by more than ``moving_mm`` on average within
    ``lag_frames``; each with ``_low`` and ``_high``, the 95 % interval of a bootstrap over subjects (over recordings,
    if the subjects are unknown). ``model_<joint>_mm`` is the error of one joint. In most frames of such recordings
    hardly anything moves, and persistence is hard to beat: compare methods by ``_moving_mpjpe_mm``.

    Args:
        predict: from a sample to joints (21, 3) in millimetres.
        dataset: samples with ``touch``, ``keypoints``, ``recording`` and ``frame``.
        train: samples of the mean poses; None omits these baselines.
        lag_frames: lag of persistence in frames.
        moving_mm: threshold of the mean movement of joints in millimetres.
        seed: seed of the bootstrap.
        bootstrap: number of resamples.

    Raises:
        ValueError: there is no sample.
    """
    if not len(dataset):
        raise ValueError("the data set to evaluate on is empty")
    poses = _collect(dataset, predict)
    earlier = earlier_poses(poses.true, poses.recordings, poses.frames, lag_frames)
    predicted = {
        "model": poses.predicted,
        "persistence": earlier,
        **({} if train is None else _mean_poses(_collect(train), poses)),
    }
    names = [one.subject or one.name for one in dataset.recordings]
    groups = np.array([names[recording] for recording in poses.recordings])
    moving = moving_frames(poses.true, earlier, moving_mm)
    figures: dict[str, float] = {
        "frames": len(poses.true),
        "moving_frames": int(moving.sum()),
        "groups": len(set(groups)),
    }
    for method, keypoints in predicted.items():
        errors = joint_errors_mm(keypoints, poses.true)
        for kind, chosen in (("mpjpe_mm", None), ("moving_mpjpe_mm", moving)):
            score = pose_score(errors, groups, chosen, resamples=bootstrap, seed=seed)
            figures |= score.mpjpe_mm.named(f"{method}_{kind}")
    by_joint = joint_errors_mm(poses.predicted, poses.true).mean(axis=0)
    return figures | {f"model_{joint}_mm": float(error) for joint, error in zip(JOINTS, by_joint, strict=True)}


def centre_of_pressure_mm(touch: NDArray[np.floating]) -> Floats:
    """Compute the centre of pressure (x, y) on the carpet in millimetres; its middle if it is unloaded."""
    pressure = np.asarray(touch, np.float64)
    # Unloaded cells are not at zero: subtract the median.
    pressure = np.clip(pressure - np.median(pressure), 0, None)
    total = pressure.sum()
    if total <= 0:
        pressure, total = np.ones_like(pressure), float(pressure.size)
    rows, columns = (PITCH_MM * (np.arange(size) + 0.5) for size in pressure.shape)
    return np.asarray(np.array([pressure.sum(axis=0) @ columns, pressure.sum(axis=1) @ rows]) / total)


def _collect(dataset: PoseDataset, predict: Callable[[dict[str, Any]], Any] | None = None) -> _Poses:
    """Collect the poses in one pass: all windows of pressure together would not fit in memory."""
    true, predicted, centre, recordings, frames = [], [], [], [], []
    for index in range(len(dataset)):
        sample = dataset[index]
        touch = np.asarray(sample["touch"])
        true.append(to_mm(np.asarray(sample["keypoints"])))
        centre.append([*centre_of_pressure_mm(touch[len(touch) // 2]), 0.0])
        recordings.append(int(sample["recording"]))
        frames.append(int(sample["frame"]))
        if predict is not None:
            predicted.append(np.asarray(predict(sample), np.float64))
    return _Poses(np.array(true), np.array(predicted), np.array(centre)[:, None], recordings, frames)


def _mean_poses(train: _Poses, test: _Poses) -> dict[str, Floats]:
    """Return the mean training pose, and the mean pose relative to the centre of pressure of each sample."""
    return {
        "mean_pose": np.broadcast_to(train.true.mean(axis=0), test.true.shape),
        "mean_pose_at_pressure": (train.true - train.centre).mean(axis=0) + test.centre,
    }
