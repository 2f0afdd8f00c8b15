"""The sound of any video: exactly as long as the video stream, within [-1, 1], independent of its own sound."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from torch import Tensor, nn

import crossmodal
from crossmodal import hub, models
from crossmodal.audio import ExemplarBank, read_waveform
from crossmodal.errors import FormatError, OutputError, WeightsError
from crossmodal.models import SoundFromVideo
from crossmodal.predict import predict_sound, predictor
from crossmodal.video import probe_video, strip_sound, write_video
from tests.fakes.flashes import tiny_sound_model
from tests.fakes.videos import (
    NTSC,
    counting_frames,
    cut_off,
    sound_only,
    turn,
    without_frames,
    write_clip,
    write_streams,
)

RATES_HZ = [Fraction(15), Fraction(25), NTSC, Fraction(30)]


@pytest.fixture(scope="module")
def model() -> SoundFromVideo:
    """A model that has learned nothing, but is never silent and hears onsets everywhere."""
    made = tiny_sound_model()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made.fit_basis(torch.rand(42, 300) * 0.5)
    made.onset_threshold.fill_(0.03)
    return made.eval()


@pytest.fixture(scope="module")
def weights(model: SoundFromVideo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hub.save_weights(model, tmp_path_factory.mktemp("weights"), card="# Nothing learned\n")


@pytest.fixture(scope="module")
def weights_with_exemplars(model: SoundFromVideo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    draws = torch.Generator().manual_seed(0)
    impacts = (torch.rand(3, 11_025, generator=draws) - 0.5) * torch.exp(-torch.arange(11_025) / 2000)
    bank = ExemplarBank(torch.rand(3, 42, 45, generator=draws), impacts, 22_050)
    return hub.save_weights(model, tmp_path_factory.mktemp("exemplars"), card="", exemplars=bank)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "a.mp4")


def shown_seconds(path: Path) -> float:
    info = probe_video(path)
    assert info.seconds is not None
    return float(info.seconds)


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as opened:
        return [bytes(packet) for packet in opened.demux(opened.streams.video[0]) if packet.size]


@pytest.mark.parametrize("rate_hz", RATES_HZ, ids=str)
@pytest.mark.parametrize("frames", [1, 2, 37])
def test_sound_is_exactly_as_long_as_the_video_stream(
    model: SoundFromVideo, rate_hz: Fraction, frames: int, tmp_path: Path
) -> None:
    video, out, seconds = tmp_path / "a.mp4", tmp_path / "b.mp4", float(frames / rate_hz)
    write_video(video, counting_frames(frames), rate_hz)
    predicted = predict_sound(video, model)
    assert len(predicted.waveform) == round(seconds * 44_100)
    assert predicted.cochleagram.shape == (42, 3 * int(np.ceil(seconds * 30 - 1e-6)))
    assert torch.isfinite(predicted.waveform).all()
    assert 0 < float(predicted.waveform.abs().max()) <= 1
    assert np.all(predicted.onset_times_s <= seconds + 1 / 30)
    assert predicted.write_video(out) == "copied"
    assert packets(out) == packets(video)
    assert shown_seconds(out) == pytest.approx(seconds, abs=1e-3)
    assert probe_video(out).has_sound


@pytest.mark.parametrize(
    ("size", "codec", "ending"),
    [((45, 61), "ffv1", ".mkv"), ((96, 20), "libx264", ".mp4"), ((16, 256), "libx264", ".mp4")],
    ids=["odd", "upright", "panorama"],
)
def test_any_frame_size_works(
    model: SoundFromVideo, size: tuple[int, int], codec: str, ending: str, tmp_path: Path
) -> None:
    frames = list(counting_frames(12, *size))
    video = write_streams(tmp_path / f"a{ending}", frames, range(12), Fraction(1, 30), codec=codec)
    predicted = predict_sound(video, model)
    assert len(predicted.waveform) == round(12 / 30 * 44_100)
    assert predicted.clip.grey.shape[1:] == model.size
    assert predicted.write_video(tmp_path / "b.mp4") == "copied"
    written = probe_video(tmp_path / "b.mp4")
    assert (written.height, written.width) == size


def test_a_rotated_video_is_read_as_it_is_displayed(model: SoundFromVideo, tmp_path: Path) -> None:
    video = turn(write_clip(tmp_path / "a.mp4", seconds=0.4, size=(32, 96)), 90)
    predicted = predict_sound(video, model)
    predicted.write_video(tmp_path / "b.mp4")
    assert probe_video(tmp_path / "b.mp4").rotation == probe_video(video).rotation != 0
    # Upright in a wide frame: grey to the left and to the right.
    assert (predicted.clip.grey[0][:, [0, -1]] == 128).all()


def test_a_long_video_is_predicted_in_windows(model: SoundFromVideo, tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", counting_frames(450), Fraction(15))
    predicted = predict_sound(tmp_path / "a.mp4", model, rate_hz=16_000)
    assert len(predicted.waveform) == 30 * 16_000
    assert float(predicted.waveform.abs().max()) <= 1
    # The frames repeat every 24: so does the sound, once the ends are out of hearing, wherever a window ends.
    middle = predicted.cochleagram[:, 900:1800]
    period = 24 * 6
    torch.testing.assert_close(middle[:, period : 4 * period], middle[:, : 3 * period], rtol=0.1, atol=0.02)


def test_the_video_s_own_sound_is_not_looked_at(model: SoundFromVideo, clip: Path, tmp_path: Path) -> None:
    assert probe_video(clip).has_sound
    strip_sound(clip, tmp_path / "silent.mp4")
    with_sound, silent = predict_sound(clip, model), predict_sound(tmp_path / "silent.mp4", model)
    assert torch.equal(with_sound.waveform, silent.waveform)
    assert torch.equal(with_sound.cochleagram, silent.cochleagram)
    np.testing.assert_array_equal(with_sound.onset_times_s, silent.onset_times_s)


def test_the_same_seed_gives_the_same_sound_and_another_seed_another(model: SoundFromVideo, clip: Path) -> None:
    torch.rand(3)  # nothing depends on the caller's random numbers
    first, again, other = (predict_sound(clip, model, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first.waveform, again.waveform)
    assert not torch.equal(first.waveform, other.waveform)
    assert torch.equal(first.cochleagram, other.cochleagram)


def test_three_passes_are_another_sound_of_the_same_prediction(model: SoundFromVideo, clip: Path) -> None:
    one, three = predict_sound(clip, model), predict_sound(clip, model, passes=3)
    assert torch.equal(one.cochleagram, three.cochleagram)
    assert not torch.equal(one.waveform, three.waveform)
    assert len(one.waveform) == len(three.waveform)


def test_prediction_leaves_the_model_as_it_was(model: SoundFromVideo, clip: Path) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    predict_sound(clip, model)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not model.training


def test_weights_are_a_folder_or_what_ships_by_default(
    model: SoundFromVideo, weights: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = predict_sound(clip, model).waveform
    assert torch.equal(predict_sound(clip, weights).waveform, expected)
    assert torch.equal(predict_sound(clip, str(weights)).waveform, expected)
    monkeypatch.setattr(hub, "DEFAULT_SOUND_WEIGHTS", str(weights))
    assert torch.equal(crossmodal.predict_sound(clip).waveform, expected)


def test_exemplars_are_laid_at_the_onsets(weights_with_exemplars: Path, clip: Path) -> None:
    predicted = predict_sound(clip, weights_with_exemplars, "exemplar")
    parametric = predict_sound(clip, weights_with_exemplars)
    assert len(predicted.waveform) == len(parametric.waveform)
    assert float(predicted.waveform.abs().max()) <= 1
    first = round(float(predicted.onset_times_s[0]) * predicted.rate_hz)
    energy = predicted.waveform.square()
    assert float(energy[first : first + 2000].sum()) > 0
    assert float(energy[: max(first - round(0.05 * predicted.rate_hz), 0)].sum()) == 0
    # No noise in it: the seed changes nothing.
    assert torch.equal(predict_sound(clip, weights_with_exemplars, "exemplar", seed=1).waveform, predicted.waveform)


def test_without_onsets_exemplars_are_silent(weights_with_exemplars: Path, clip: Path, tmp_path: Path) -> None:
    deaf = hub.load_model(weights_with_exemplars)
    assert isinstance(deaf, SoundFromVideo)
    deaf.onset_threshold.fill_(1.0)
    hub.save_weights(deaf, tmp_path, card="", exemplars=hub.load_exemplars(weights_with_exemplars))
    predicted = predict_sound(clip, tmp_path, "exemplar")
    assert len(predicted.onset_times_s) == 0
    assert float(predicted.waveform.abs().max()) == 0
    assert predicted.summary()["onsets"] == 0


def test_synthesis_by_exemplar_needs_exemplars(model: SoundFromVideo, weights: Path, clip: Path) -> None:
    with pytest.raises(WeightsError, match="holds no exemplars"):
        predict_sound(clip, weights, "exemplar")
    with pytest.raises(WeightsError, match="needs a weights folder with exemplars"):
        predict_sound(clip, model, "exemplar")


class Smell(nn.Module):
    """A model of another kind, which the weights of these tests pretend to belong to."""

    def __init__(self, noses: int = 1) -> None:
        super().__init__()
        self.arguments = {"noses": noses}
        self.noses = nn.Linear(noses, 1)


def test_weights_of_another_model_are_refused(
    clip: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "Smell", Smell, raising=False)
    hub.save_weights(Smell(), tmp_path, card="")
    with pytest.raises(WeightsError, match=f"{tmp_path}: holds a Smell; predicting sound needs SoundFromVideo"):
        predict_sound(clip, tmp_path)
    with pytest.raises(WeightsError, match="needs a SoundFromVideo, found a Smell"):
        predictor(Smell())
    with pytest.raises(WeightsError, match="no such weights"):
        predict_sound(clip, "sound_from_video/nothing")


def text_called_mp4(path: Path) -> Path:
    path.write_text("This is not a video.\n")
    return path


def truncated(path: Path) -> Path:
    return cut_off(write_clip(path), 0.5)


@pytest.mark.parametrize("write", [text_called_mp4, sound_only, without_frames, truncated])
def test_what_is_no_whole_video_is_named(write, model: SoundFromVideo, tmp_path: Path) -> None:
    video = write(tmp_path / "bad.mp4")
    with pytest.raises(FormatError, match=r"bad\.mp4"):
        predict_sound(video, model)


def test_a_video_that_is_not_there_is_named(model: SoundFromVideo, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"gone\.mp4"):
        predict_sound(tmp_path / "gone.mp4", model)


@pytest.mark.parametrize(
    ("write", "name"), [("write_video", "b.mp4"), ("write_waveform", "b.wav"), ("write_figure", "b.png")]
)
def test_an_output_that_cannot_be_written_is_named(
    write: str, name: str, model: SoundFromVideo, clip: Path, tmp_path: Path
) -> None:
    predicted = predict_sound(clip, model)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        getattr(predicted, write)(tmp_path / "file" / name)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_is_written_is_what_was_predicted(model: SoundFromVideo, clip: Path, tmp_path: Path) -> None:
    predicted = predict_sound(clip, model)
    predicted.write_waveform(tmp_path / "b.wav")
    predicted.write_video(tmp_path / "b.mp4")
    predicted.write_figure(tmp_path / "b.png")
    assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")

    def alike(one: Tensor, other: Tensor) -> float:
        length = min(len(one), len(other))
        return float(torch.nn.functional.cosine_similarity(one[:length], other[:length], dim=0))

    wav, rate_hz = read_waveform(tmp_path / "b.wav")
    assert rate_hz == predicted.rate_hz
    torch.testing.assert_close(wav, predicted.waveform, atol=1 / 32_767, rtol=0)
    # AAC loses a little of noise, but it is the same sound at the same time.
    muxed, _ = read_waveform(tmp_path / "b.mp4")
    assert alike(muxed, predicted.waveform) > 0.9


def test_the_summary_states_the_sound_in_numbers(model: SoundFromVideo, clip: Path) -> None:
    predicted = predict_sound(clip, model)
    summary = predicted.summary()
    assert summary["video"] == str(clip)
    assert summary["seconds"] == pytest.approx(36 / 29.97, abs=1e-3)
    assert summary["rate_hz"] == 44_100
    assert 0 < summary["peak"] <= 1
    assert summary["level_dbfs"] < 0
    assert summary["onsets"] == len(summary["onset_times_s"]) > 0
