"""Packed carpet samples: windows around a pose, frames that are left out, splits without leaks."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from crossmodal.data import (
    IntelligentCarpetDataModule,
    IntelligentCarpetWindows,
    check_intelligent_carpet,
    read_intelligent_carpet,
)
from crossmodal.errors import DatasetError, FormatError
from crossmodal.evaluation.pose_from_touch import centre_of_pressure_mm
from crossmodal.models.skeleton import JOINTS, from_mm, to_mm
from tests.fakes.carpet import write_packed_carpet

FRAMES, WINDOW = 16, 9


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    return write_packed_carpet(tmp_path / "d", [(who, FRAMES) for who in ("ann", "bob", "cyd", "ann")])


def windows(root: Path, **options: float) -> IntelligentCarpetWindows:
    return IntelligentCarpetWindows(read_intelligent_carpet(root, root.with_name("cache")), WINDOW, **options)


def change(file: Path, joint: str | None = None, place_mm: tuple[float, ...] | None = None) -> None:
    sample = pickle.loads(file.read_bytes())
    if joint is not None:
        sample[2][JOINTS.index(joint)] = np.clip(from_mm(np.array(place_mm)), 0, 1)
    file.write_bytes(pickle.dumps(sample, protocol=4))


def test_a_window_has_the_frames_around_its_pose(packed: Path) -> None:
    data = windows(packed)
    sample = data[3]
    assert {key: tuple(sample[key].shape) for key in ("touch", "keypoints")} == {
        "touch": (WINDOW, 96, 96),
        "keypoints": (21, 3),
    }
    middle = pickle.loads((packed / "0" / f"{sample['frame']}.p").read_bytes())
    assert sample["frame"] == 4 + 3
    np.testing.assert_allclose(sample["touch"][WINDOW // 2], middle[0], atol=1e-3)
    np.testing.assert_allclose(sample["keypoints"], middle[2], atol=1e-6)


def test_only_frames_with_a_complete_window_are_used_and_no_two_windows_are_alike(packed: Path) -> None:
    data = windows(packed)
    assert len(data) == 4 * (FRAMES - WINDOW + 1) == data.report.used
    assert data.report.left_out["incomplete window"] == 4 * (WINDOW - 1)
    assert len({data[i]["touch"].numpy().tobytes() for i in range(len(data))}) == len(data)


def test_windows_do_not_cross_a_gap_in_the_numbers(packed: Path) -> None:
    (packed / "0" / "6.p").unlink()
    frames = [data["frame"] for data in map(windows(packed).__getitem__, range(2))]
    assert frames[0] == 11  # 7 to 15 is the only complete window of the first recording


@pytest.mark.parametrize(
    ("joint", "place_mm", "reason"),
    [
        ("nose", (2500, 900, -1500), "a joint is clamped to the cube"),
        ("left_heel", (900, 900, 70), "a joint is below the floor"),
        ("mid_hip", (-50, 900, -900), "hips off the carpet"),
    ],
)
def test_invalid_poses_are_left_out_and_counted(
    joint: str, place_mm: tuple[float, ...], reason: str, packed: Path
) -> None:
    change(packed / "0" / "7.p", joint, place_mm)
    data = windows(packed)
    assert data.report.left_out[reason] == 1
    assert 7 not in {data[i]["frame"] for i in range(7)}
    assert data.report.frames == data.report.used + sum(data.report.left_out.values())


def test_feet_are_where_the_touch_is(packed: Path) -> None:
    data = windows(packed)
    for index in range(0, len(data), 9):
        sample = data[index]
        hips = to_mm(sample["keypoints"].numpy())[8, :2]
        assert np.linalg.norm(centre_of_pressure_mm(sample["touch"][WINDOW // 2].numpy()) - hips) < 250


def test_the_cache_is_used_until_a_sample_changes(packed: Path) -> None:
    first = read_intelligent_carpet(packed, packed.with_name("cache"))
    cached = sorted(packed.with_name("cache").rglob("*.npy"))
    assert len(cached) == 12
    read_intelligent_carpet(packed, packed.with_name("cache"))
    assert sorted(packed.with_name("cache").rglob("*.npy")) == cached
    change(packed / "0" / "7.p", "nose", (900.0, 900.0, -1000.0))
    again = read_intelligent_carpet(packed, packed.with_name("cache"))
    assert not np.array_equal(first[0].keypoints, again[0].keypoints)


def test_nothing_is_unpickled(packed: Path) -> None:
    class Runs:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (packed / "ran",)

    (packed / "0" / "3.p").write_bytes(pickle.dumps([Runs(), 0, 0]))
    with pytest.raises(FormatError, match="refused, nothing was run"):
        windows(packed)
    assert not (packed / "ran").exists()
    assert any("3.p" in fault for fault in check_intelligent_carpet(packed))


def test_verify_lists_all_faults(packed: Path) -> None:
    assert check_intelligent_carpet(packed) == []
    (packed / "0" / "3.p").write_bytes(pickle.dumps([np.zeros((96, 96)), np.zeros(1), np.zeros((20, 3))]))
    (packed / "16" / "20.p").unlink()
    (packed / "subjects.csv").write_text("recording,subject\n0,ann\nzero,bob\n16,bob\n32,cyd\n")
    faults = "\n".join(check_intelligent_carpet(packed))
    for part in ("3.p: expected touch", "1 gaps", "zero: no such recording", "no subject for the recording 48"):
        assert part in faults


def test_a_folder_without_samples_is_answered_with_the_card(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(DatasetError, match=r"subjects\.csv"):
            read_intelligent_carpet(place)


def test_a_window_without_a_middle_is_refused() -> None:
    with pytest.raises(ValueError, match="window must be odd"):
        IntelligentCarpetWindows([], window=20)


def test_a_sample_can_be_drawn(packed: Path) -> None:
    data = windows(packed)
    assert data.plot(data[0]).axes[0].get_xlabel() == "x (mm)"


def module(root: Path, **options: object) -> IntelligentCarpetDataModule:
    defaults = {
        "window": WINDOW,
        "batch_size": 2,
        "cache": str(root.with_name("cache")),
        "test": 0.3,
        "validation": 0.3,
    }
    return IntelligentCarpetDataModule(str(root), **(defaults | options))  # type: ignore[arg-type]


def test_nobody_is_in_two_parts(packed: Path) -> None:
    parts = module(packed).parts
    people = [part.subjects for part in parts]
    assert sorted(name for part in people for name in part) == ["ann", "bob", "cyd"]
    assert module(packed).parts.test.subjects == parts.test.subjects
    assert module(packed, validation=0).parts.validation is None


def test_recordings_of_unknown_people_need_a_decision(tmp_path: Path) -> None:
    root = write_packed_carpet(tmp_path / "d", [("ann", FRAMES)] * 3, table=False)
    with pytest.raises(DatasetError, match="the subjects of the recordings are unknown"):
        _ = module(root).parts
    assert [len(part.recordings) for part in module(root, by="recording").parts] == [1, 1, 1]
    with pytest.raises(ValueError, match="'subject' or 'recording'"):
        module(root, by="frame")


def test_a_split_that_leaks_is_refused(packed: Path) -> None:
    with pytest.raises(DatasetError, match="subject bob is in validation and in test"):
        _ = module(packed, test=["bob"], validation=["bob", "cyd"]).parts
    # The same recording under two names, under different subject names.
    for number in range(FRAMES):
        (packed / "32" / f"{32 + number}.p").write_bytes((packed / "16" / f"{16 + number}.p").read_bytes())
    with pytest.raises(DatasetError, match="recording, or a copy of it, 16 is in train and in test"):
        _ = module(packed, test=["bob"], validation=0).parts


def test_batches_depend_only_on_seed_and_step(packed: Path) -> None:
    def frames(**options: object) -> list[torch.Tensor]:
        return [batch["frame"] for batch in module(packed, **options).train_dataloader()]

    assert all(torch.equal(a, b) for a, b in zip(frames(), frames(), strict=True))
    assert len(frames(steps_per_epoch=3)) == 3
    assert module(packed).training_keypoints().shape[1:] == (21, 3)
