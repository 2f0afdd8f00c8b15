"""Figures of predictions."""

import numpy as np
import pytest
import torch

from crossmodal.errors import OutputError
from crossmodal.plot import figure_contact_sheet, figure_prediction, save_figure, save_image, tile_images

STEPS = 270  # three seconds
draws = np.random.default_rng(0)


@pytest.fixture
def parts():
    """Three seconds of 30 frames a second and their features."""
    return {
        "frames": torch.randint(0, 255, (90, 3, 18, 32), dtype=torch.uint8),
        "times_s": np.arange(90) / 30,
        "true_cochleagram": torch.rand(42, STEPS),
        "predicted_cochleagram": draws.uniform(size=(42, STEPS)),
        "true_onsets_s": [0.5, 1.2, 2.4],
        "predicted_onsets_s": torch.tensor([0.61, 2.3]),
    }


def labels(figure):
    return [axis.get_ylabel().split("\n")[0] for axis in figure.axes if axis.get_ylabel()]


def frame_titles(figure):
    return [axis.get_title() for axis in figure.axes if axis.get_title()]


def test_each_given_part_has_a_row(parts):
    more = {"onset_probability": torch.rand(STEPS), "waveform": torch.rand(3 * 8000) - 0.5, "waveform_rate_hz": 8000}
    figure = figure_prediction(**parts, **more, title="a clip")
    rows = ["true sound", "predicted sound", "onsets", "waveform"]
    assert [label for label in labels(figure) if label in rows] == rows
    assert figure.texts[0].get_text() == "a clip"


def test_without_truth_there_is_only_the_prediction(parts):
    figure = figure_prediction(parts["frames"], parts["times_s"], None, parts["predicted_cochleagram"])
    assert "true sound" not in labels(figure)
    assert "onsets" not in labels(figure)
    assert len(frame_titles(figure)) == 8


def test_frames_are_shown_at_the_true_onsets(parts):
    assert frame_titles(figure_prediction(**parts)) == ["0.50 s", "1.20 s", "2.40 s"]


def test_without_truth_frames_are_shown_at_the_predicted_onsets(parts):
    assert frame_titles(figure_prediction(**parts | {"true_onsets_s": None})) == ["0.60 s", "2.30 s"]


def test_no_more_frames_than_asked(parts):
    many = parts | {"true_onsets_s": np.linspace(0, 3, 40)}
    assert len(frame_titles(figure_prediction(**many, images=5))) == 5


def test_few_frames_are_shown_once_each_with_their_own_times(parts):
    onsets_s = [0.1, 0.2, 1.1, 2.2, 2.3]
    few = parts | {"frames": parts["frames"][::30], "times_s": [0.0, 1.0, 2.0], "true_onsets_s": onsets_s}
    assert frame_titles(figure_prediction(**few, images=6)) == ["0.00 s", "1.00 s", "2.00 s"]


def test_both_cochleagrams_have_one_colour_scale_and_frequency_labels(parts):
    figure = figure_prediction(**parts | {"predicted_cochleagram": 3 * parts["predicted_cochleagram"]})
    true, predicted = (axis for axis in figure.axes if "frequency (Hz)" in axis.get_ylabel())
    assert true.images[0].get_clim() == predicted.images[0].get_clim()
    ticks = {text.get_text(): text.get_position()[1] for text in true.get_yticklabels()}
    assert list(ticks) == ["100", "300", "1k", "3k", "8k"]
    assert 0 < ticks["100"] < ticks["8k"] < 41


def test_a_span_cuts_time_and_onsets(parts):
    figure = figure_prediction(**parts, span_s=(1.0, 2.0))
    assert frame_titles(figure) == ["1.20 s"]
    assert all(axis.get_xlim() == (1.0, 2.0) for axis in figure.axes if "frequency" in axis.get_ylabel())


@pytest.mark.parametrize("onsets", [[], None])
def test_silence_without_onsets_is_drawn(parts, onsets, tmp_path):
    silent = {"true_cochleagram": np.zeros((42, STEPS)), "predicted_cochleagram": np.zeros((42, STEPS))}
    quiet = parts | silent | {"true_onsets_s": onsets, "predicted_onsets_s": onsets}
    save_figure(figure_prediction(**quiet, waveform=np.zeros(100), waveform_rate_hz=100), tmp_path / "silence.png")
    assert (tmp_path / "silence.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("shape", [(90, 18, 32), (90, 3, 40, 20)])
def test_grey_and_upright_frames_are_drawn(parts, shape, tmp_path):
    save_figure(figure_prediction(**parts | {"frames": np.zeros(shape, np.uint8)}), tmp_path / "f.png")


def test_the_same_content_gives_the_same_file(parts, tmp_path):
    for name in ("a.png", "b.png"):
        save_figure(figure_prediction(**parts), tmp_path / name, dots_per_inch=50)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames": np.zeros((0, 3, 4, 4), np.uint8), "times_s": []}, "at least one frame"),
        ({"times_s": [0.0]}, "got 1 for 90"),
        ({"predicted_cochleagram": np.zeros(42)}, r"got \(42,\)"),
        ({"span_s": (2.0, 1.0)}, "end after start"),
        ({"waveform": np.zeros(10)}, "rate_hz"),
    ],
)
def test_invalid_arguments_are_refused(parts, change, message):
    with pytest.raises(ValueError, match=message):
        figure_prediction(**parts | change)


def test_a_path_that_cannot_be_written_is_named(parts, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file/figure\.png"):
        save_figure(figure_prediction(**parts), tmp_path / "file" / "figure.png")


def test_a_contact_sheet_has_all_images_with_captions(tmp_path):
    images = [np.full((3, 18, 32), 40 * index, np.uint8) for index in range(5)]
    figure = figure_contact_sheet(images, ["one", "two", "three", "four", "five"], columns=3)
    assert [axis.get_title() for axis in figure.axes] == ["one", "two", "three", "four", "five", ""]
    save_figure(figure, tmp_path / "sheet.png", dots_per_inch=50)


def test_a_contact_sheet_needs_images_and_their_captions():
    for images, captions in (([], []), ([np.zeros((3, 4, 4), np.uint8)], [])):
        with pytest.raises(ValueError, match="need a caption"):
            figure_contact_sheet(images, captions, columns=2)


def test_tiles_keep_every_pixel(tmp_path):
    images = torch.randint(0, 255, (5, 3, 6, 30), dtype=torch.uint8)
    sheet = tile_images(images, list("abcde"), columns=2)
    assert sheet.shape == (4 + 3 * (6 + 18), 4 + 2 * 34, 3)
    for number, image in enumerate(images):
        top, left = 4 + number // 2 * 24, 4 + number % 2 * 34
        assert np.array_equal(sheet[top : top + 6, left : left + 30], image.permute(1, 2, 0))
    save_image(sheet, tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").read_bytes()[:4] == b"\x89PNG"


def test_tiles_make_room_for_their_captions():
    sheet = tile_images(torch.zeros(2, 3, 1, 1, dtype=torch.uint8), ["1234567", "9"])
    written = np.flatnonzero((sheet[5:] < 128).any(axis=(0, 2)))
    assert written.max() > 30  # the second caption does not overlap the first
    assert len(np.flatnonzero(np.diff(written) > 3)) >= 1


def test_tiles_need_a_caption_each():
    with pytest.raises(ValueError, match="got 1 for 2"):
        tile_images(torch.zeros(2, 3, 4, 4, dtype=torch.uint8), ["a"])
    with pytest.raises(ValueError, match="got 0 for 0"):
        tile_images(torch.zeros(0, 3, 4, 4, dtype=torch.uint8), [])
