"""Footprint candidates as crops: their position and content, on any mat."""

import numpy as np
import pytest

from crossmodal.gait.crops import CELL_MM, GRID, MARGIN_S, MOST_FRAMES, Candidate, find_candidates
from crossmodal.simulation.walks import EMED_LIKE, Mat, draw_walker, simulate_walk
from crossmodal.simulation.walks.simulate import SimulatedWalk


def walk_on(mat: Mat, seconds: float = 4.0) -> SimulatedWalk:
    return simulate_walk([draw_walker(0, 1)], mat, 0, 0, seconds, sensor=EMED_LIKE)


@pytest.fixture(scope="module")
def walk() -> SimulatedWalk:
    return walk_on(Mat(500, 160, (5.0, 5.0)))


@pytest.fixture(scope="module")
def crops(walk: SimulatedWalk) -> list[Candidate]:
    return find_candidates(walk.recording)


def test_every_footstep_has_a_crop_around_it(walk: SimulatedWalk, crops: list[Candidate]) -> None:
    for step in walk.truth.footsteps:
        near = [crop for crop in crops if np.linalg.norm(crop.centre_mm - np.array(step.centre_mm)) < 60]
        assert any(crop.times_s[0] < step.toe_off_s and step.heel_strike_s < crop.times_s[-1] for crop in near)


def test_the_heel_is_behind_and_the_toes_ahead(walk: SimulatedWalk, crops: list[Candidate]) -> None:
    for step in [one for one in walk.truth.footsteps if one.on_mat > 0.99]:
        crop = min(crops, key=lambda one: float(np.linalg.norm(one.centre_mm - np.array(step.centre_mm))))
        heel, head = crop.to_crop(np.array([step.heel_mm, step.metatarsal_mm]))
        assert heel[0] < -50
        assert head[0] > 20


def test_to_mat_is_the_inverse_of_to_crop(crops: list[Candidate]) -> None:
    positions = np.random.default_rng(0).uniform(-300, 300, (20, 2))
    np.testing.assert_allclose(crops[0].to_mat(crops[0].to_crop(positions)), positions, atol=1e-9)


def test_right_of_the_walker_is_to_the_right_of_the_crop(crops: list[Candidate]) -> None:
    crop = crops[0]
    right = np.array([crop.axis[1], -crop.axis[0]])
    row, column = divmod(int(crop.cells_of((crop.centre_mm + 100 * right + 150 * crop.axis)[None])[0]), GRID[1])
    assert row > GRID[0] / 2
    assert column > GRID[1] / 2


def test_loads_are_percent_of_the_usual_peak_force(crops: list[Candidate]) -> None:
    peaks = [crop.dense()[:, 1].sum(axis=(1, 2)).max() for crop in crops]
    assert np.median(peaks) == pytest.approx(100.0, abs=10.0)
    assert all((crop.own <= crop.load * (1 + 1e-5)).all() for crop in crops)


def test_the_unit_and_the_weight_do_not_matter(walk: SimulatedWalk, crops: list[Candidate]) -> None:
    from dataclasses import replace

    from crossmodal.tactile.recording import ArrayFrames, Sensor

    louder = replace(walk.recording, frames=ArrayFrames(3.0 * walk.recording.pressure), sensor=Sensor())
    for one, other in zip(find_candidates(louder), crops, strict=True):
        np.testing.assert_allclose(one.dense(), other.dense(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("pitch", [8.0, 20.0])
def test_coarse_mats_leave_no_holes(pitch: float) -> None:
    coarse = walk_on(Mat(round(2500 / pitch), round(800 / pitch), (pitch, pitch)))
    crop = find_candidates(coarse.recording)[1]
    pressed = crop.dense()[:, 1].max(axis=0) > 0
    middle = pressed[GRID[0] // 2 - 4 : GRID[0] // 2 + 4].any(axis=1)
    assert middle.all()
    held = [pressed[row].nonzero()[0] for row in range(GRID[0]) if pressed[row].sum() > 1]
    assert all(np.diff(columns).max() <= 3 for columns in held)  # an arch, at most


def test_fast_sensors_are_averaged_and_slow_ones_kept() -> None:
    from dataclasses import replace

    for rate_hz, expected in ((50.0, 50.0), (500.0, 125.0)):
        sensor = replace(EMED_LIKE, rate_hz=rate_hz)
        walk = simulate_walk([draw_walker(0, 1)], Mat(300, 160, (5.0, 5.0)), 0, 0, 2.0, sensor=sensor)
        crop = find_candidates(walk.recording)[0]
        assert 1.0 / np.median(crop.step_s) == pytest.approx(expected, rel=0.03)
        assert crop.times_s[-1] - crop.times_s[0] < 1.6 + 2 * MARGIN_S


def test_a_foot_that_stands_for_long_still_fits() -> None:
    from crossmodal.tactile.recording import ArrayFrames, PressureRecording

    pressure = np.zeros((1200, 60, 40), np.float32)
    pressure[100:1100, 10:60:1, 10:26] = 60.0
    recording = PressureRecording(
        frames=ArrayFrames(pressure), times_s=np.arange(1200) / 100, pitch_mm=(5.0, 5.0), valid=np.ones((60, 40), bool)
    )
    (candidate,) = find_candidates(recording)
    assert len(candidate.times_s) <= MOST_FRAMES
    assert candidate.times_s[-1] > 11.0


def test_a_time_between_frames_is_found_there(crops: list[Candidate]) -> None:
    crop = crops[1]
    between = 0.25 * crop.times_s[7] + 0.75 * crop.times_s[8]
    assert crop.frame_of(float(between)) == pytest.approx(7.75)
    assert np.isnan(crop.frame_of(crop.times_s[-1] + 1.0))


def test_an_empty_recording_has_no_candidate() -> None:
    empty = simulate_walk([draw_walker(0, 1)], Mat(40, 40, (5.0, 5.0)), 0, 0, 0.05, sensor=EMED_LIKE)
    assert find_candidates(empty.recording) == []


def test_cells_of_a_crop_have_the_stated_width(crops: list[Candidate]) -> None:
    crop = crops[0]
    ahead = crop.centre_mm + np.outer([0.1, CELL_MM + 0.1], crop.axis)
    first, second = crop.cells_of(ahead)
    assert second - first == GRID[1]
