"""Predictors side by side."""

import json
import re

import numpy as np
import pytest

from crossmodal.evaluation import SoundPrediction, evaluate, evaluate_all, evaluate_folds, fit_baselines
from tests.fakes.sounding_videos import make_videos


def perfect(sample):
    return SoundPrediction(sample["cochleagram"], np.flatnonzero(sample["onset"]) / 90)


@pytest.fixture(scope="module")
def table(train, test):
    return evaluate_all({**fit_baselines(train), "ours": perfect}, test, train=train, bootstrap=50)


def test_holds_every_baseline_of_the_publication_and_the_onsets(table):
    assert list(table.rows) == [
        "random impact",
        "mean sound",
        "image match",
        "space-time match",
        "image + space-time match",
        "random times",
        "motion energy",
        "true sound",
        "ours",
    ]


def test_says_the_same_as_evaluating_alone(table, train, test):
    alone = evaluate(perfect, test, train=train, bootstrap=50)
    assert table.rows["ours"].flat() == pytest.approx(alone, nan_ok=True)


def test_markdown_has_a_row_each_with_intervals_and_its_origin(table):
    lines = table.markdown().splitlines()
    assert lines[0].count("|") == lines[1].count("|") == lines[2].count("|")
    assert any(re.match(r"\| ours \| 0\.00 \[0\.00, 0\.00\] \| 1\.00", line) for line in lines)
    assert "| mean sound |" in table.markdown()
    assert re.search(r"4 videos, 20 hits, 20 onsets\. .*\d{4}-\d\d-\d\d, commit \S+\.", lines[-1])


def test_markdown_marks_what_is_undefined(table):
    row = next(line for line in table.markdown(intervals=False).splitlines() if line.startswith("| random times"))
    assert row.split("|")[2:7] == [" – "] * 5
    assert "[" not in row


def test_json_is_strict_and_keeps_the_numbers(table):
    content = json.loads(table.json(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert content["methods"]["ours"]["loudness_r"] == pytest.approx(1.0)
    assert content["methods"]["mean sound"]["centroid_r"] is None
    assert {"date", "commit", "version", "seed", "bootstrap"} <= set(content)


def test_differences_are_paired(table):
    difference = table.difference("ours", "random impact", "centroid_r")
    assert difference.value > 0
    assert difference.low <= difference.value <= difference.high


class TestFolds:
    def test_every_video_is_tested_once(self):
        parts = [make_videos([f"{letter}{i}" for i in range(3)], seed=i) for i, letter in enumerate("abc")]
        folds = [(parts[0], parts[1]), (parts[1], parts[2]), (parts[2], parts[0])]
        asked = []

        def make(train, fold):
            asked.append((fold, train.ids[0]))
            return {"ours": perfect}

        row = evaluate_folds(make, folds, bootstrap=20).rows["ours"]
        assert asked == [(0, "a0"), (1, "b0"), (2, "c0")]
        assert row.counts["videos"] == 9
        assert row.values["loudness_r"] == pytest.approx(1.0)

    def test_a_leak_is_refused(self, train, test):
        with pytest.raises(ValueError, match="train-0"):
            evaluate_folds(lambda *_: {"ours": perfect}, [(train, train)])
        with pytest.raises(ValueError, match=r"fold 1: .* test-0"):
            evaluate_folds(lambda *_: {"ours": perfect}, [(train, test), (train, test)])

    def test_predictors_must_keep_their_names(self, train, test):
        other = make_videos(["x", "y"])
        with pytest.raises(ValueError, match="fold 1: expected predictors"):
            evaluate_folds(lambda _, fold: {str(fold): perfect}, [(train, test), (train, other)])
