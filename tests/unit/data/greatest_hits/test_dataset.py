"""Windows of Greatest Hits: every hit, aligned image and sound, and a report of what was left out."""

import pickle
import shutil

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from crossmodal.data import GreatestHits, check_folder, fold_videos
from crossmodal.errors import DatasetError
from tests.fakes.videos import cut_off, number_of, sound_only, write_clip, write_hits_folder

SIZE = (36, 64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("hits")
    write_hits_folder(root, count=4)
    return root


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def _load(root, cache, **options):
    return GreatestHits(root, **{"split": "all", "size": SIZE, "cache": cache, **options})


def test_samples_have_the_documented_shapes_and_types(folder, cache):
    data = _load(folder, cache)
    sample = data[1]
    found = {key: (tuple(value.shape), value.dtype) for key, value in sample.items()}
    steps = dict.fromkeys(("material", "action", "reaction"), ((45,), torch.int64))
    assert found == {
        "spacetime": ((15, 3, *SIZE), torch.uint8),
        "colour": ((3, *SIZE), torch.uint8),
        "cochleagram": ((42, 45), torch.float32),
        "onset": ((45,), torch.float32),
        **steps,
        "start_step": ((), torch.int64),
        "video": ((), torch.int64),
        "has_sound": ((), torch.bool),
    }


def test_every_hit_of_every_video_is_a_window_with_the_hit_in_its_middle(folder, cache):
    data = _load(folder, cache)
    assert len(data) == len(data.hits) == 12
    for index, hit in enumerate(data.hits):
        sample = data[index]
        assert data.ids[int(sample["video"])] == hit.video
        assert sample["onset"][22] == 1
        assert int(sample["start_step"]) + 22 == round(hit.time_s * 90)
        material = data.classes["material"].index(hit.material) if hit.material else -1
        assert int(sample["material"][22]) == material


def test_sound_and_frames_are_aligned(folder, cache):
    """The clicks of the sound are at the labels, and tick k shows the frame that counts k."""
    sample = _load(folder, cache, windows="videos")[0]
    loud = sample["cochleagram"].sum(0)
    for step in torch.nonzero(sample["onset"]).flatten().tolist():
        near = loud[step - 4 : step + 5]
        assert abs(int(near.argmax()) - 4) <= 1
    shown = [number_of(image[1, :, :48].numpy()) for image in sample["spacetime"]]  # without the bars
    assert shown == [k % 24 for k in range(36)] + [35 - 24] * (len(shown) - 36)


def test_windows_beyond_the_ends_repeat_frames_and_are_silent(folder, cache):
    data = _load(folder, cache)
    before = data.window(0, -90, 45)
    assert (before["cochleagram"] == 0).all()
    assert (before["spacetime"] == before["spacetime"][0, 1]).float().mean() > 0.6
    assert before["onset"].sum() == 0
    partly = data.window(0, -20, 45)
    whole = data.window(0, 0, 45)
    assert torch.equal(partly["cochleagram"][:, 20:], whole["cochleagram"][:, :25])
    assert (data.window(0, 9000, 45)["cochleagram"] == 0).all()


def test_labels_are_class_indices_at_hits_and_minus_one_elsewhere(folder, cache):
    sample = _load(folder, cache, windows="videos")[0]
    at = torch.nonzero(sample["onset"]).flatten().tolist()
    assert at == [36, 72, 99]
    for kind, labels in (("material", ("wood", None, "metal")), ("action", ("hit", None, "scratch"))):
        names = GreatestHits.classes[kind]
        assert [int(sample[kind][step]) for step in at] == [names.index(w) if w else -1 for w in labels]
    assert int((sample["material"] >= 0).sum()) == 2
    assert int((sample["reaction"] >= 0).sum()) == 1


def test_tiles_cover_each_video_from_start_to_end(folder, cache):
    data = _load(folder, cache, windows="tiles", window_steps=45, hop_steps=30)
    for video, name in enumerate(data.ids):
        windows = [window for window in map(data.window_of, range(len(data))) if window[0] == video]
        covered = set()
        for _, start, steps in windows:
            covered |= set(range(start, start + steps))
        steps = _load(folder, cache, windows="videos", videos=[name])[0]["onset"].shape[0]
        assert covered == set(range(steps))
        assert len({start for _, start, _ in windows}) == len(windows)


def test_a_window_longer_than_the_video_is_filled(folder, cache):
    data = _load(folder, cache, windows="tiles", window_steps=900)
    assert len(data) == 4
    assert data[0]["spacetime"].shape == (300, 3, *SIZE)


def test_labelled_only_takes_hits_with_a_label(folder, cache):
    assert len(_load(folder, cache, labelled_only=True)) == 8


def test_official_splits_explicit_videos_and_subsets(folder, cache):
    everything = _load(folder, cache)
    assert GreatestHits(folder, size=SIZE, cache=cache).ids == everything.ids[:3]
    assert _load(folder, cache, split="test").ids == everything.ids[3:]
    assert _load(folder, cache, split=None).ids == everything.ids
    assert _load(folder, cache, split="test", videos=everything.ids[:1]).ids == everything.ids[:1]
    part = everything.subset(everything.ids[1:3])
    assert (part.ids, len(part), len(part.hits)) == (everything.ids[1:3], 6, 6)
    assert torch.equal(part[0]["spacetime"], everything[3]["spacetime"])
    assert len(everything) == 12
    with pytest.raises(DatasetError, match="not in this data set: nobody"):
        everything.subset(["nobody"])


def test_other_windows_of_the_same_videos(folder, cache):
    data = _load(folder, cache)
    assert len(data.with_windows("videos")) == 4
    assert data.with_windows("tiles", 30)[0]["onset"].shape == (30,)
    assert len(data) == 12


@pytest.mark.parametrize(
    ("ending", "wav", "variant"),
    [
        ("_denoised.mp4", False, "denoised"),
        ("_denoised.mp4", True, "denoised"),
        ("_mic.mp4", False, "mic"),
        ("_denoised_thumb.mp4", True, "thumb"),
        (".mp4", False, "plain"),
    ],
)
def test_every_variant_of_the_folder_loads_and_is_reported(tmp_path, ending, wav, variant):
    ids = write_hits_folder(tmp_path / "vis" / "vis", count=2, ending=ending, wav=wav)
    data = _load(tmp_path / "vis", tmp_path / "cache")
    assert data.report.variants == dict.fromkeys(ids, variant)
    assert data[0]["has_sound"]
    assert data[0]["cochleagram"].max() > 0.1
    assert data.video_path(ids[0]).name == f"{ids[0]}{ending}"
    wave, rate_hz = data.waveform(ids[0], 8_000)
    assert rate_hz == 8_000
    assert int(wave[: 8_000 * 3 // 5].abs().argmax()) / rate_hz == pytest.approx(0.4, abs=5e-3)


def test_a_requested_variant_leaves_out_videos_without_it(tmp_path):
    ids = write_hits_folder(tmp_path / "d", count=2)
    shutil.copy(tmp_path / "d" / f"{ids[0]}_denoised.mp4", tmp_path / "d" / f"{ids[0]}_mic.mp4")
    data = _load(tmp_path / "d", tmp_path / "cache", variant="mic")
    assert data.ids == ids[:1]
    assert "no mic variant" in data.report.left_out[ids[1]]
    assert "1 left out" in str(data.report)


def _damaged(tmp_path):
    """One good video; one cut off, one of text, one without a video stream, one without sound, one missing."""
    ids = write_hits_folder(tmp_path / "d", count=6)
    files = [tmp_path / "d" / f"{name}_denoised.mp4" for name in ids]
    cut_off(write_clip(files[1], seconds=4), 0.7)
    files[2].write_text("not a video")
    sound_only(files[3])
    write_clip(files[4], sound=False)
    files[5].unlink()
    return ids


def test_unusable_files_are_named_and_left_out_with_a_count(tmp_path):
    ids = _damaged(tmp_path)
    data = _load(tmp_path / "d", tmp_path / "cache")
    assert data.ids == ids[:1]
    reasons = ("cut off", "text file", "no video stream", "no sound", "no video")
    for name, reason in zip(ids[1:], reasons, strict=True):
        assert reason in data.report.left_out[name]
    assert "5 left out" in str(data.report)


def test_strict_raises_and_names_all_unusable_files(tmp_path):
    ids = _damaged(tmp_path)
    with pytest.raises(DatasetError, match="5 videos cannot be used") as caught:
        _load(tmp_path / "d", tmp_path / "cache", strict=True)
    assert all(name in str(caught.value) for name in ids[1:])


def test_silent_videos_can_be_kept(tmp_path):
    ids = _damaged(tmp_path)
    data = _load(tmp_path / "d", tmp_path / "cache", keep_silent=True)
    assert data.ids == [ids[0], ids[4]]
    silent = data.with_windows("videos")[1]
    assert not silent["has_sound"]
    assert (silent["cochleagram"] == 0).all()
    with pytest.raises(DatasetError, match="has no sound"):
        data.waveform(ids[4])


def test_if_no_video_is_left_the_reasons_are_given(tmp_path):
    ids = write_hits_folder(tmp_path / "d", count=2)
    for name in ids:
        (tmp_path / "d" / f"{name}_denoised.mp4").write_text("text")
    with pytest.raises(DatasetError, match="no video can be used"):
        _load(tmp_path / "d", tmp_path / "cache")


def test_verify_lists_all_faults(tmp_path):
    ids = _damaged(tmp_path)
    (tmp_path / "d" / f"{ids[0]}_times.txt").write_text("0.5 wood hit static\nbroken\n99 wood hit static\n")
    with (tmp_path / "d" / "train.txt").open("a") as file:
        file.write("2015-01-01-00-00-00\n")
    faults = "\n".join(check_folder(tmp_path / "d"))
    for message in (
        "line 2",
        "lists 2015-01-01-00-00-00",
        "cut off",
        "text file",
        "no video stream",
        "no sound",
        "no video",
    ):
        assert message in faults
    steps = []
    check_folder(tmp_path / "d", decode=False, progress=lambda *step: steps.append(step))
    assert steps[-1] == (6, 6, ids[-1])


def test_verify_finds_nothing_in_a_complete_folder_and_the_folder_itself_when_missing(folder, cache, tmp_path):
    assert _load(folder, cache).verify() == []
    assert "no such folder" in check_folder(tmp_path / "none")[0]


def test_labels_beyond_the_end_are_dropped_and_counted(tmp_path):
    ids = write_hits_folder(
        tmp_path / "d", count=1, labels="0.4 wood hit static\n1.25 wood hit static\n7 wood hit None\n"
    )
    data = _load(tmp_path / "d", tmp_path / "cache")
    assert [hit.time_s for hit in data.hits] == [0.4, 1.25]
    assert data.report.hits_outside == {ids[0]: 1}
    assert data[1]["onset"][22] == 1
    assert any("after the end" in fault for fault in data.verify())


def test_broken_labels_fail_with_file_and_line_and_split_ids_without_files_are_reported(tmp_path):
    ids = write_hits_folder(tmp_path / "d", count=3)
    with (tmp_path / "d" / "train.txt").open("a") as file:
        file.write("2015-01-01-00-00-00\n")
    data = _load(tmp_path / "d", tmp_path / "cache", split="train")
    assert "train.txt" in data.report.left_out["2015-01-01-00-00-00"]
    (tmp_path / "d" / f"{ids[0]}_times.txt").write_text("0.5 wood hit\n")
    (tmp_path / "d" / f"{ids[1]}_times.txt").write_text("0.5 wood hit static\nx\n")
    with pytest.raises(DatasetError, match=rf"{ids[0]}_times.txt, line 1(.|\n)*{ids[1]}_times.txt, line 2"):
        _load(tmp_path / "d", tmp_path / "cache")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"windows": "tile"}, "windows must be one of hits, tiles, videos"),
        ({"split": "validation"}, "split must be one of"),
        ({"variant": "wav"}, "variant must be one of"),
        ({"window_steps": 44}, "multiple of 3"),
        ({"hop_steps": 0}, "hop_steps"),
    ],
)
def test_unknown_options_are_refused(folder, cache, options, message):
    with pytest.raises(ValueError, match=message):
        _load(folder, cache, **options)


