"""Script and motion of the stand-in: the real distribution of gaps, and contacts exactly at the times of the script."""

import numpy as np
import pytest

from crossmodal.simulation.hits.motion import Build, Motion
from crossmodal.simulation.hits.script import Surface, Touch, draw_gaps, draw_touch_times, write_script

BUILD = Build(stick_m=0.3, azimuth_rad=0.4, grip_m=0.08, wrist_fraction=0.7, lift_m=0.25, rest_m=0.1)


@pytest.fixture(scope="module")
def surfaces() -> list[Surface]:
    rng = np.random.default_rng(0)
    low = np.concatenate([rng.normal(0, 0.1, (20, 2)), np.zeros((20, 1))], axis=1)
    return [
        Surface("wood", low, False),
        Surface("cloth", low + np.array([0.1, 0.2, 0.1]), True),
        Surface("leaf", low, False),
    ]


@pytest.fixture(scope="module")
def motions(surfaces: list[Surface]) -> list[tuple[list[Touch], Motion]]:
    out = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        touches = write_script(rng, surfaces, 20.0)
        out.append((touches, Motion(touches, surfaces, BUILD, rng, 20.0)))
    return out


class TestScript:
    def test_gaps_have_the_real_distribution(self) -> None:
        # With 20,000 draws the median's standard error is 1 %: 4 % off would be a false alarm once in 10,000 runs.
        gaps = draw_gaps(np.random.default_rng(0), 20_000)
        assert gaps.min() >= 0.25
        assert np.median(gaps) == pytest.approx(0.715, rel=0.04)
        assert 2.0 < np.quantile(gaps, 0.95) < 3.3

    def test_touches_keep_the_minimum_gap_and_away_from_the_ends(self) -> None:
        for seed in range(30):
            times = draw_touch_times(np.random.default_rng(seed), 15.0)
            assert (np.diff(times) >= 0.25).all()
            assert times.min() >= 0.3
            assert times.max() <= 14.65

    def test_a_very_short_video_may_be_empty(self) -> None:
        assert len(draw_touch_times(np.random.default_rng(0), 0.4)) == 0

    def test_has_hits_scratches_and_misses_in_order(self, motions: list[tuple[list[Touch], Motion]]) -> None:
        kinds = [touch.kind for touches, _ in motions for touch in touches]
        assert set(kinds) == {"hit", "scratch", "miss"}
        for touches, _ in motions:
            assert (np.diff([touch.time_s for touch in touches]) > 0.1).all()

    def test_some_labels_are_left_out_as_in_the_real_files(self, surfaces: list[Surface]) -> None:
        touches = [
            t for s in range(40) for t in write_script(np.random.default_rng(s), surfaces, 30.0) if t.kind != "miss"
        ]
        fraction = np.mean([t.labels == ("None", "None", "None") for t in touches])
        # binomial, about 1,000 touches at 8 %: a standard error of 0.9 %
        assert fraction == pytest.approx(0.08, abs=0.035)
        assert any(t.labels[0] == "None" and t.labels[1] != "None" for t in touches)


class TestMotion:
    def test_tip_is_on_the_spot_at_the_time_of_the_touch(self, motions: list[tuple[list[Touch], Motion]]) -> None:
        for touches, motion in motions:
            real = [touch for touch in touches if touch.kind != "miss"]
            pose = motion.pose(np.array([touch.time_s for touch in real]))
            np.testing.assert_allclose(pose.tip_m, [touch.spot_m for touch in real], atol=1e-6)

    def test_tip_comes_down_at_the_scripted_speed(self, motions: list[tuple[list[Touch], Motion]]) -> None:
        for touches, motion in motions:
            for touch in touches:
                if touch.kind == "hit":
                    before = motion.lift(np.array([touch.time_s - 1e-4]))[0]
                    assert before / 1e-4 == pytest.approx(touch.speed_m_s, rel=0.05)

    def test_the_time_of_a_hit_is_unambiguous(self, motions: list[tuple[list[Touch], Motion]]) -> None:
        """A hit is the first zero of the lift: 1 ms before it, the tip is still above the surface."""
        for touches, motion in motions:
            for touch in touches:
                if touch.kind != "miss":
                    around = motion.lift(touch.time_s + np.array([-0.02, -0.005, -0.001, 0.0]))
                    assert (np.diff(around) < 0).all()
                    assert around[-1] == pytest.approx(0.0, abs=1e-9)

    def test_misses_touch_nothing(self, motions: list[tuple[list[Touch], Motion]]) -> None:
        for touches, motion in motions:
            for touch in touches:
                if touch.kind == "miss":
                    lift = motion.lift(touch.time_s + np.linspace(-0.03, 0.03, 61))
                    assert lift.min() > 0.8 * touch.clearance_m

    def test_tip_never_goes_below_what_it_touches(self, motions: list[tuple[list[Touch], Motion]]) -> None:
        for _, motion in motions:
            times = np.linspace(0, 20, 6000)
            assert (motion.pose(times).tip_m[:, 2] >= motion.height_m(times) - 1e-9).all()

    def test_lift_is_zero_only_during_touches(self, motions: list[tuple[list[Touch], Motion]]) -> None:
        for touches, motion in motions:
            times = np.linspace(0, 20, 20_001)
            touching = motion.lift(times) < 1e-7
            allowed = np.zeros(len(times), bool)
            for touch in touches:
                if touch.kind != "miss":
                    allowed |= (times > touch.time_s - 2e-3) & (
                        times < touch.time_s + touch.seconds + 8e-3
                    )  # it lifts off from rest
            assert not (touching & ~allowed).any()

    def test_a_scratch_slides_by_its_displacement(self, motions: list[tuple[list[Touch], Motion]]) -> None:
        for touches, motion in motions:
            for touch in touches:
                if touch.kind == "scratch":
                    end = motion.pose(np.array([touch.time_s + touch.seconds])).tip_m[0]
                    np.testing.assert_allclose(end[:2] - touch.spot_m[:2], touch.slide_m, atol=1e-6)

    def test_stick_keeps_its_length_and_moves_continuously(self, motions: list[tuple[list[Touch], Motion]]) -> None:
        for _, motion in motions:
            pose = motion.pose(np.linspace(0, 20, 20_001))
            np.testing.assert_allclose(np.linalg.norm(pose.tip_m - pose.hand_m, axis=1), BUILD.stick_m, rtol=1e-9)
            assert np.linalg.norm(np.diff(pose.tip_m, axis=0), axis=1).max() < 0.015  # metres in a millisecond

    def test_without_touches_the_stick_waits(self, surfaces: list[Surface]) -> None:
        motion = Motion([], surfaces, BUILD, np.random.default_rng(0), 1.0)
        assert np.isfinite(motion.pose(np.linspace(0, 1, 5)).tip_m).all()
