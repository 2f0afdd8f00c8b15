import errno
import os

import pytest

from crossmodal.errors import OutputError
from crossmodal.files import replace_atomically


def test_the_file_appears_whole(tmp_path):
    target = tmp_path / "new" / "a.txt"
    with replace_atomically(target) as temporary:
        temporary.write_text("whole")
        assert temporary.suffix == ".txt"
        assert not target.exists()
    assert target.read_text() == "whole"
    assert [path.name for path in target.parent.iterdir()] == ["a.txt"]


def test_a_failure_leaves_what_was_there(tmp_path):
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


def test_a_full_disk_is_a_sentence(tmp_path):
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
