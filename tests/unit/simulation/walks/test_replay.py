"""Replayed walks keep force and shape of the stances, and have the given events and positions."""

from dataclasses import replace

import numpy as np
import pytest

from crossmodal.evaluation.gait.events import score_walk, summarise_walks
from crossmodal.evaluation.gait.semi_real_stance import cut_stances
from crossmodal.gait import analyse
from crossmodal.simulation.walks import (
    EMED_LIKE,
    InsoleModel,
    Mat,
    SensorModel,
    StanceMovie,
    Step,
    draw_walker,
    plan_walk,
    replay_walk,
    simulate_insoles,
    simulate_walk,
)
from crossmodal.tactile.recording import ArrayFrames, PressureRecording

MAT = Mat(600, 200)
TIMES = [(0.3004, 1.0113), (0.9017, 1.5931), (1.4888, 2.2042), (2.0931, 2.7977), (2.6815, 3.3821)]


@pytest.fixture(scope="module")
def plate() -> PressureRecording:
    """A stance of a right foot on a plate of 4 mm, with empty cells about it, from the first load to the last."""
    walk = simulate_walk([draw_walker(4, 0)], Mat(800, 300, (4.0, 4.0)), 4, 0, 4.0, sensor=SensorModel(rate_hz=200.0))
    step = next(one for one in walk.truth.footsteps if one.on_mat > 0.9999 and one.side == "right")
    first, last = np.searchsorted(walk.truth.times_s, [step.heel_strike_s, step.toe_off_s])
    low = np.round(np.array(step.box_mm[:2]) / 4).astype(int) - 2
    high = np.round(np.array(step.box_mm[2:]) / 4).astype(int) + 3
    movie = walk.recording.pressure[first:last, low[0] : high[0], low[1] : high[1]]
    return replace(
        walk.recording,
        frames=ArrayFrames(movie.copy()),
        times_s=np.arange(len(movie)) / 200.0,
        valid=np.ones(movie.shape[1:], bool),
    )


@pytest.fixture(scope="module")
def movie(plate: PressureRecording) -> StanceMovie:
    (only,) = cut_stances(plate)
    return only


def steps_of(turn_deg: float = 0.0) -> list[Step]:
    """Five steps of 420 mm on a path at an angle to the rows, heels 110 mm apart."""
    path = np.deg2rad(turn_deg)
    ahead, right = np.array([np.cos(path), np.sin(path)]), np.array([np.sin(path), -np.cos(path)])
    feet = []
    for k, (strike, off) in enumerate(TIMES):
        side = "right" if k % 2 else "left"
        sign = 1.0 if side == "right" else -1.0
        heel = np.array([301.3, 480.7]) + 420.0 * k * ahead + sign * 55.0 * right
        feet.append(Step(side, strike, off, heel, path - sign * np.deg2rad(6.0), path))
    return feet


class TestMovie:
    def test_a_stance_is_cut_from_its_first_load_to_its_last(
        self, plate: PressureRecording, movie: StanceMovie
    ) -> None:
        assert movie.side == "right"
        assert movie.duration_s == pytest.approx(plate.shape[0] / 200.0)
        assert movie.force_n == pytest.approx(plate.force_n(), rel=1e-6)
        assert movie.cell_area_mm2 == pytest.approx(16.0)
        assert 200 < movie.size_mm[0] < 320
        assert 0.4 < movie.reach_mm / movie.size_mm[0] < 0.65

    def test_the_load_changes_evenly_between_frames_and_begins_half_a_frame_before_the_first(self) -> None:
        pressure = np.array([[4.0], [8.0]])
        two = StanceMovie(pressure, np.zeros((1, 2)), np.eye(2), 1.0, np.zeros(2), (1.0, 1.0), "left", 0.01)
        phases = np.array([-0.1, 0.0, 0.125, 0.25, 0.5, 0.75, 0.875, 1.0, 1.1])
        assert two.at(phases)[:, 0] == pytest.approx([0, 0, 2, 4, 6, 8, 4, 0, 0])

    def test_swing_load_is_taken_away_and_every_whole_stance_is_found(self) -> None:
        model = InsoleModel(residual_n=(9.0, 9.0), sensor=SensorModel(rate_hz=100.0, quantum_kpa=2.0))
        walk = simulate_insoles(draw_walker(4, 1), 4, 1, 6.0, model)
        left = walk.recordings[0]
        assert isinstance(left, PressureRecording)
        whole = [s for s in walk.truth.footsteps if s.side == "left" and s.heel_strike_s > 0 and s.toe_off_s < 5.99]
        movies = cut_stances(left)
        assert len(movies) == len(whole)
        for movie, step in zip(movies, whole, strict=True):
            assert movie.side == "left"
            assert movie.duration_s == pytest.approx(step.toe_off_s - step.heel_strike_s, abs=0.03)
            assert movie.force_n[0] < 150

    def test_cells_of_unknown_size_cannot_be_laid(self, plate: PressureRecording) -> None:
        with pytest.raises(ValueError, match="pitch_mm is NaN"):
            cut_stances(replace(plate, pitch_mm=(np.nan, np.nan)))


