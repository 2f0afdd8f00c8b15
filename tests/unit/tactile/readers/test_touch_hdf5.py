"""Carpet tiles and socks: HDF5 of the same recorder, read as plain arrays only."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from crossmodal.errors import FormatError
from crossmodal.tactile.readers import intelligent_carpet as carpet
from crossmodal.tactile.readers import socks
from crossmodal.tactile.readers.plain_hdf5 import SIGNATURE
from crossmodal.tactile.recording import InsoleRecording, PressureRecording
from tests.fakes.pressure_other import FRAMES, frames, write_carpet, write_sock, write_socks, write_touch


def test_a_tile_has_raw_numbers_and_times(tmp_path: Path) -> None:
    recording = carpet.read(write_carpet(tmp_path))
    np.testing.assert_array_equal(recording.pressure, frames(32, 32) + 500)
    assert recording.rate_hz == pytest.approx(10, rel=1e-6)
    assert recording.pitch_mm == pytest.approx((19.05, 19.05))
    assert not recording.sensor.calibrated
    assert recording.meta["start_s"] == 1.6e9


def test_frames_beyond_the_count_are_not_read(tmp_path: Path) -> None:
    assert carpet.read(write_touch(tmp_path / "touch1.hdf5", spare=7)).shape == (FRAMES, 32, 32)


def test_names_distinguish_tiles_from_socks_and_meta_notes_it(tmp_path: Path) -> None:
    tile, sock, whole = write_carpet(tmp_path), write_sock(tmp_path), write_touch(tmp_path / "any.bin", size=96)
    assert carpet.matches(tile, SIGNATURE)
    assert not socks.matches(tile, SIGNATURE)
    assert socks.matches(sock, SIGNATURE)
    assert not carpet.matches(sock, SIGNATURE)
    assert carpet.matches(whole, SIGNATURE)
    assert any("taken for a tile by its name" in note for note in carpet.read(tile).meta["notes"])
    assert not any("by its name" in note for note in carpet.read(whole).meta["notes"])


def test_a_pair_of_socks_is_matched_by_the_next_timestamp(tmp_path: Path) -> None:
    recording = socks.read(write_socks(tmp_path))
    assert isinstance(recording, InsoleRecording)
    assert recording.values.shape == (FRAMES, 2048)
    flat = frames(32, 32).reshape(FRAMES, -1)
    np.testing.assert_array_equal(recording.values[:, :1024], flat + 500)
    # The second sock began 50 ms later: the next of its frames has the same number.
    np.testing.assert_array_equal(recording.values[:, 1024:], flat + 600)
    assert recording.quantity == "raw"
    assert any("touch_0 is taken for the left" in note for note in recording.meta["notes"])


def test_socks_of_different_days_are_refused(tmp_path: Path) -> None:
    folder = write_socks(tmp_path)
    write_touch(folder / "touch_1.hdf5", start_s=1.5e9)
    with pytest.raises(FormatError, match="not recorded at the same time"):
        socks.read(folder)


def test_one_sock_is_a_grid_of_an_unknown_foot(tmp_path: Path) -> None:
    recording = socks.read(write_sock(tmp_path))
    assert isinstance(recording, PressureRecording)
    assert recording.shape == (FRAMES, 32, 32)
    assert recording.side is None
    assert any("calibration unknown" in note for note in recording.meta["notes"])


def _replace(path: Path, name: str, make: object) -> Path:
    with h5py.File(path, "r+") as file:
        del file[name]
        assert callable(make)
        make(file)
    return path


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        (
            "pressure",
            lambda file: file.__setitem__("pressure", h5py.ExternalLink("other.hdf5", "pressure")),
            "ExternalLink",
        ),
        ("pressure", lambda file: file.__setitem__("pressure", h5py.SoftLink("/ts")), "SoftLink"),
        ("pressure", lambda file: file.create_group("pressure"), "found a group"),
        (
            "pressure",
            lambda file: file.create_dataset("pressure", (10**8, 32, 32), "i2", chunks=(1, 32, 32)),
            "impossible",
        ),
        ("pressure", lambda file: file.create_dataset("pressure", (10**8, 32, 32), "i2"), "impossible"),
        ("pressure", lambda file: file.create_dataset("pressure", data=np.ones((20, 8, 8))), r"found \(20, 8, 8\)"),
        ("pressure", lambda file: file.create_dataset("pressure", data=["text"]), "expected plain numbers"),
        ("frame_count", lambda file: None, "frame_count: expected an array in this file, found nothing"),
        (
            "frame_count",
            lambda file: file.create_dataset("frame_count", data=[99]),
            "frame_count is 99; expected 1 to 15",
        ),
        ("ts", lambda file: file.create_dataset("ts", data=-np.arange(15.0)), "frame 1: the clock runs backwards"),
    ],
)
def test_what_is_not_a_plain_array_of_this_file_is_refused(
    name: str, make: object, message: str, tmp_path: Path
) -> None:
    with pytest.raises(FormatError, match=message):
        carpet.read(_replace(write_carpet(tmp_path), name, make))


def test_virtual_and_external_numbers_are_not_followed(tmp_path: Path) -> None:
    layout = h5py.VirtualLayout((15, 32, 32), "i2")
    layout[:] = h5py.VirtualSource(str(write_sock(tmp_path)), "pressure", (15, 32, 32))
    path = _replace(write_carpet(tmp_path), "pressure", lambda file: file.create_virtual_dataset("pressure", layout))
    with pytest.raises(FormatError, match="are in other files"):
        carpet.read(path)
    (tmp_path / "numbers.raw").write_bytes(bytes(15 * 32 * 32 * 2))
    outside = [(str(tmp_path / "numbers.raw"), 0, 15 * 32 * 32 * 2)]
    path = _replace(
        write_carpet(tmp_path),
        "pressure",
        lambda file: file.create_dataset("pressure", (15, 32, 32), "i2", external=outside),
    )
    with pytest.raises(FormatError, match="are in other files"):
        carpet.read(path)
