"""The video cache: entries are complete or missing, also after kills and races."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from crossmodal.data import GreatestHits
from crossmodal.data.greatest_hits import video_cache
from crossmodal.data.greatest_hits.video_cache import (
    CachedRecording,
    Recording,
    VideoCache,
    build_entry,
    default_root,
    is_complete,
)
from crossmodal.errors import OutputError
from tests.fakes.videos import write_clip, write_hits_folder

SIZE = (18, 32)
ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def recording(tmp_path):
    path = write_clip(tmp_path / "v.mp4", seconds=0.6)
    return Recording("v", path, path)


def _entries(root):
    return sorted(path.name for path in (root / "recordings").iterdir())


def test_an_entry_is_built_once_and_read_after_that(tmp_path, recording, monkeypatch):
    cache = VideoCache(tmp_path / "cache", SIZE)
    folder = cache.prepare([recording])["v"]
    entry = CachedRecording(folder)
    assert entry.clip.grey.shape == (18, *SIZE)
    assert isinstance(entry.clip.grey, np.memmap)
    assert entry.cochleagram.shape == (42, entry.steps)
    assert entry.has_sound
    monkeypatch.setattr(video_cache, "build_entry", lambda *_: pytest.fail("built again"))
    assert cache.prepare([recording]) == {"v": folder}


def test_another_size_another_source_or_another_version_is_another_entry(tmp_path, recording, monkeypatch):
    first = VideoCache(tmp_path / "cache", SIZE).folder(recording)
    assert VideoCache(tmp_path / "cache", (36, 64)).folder(recording) != first
    os.utime(recording.video, ns=(1, 1))
    touched = VideoCache(tmp_path / "cache", SIZE).folder(recording)
    assert touched != first
    write_clip(recording.video, seconds=0.7)
    os.utime(recording.video, ns=(1, 1))
    assert VideoCache(tmp_path / "cache", SIZE).folder(recording) != touched
    monkeypatch.setattr(video_cache, "CACHE_VERSION", 99)
    assert VideoCache(tmp_path / "cache", SIZE).folder(recording) not in {first, touched}


@pytest.mark.parametrize("harm", ["short array", "no array", "broken about", "no about"])
def test_an_entry_that_is_not_complete_is_built_again(tmp_path, recording, harm):
    cache = VideoCache(tmp_path / "cache", SIZE)
    folder = cache.prepare([recording])["v"]
    before = np.load(folder / "grey.npy")
    if harm == "short array":
        with (folder / "grey.npy").open("r+b") as file:
            file.truncate(1000)
    elif harm == "no array":
        (folder / "cochleagram.npy").unlink()
    elif harm == "broken about":
        (folder / "about.json").write_text('{"files"')
    else:
        (folder / "about.json").unlink()
    assert not is_complete(folder)
    assert cache.prepare([recording]) == {"v": folder}
    np.testing.assert_array_equal(CachedRecording(folder).clip.grey, before)


def test_an_interrupt_leaves_no_entry(tmp_path, recording, monkeypatch):
    cache = VideoCache(tmp_path / "cache", SIZE)
    saved = []

    def save_and_stop(path, *args, **options):
        saved.append(path)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(video_cache.np, "save", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            cache.prepare([recording])
    assert saved
    assert _entries(tmp_path / "cache") == []
    assert is_complete(cache.prepare([recording])["v"])


def test_a_killed_process_leaves_no_entry_and_the_next_one_resumes(tmp_path):
    """SIGKILL during caching: complete entries are kept, the others are built again, stale files are removed."""
    ids = write_hits_folder(tmp_path / "d", count=4)
    program = f"""
import time
from crossmodal.data import GreatestHits
from crossmodal.data.greatest_hits import video_cache
build = video_cache.read_features
def slowly(sound, steps):
    if "{ids[2]}" in str(sound):
        (video_cache.Path({str(tmp_path)!r}) / "there").touch()
        time.sleep(60)
    return build(sound, steps)
video_cache.read_features = slowly
GreatestHits({str(tmp_path / "d")!r}, "all", size={SIZE}, cache={str(tmp_path / "cache")!r})
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", program], env=environment)
    until = time.monotonic() + 60
    while not (tmp_path / "there").exists() and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = []
    data = GreatestHits(
        tmp_path / "d", "all", size=SIZE, cache=tmp_path / "cache", progress=lambda *step: done.append(step)
    )
    assert data.ids == ids
    assert [step[2] for step in done] == ids[2:]


def test_stale_folders_of_killed_processes_are_removed(tmp_path, recording):
    place = tmp_path / "cache" / "recordings"
    for name, age_s in ((".making-old", 2 * 86_400), (".making-new", 0)):
        (place / name).mkdir(parents=True)
        stamp = time.time() - age_s
        os.utime(place / name, (stamp, stamp))
    VideoCache(tmp_path / "cache", SIZE).prepare([recording])
    assert not (place / ".making-old").exists()
    assert (place / ".making-new").exists()


def test_racing_builders_end_with_one_complete_entry(tmp_path, recording):
    folder = VideoCache(tmp_path / "cache", SIZE).folder(recording)
    folder.parent.mkdir(parents=True)
    with ThreadPoolExecutor(4) as pool:
        for job in [pool.submit(build_entry, recording, folder, SIZE) for _ in range(4)]:
            job.result()
    assert is_complete(folder)
    assert _entries(tmp_path / "cache") == [folder.name]


def test_racing_processes_agree(tmp_path):
    write_hits_folder(tmp_path / "d", count=3)
    program = f"""
from crossmodal.data import GreatestHits
data = GreatestHits({str(tmp_path / "d")!r}, "all", size={SIZE}, cache={str(tmp_path / "cache")!r})
print(len(data), float(sum(s["cochleagram"].sum() for s in data)))
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pair = [
        subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=120)[0] for process in pair]
    assert outputs[0] == outputs[1] != ""
    assert len(_entries(tmp_path / "cache")) == 3


def test_workers_build_the_same_entries_and_report_progress(tmp_path):
    ids = write_hits_folder(tmp_path / "d", count=3)
    (tmp_path / "d" / f"{ids[1]}_denoised.mp4").write_text("text")
    steps = []
    options = {"split": "all", "size": SIZE, "cache": tmp_path / "cache"}
    data = GreatestHits(tmp_path / "d", **options, num_workers=2, progress=lambda *step: steps.append(step))
    assert data.ids == [ids[0], ids[2]]
    assert "text file" in data.report.left_out[ids[1]]
    assert sorted(step[2] for step in steps) == ids
    assert [step[:2] for step in steps] == [(1, 3), (2, 3), (3, 3)]
    alone = GreatestHits(tmp_path / "d", **{**options, "cache": tmp_path / "other"})
    np.testing.assert_array_equal(data[0]["spacetime"], alone[0]["spacetime"])


def test_a_cache_that_cannot_be_written_is_named(tmp_path, recording):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        VideoCache(tmp_path / "file", SIZE).prepare([recording])


def test_a_full_disk_is_reported_and_leaves_nothing(tmp_path, recording, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(video_cache.np, "save", full)
    with pytest.raises(OutputError, match="disk is full"):
        VideoCache(tmp_path / "cache", SIZE).prepare([recording])
    assert _entries(tmp_path / "cache") == []


def test_the_default_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_root() == tmp_path / "crossmodal"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert default_root() == tmp_path / "home" / ".cache" / "crossmodal"


def test_an_entry_names_its_source(tmp_path, recording):
    folder = VideoCache(tmp_path / "cache", SIZE).prepare([recording])["v"]
    about = json.loads((folder / "about.json").read_text())
    assert about["video"] == str(recording.video)
