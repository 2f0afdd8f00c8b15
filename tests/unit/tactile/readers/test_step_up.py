"""StepUP-P150 trials: read lazily, from the folder or the archive."""

import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from crossmodal.errors import FormatError
from crossmodal.tactile.readers.npz_frames import NpzFrames
from crossmodal.tactile.readers.step_up import matches, read
from tests.fakes.pressure_other import FRAMES, frames, write_stepup


def test_folder_and_archive_are_the_same_trial(tmp_path: Path) -> None:
    archive = write_stepup(tmp_path)
    for path in (archive, archive.parent):
        recording = read(path)
        np.testing.assert_array_equal(recording.pressure, frames(9, 6))
        assert recording.pitch_mm == (5.0, 5.0)
        assert recording.rate_hz == pytest.approx(100)
        assert isinstance(recording.frames, NpzFrames)


def test_participant_and_footsteps_are_in_meta(tmp_path: Path) -> None:
    meta = read(write_stepup(tmp_path).parent).meta
    assert (meta["participant"], meta["footwear"], meta["trial"]) == ("001", "BF", "W1")
    assert meta["footsteps"]["Side"] == ["Left", "Right"]
    assert meta["footsteps"]["StartFrame"] == [2.0, 5.0]
    assert meta["footsteps"]["Rscore"] == [0.5, None]


def test_blocks_have_the_requested_length_and_can_be_read_again(tmp_path: Path) -> None:
    recording = read(write_stepup(tmp_path))
    for _ in range(2):
        blocks = list(recording.blocks(5))
        assert [len(block) for block in blocks] == [5, 5, 2]
        np.testing.assert_array_equal(np.concatenate(blocks), frames(9, 6))


@pytest.mark.parametrize("pack", [np.savez, np.savez_compressed])
def test_a_long_trial_streams_in_the_memory_of_a_block(pack: object, tmp_path: Path) -> None:
    path = tmp_path / "trial.npz"
    assert callable(pack)
    pack(path, np.ones((1500, 160, 120), np.float32))
    tracemalloc.start()
    total = sum(float(block.sum(dtype=float)) for block in read(path).blocks(64))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 1500 * 160 * 120
    # All frames are 115 MB, a block is 4.9 MB; reading and packing take some chunks of 8 MB besides.
    assert peak < 45e6


def test_extracted_footsteps_are_not_a_trial(tmp_path: Path) -> None:
    np.savez(tmp_path / "pipeline_1.npz", np.zeros((3, 101, 75, 40), np.float32))
    with pytest.raises(FormatError, match=r"expected \(frames, rows, columns\), found \(3, 101, 75, 40\)"):
        read(tmp_path / "pipeline_1.npz")


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_impossible_pressures_are_found_with_their_frame(value: float, tmp_path: Path) -> None:
    movie = frames(9, 6)
    movie[7, 2, 2] = value
    np.savez(tmp_path / "trial.npz", movie)
    with pytest.raises(FormatError, match="frame 7: a pressure of"):
        list(read(tmp_path / "trial.npz").blocks(2))


def test_a_header_of_a_hundred_gigabytes_is_refused_before_anything_is_allocated(tmp_path: Path) -> None:
    path = tmp_path / "trial.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("arr_0.npy", "w") as stream:
        np.lib.format.write_array_header_1_0(
            stream, {"descr": "<f4", "fortran_order": False, "shape": (150_000, 720, 240)}
        )
        stream.write(bytes(1000))
    with pytest.raises(FormatError, match=r"claims .* 103680000128 bytes; found 1128"):
        read(path)


def test_fortran_order_is_refused_with_the_remedy(tmp_path: Path) -> None:
    np.savez(tmp_path / "trial.npz", np.asfortranarray(frames(9, 6)))
    with pytest.raises(FormatError, match=r"np\.ascontiguousarray"):
        read(tmp_path / "trial.npz")


def test_a_broken_table_of_footsteps_is_named(tmp_path: Path) -> None:
    archive = write_stepup(tmp_path)
    (archive.parent / "metadata.csv").write_text("a,b\n1\n")
    with pytest.raises(FormatError, match=r"metadata\.csv: row 2: expected 2 fields, found 1"):
        read(archive)


def test_frames_are_those_of_the_real_walkway(tmp_path: Path) -> None:
    recording = read(write_stepup(tmp_path, 720, 240, 3))
    assert recording.shape == (3, 720, 240)
    assert recording.valid.shape == (720, 240)
    assert len(recording.times_s) < FRAMES


def test_folders_of_other_things_are_not_matched(tmp_path: Path) -> None:
    assert not matches(tmp_path, b"")
