"""The weights inside the package: they load, they are small, and their cards tell what they are."""

import numpy as np
import pytest
import torch

import crossmodal
from crossmodal import hub
from crossmodal.backbones import create
from crossmodal.backbones.layers import features
from crossmodal.evaluation.gait.events import score_walk
from crossmodal.gait import analyse
from crossmodal.metrics import mean_iou
from crossmodal.models import SoundFromVideo
from crossmodal.simulation.walks import EMED_LIKE, Mat, draw_walker, simulate_walk
from crossmodal.weights import SHIPPED, shipped_names
from tests.fakes.videos import write_clip


def test_the_default_model_ships():
    assert hub.DEFAULT_SOUND_WEIGHTS in shipped_names()
    assert isinstance(hub.load_model(hub.DEFAULT_SOUND_WEIGHTS), SoundFromVideo)
    assert len(hub.load_exemplars(hub.DEFAULT_SOUND_WEIGHTS)) > 0


@pytest.mark.parametrize("name", shipped_names())
def test_a_folder_is_small_and_has_its_card(name):
    folder = SHIPPED / name
    assert sum(path.stat().st_size for path in folder.iterdir()) < 25e6
    card = (folder / "README.md").read_text(encoding="utf-8")
    for said in (
        "- data:",
        "- command:",
        "- date:",
        "## Frozen features" if name.startswith("noise/") else "## evaluate",
    ):
        assert said in card
    assert ("## On Greatest Hits" in card) == (name == hub.DEFAULT_SOUND_WEIGHTS)


def test_noise_pretrained_weights_come_from_images_that_are_no_photographs():
    named = [name for name in shipped_names() if name.startswith("noise/")]
    assert {"noise/programs/small_alexnet", "noise/programs/resnet18"} < set(named)
    assert sum(path.stat().st_size for name in named for path in (SHIPPED / name).iterdir()) < 40e6
    for name in named:
        backbone = create(name.rpartition("/")[2], weights=name).eval()
        assert "data: none" in (SHIPPED / name / "README.md").read_text(encoding="utf-8")
        with torch.no_grad():
            assert torch.isfinite(features(backbone, torch.rand(2, 3, 64, 64))).all()


def test_a_walk_is_read_without_any_option():
    walk = simulate_walk([draw_walker(5, 1)], Mat(600, 160, (5.0, 5.0)), 5, 0, 5.0, sensor=EMED_LIKE)
    analysis = analyse(walk.recording)
    assert analysis.method == "learned"
    score = score_walk(analysis.stances, walk.truth)
    assert len(score.heel_mm) == score.true == score.found >= 3
    assert score.sides == score.true
    assert np.abs(score.heel_strike_s).max() < 0.02
    assert np.abs(score.toe_off_s).max() < 0.02


def test_scenes_are_drawn_and_segmented_without_training():
    generator, segmenter = hub.load_model("scenes/generator"), hub.load_model("scenes/segmenter")
    seen = segmenter.segment(generator.draw(range(64)))
    sky = segmenter.classes.index("sky")
    assert 0.3 < float((seen == sky).float().mean()) < 0.7
    assert mean_iou(segmenter.confusion) > 0.95


@pytest.mark.parametrize("synthesis", ["parametric", "exemplar"])
def test_a_video_gets_its_sound_without_any_option(tmp_path, synthesis):
    video = write_clip(tmp_path / "silent.mp4")
    heard = crossmodal.predict_sound(video, synthesis=synthesis)
    assert len(heard.waveform) == round(heard.clip.seconds * heard.rate_hz)
    assert float(heard.waveform.abs().amax()) <= 1
