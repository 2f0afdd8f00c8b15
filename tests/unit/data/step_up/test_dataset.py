"""StepUP folders: flags, arrays that are unpacked once and one footstep at a time, splits by person."""

import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from crossmodal.data import StepUpDataModule, StepUpFootsteps, check_step_up
from crossmodal.data.step_up.dataset import condense
from crossmodal.data.step_up.module import PersonFootsteps
from crossmodal.errors import DatasetError, FormatError
from crossmodal.gait.footsteps import stance_phases
from tests.fakes.step_up import write_step_up

PEOPLE, STEPS, FRAMES = 4, 6, 21


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_step_up(tmp_path / "d", people=PEOPLE, steps=STEPS, frames=FRAMES)


def footsteps(root: Path, **options: object) -> StepUpFootsteps:
    return StepUpFootsteps(root, **({"phases": 3, "cache": root.with_name("cache")} | options))  # type: ignore[arg-type]


def test_samples_are_phases_and_peaks_of_left_looking_feet(folder: Path) -> None:
    data = footsteps(folder)
    assert len(data) == PEOPLE * 2 * STEPS
    assert data.people == ["001", "002", "003", "004"]
    raw = np.load(folder / "001" / "BF" / "W1" / "pipeline_1.npz")["arr_0"]
    for index in (0, 1):
        sample = data[index]
        expected = raw[index] if sample["side"] == "left" else raw[index][..., ::-1]
        np.testing.assert_allclose(sample["phases_kpa"], stance_phases(expected, 3), rtol=1e-3, atol=0.1)
        np.testing.assert_allclose(sample["peak_kpa"], expected.max(axis=0), rtol=1e-3, atol=0.1)
    assert [data[i]["side"] for i in (0, 1)] == ["left", "right"]
    assert [data[i]["footwear"] for i in (0, STEPS)] == ["BF", "ST"]


@pytest.mark.parametrize("flag", ["Exclude", "Outlier", "Incomplete", "Standing"])
def test_flagged_footsteps_are_left_out_and_counted(flag: str, tmp_path: Path) -> None:
    root = write_step_up(tmp_path / "d", people=2, steps=STEPS, flagged=[(1, flag)])
    data = footsteps(root)
    assert data.left_out == {flag: 4}
    assert 1 not in {entry.row for entry in data.entries}
    assert len(footsteps(root, flags=())) == 2 * 2 * STEPS


def test_the_parent_folder_works(folder: Path, tmp_path: Path) -> None:
    folder.rename(tmp_path / "py")
    assert len(footsteps(tmp_path, cache=tmp_path / "cache")) == PEOPLE * 2 * STEPS


def test_arrays_are_unpacked_once_at_first_use(folder: Path) -> None:
    data = footsteps(folder)
    cache = folder.with_name("cache")
    assert not cache.exists()
    _ = data[0], data[1]
    assert len(list(cache.rglob("peak.npy"))) == 1
    archive = folder / "001" / "BF" / "W1" / "pipeline_1.npz"
    assert np.array_equal(data[0]["peak_kpa"], footsteps(folder)[0]["peak_kpa"])
    np.savez(archive, np.zeros((STEPS, FRAMES, 75, 40), np.float32))  # another file, so another entry
    assert float(footsteps(folder)[0]["peak_kpa"].max()) == 0


