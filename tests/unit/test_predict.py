"""What a prediction is compared with, and how."""

from pathlib import Path

import numpy as np
import pytest
import torch

from crossmodal.errors import DatasetError, FormatError
from crossmodal.predict import PredictedSound, TrueSound, read_truth
from crossmodal.video import read_clip
from tests.fakes.videos import LABELS, write_clip


@pytest.mark.parametrize("name", ["a", "a_denoised", "a_mic", "a_denoised_thumb"])
def test_truth_is_the_recording_s_own_sound_and_the_labels_beside_it(tmp_path: Path, name: str) -> None:
    clip = write_clip(tmp_path / f"{name}.mp4")
    (tmp_path / "a_times.txt").write_text(LABELS)
    truth = read_truth(clip)
    assert truth.cochleagram.shape[0] == 42
    assert float(truth.cochleagram.amax()) > 0
    np.testing.assert_allclose(truth.onset_times_s, [0.4, 0.8, 1.1])


def test_truth_without_labels_has_no_onsets(tmp_path: Path) -> None:
    assert read_truth(write_clip(tmp_path / "a.mp4")).onset_times_s is None


def test_truth_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("no video")
    with pytest.raises(FormatError, match=r"a\.mp4"):
        read_truth(tmp_path / "a.mp4")
    clip = write_clip(tmp_path / "b.mp4")
    (tmp_path / "b_times.txt").write_text("soon wood hit static\n")
    with pytest.raises(DatasetError, match=r"b_times\.txt, line 1"):
        read_truth(clip)


def predicted(clip: Path, onsets_s: list[float]) -> PredictedSound:
    times_s = np.array(onsets_s)
    sound, features = torch.zeros(44_100), torch.rand(42, 90)
    return PredictedSound(clip, sound, 44_100, features, times_s, np.ones(len(times_s)), read_clip(clip, (48, 64)))


def test_onsets_are_met_within_a_tenth_of_a_second_each_once(tmp_path: Path) -> None:
    sound = predicted(write_clip(tmp_path / "a.mp4"), [0.35, 0.45, 0.95])
    told = sound.compare(TrueSound(sound.cochleagram, np.array([0.4, 0.8])))
    assert told == {"true_onsets": 2, "true_onsets_met_within_100_ms": 1, "true_onset_times_s": [0.4, 0.8]}
    assert sound.compare(TrueSound(sound.cochleagram, None)) == {}


def test_the_figure_has_a_row_more_with_the_truth(tmp_path: Path) -> None:
    sound = predicted(write_clip(tmp_path / "a.mp4"), [0.4])
    heights = []
    for truth in (None, TrueSound(sound.cochleagram, np.array([0.4]))):
        sound.write_figure(tmp_path / "a.png", truth)
        heights.append(int.from_bytes((tmp_path / "a.png").read_bytes()[20:24], "big"))
    assert heights[1] > heights[0] + 100
