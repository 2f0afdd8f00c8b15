"""Packed samples: pickles of which only the instructions for plain arrays are followed."""

import builtins
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crossmodal.errors import FormatError
from crossmodal.tactile import read
from crossmodal.tactile.readers.plain_pickle import read_plain_pickle
from crossmodal.tactile.recording import PressureRecording
from tests.fakes.pressure_other import frames, write_carpet_sample


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_sample_is_one_frame_of_the_carpet(protocol: int, tmp_path: Path) -> None:
    recording = read(write_carpet_sample(tmp_path, protocol=protocol))
    assert isinstance(recording, PressureRecording)
    np.testing.assert_allclose(recording.pressure, frames(96, 96)[4:5] / 500, rtol=1e-6)
    assert recording.pitch_mm == pytest.approx((19.05, 19.05))
    assert recording.meta["clock"] == "unknown"


def test_a_folder_of_samples_is_read_lazily_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for index in (10, 9, 2):
        write_carpet_sample(tmp_path, index)
    recording = read(tmp_path)
    assert isinstance(recording, PressureRecording)
    np.testing.assert_array_equal(recording.times_s, [2, 9, 10])
    np.testing.assert_allclose(recording.pressure, frames(96, 96)[[2, 9, 10]] / 500, rtol=1e-6)


def test_a_stack_of_samples_is_many_frames(tmp_path: Path) -> None:
    (tmp_path / "walk.p").write_bytes(pickle.dumps([frames(96, 96), np.zeros((12, 2)), np.zeros((12, 21, 3))]))
    assert read(tmp_path / "walk.p").times_s.shape == (12,)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    "value",
    [
        [1, 2.5, "text", b"bytes", True, -(2**70)],
        (np.arange(6).reshape(2, 3), [np.float32([[1, 2]]).T]),
        [np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.array([True]), np.arange(3, dtype=">i2")],
    ],
)
def test_plain_values_are_read_back(value: Any, protocol: int, tmp_path: Path) -> None:
    (tmp_path / "plain.p").write_bytes(pickle.dumps(value, protocol=protocol))
    np.testing.assert_equal(read_plain_pickle(tmp_path / "plain.p"), value)


class _Runs:
    """An object that runs a function when it is unpickled."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.way = (function, arguments)

    def __reduce__(self) -> Any:
        return self.way


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    ("function", "message"),
    [
        (os.mkdir, r"posix\.mkdir|nt\.mkdir"),
        (builtins.eval, r"builtins\.eval|__builtin__\.eval"),
        (np.fromfile, "fromfile"),
    ],
)
def test_a_pickle_that_would_run_code_is_refused_by_name(
    function: Any, message: str, protocol: int, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    content = [frames(96, 96), _Runs(function, str(victim))]
    (tmp_path / "hostile.p").write_bytes(pickle.dumps(content, protocol=protocol))
    with pytest.raises(FormatError, match=f"({message}).*refused, nothing was run"):
        read(tmp_path / "hostile.p")
    assert not victim.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\x02cos\nsystem\n(S'true'\ntR.", "os.system"),
        (b"\x80\x02(S'true'\nios\nsystem\n.", "INST"),
        (b"\x80\x02Pid\n.", "PERSID"),
        (b"\x80\x02}.", "EMPTY_DICT"),
        (b"\x80\x02\x82\x01.", "EXT1"),
        (b"\x80\x04]\x8c\x01a\x93.", r"the name '\?'"),
        (b"\x80\x02cnumpy\ndtype\n(U\x01OK\x00K\x01tR.", "something else than plain numbers"),
        (b"\x80\x02cnumpy\ndtype\n.", "expected arrays"),
        (b"\x80\x02]R.", "damaged or cut at byte 3"),
        (b"\x80\x04\x8e" + (10**11).to_bytes(8, "little") + b"x.", "damaged or cut"),
        (b"\x80\x02]q\x00h\x00a.", "nested lists"),
    ],
)
def test_other_instructions_and_sizes_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "0.p").write_bytes(content)
    with pytest.raises(FormatError, match=message):
        read(tmp_path / "0.p")


def test_an_array_larger_than_its_bytes_is_refused(tmp_path: Path) -> None:
    valid = pickle.dumps(np.zeros((96, 96)), protocol=2)
    assert valid.count(b"K`K`") == 1
    (tmp_path / "0.p").write_bytes(valid.replace(b"K`K`", b"J\xff\xff\xff\x7fK`"))
    with pytest.raises(FormatError, match="damaged or cut"):
        read(tmp_path / "0.p")


@pytest.mark.parametrize(
    "bomb",
    [
        # Lists of the same lists of the same lists, as a list's parts and as a name to be printed.
        b"\x80\x04]q\x00" + b"".join(b"]q%c(" % (n + 1) + b"h%c" % n * 9 + b"e" for n in range(60)) + b".",
        b"\x80\x04]q\x00" + b"".join(b"]q%c(" % (n + 1) + b"h%c" % n * 9 + b"e" for n in range(60)) + b"\x8c\x01a\x93.",
        b"\x80\x04" + b"(" * 200_000 + b"t" * 200_000 + b".",
        b"\x80\x04" + b"N" * 2_000_000 + b".",
    ],
    ids=["lists", "name", "marks", "steps"],
)
@pytest.mark.timeout(60)  # they would take hours
def test_bombs_are_refused_quickly(bomb: bytes, tmp_path: Path) -> None:
    (tmp_path / "0.p").write_bytes(bomb)
    with pytest.raises(FormatError):
        read(tmp_path / "0.p")