def test_arrays_are_read_one_footstep_at_a_time(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "pipeline_1.npz", np.ones((60, 101, 75, 40), np.float32))  # 73 MB
    tracemalloc.start()
    arrays = condense(tmp_path / "pipeline_1.npz", 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert arrays["phases"].shape == (60, 3, 75, 40)
    assert float(arrays["peak"].min()) == 1
    assert peak < 20e6


def test_invalid_arrays_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "pipeline_1.npz"
    for array, message in (
        (np.zeros((2, 101, 75, 41), np.float32), "expected \\(footsteps, frames, 75, 40\\)"),
        (np.full((1, 3, 75, 40), np.nan, np.float32), "footstep 0: expected pressures of at most"),
    ):
        np.savez(path, array)
        with pytest.raises(FormatError, match=message):
            condense(path, 3)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(FormatError, match="damaged or cut"):
        condense(path, 3)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("arr_0.npy", "w") as stream:
        np.lib.format.write_array_header_1_0(
            stream, {"descr": "<f4", "fortran_order": False, "shape": (10**6, 101, 75, 40)}
        )
    with pytest.raises(FormatError, match="claims"):
        condense(path, 3)


def test_ringing_below_zero_is_cut_off(tmp_path: Path) -> None:
    np.savez(tmp_path / "pipeline_1.npz", np.full((1, 3, 75, 40), -0.5))
    assert float(np.abs(condense(tmp_path / "pipeline_1.npz", 3)["phases"]).max()) == 0


def test_verify_lists_all_faults(folder: Path) -> None:
    assert check_step_up(folder) == []
    np.savez(folder / "001" / "BF" / "W1" / "pipeline_1.npz", np.zeros((2, 9, 75, 40)))
    (folder / "002" / "ST" / "W1" / "metadata.csv").write_text("a,b\n1\n")
    faults = check_step_up(folder)
    assert len(faults) == 2
    assert "lists 6 footsteps, pipeline_1.npz has 2" in faults[0]
    with pytest.raises(DatasetError, match=r"lists footstep 2, pipeline_1\.npz has 2"):
        _ = footsteps(folder, people=["001"])[2]


def test_invalid_tables_and_folders_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no participant 009; found 001, 002"):
        footsteps(folder, people=["001", "009"])
    table = folder / "001" / "BF" / "W1" / "metadata.csv"
    table.write_text(table.read_text().replace("Exclude", "Excluded").replace("Side", "Foot"))
    with pytest.raises(FormatError, match="no column Side, Exclude; found ParticipantID"):
        footsteps(folder)
    with pytest.raises(DatasetError, match="CC BY"):
        footsteps(tmp_path / "nowhere")


def test_a_sample_can_be_drawn(folder: Path) -> None:
    data = footsteps(folder)
    assert len(data.plot(data[0]).axes) == 4


def test_samples_are_footsteps_of_one_person_in_all_their_footwear(folder: Path) -> None:
    data = footsteps(folder)
    drawn = PersonFootsteps(data, each=4, seed=1)
    item = drawn[7, 2]
    assert item["phases_kpa"].shape == (4, 3, 75, 40)
    assert item["person"].tolist() == [2] * 4
    sources = {data[i]["phases_kpa"].numpy().tobytes(): data[i] for i in range(len(data))}
    found = [sources[phases.numpy().tobytes()] for phases in item["phases_kpa"]]
    assert {one["person"] for one in found} == {2}
    assert sorted(one["footwear"] for one in found) == ["BF", "BF", "ST", "ST"]
    assert torch.equal(drawn[7, 2]["phases_kpa"], item["phases_kpa"])
    assert not torch.equal(drawn[8, 2]["phases_kpa"], item["phases_kpa"])


def test_augmentation_shifts_and_scales_a_footstep(folder: Path) -> None:
    data = footsteps(folder)
    plain, augmented = PersonFootsteps(data, 2, 1)[3, 0], PersonFootsteps(data, 2, 1, shift_cells=3, gain=0.5)[3, 0]
    for one, other in zip(plain["phases_kpa"], augmented["phases_kpa"], strict=True):
        gain = float(other.sum() / one.sum())
        assert 0.5 < gain < 1.5
        moved = [one.roll((i, j), dims=(1, 2)) for i in range(-3, 4) for j in range(-3, 4)]
        assert any(torch.allclose(gain * candidate, other, rtol=1e-4) for candidate in moved)


def module(root: Path, **options: object) -> StepUpDataModule:
    defaults = {"phases": 3, "cache": str(root.with_name("cache")), "test": 0.5, "validation": 0}
    return StepUpDataModule(str(root), **(defaults | options))  # type: ignore[arg-type]


def test_nobody_is_in_two_parts(folder: Path) -> None:
    parts = module(folder).parts
    assert sorted(parts.train.people + parts.test.people) == footsteps(folder).people
    with pytest.raises(DatasetError, match="participant 001 is in validation and in test"):
        _ = module(folder, test=["001", "002"], validation=["001"]).parts
    with pytest.raises(DatasetError, match="two training and two test people"):
        _ = module(folder, test=["001", "002", "003"]).parts
    with pytest.raises(ValueError, match="at least 2"):
        module(folder, footsteps_each=1)


def test_batches_depend_only_on_seed_and_step(folder: Path) -> None:
    def batches(seed: int) -> list[torch.Tensor]:
        loader = module(folder, people_per_batch=2, footsteps_each=2, steps_per_epoch=3, seed=seed, test=["001", "002"])
        return [batch["phases_kpa"] for batch in loader.train_dataloader()]

    first = batches(1)
    assert [tuple(batch.shape) for batch in first] == [(2, 2, 3, 75, 40)] * 3
    assert all(torch.equal(a, b) for a, b in zip(first, batches(1), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, batches(2), strict=True))