def test_a_loader_with_workers_gives_the_same_batches(folder, cache):
    data = _load(folder, cache)
    alone = list(DataLoader(data, batch_size=4))
    parallel = list(DataLoader(data, batch_size=4, num_workers=1, multiprocessing_context="spawn"))
    for one, other in zip(alone, parallel, strict=True):
        assert all(torch.equal(one[key], other[key]) for key in one)
    assert len(pickle.dumps(data)) < 20_000


def test_folds_leave_each_video_out_once():
    ids = [f"v{k}" for k in range(11)]
    folds = fold_videos(ids, 3, seed=4)
    assert sorted(name for _, test in folds for name in test) == sorted(ids)
    assert all(not set(train) & set(test) and len(train) + len(test) == 11 for train, test in folds)
    assert {len(test) for _, test in folds} == {3, 4}
    assert folds == fold_videos(ids[::-1], 3, seed=4) != fold_videos(ids, 3, seed=5)
    with pytest.raises(ValueError, match="2 to 11"):
        fold_videos(ids, 12)


def test_a_sample_can_be_drawn(folder, cache):
    data = _load(folder, cache)
    figure = data.plot(data[0])
    assert len(figure.axes) == 7
    figure.canvas.draw()


@pytest.mark.slow
def test_real_videos_load_with_all_their_hits(real_data, tmp_path):
    data = GreatestHits(real_data / "vis-data-256", "test", cache=tmp_path, size=SIZE)
    assert len(data.ids) == 3
    assert set(data.report.variants.values()) == {"mic"}
    lines = [(real_data / "vis-data-256" / f"{name}_times.txt").read_text().split("\n") for name in data.ids]
    assert len(data) == sum(len([line for line in text if line.strip()]) for text in lines)
    # The sound rises at the labels: the frame after a hit is louder than the one well before it.
    middles = [data[index]["cochleagram"].sum(0) for index in range(len(data))]
    rises = np.array([float(m[22:28].max() - m[8:18].mean()) for m in middles])
    assert (rises > 0).mean() > 0.9
