"""Footprint candidates of simulated walks with their truth."""

from pathlib import Path

import numpy as np
import pytest
import torch

from crossmodal.data.walks.dataset import read_walk
from crossmodal.data.walks.module import WalkStepsDataModule
from crossmodal.data.walks.steps import Augmentation, WalkSteps, collate_steps, cut_crops, targets_of
from crossmodal.errors import DatasetError
from crossmodal.simulation.walks.folder import make_walk, make_walks


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_walks(tmp_path_factory.mktemp("walks") / "set", walks=14, seconds=2.5, seed=3, test_fraction=0.2)


@pytest.fixture(scope="module")
def steps(folder: Path) -> WalkSteps:
    return WalkSteps(folder, ["walk-000000", "walk-000001", "walk-000002"], folder / "crops")


def test_a_walk_comes_back_with_its_truth(folder: Path) -> None:
    stored, made = read_walk(folder, "walk-000001"), make_walk(3, 1, 2.5)
    np.testing.assert_array_equal(stored.recording.pressure, made.recording.pressure)
    assert stored.truth.footsteps == made.truth.footsteps
    np.testing.assert_allclose(stored.truth.force_n, made.truth.force_n, atol=0.01)
    np.testing.assert_allclose(stored.truth.times_s, made.truth.times_s, atol=1e-6)
    for mine, theirs in zip(stored.truth.parameters, made.truth.parameters, strict=True):
        assert mine == pytest.approx(theirs, nan_ok=True)


def test_every_whole_footstep_is_one_candidate(folder: Path) -> None:
    for number in range(6):
        walk = read_walk(folder, f"walk-{number:06d}")
        crops = cut_crops(walk.recording, walk.truth.footsteps)
        whole = [step for step in walk.truth.footsteps if step.on_mat > 0.99]
        assert sum(crop.truth[0] for crop in crops) >= len(whole)


def test_what_a_footstep_loads_is_nearly_all_of_its_candidate(steps: WalkSteps) -> None:
    for crop in steps.crops:
        if crop.truth[0] and np.isfinite(crop.truth[4:]).all():
            own = crop.own.astype(np.float64)
            assert (own * crop.mine).sum() > 0.85 * own.sum()


def test_targets_have_events_and_points(steps: WalkSteps) -> None:
    batch = collate_steps([steps[k] for k in range(len(steps))])
    target = targets_of(batch)
    known = (target.step > 0.5) & target.heel_strike.isfinite() & target.toe_off.isfinite()
    assert known.any()
    stance_frames = (target.toe_off - target.heel_strike)[known]
    contact_frames = (target.contact * batch["valid"]).sum(dim=1)[known]
    assert ((contact_frames - stance_frames).abs() <= 1.01).all()
    ahead = (target.points[:, 1] - target.points[:, 0])[known]
    ahead = ahead[ahead.isfinite().all(dim=1)]
    assert (ahead[:, 0] > 0.8).all()  # the metatarsal head is ahead of the heel


def test_a_mirrored_crop_is_the_other_foot(folder: Path) -> None:
    varied = WalkSteps(folder, ["walk-000001"], folder / "crops", Augmentation(load=0.0), seed=1)
    plain = varied[0]
    drawn = [varied[draw, 0] for draw in range(16)]
    mirrored = [item for item in drawn if item["truth"][1] != plain["truth"][1]]
    assert 0 < len(mirrored) < 16
    torch.testing.assert_close(mirrored[0]["movie"], plain["movie"].flip(-1))
    torch.testing.assert_close(mirrored[0]["mine"], plain["mine"].flip(-1))
    torch.testing.assert_close(mirrored[0]["points"][:3, 0], plain["points"][:3, 0], equal_nan=True)
    torch.testing.assert_close(mirrored[0]["points"][:3, 1], -plain["points"][:3, 1], equal_nan=True)


def test_the_augmentation_depends_on_the_draw_alone(folder: Path) -> None:
    first, again = (WalkSteps(folder, ["walk-000001"], folder / "crops", Augmentation(), seed=1) for _ in range(2))
    torch.testing.assert_close(first[7, 1]["movie"], again[7, 1]["movie"])
    assert not torch.equal(first[7, 1]["movie"], first[8, 1]["movie"])


def test_crops_are_cut_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    WalkSteps(folder, ["walk-000003"], folder / "crops")
    monkeypatch.setattr("crossmodal.data.walks.steps._cut", lambda *job: pytest.fail("cut again"))
    assert len(WalkSteps(folder, ["walk-000003"], folder / "crops"))


def test_no_walker_is_in_two_parts(folder: Path) -> None:
    data = WalkStepsDataModule(str(folder), validation=0.25)
    data.setup()
    people = {}
    for line in (folder / "walkers.csv").read_text().splitlines()[1:]:
        name, _, walker = line.split(",")[:3]
        people.setdefault(name, set()).add(walker)
    parts = [data.train_walks, data.validation_walks, data.evaluation_dataset().walks]
    walkers = [set().union(*(people[name] for name in part)) for part in parts]
    assert all(walkers)
    assert walkers[0].isdisjoint(walkers[1] | walkers[2])
    assert walkers[1].isdisjoint(walkers[2])
    fewer = WalkStepsDataModule(str(folder), validation=0.25, share=0.3)
    fewer.setup()
    assert set(fewer.train_walks) < set(data.train_walks)
    assert fewer.validation_walks == data.validation_walks


def test_a_split_that_leaks_is_refused(tmp_path: Path) -> None:
    folder = make_walks(tmp_path / "leaks", walks=8, seconds=1.5, seed=3, test_fraction=0.5)
    lists = [(folder / f"{part}.txt").read_text().splitlines() for part in ("train", "test")]
    (folder / "test.txt").write_text("\n".join([*lists[1], lists[0][0]]) + "\n")
    (folder / "train.txt").write_text("\n".join(lists[0][1:]) + "\n")
    with pytest.raises(DatasetError, match=r"is in train\.txt and in test\.txt"):
        WalkStepsDataModule(str(folder)).setup()


def test_a_missing_and_a_damaged_walk_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="walk-999999"):
        WalkSteps(folder, ["walk-999999"], tmp_path)
    damaged = make_walks(tmp_path / "damaged", walks=1, seconds=1.0, test_fraction=0.0)
    (damaged / "walk-000000_truth.json").write_text("[]")
    with pytest.raises(DatasetError, match=r"walk-000000 cannot be read .* make the walks again"):
        WalkSteps(damaged, ["walk-000000"], tmp_path)


@pytest.mark.parametrize("option", [{"validation": 1.0}, {"share": 0.0}, {"batch_size": 0}])
def test_senseless_options_are_refused(folder: Path, option: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be in"):
        WalkStepsDataModule(str(folder), **option)  # type: ignore[arg-type]
