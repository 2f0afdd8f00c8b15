"""Poses by predictors whose errors are known, and baselines against obvious twins."""

import numpy as np
import pytest

from crossmodal.data import IntelligentCarpetWindows, read_intelligent_carpet
from crossmodal.evaluation import evaluate_pose
from crossmodal.evaluation.pose_from_touch import centre_of_pressure_mm
from crossmodal.models.skeleton import JOINTS, to_mm
from tests.fakes.carpet import write_packed_carpet


@pytest.fixture(scope="module")
def carpets(tmp_path_factory: pytest.TempPathFactory) -> tuple[IntelligentCarpetWindows, IntelligentCarpetWindows]:
    root = tmp_path_factory.mktemp("carpet")
    write_packed_carpet(root / "d", [("ann", 20), ("bob", 20), ("cyd", 20)])
    windows = IntelligentCarpetWindows(read_intelligent_carpet(root / "d", root / "cache"), window=3)
    return windows.subset(["ann"]), windows.subset(["bob", "cyd"])


def truth(sample: dict) -> np.ndarray:
    return to_mm(sample["keypoints"].numpy())


def test_the_truth_has_no_error_and_a_shift_its_length(
    carpets: tuple[IntelligentCarpetWindows, IntelligentCarpetWindows],
) -> None:
    _, test = carpets
    assert evaluate_pose(truth, test)["model_mpjpe_mm"] == 0
    shifted = evaluate_pose(lambda sample: truth(sample) + np.array([0, 30, 40]), test)
    for key in ("model_mpjpe_mm", "model_moving_mpjpe_mm", *(f"model_{joint}_mm" for joint in JOINTS)):
        assert shifted[key] == pytest.approx(50)
    assert shifted["model_mpjpe_mm_low"] == pytest.approx(50)
    assert (shifted["frames"], shifted["groups"]) == (36, 2)


def test_baselines_against_twins(carpets: tuple[IntelligentCarpetWindows, IntelligentCarpetWindows]) -> None:
    train, test = carpets
    figures = evaluate_pose(truth, test, train, lag_frames=5, moving_mm=30)
    true = np.stack([truth(test[i]) for i in range(len(test))])
    mean = np.mean([truth(train[i]) for i in range(len(train))], axis=0)
    assert figures["mean_pose_mpjpe_mm"] == pytest.approx(np.linalg.norm(true - mean, axis=-1).mean())
    lagged = [np.linalg.norm(one[5:] - one[:-5], axis=-1) for one in (true[:18], true[18:])]
    lagged_by_frame = np.concatenate(lagged).mean(axis=1)
    assert figures["persistence_mpjpe_mm"] == pytest.approx(lagged_by_frame.mean())
    moved = lagged_by_frame > 30
    assert figures["moving_frames"] == moved.sum()
    assert figures["persistence_moving_mpjpe_mm"] == pytest.approx(lagged_by_frame[moved].mean())
    assert figures["mean_pose_at_pressure_mpjpe_mm"] < figures["mean_pose_mpjpe_mm"]


def test_without_training_data_there_are_no_mean_poses(
    carpets: tuple[IntelligentCarpetWindows, IntelligentCarpetWindows],
) -> None:
    assert not any("mean_pose" in key for key in evaluate_pose(truth, carpets[1]))
    with pytest.raises(ValueError, match="evaluate on is empty"):
        evaluate_pose(truth, carpets[1].subset([]))


def test_the_centre_of_pressure_is_x_along_columns_then_y_along_rows() -> None:
    touch = np.full((96, 96), 0.2)
    touch[10, 40] = 1.0
    np.testing.assert_allclose(centre_of_pressure_mm(touch), [40.5 * 19.05, 10.5 * 19.05], rtol=1e-4)
    np.testing.assert_allclose(centre_of_pressure_mm(np.zeros((96, 96))), [48 * 19.05] * 2, rtol=1e-4)
