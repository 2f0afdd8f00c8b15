"""Folder of the stand-in: the real layout, reproducible bytes, sound and frames in sync."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from crossmodal.errors import DatasetError
from crossmodal.simulation.hits import MATERIALS, make_stand_in_hits
from crossmodal.simulation.hits import folder as folder_module

FRAME_RATE_HZ = Fraction(30000, 1001)
SMALL: dict[str, Any] = {"seconds": 4.0, "seed": 5, "size": (48, 80)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_stand_in_hits(tmp_path_factory.mktemp("stand_in") / "hits", videos=3, **SMALL)


@pytest.fixture(scope="module")
def truth(made: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((made / "stand_in.json").read_text())
    return document


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def ids(folder: Path) -> list[str]:
    return sorted(path.name.removesuffix("_times.txt") for path in folder.glob("*_times.txt"))


def sound_of(path: Path) -> np.ndarray:
    """Return the decoded sound of a video on its time axis, at 48 kHz."""
    out = np.zeros(48_000 * 6)
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            samples = frame.to_ndarray().mean(0)
            first = round(float(frame.pts * frame.time_base) * 48_000)
            skip = max(-first, 0)
            out[first + skip : first + len(samples)] = samples[skip:]
    return out


class TestLayout:
    def test_has_the_files_of_the_real_folder(self, made: Path) -> None:
        names = {f"2000-01-01-00-00-00-{k}" for k in (1, 2, 3)}
        expected = {f"{name}{end}" for name in names for end in ("_denoised.mp4", "_denoised.wav", "_times.txt")}
        assert {path.name for path in made.iterdir()} == expected | {"train.txt", "test.txt", "stand_in.json"}

    def test_labels_have_four_fields_six_decimals_and_known_names(self, made: Path) -> None:
        for name in ids(made):
            lines = (made / f"{name}_times.txt").read_text().splitlines()
            assert lines
            times = []
            for line in lines:
                time, material, action, reaction = line.split(" ")
                assert len(time.split(".")[1]) == 6
                assert material in {*MATERIALS, "None"}
                assert action in {"hit", "scratch", "None"}
                assert reaction in {"static", "rigid-motion", "deform", "scatter", "splash", "None"}
                times.append(float(time))
            assert (np.diff(times) >= 0.25 - 1e-6).all()

    def test_split_is_by_video_and_complete(self, made: Path) -> None:
        train, test = ((made / f"{part}.txt").read_text().split() for part in ("train", "test"))
        assert sorted(train + test) == ids(made)
        assert len(test) == 1

    def test_truth_has_modes_and_hits(self, made: Path, truth: dict[str, Any]) -> None:
        assert truth["options"] == {"seconds": 4.0, "seed": 5, "size": [48, 80], "frame_rate_hz": "30000/1001"}
        for name in ids(made):
            video = truth["videos"][name]
            lines = (made / f"{name}_times.txt").read_text().splitlines()
            assert len(video["hits"]) == len(lines)
            for hit, line in zip(video["hits"], lines, strict=True):
                assert hit["time_s"] == pytest.approx(float(line.split()[0]), abs=1e-6)
                assert hit["speed_m_s"] > 0
                surface = video["surfaces"][hit["surface"]]
                assert surface["material"] == hit["material"]
                assert len(surface["frequencies_hz"]) == len(surface["decays_s"]) == len(surface["amplitudes"])

    def test_there_are_at_least_ten_materials_all_of_the_real_set(self) -> None:
        real = (
            "carpet ceramic cloth dirt drywall glass grass gravel leaf metal paper plastic plastic-bag rock "
            "tile water wood"
        )
        assert len(MATERIALS) >= 10
        assert set(MATERIALS) <= set(real.split())


class TestSync:
    def test_frames_are_on_the_frame_clock(self, made: Path) -> None:
        for name in ids(made):
            with av.open(str(made / f"{name}_denoised.mp4")) as container:
                times = [frame.pts * frame.time_base for frame in container.decode(video=0)]
            assert len(times) == round(4.0 * FRAME_RATE_HZ)
            errors = [abs(float(time - index / FRAME_RATE_HZ)) for index, time in enumerate(times)]
            assert max(errors) < 1e-3

    def test_sound_in_the_video_is_that_of_the_wav_to_a_millisecond(self, made: Path) -> None:
        for name in ids(made):
            wave, rate_hz = soundfile.read(made / f"{name}_denoised.wav")
            assert rate_hz == 48_000
            muxed = sound_of(made / f"{name}_denoised.mp4")[: len(wave)]
            spectrum = np.fft.rfft(wave, 1 << 19) * np.conj(np.fft.rfft(muxed, 1 << 19))
            lag = int(np.argmax(np.fft.irfft(spectrum)))
            lag = lag - (1 << 19) if lag > 1 << 18 else lag
            assert abs(lag) / 48_000 < 1e-3

    def test_sound_of_a_crisp_hit_begins_within_a_millisecond_of_its_label(
        self, made: Path, truth: dict[str, Any]
    ) -> None:
        checked = 0
        for name in ids(made):
            wave, rate_hz = soundfile.read(made / f"{name}_denoised.wav")
            last_s = -10.0
            for hit in truth["videos"][name]["hits"]:
                alone = hit["time_s"] - last_s > 0.7
                last_s = hit["time_s"] + hit["stays_s"]
                if not (alone and hit["action"] == "hit" and hit["contact_s"] < 1.2e-3):
                    continue
                at = round(hit["time_s"] * rate_hz)
                peak = np.abs(wave[at : at + 2400]).max()
                floor = np.abs(wave[at - 480 : at - 5]).max()
                if floor > 0.02 * peak:
                    continue
                onset = np.flatnonzero(np.abs(wave[at - 480 : at + 2400]) > max(0.02 * peak, 1.2 * floor))[0] - 480
                assert -1e-4 <= onset / rate_hz < 1e-3
                checked += 1
        assert checked >= 3


class TestMaking:
    def test_same_bytes_again_with_other_workers_and_another_number_of_videos(self, made: Path, tmp_path: Path) -> None:
        again = make_stand_in_hits(tmp_path / "again", videos=2, num_workers=2, **SMALL)
        first, second = contents(made), contents(again)
        for name in second:
            if name.startswith("2000"):
                assert first[name] == second[name], name

    def test_another_seed_gives_other_videos(self, made: Path, tmp_path: Path) -> None:
        other = make_stand_in_hits(tmp_path / "other", videos=1, **(SMALL | {"seed": 6}))
        name = "2000-01-01-00-00-00-1_times.txt"
        assert (other / name).read_text() != (made / name).read_text()

    def test_finished_videos_are_kept_and_missing_files_are_made_again(
        self, made: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = contents(made)
        victim = made / "2000-01-01-00-00-00-2_denoised.mp4"
        victim.unlink()
        indices = record_indices(monkeypatch)
        make_stand_in_hits(made, videos=3, **SMALL)
        assert indices == [1]
        assert contents(made) == before

    def test_an_interrupted_folder_is_finished(
        self, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def stop(done: int, total: int, text: str) -> None:
            if done == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            make_stand_in_hits(tmp_path / "cut", videos=3, progress=stop, **SMALL)
        indices = record_indices(monkeypatch)
        assert contents(make_stand_in_hits(tmp_path / "cut", videos=3, **SMALL)) == contents(made)
        assert indices == [2]

    def test_progress_counts_every_video(self, made: Path) -> None:
        calls: list[tuple[int, int]] = []
        make_stand_in_hits(made, videos=3, progress=lambda done, total, text: calls.append((done, total)), **SMALL)
        assert calls[-1] == (3, 3)

    def test_a_video_too_short_for_a_touch_is_made_without_one(self, tmp_path: Path) -> None:
        folder = make_stand_in_hits(tmp_path / "short", videos=1, seconds=0.4, size=(48, 80))
        assert (folder / "2000-01-01-00-00-00-1_times.txt").read_text() == ""
        assert (folder / "test.txt").read_text() == ""

    def test_other_options_in_the_same_folder_are_refused_with_both_values(self, made: Path) -> None:
        with pytest.raises(DatasetError, match=r"seed: found 5, requested 6"):
            make_stand_in_hits(made, videos=3, **(SMALL | {"seed": 6}))

    def test_a_folder_of_other_files_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("mine")
        with pytest.raises(DatasetError, match=r"not a folder of stand-ins"):
            make_stand_in_hits(tmp_path, videos=1, **SMALL)
        assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]

    @pytest.mark.parametrize("text", ["not json", "{}", '{"version": 1, "options": {}, "videos": 3}'])
    def test_a_broken_truth_file_is_named(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "stand_in.json").write_text(text)
        with pytest.raises(DatasetError, match=r"stand_in\.json"):
            make_stand_in_hits(tmp_path, videos=1, **SMALL)

    @pytest.mark.parametrize("wrong", [{"videos": 0}, {"num_workers": 0}, {"seconds": 0.0}, {"size": (8, 8)}])
    def test_invalid_options_are_refused(self, tmp_path: Path, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"at least"):
            make_stand_in_hits(tmp_path / "x", **(SMALL | wrong))
        assert not (tmp_path / "x").exists()


def record_indices(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record the indices of the videos made after this call."""
    indices: list[int] = []
    real: Callable[..., dict[str, Any]] = folder_module.write_take

    def recorded(folder: Path, index: int, options: Any) -> dict[str, Any]:
        indices.append(index)
        return real(folder, index, options)

    monkeypatch.setattr(folder_module, "write_take", recorded)
    return indices
