"""Evaluation of sound from video on tiny videos."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from crossmodal.evaluation import SoundPrediction, evaluate, fit_material_classifier, measure, summarise
from tests.fakes.sounding_videos import FakeHit, FakeVideos, make_videos

KEYS = ["loudness_error", "loudness_r", "centroid_error", "centroid_r", "material_accuracy"]
ONSET_KEYS = [f"onset_{kind}_{ms}ms" for ms in (50, 100, 300) for kind in ("f1", "precision", "recall", "ap")]


def perfect(sample):
    times_s = np.flatnonzero(sample["onset"]) / 90
    return SoundPrediction(sample["cochleagram"], times_s, np.ones(len(times_s)))


def test_the_keys_are_stable_and_flat(train, test):
    scores = evaluate(perfect, test, train=train, bootstrap=20)
    bounds = [f"{key}_{bound}" for key in KEYS + ONSET_KEYS for bound in ("low", "high")]
    assert set(scores) == {*KEYS, *ONSET_KEYS, *bounds, "videos", "hits", "onsets"}
    assert all(isinstance(value, float) for value in scores.values())


def test_the_truth_scores_perfectly(train, test):
    scores = evaluate(perfect, test, train=train, bootstrap=20)
    assert scores["loudness_error"] == scores["centroid_error"] == 0
    for key in ("loudness_r", "centroid_r", "material_accuracy", "onset_f1_50ms", "onset_ap_50ms"):
        assert [scores[key], scores[f"{key}_low"], scores[f"{key}_high"]] == pytest.approx([1.0] * 3)
    assert (scores["videos"], scores["hits"], scores["onsets"]) == (4, 20, 20)


def test_a_louder_prediction_keeps_r_and_costs_error(test):
    scores = evaluate(lambda sample: SoundPrediction(2 * sample["cochleagram"]), test, bootstrap=0)
    assert scores["loudness_r"] == pytest.approx(1.0)
    assert scores["loudness_error"] > 0.5
    assert scores["centroid_error"] == pytest.approx(0.0, abs=1e-9)


def test_what_is_not_predicted_is_undefined(test):
    onsets_only = evaluate(lambda _: SoundPrediction(onset_times_s=[1.0]), test, bootstrap=5)
    sound_only = evaluate(lambda sample: SoundPrediction(sample["cochleagram"]), test, bootstrap=5)
    assert np.isnan([onsets_only[key] for key in KEYS]).all()
    assert np.isnan([sound_only[key] for key in ONSET_KEYS]).all()
    assert onsets_only["hits"] == 20


def test_without_training_videos_material_is_undefined(test):
    scores = evaluate(perfect, test, bootstrap=5)
    assert np.isnan(scores["material_accuracy"])
    assert scores["loudness_r"] == pytest.approx(1.0)


def test_predicting_no_onset_is_not_the_same_as_not_predicting_onsets(test):
    scores = evaluate(lambda _: SoundPrediction(onset_times_s=[]), test, bootstrap=5)
    assert (scores["onset_f1_50ms"], scores["onset_recall_50ms"], scores["onset_ap_50ms"]) == (0, 0, 0)


def test_unlabelled_hits_count_as_onsets_only(test):
    bare = [FakeHit(hit.video, hit.time_s) if i % 5 == 0 else hit for i, hit in enumerate(test.hits)]
    scores = evaluate(perfect, replace(test, hits=bare), bootstrap=5)
    assert (scores["hits"], scores["onsets"], scores["onset_recall_50ms"]) == (16, 20, 1.0)


def test_an_impact_without_material_still_has_loudness(train, test):
    unnamed = [FakeHit(hit.video, hit.time_s, None, "hit") for hit in test.hits]
    scores = evaluate(perfect, replace(test, hits=unnamed), train=train, bootstrap=5)
    assert scores["loudness_r"] == pytest.approx(1.0)
    assert np.isnan(scores["material_accuracy"])


def test_onset_truth_is_the_label_and_not_its_step(test):
    exact = {video: [hit.time_s for hit in test.hits if hit.video == video] for video in test.ids}

    def late(sample):
        return SoundPrediction(onset_times_s=np.array(exact[test.ids[int(sample["video"])]]) + 0.0499)

    assert evaluate(late, test, bootstrap=0)["onset_f1_50ms"] == 1.0


def test_a_video_without_sound_counts_for_onsets_only(train, test):
    muted = replace(test, silent={test.ids[0]})
    scores = evaluate(perfect, muted, train=replace(train, silent={train.ids[0]}), bootstrap=5)
    assert scores["onset_f1_50ms"] == 1.0
    assert len(measure({"a": perfect}, muted)["a"][0].impacts) == 0


def test_a_label_after_the_last_frame_takes_the_last_step(test):
    late = [FakeHit("v", 6.05, "wood", "hit")]
    measured = measure({"a": perfect}, FakeVideos(["v"], [FakeHit("v", 5.99, "wood", "hit")]))["a"]
    assert measured[0].impacts[0, 1] > 0
    steps = FakeVideos(["v"], late)
    with pytest.raises(IndexError):
        steps[0]  # the fake itself cannot lay it; the evaluation can
    clipped = measure({"a": perfect}, _Relabelled(FakeVideos(["v"], []), late))["a"]
    assert clipped[0].impacts.shape == (1, 4)


def test_data_without_a_single_hit_is_all_undefined():
    scores = evaluate(perfect, FakeVideos(["a", "b"], []), bootstrap=5)
    assert np.isnan([scores[key] for key in KEYS + ONSET_KEYS]).all()
    assert (scores["videos"], scores["hits"]) == (2, 0)


def test_a_single_video_has_numbers_but_no_intervals():
    scores = evaluate(perfect, make_videos(["only"]), bootstrap=50)
    assert scores["loudness_r"] == pytest.approx(1.0)
    assert np.isnan(scores["loudness_r_low"])


def test_intervals_hold_the_value_and_depend_on_the_seed_alone(test):
    def noisy(sample):
        noise = torch.rand(sample["cochleagram"].shape, generator=torch.Generator().manual_seed(int(sample["video"])))
        return SoundPrediction(sample["cochleagram"] + noise)

    first, again = (evaluate(noisy, test, seed=3, bootstrap=100) for _ in range(2))
    assert {k: v for k, v in first.items() if v == v} == {k: v for k, v in again.items() if v == v}
    assert first["loudness_error_low"] <= first["loudness_error"] <= first["loudness_error_high"]
    assert evaluate(noisy, test, seed=4, bootstrap=100)["loudness_error_low"] != first["loudness_error_low"]


def test_the_order_of_videos_does_not_matter(test):
    measured = measure({"a": perfect}, test)["a"]
    assert summarise(measured, bootstrap=20).flat() == pytest.approx(
        summarise(measured[::-1], bootstrap=20).flat(), nan_ok=True
    )


def test_half_precision_and_lists_are_taken(test):
    scores = evaluate(lambda s: SoundPrediction(s["cochleagram"].bfloat16(), [1, 2]), test, bootstrap=0)
    assert scores["loudness_r"] > 0.99


def test_a_prediction_that_does_not_fit_is_refused_by_name(test):
    with pytest.raises(ValueError, match=r"predicted for test-0 has shape \(42, 10\), the true one has \(42, 540\)"):
        evaluate(lambda _: SoundPrediction(np.zeros((42, 10))), test)
    with pytest.raises(ValueError, match="test-0 is not finite"):
        evaluate(lambda sample: SoundPrediction(sample["cochleagram"] * np.nan), test)
    with pytest.raises(ValueError, match="onsets predicted for test-0"):
        evaluate(lambda _: SoundPrediction(onset_times_s=[np.nan]), test)


def test_windows_instead_of_videos_are_refused(test):
    class Windows(FakeVideos):
        def __len__(self):
            return len(self.hits)

    with pytest.raises(ValueError, match='windows="videos"'):
        evaluate(perfect, Windows(test.ids, test.hits))


def test_no_known_material_gives_no_classifier():
    assert fit_material_classifier(FakeVideos(["a"], [FakeHit("a", 1.0)])) is None


class TestDifference:
    def test_is_paired(self, test):
        """Two predictors that are wrong in the same way differ by nothing, however wide their intervals."""
        evaluations = [summarise(videos, bootstrap=200) for videos in measure({"a": _half, "b": _half}, test).values()]
        difference = evaluations[0].difference(evaluations[1], "loudness_error")
        assert tuple(difference) == (0, 0, 0)

    def test_of_other_videos_is_refused(self, train, test):
        one, other = (summarise(measure({"a": _half}, videos)["a"], bootstrap=5) for videos in (train, test))
        with pytest.raises(ValueError, match="same videos"):
            one.difference(other, "loudness_r")


def _half(sample):
    return SoundPrediction(0.5 * sample["cochleagram"])


class _Relabelled:
    """Videos whose labels are others than those that were drawn."""

    def __init__(self, videos, hits):
        self.videos, self.ids, self.hits = videos, videos.ids, hits

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, index):
        return self.videos[index]
