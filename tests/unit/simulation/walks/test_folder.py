"""Folders of simulated walks: reproducible files, and no walker in both parts of the split."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from crossmodal.cli import main
from crossmodal.errors import DatasetError
from crossmodal.simulation.walks.folder import check_walks, make_walks, walk_id
from crossmodal.tactile import PressureRecording, read

COUNT = 9


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_walks(tmp_path_factory.mktemp("walks") / "w", walks=COUNT, seconds=1.5, seed=3)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_holds_what_the_card_says(made: Path) -> None:
    names = {f"{walk_id(k)}{end}" for k in range(COUNT) for end in (".npz", "_truth.json")}
    assert {path.name for path in made.iterdir()} == names | {"walks.json", "walkers.csv", "train.txt", "test.txt"}
    assert check_walks(made) == []


def test_recordings_come_back_with_their_truth(made: Path) -> None:
    for k in range(COUNT):
        recording = read(made / f"{walk_id(k)}.npz")
        truth = json.loads((made / f"{walk_id(k)}_truth.json").read_text())
        assert isinstance(recording, PressureRecording)
        assert recording.shape == (len(truth["times_s"]), truth["mat"]["rows"], truth["mat"]["columns"])
        assert recording.pitch_mm == tuple(truth["mat"]["pitch_mm"])
        assert np.isfinite(recording.pressure).all()


def test_split_is_by_walker(made: Path) -> None:
    with (made / "walkers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    train, test = ((made / f"{part}.txt").read_text().split() for part in ("train", "test"))
    assert sorted(train + test) == [walk_id(k) for k in range(COUNT)]
    assert test
    assert not {r["walker"] for r in rows if r["id"] in train} & {r["walker"] for r in rows if r["id"] in test}


def test_workers_change_nothing(made: Path, tmp_path: Path) -> None:
    assert contents(make_walks(tmp_path / "w", walks=COUNT, seconds=1.5, seed=3, num_workers=2)) == contents(made)


def test_an_interrupted_folder_is_completed(made: Path, tmp_path: Path) -> None:
    folder = make_walks(tmp_path / "w", walks=2, seconds=1.5, seed=3)
    (folder / f"{walk_id(1)}_truth.json").unlink()
    kept = (folder / f"{walk_id(0)}.npz").stat().st_mtime_ns
    reports: list[tuple[int, int, str]] = []
    make_walks(folder, walks=COUNT, seconds=1.5, seed=3, progress=lambda *one: reports.append(one))
    assert reports[0] == (1, COUNT, "made before")
    assert (folder / f"{walk_id(0)}.npz").stat().st_mtime_ns == kept
    assert contents(folder) == contents(made)


def test_other_options_and_foreign_folders_are_refused(made: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="seed 3 there, 4 asked"):
        make_walks(made, walks=COUNT, seconds=1.5, seed=4)
    (tmp_path / "diary.txt").write_text("dear diary")
    with pytest.raises(DatasetError, match=r"holds files but no walks\.json"):
        make_walks(tmp_path, walks=1, seconds=1.0)
    with pytest.raises(ValueError, match="walks and num_workers"):
        make_walks(tmp_path / "w", walks=0)


def test_verify_finds_missing_files_and_leaks(tmp_path: Path) -> None:
    folder = make_walks(tmp_path / "w", walks=COUNT, seconds=0.5, seed=3)
    (folder / f"{walk_id(2)}.npz").unlink()
    train = (folder / "train.txt").read_text()
    (folder / "train.txt").write_text(train + (folder / "test.txt").read_text())
    faults = check_walks(folder)
    assert f"{folder / walk_id(2)}.npz: missing" in faults
    assert any("is in train.txt and in test.txt" in fault for fault in faults)
    with pytest.raises(DatasetError, match="no such folder"):
        check_walks(tmp_path / "nowhere")


def test_the_command_makes_and_verifies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "w")
    assert main(["data", "make", "walks", "--out", folder, "--walks", "8", "--seconds", "0.5", "--seed", "1"]) == 0
    assert "8 walks in" in capsys.readouterr().out
    assert main(["data", "verify", "walks", folder]) == 0
    assert main(["data", "make", "walks", "--out", folder, "--walks", "0"]) == 2
    assert main(["data", "make", "walks", "--out", folder, "--grid", str(tmp_path / "x.png")]) == 2
