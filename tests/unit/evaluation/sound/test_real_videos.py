"""Baselines on a few real videos, where they are at hand."""

import pytest

from crossmodal.data import GreatestHits, fold_videos
from crossmodal.evaluation import MotionEnergyOnsets, RandomImpact, RandomOnsets, TrueSound, evaluate_folds


@pytest.mark.slow
def test_motion_finds_onsets_better_than_random_times_and_worse_than_sound(real_data, tmp_path):
    videos = GreatestHits(real_data / "vis-data-256", split="test", windows="videos", cache=tmp_path)

    def make(train, fold):
        return {
            "random times": RandomOnsets(fold).fit(train),
            "motion energy": MotionEnergyOnsets().fit(train),
            "random impact": RandomImpact(fold).fit(train),
            "true sound": TrueSound(),
        }

    folds = [(videos.subset(train), videos.subset(test)) for train, test in fold_videos(videos.ids, 3)]
    rows = {name: row.values for name, row in evaluate_folds(make, folds, bootstrap=0).rows.items()}
    f1 = {name: values["onset_f1_100ms"] for name, values in rows.items()}
    assert f1["motion energy"] > f1["random times"] - 0.02
    assert f1["true sound"] > f1["motion energy"]
    assert rows["true sound"]["loudness_error"] == 0
    assert abs(rows["random impact"]["loudness_r"]) < 0.5
