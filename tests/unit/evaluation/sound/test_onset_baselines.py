"""Baselines of onsets."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from crossmodal.errors import DatasetError
from crossmodal.evaluation import MotionEnergyOnsets, PeakOptions, RandomOnsets, evaluate
from crossmodal.evaluation.sound.onset_baselines import find_peaks, measure_motion
from tests.fakes.sounding_videos import FakeVideos, make_videos


class TestMotionEnergy:
    def test_finds_what_jumps_at_the_hits(self, train, test):
        scores = evaluate(MotionEnergyOnsets().fit(train), test, bootstrap=0)
        assert scores["onset_f1_50ms"] > 0.9

    def test_does_not_look_at_hits_or_sound(self, train, test):
        baseline = MotionEnergyOnsets().fit(train)
        bare = {"spacetime": test[0]["spacetime"]}
        assert np.array_equal(baseline.predict(bare).onset_times_s, baseline.predict(test[0]).onset_times_s)

    def test_does_not_predict_sound(self, test):
        assert MotionEnergyOnsets().predict(test[0]).cochleagram is None

    def test_a_still_image_has_no_peak_above_the_threshold(self, train):
        prediction = MotionEnergyOnsets().fit(train).predict(FakeVideos(["still"], [])[0])
        assert not (prediction.onset_scores >= max(prediction.onset_threshold, 1e-6)).any()

    def test_options_can_be_given(self, test):
        few = MotionEnergyOnsets(PeakOptions(gap_ticks=60)).predict(test[0])
        many = MotionEnergyOnsets(PeakOptions(gap_ticks=6)).predict(test[0])
        assert len(few.onset_times_s) < len(many.onset_times_s)

    def test_steady_motion_is_quieter_than_a_stop(self):
        """A ramp of grey that moves at constant speed, then stands still."""
        shift = np.concatenate([np.arange(10), np.full(10, 9)])
        frames = np.stack([np.tile(np.arange(32) * 4 + 3 * s, (8, 1)) for s in shift]).astype(np.uint8)
        spacetime = np.stack([frames[:-2], frames[1:-1], frames[2:]], axis=1)
        curve = measure_motion({"spacetime": torch.from_numpy(spacetime)}).abruptness
        assert curve.argmax() == 8
        assert curve[:8].max() <= 0

    def test_a_long_video_is_taken_in_pieces_without_seams(self):
        spacetime = torch.randint(0, 255, (600, 3, 4, 4), dtype=torch.uint8)
        whole, part = (measure_motion({"spacetime": stretch}) for stretch in (spacetime, spacetime[250:260]))
        assert np.allclose(whole.energy[250:260], part.energy)
        assert np.allclose(whole.abruptness[250:260], part.abruptness)

    def test_a_video_without_frames_has_no_onsets(self):
        assert len(MotionEnergyOnsets().predict({"spacetime": torch.zeros(0, 3, 4, 4)}).onset_times_s) == 0

    def test_needs_hits(self):
        with pytest.raises(DatasetError, match="no hit"):
            MotionEnergyOnsets().fit(FakeVideos(["a"], []))


class TestRandomTimes:
    def test_come_at_the_rate_and_with_the_gaps_of_training(self):
        train = make_videos([f"v{i}" for i in range(30)], hits=8, seconds=10.0)
        long = FakeVideos(["long"], [], seconds=1000.0)
        times_s = RandomOnsets().fit(train).predict(long[0]).onset_times_s
        assert len(times_s) == pytest.approx(800, rel=0.1)
        assert (np.diff(times_s) > 0).all()
        assert times_s.max() < 1000.0

    def test_are_drawn_by_seed_and_video(self, train, test):
        draws = [RandomOnsets(seed).fit(train).predict(test[0]).onset_times_s for seed in (0, 0, 1)]
        assert np.array_equal(draws[0], draws[1])
        assert not np.array_equal(draws[0], draws[2])

    def test_one_hit_is_enough_to_learn_a_rate(self, test):
        assert len(RandomOnsets().fit(make_videos(["a"], hits=1)).predict(test[0]).onset_times_s) <= 3

    def test_need_hits_and_a_fit(self, test):
        with pytest.raises(DatasetError, match="no hit"):
            RandomOnsets().fit(FakeVideos(["a"], []))
        with pytest.raises(RuntimeError, match="fit"):
            RandomOnsets().predict(test[0])


class TestPeaks:
    def test_the_higher_of_two_close_peaks_stays(self):
        ticks, heights = find_peaks(np.array([0.0, 1, 0, 3, 0, 0, 0, 2, 0]), 3)
        assert (ticks.tolist(), heights.tolist()) == ([3, 7], [3.0, 2.0])

    def test_ends_and_plateaus_count_once(self):
        assert find_peaks(np.array([2.0, 1, 1, 1, 0, 5, 5, 1, 4]), 1)[0].tolist() == [0, 5, 8]

    def test_an_empty_curve_has_none(self):
        assert find_peaks(np.zeros(0), 5)[0].size == 0

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.integers(1, 12))
    def test_are_never_closer_than_the_gap(self, values, gap):
        ticks, _ = find_peaks(np.array(values), gap)
        assert len(ticks) >= 1
        assert (np.diff(ticks) >= gap).all()
