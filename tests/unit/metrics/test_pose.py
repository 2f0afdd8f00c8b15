"""Position errors of joints by hand, and their intervals over groups."""

import math

import numpy as np
import pytest

from crossmodal.metrics import earlier_poses, joint_errors_mm, moving_frames, pose_score


def test_errors_are_distances():
    true = np.zeros((2, 3, 3))
    predicted = true.copy()
    predicted[1, 2] = [3, 4, 12]
    np.testing.assert_allclose(joint_errors_mm(predicted, true), [[0, 0, 0], [0, 0, 13]])
    with pytest.raises(ValueError, match="frames, joints, 3"):
        joint_errors_mm(predicted, true[:1])


def test_persistence_looks_back_within_a_recording_only():
    true = np.arange(5.0)[:, None, None] * np.ones((1, 2, 3))
    # The fifth frame is of another recording, and frame 12 is missing in the first.
    earlier = earlier_poses(true, [0, 0, 0, 0, 1], [10, 11, 13, 14, 11], lag=1)
    np.testing.assert_array_equal(earlier[:, 0, 0], [np.nan, 0, np.nan, 2, np.nan])


def test_a_frame_moves_when_its_joints_have_on_average():
    true = np.zeros((3, 2, 3))
    earlier = true.copy()
    earlier[0, 0, 0] = 100.2  # 50.1 on average
    earlier[1, :, 1] = 49.9
    earlier[2] = np.nan
    np.testing.assert_array_equal(moving_frames(true, earlier, 50.0), [True, False, False])


def test_the_mean_counts_frames_and_the_chosen_ones_only():
    errors = np.array([[10.0, 20.0], [30.0, 50.0], [np.nan, 1.0]])
    for chosen, mean, frames in ((None, 27.5, 2), (np.array([False, True, True]), 40.0, 1)):
        score = pose_score(errors, ["a", "b", "b"], chosen)
        assert (score.mpjpe_mm.value, score.frames) == (mean, frames)
    assert math.isnan(pose_score(errors, ["a", "b", "b"], np.zeros(3, bool)).mpjpe_mm.value)


def test_one_group_has_no_interval_and_equal_groups_a_narrow_one():
    errors = np.random.default_rng(0).uniform(50, 60, (40, 21))
    assert math.isnan(pose_score(errors, ["a"] * 40).mpjpe_mm.low)
    assert pose_score(np.full((40, 21), 55.0), ["a", "b"] * 20).mpjpe_mm == (55.0, 55.0, 55.0)


def test_the_interval_is_that_of_group_means():
    # Groups of equal size with means m: the bootstrap's standard deviation is that of m over the root of their number.
    means = np.random.default_rng(1).normal(100, 10, 80)
    errors = np.repeat(means, 5)[:, None] * np.ones((1, 21))
    score = pose_score(errors, np.repeat(np.arange(80), 5), resamples=2000).mpjpe_mm
    half = 1.96 * means.std() / math.sqrt(80)
    assert score.low == pytest.approx(means.mean() - half, abs=0.2 * half)
    assert score.high == pytest.approx(means.mean() + half, abs=0.2 * half)
