import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from crossmodal.errors import OutputError
from crossmodal.files import replace_atomically


def test_the_file_is_written_atomically(tmp_path):
    target = tmp_path / "new" / "a.txt"
    with replace_atomically(target) as temporary:
        temporary.write_text("whole")
        assert temporary.suffix == ".txt"
        assert not target.exists()
    assert target.read_text() == "whole"
    assert [path.name for path in target.parent.iterdir()] == ["a.txt"]


def test_a_failure_keeps_the_old_file(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail():
        with replace_atomically(target) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_the_mode_is_that_of_an_ordinary_file(tmp_path):
    with replace_atomically(tmp_path / "a") as temporary:
        temporary.write_text("x")
    plain = tmp_path / "b"
    plain.write_text("x")
    assert (tmp_path / "a").stat().st_mode == plain.stat().st_mode


def test_a_full_disk_is_reported_in_a_sentence(tmp_path):
    def fill():
        with replace_atomically(tmp_path / "a"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OutputError, match="the disk is full"):
        fill()


@pytest.mark.parametrize("place", ["file/inside.txt", "folder"])
def test_impossible_places_are_named(tmp_path, place):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()

    def write():
        with replace_atomically(tmp_path / place):
            pass

    with pytest.raises(OutputError, match=place.split("/")[0]):
        write()


def _write(path, content):
    with replace_atomically(path) as temporary:
        temporary.write_bytes(content)


def test_a_device_is_written_through_and_stays_a_device():
    before = Path(os.devnull).stat()
    _write(os.devnull, b"gone")
    after = Path(os.devnull).stat()
    assert stat.S_ISCHR(after.st_mode)
    assert (after.st_rdev, after.st_ino) == (before.st_rdev, before.st_ino)


def test_a_pipe_is_written_through(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = bytes(range(256)) * 1000  # more than a pipe holds
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    _write(pipe, content)
    reader.join()
    assert read == [content]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.parametrize("exists", [True, False])
def test_a_symlink_is_kept_and_its_target_is_written(tmp_path, exists):
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / "real.json"
    if exists:
        target.write_bytes(b"old")
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.symlink_to("elsewhere/real.json")
    second.symlink_to(first)
    _write(second, b"new")
    assert first.is_symlink()
    assert second.is_symlink()
    assert target.read_bytes() == b"new"
    assert [path.name for path in target.parent.iterdir()] == ["real.json"]


def test_a_failure_writes_nothing_into_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def fail():
        with replace_atomically(pipe) as temporary:
            temporary.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_an_open_file_named_by_its_descriptor_is_appended_to(tmp_path):
    path = tmp_path / "log"
    with path.open("wb", buffering=0) as file:
        file.write(b"before ")
        if not Path(f"/proc/self/fd/{file.fileno()}").exists():
            pytest.skip("this system has no /proc/self/fd")
        inode = path.stat().st_ino
        _write(f"/proc/self/fd/{file.fileno()}", b"through")
    assert path.read_bytes() == b"before through"
    assert path.stat().st_ino == inode