class TestWalk:
    @pytest.mark.parametrize("pitch", [(5.0, 5.0), (8.47, 8.47), (20.0, 12.0)])
    @pytest.mark.parametrize("turn_deg", [0.0, 17.0, 33.0])
    def test_no_force_is_lost(self, movie: StanceMovie, pitch: tuple[float, float], turn_deg: float) -> None:
        mat = Mat(round(3000 / pitch[0]), round(2500 / pitch[1]), pitch)
        one = [replace(steps_of(turn_deg)[1])]
        walk = replay_walk([movie], one, mat, 0, 0, weight_n=600.0)
        assert [step.on_mat for step in walk.truth.footsteps] == pytest.approx([1.0])
        phases = (walk.truth.times_s - one[0].heel_strike_s) / (one[0].toe_off_s - one[0].heel_strike_s)
        expected = movie.at(phases).sum(axis=1) / movie.pressure_kpa.sum(axis=1).mean() * 600.0
        assert walk.recording.force_n() == pytest.approx(expected, rel=1e-4, abs=1e-2)
        assert walk.truth.force_n[:, 0, 1] == pytest.approx(expected, rel=1e-4, abs=1e-2)

    @pytest.mark.parametrize("number", [0, 1])  # a left foot is the mirror image of the right one
    def test_the_stance_is_moved_turned_and_mirrored_as_a_whole(self, movie: StanceMovie, number: int) -> None:
        foot = steps_of(28.0)[number]
        walk = replay_walk([movie], [foot], MAT, 0, 0)
        loaded = np.flatnonzero(walk.recording.force_n() > 50)
        pressure = walk.recording.pressure[loaded].astype(float)
        total = pressure.sum(axis=(1, 2))
        cop = np.stack([pressure.sum(axis=2) @ np.arange(600), pressure.sum(axis=1) @ np.arange(200)], axis=1) * 5.0
        native = movie.at((walk.truth.times_s[loaded] - foot.heel_strike_s) / (foot.toe_off_s - foot.heel_strike_s))
        along, out = ((native @ movie.positions_mm) / native.sum(axis=1, keepdims=True)).T
        axis = np.array([np.cos(foot.heading_rad), np.sin(foot.heading_rad)])
        outwards = np.array([axis[1], -axis[0]]) * (1.0 if foot.side == "right" else -1.0)
        expected = foot.heel_mm + np.outer(along, axis) + np.outer(out, outwards)
        assert np.abs(cop / total[:, None] - expected).max() < 0.5
        side = 1 if foot.side == "right" else 0
        assert np.abs(walk.truth.cop_mm[loaded, 0, side] - expected).max() < 0.5

    def test_one_cell_is_shared_among_those_that_it_covers(self) -> None:
        """A cell of 6 mm, moved by 2 and 1 mm on a mat of the same pitch, lies on four cells: 2/3, 1/3 by 5/6, 1/6."""
        cell = StanceMovie(
            np.ones((9, 1)), np.zeros((1, 2)), 6.0 * np.eye(2), 1.0, np.zeros(2), (6.0, 6.0), "right", 0.01
        )
        foot = Step("right", 0.1, 0.2, np.array([62.0, 61.0]), np.pi, np.pi)
        walk = replay_walk([cell], [foot], Mat(20, 20, (6.0, 6.0)), 0, 0, weight_n=1.0)
        peak = walk.recording.pressure.max(axis=0)
        expected = np.outer([2 / 3, 1 / 3], [5 / 6, 1 / 6])
        assert peak[10:12, 10:12] / peak.sum() == pytest.approx(expected, abs=0.05)

    def test_the_first_load_is_the_heel_strike_and_the_last_the_toe_off(self, movie: StanceMovie) -> None:
        walk = replay_walk([movie], steps_of()[:1], MAT, 0, 0, sensor=SensorModel(rate_hz=1000.0))
        loaded = walk.truth.times_s[walk.recording.force_n() > 0]
        assert loaded[0] == pytest.approx(TIMES[0][0], abs=1.1e-3)
        assert loaded[-1] == pytest.approx(TIMES[0][1], abs=1.1e-3)
        assert [(s.heel_strike_s, s.toe_off_s) for s in walk.truth.footsteps] == [TIMES[0]]

    @pytest.mark.parametrize("turn_deg", [0.0, 12.0])
    def test_an_analysis_finds_what_was_laid(self, movie: StanceMovie, turn_deg: float) -> None:
        walk = replay_walk([movie], steps_of(turn_deg), MAT, 0, 0, sensor=EMED_LIKE)
        figures = summarise_walks([score_walk(analyse(walk.recording, "classical").stances, walk.truth)], samples=2)
        assert figures["footsteps"] == 5
        for name in ("heel_strike_f1_20ms", "toe_off_f1_20ms", "side_accuracy", "walker_accuracy"):
            assert figures[name] == 1.0
        assert figures["heel_mm"] < 3
        assert figures["axis_deg"] < 1

    def test_the_feet_bear_the_body_on_average(self, movie: StanceMovie) -> None:
        walk = replay_walk([movie], steps_of(), MAT, 0, 0, weight_n=640.0)
        during = (walk.truth.times_s >= TIMES[1][0]) & (walk.truth.times_s < TIMES[3][0])
        assert walk.recording.force_n()[during].mean() == pytest.approx(640.0, rel=0.05)

    def test_a_foot_beside_the_mat_is_no_footstep_and_one_on_its_edge_is_partial(self, movie: StanceMovie) -> None:
        feet = steps_of()
        away = [replace(feet[0], heel_mm=np.array([-900.0, 0.0])), replace(feet[1], heel_mm=np.array([-100.0, 400.0]))]
        steps = replay_walk([movie], [*away, *feet[2:]], MAT, 0, 0).truth.footsteps
        assert len(steps) == 4
        assert 0.05 < steps[0].on_mat < 0.95

    def test_it_is_the_same_again_and_the_index_matters(self, movie: StanceMovie) -> None:
        walks = [replay_walk([movie], steps_of(), MAT, 3, index, sensor=EMED_LIKE) for index in (5, 5, 6)]
        frames = [walk.recording.pressure for walk in walks]
        assert np.array_equal(frames[0], frames[1])
        assert not np.array_equal(frames[0], frames[2])

    def test_planned_steps_of_a_simulated_walker_are_replayed(self, movie: StanceMovie) -> None:
        planned = plan_walk(draw_walker(4, 5), MAT, np.random.default_rng(0), 4.0)
        walk = replay_walk([movie], planned, MAT, 0, 0)
        assert {step.heel_strike_s for step in walk.truth.footsteps} <= {step.heel_strike_s for step in planned}
        assert len(walk.truth.footsteps) >= 3

    def test_a_step_without_a_load_cannot_be_simulated(self) -> None:
        with pytest.raises(ValueError, match="without a load"):
            steps_of()[0].region_force(np.array([0.5]))

    def test_nothing_to_lay_is_refused(self, movie: StanceMovie) -> None:
        with pytest.raises(ValueError, match="got 0 and 5"):
            replay_walk([], steps_of(), MAT, 0, 0)
        with pytest.raises(ValueError, match="got 1 and 0"):
            replay_walk([movie], [], MAT, 0, 0)
