"""Layout of the folder, labels, splits and published sound features."""

import pickle
import shutil

import numpy as np
import pytest
import scipy.io

from crossmodal.data import read_sound_features
from crossmodal.data.greatest_hits.files import Hit, find_layout, read_hits, read_splits
from crossmodal.errors import DatasetError, FormatError
from tests.fakes.videos import video_id, write_hits_folder


def _labels(folder, text):
    path = folder / f"{video_id(0)}_times.txt"
    path.write_text(text)
    return path


def test_labels_are_in_order_of_time_with_none_where_unknown(tmp_path):
    path = _labels(tmp_path, "2.5 None scratch None\r\n0.250000 plastic-bag hit rigid-motion\n\n3 None None None\n")
    hits = read_hits(path, "v")
    assert hits == [
        Hit("v", 0.25, "plastic-bag", "hit", "rigid-motion"),
        Hit("v", 2.5, None, "scratch", None),
        Hit("v", 3.0, None, None, None),
    ]
    assert [hit.labelled for hit in hits] == [True, True, False]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1.0 wood hit", "expected 4 fields.*found 3"),
        ("1.0 wood hit static extra", "found 5"),
        ("soon wood hit static", "expected a time in seconds, found 'soon'"),
        ("-1 wood hit static", "0 s or later, found -1"),
        ("nan wood hit static", "expected a time in seconds, found 'nan'"),
        ("1_000 wood hit static", "expected a time in seconds without separators between its digits, found '1_000'"),
        ("1,5 wood hit static", "expected a time in seconds, found '1,5'"),
        ("\u0661 wood hit static", "expected a time in seconds, found '\u0661'"),
        ("1.0 wod hit static", "unknown material 'wod'.*wood"),
        ("1.0 wood kick static", "unknown action 'kick'"),
        ("1.0 wood hit boom", "unknown reaction 'boom'"),
    ],
)
def test_a_broken_line_is_named_with_file_and_number(tmp_path, line, message):
    path = _labels(tmp_path, f"0.5 wood hit static\n{line}\n")
    with pytest.raises(DatasetError, match=message) as caught:
        read_hits(path, "v")
    assert f"{path}, line 2:" in str(caught.value)


def test_labels_that_are_not_text_are_named(tmp_path):
    path = _labels(tmp_path, "")
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(DatasetError, match="cannot be read as labels"):
        read_hits(path, "v")


@pytest.mark.parametrize("below", ["", "vis-data-256", "vis-data/vis-data", "a/b/vis-data-256/vis-data-256"])
def test_the_folder_is_found_in_every_layout(tmp_path, below):
    ids = write_hits_folder(tmp_path / below)
    junk = tmp_path / "__MACOSX" / "vis-data"
    junk.mkdir(parents=True)
    (junk / f"._{ids[0]}_times.txt").write_text("junk")
    (tmp_path / below / f"._{ids[0]}_times.txt").write_text("junk")
    layout = find_layout(tmp_path)
    assert list(layout.labels) == ids
    assert read_splits(layout) == {"train": ids[:2], "test": ids[2:]}


def test_variants_are_distinguished_and_sound_is_from_the_wav_first(tmp_path):
    name = write_hits_folder(tmp_path, count=1, ending="_denoised.mp4")[0]
    layout = find_layout(tmp_path)
    assert layout.variants(name) == ["denoised"]
    assert layout.sound(name, "denoised") == layout.video(name, "denoised")
    for ending in ("_mic.mp4", "_denoised_thumb.mp4", ".mp4"):
        shutil.copy(tmp_path / f"{name}_denoised.mp4", tmp_path / f"{name}{ending}")
    assert layout.variants(name) == ["denoised", "mic", "thumb", "plain"]
    assert layout.sound(name, "thumb").name == f"{name}_denoised_thumb.mp4"
    (tmp_path / f"{name}_denoised.wav").touch()
    assert {layout.sound(name, variant).name for variant in ("denoised", "thumb")} == {f"{name}_denoised.wav"}
    assert layout.sound(name, "mic").name == f"{name}_mic.mp4"


@pytest.mark.parametrize("state", ["missing", "empty", "wrong", "file"])
def test_a_folder_that_is_not_the_data_set_gives_what_was_expected_and_all_remedies(tmp_path, state):
    place = tmp_path / "data"
    if state == "file":
        place.touch()
    elif state != "missing":
        place.mkdir()
    if state == "wrong":
        (place / "holiday.mp4").touch()
    with pytest.raises(DatasetError) as caught:
        find_layout(place)
    text = str(caught.value)
    cause = {"missing": "no such folder", "empty": "empty folder", "wrong": "holiday.mp4", "file": "a file"}[state]
    for part in (str(place), cause, "_times.txt", "20 GB", "licence", "data make stand_in_hits", "data fetch"):
        assert part in text


def test_two_copies_in_one_folder_are_refused(tmp_path):
    write_hits_folder(tmp_path / "vis-data", count=2)
    write_hits_folder(tmp_path / "vis-data-256", count=2)
    with pytest.raises(DatasetError, match=r"two copies.*pass one of them"):
        find_layout(tmp_path)


def test_a_missing_or_leaking_or_broken_split_is_named(tmp_path):
    ids = write_hits_folder(tmp_path)
    (tmp_path / "test.txt").write_text(f"{ids[0]}\n{ids[2]}\n")
    with pytest.raises(DatasetError, match=f"leak.*{ids[0]}"):
        read_splits(find_layout(tmp_path))
    (tmp_path / "test.txt").write_text(f"{ids[2]}\ntwo words\n")
    with pytest.raises(DatasetError, match=r"test\.txt, line 2"):
        read_splits(find_layout(tmp_path))
    (tmp_path / "test.txt").unlink()
    with pytest.raises(DatasetError, match=r"test\.txt of the data set is missing.*split='all'"):
        read_splits(find_layout(tmp_path))


def test_published_sound_features_are_read_and_pickles_are_not(tmp_path):
    features = np.random.default_rng(0).random((3, 45, 42))
    scipy.io.savemat(tmp_path / "a_sf.mat", {"sfs": features})
    found = read_sound_features(tmp_path / "a_sf.mat")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, features, rtol=1e-6)
    (tmp_path / "a_sf.pk").write_bytes(pickle.dumps(features))
    with pytest.raises(FormatError, match=r"is a pickle.*read the .mat"):
        read_sound_features(tmp_path / "a_sf.pk")


def test_sound_features_of_another_shape_or_no_matlab_file_are_named(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"sfs": np.zeros((3, 42, 45))})
    with pytest.raises(FormatError, match=r"a\.mat: expected.*\(3, 42, 45\)"):
        read_sound_features(tmp_path / "a.mat")
    scipy.io.savemat(tmp_path / "b.mat", {"other": np.zeros(3)})
    with pytest.raises(FormatError, match="no variable 'sfs'"):
        read_sound_features(tmp_path / "b.mat")
    (tmp_path / "c.mat").write_text("text")
    with pytest.raises(FormatError, match=r"c\.mat: is not a MATLAB file"):
        read_sound_features(tmp_path / "c.mat")
    with pytest.raises(FormatError, match="no such file"):
        read_sound_features(tmp_path / "d.mat")
