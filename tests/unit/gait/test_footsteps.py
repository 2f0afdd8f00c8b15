"""Footsteps of one size, from any position on any mat."""

import numpy as np
import pytest
import torch
from torch.nn.functional import adaptive_avg_pool1d

from crossmodal.gait import analyse
from crossmodal.gait.footsteps import FOOTSTEP_SHAPE, cut_footstep, stance_phases
from tests.fakes.walks import plan_walk, render_walk


@pytest.mark.parametrize("frames", [1, 5, 9, 10, 101])
def test_phases_are_those_of_adaptive_pooling(frames: int) -> None:
    movie = np.random.default_rng(frames).random((frames, 3, 2), dtype=np.float32)
    flat = torch.from_numpy(movie.reshape(1, frames, -1).transpose(0, 2, 1).copy())
    twin = adaptive_avg_pool1d(flat, 9)[0].T.reshape(9, 3, 2).numpy()
    np.testing.assert_allclose(stance_phases(movie, 9), twin, rtol=1e-5)


def test_phases_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        stance_phases(np.zeros((0, 3, 2)), 9)


def cut_all(**options: float) -> dict[str, list[np.ndarray]]:
    start, heading = options.pop("start", (200.0, 600.0)), options.pop("heading", 0.0)
    recording = render_walk(plan_walk(start, heading, steps=4), **options)
    cut: dict[str, list[np.ndarray]] = {"left": [], "right": []}
    for stance in analyse(recording, "classical").stances:
        cut[str(stance.side)].append(cut_footstep(recording, stance))
    return cut


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))


def test_footsteps_look_alike_wherever_the_walk_goes_and_on_another_mat() -> None:
    straight, oblique = cut_all(), cut_all(heading=25.0, start=(200.0, 300.0))
    coarse = cut_all(pitch_mm=10.0, rows=360, columns=120, rate_hz=50.0)
    for side in ("left", "right"):
        first = straight[side][0]
        assert first.shape == (101, *FOOTSTEP_SHAPE)
        assert all(likeness(first, other) > 0.97 for other in straight[side] + oblique[side])
        assert all(likeness(first, other) > 0.95 for other in coarse[side])


def test_the_heel_comes_first_in_rows_and_in_time_and_feet_are_mirrored() -> None:
    cut = cut_all()
    left, right = cut["left"][0], cut["right"][0]
    early, late = left[:20].sum(axis=(0, 2)), left[-10:].sum(axis=(0, 2))
    rows = np.arange(FOOTSTEP_SHAPE[0])
    assert float(early @ rows / early.sum()) < 33 < 48 < float(late @ rows / late.sum())
    assert likeness(left, right[..., ::-1]) > 0.97 > likeness(left, right)
