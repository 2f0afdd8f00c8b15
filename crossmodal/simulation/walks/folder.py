"""Folders of simulated walks, by seed: recordings, their exact truth, and a split by walker."""

import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from crossmodal.cards import missing_data
from crossmodal.errors import DatasetError
from crossmodal.files import refuse_unmarked, replace_atomically
from crossmodal.randomness import generator
from crossmodal.simulation.walks import (
    PATH_KINDS,
    PATHOLOGIES,
    Mat,
    PathKind,
    SensorModel,
    SimulatedWalk,
    Walker,
    draw_mat,
    draw_sensor,
    draw_walker,
    simulate_walk,
)
from crossmodal.tactile.saving import save

VERSION = 5
OPTIONS_FILE = "walks.json"
WALKERS_FILE = "walkers.csv"
_ENDINGS = (".npz", "_truth.json")
#: Walks of the same people, with different shoes and on different mats.
WALKS_EACH = 4
_GROUP = 2  # only people of one group share a mat, so that a split by group is a split by walker

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Scenario:
    """The settings of a walk.

    Attributes:
        people: indices of the walkers, as in `draw_walker`.
        mat: the mat.
        sensor: the model of its sensor.
        path: kind of the crossings.
        stop_fraction: probability of a stop in a crossing.
    """

    people: tuple[int, ...]
    mat: Mat
    sensor: SensorModel
    path: PathKind
    stop_fraction: float


def walk_id(index: int) -> str:
    """Return the id of walk ``index``."""
    return f"walk-{index:06d}"


def draw_scenario(seed: int, index: int) -> Scenario:
    """Draw the settings of walk ``index``: mostly one walker on a straight path, and all kinds of harder cases."""
    rng = generator(seed, "walks/scenario", index)
    group = index // WALKS_EACH
    people = [_GROUP * group, _GROUP * group + 1]
    if rng.random() < 0.5:
        people.reverse()
    path: PathKind = PATH_KINDS[int(rng.choice(len(PATH_KINDS), p=(0.6, 0.25, 0.15)))]
    return Scenario(
        people=tuple(people if rng.random() < 0.15 else people[:1]),
        mat=draw_mat(rng),
        sensor=draw_sensor(seed, index),
        path=path,
        stop_fraction=0.5 if rng.random() < 0.12 else 0.0,
    )


def make_walk(seed: int, index: int, seconds: float) -> SimulatedWalk:
    """Simulate walk ``index`` of a data set."""
    scenario = draw_scenario(seed, index)
    return simulate_walk(
        [_dress(seed, person, index) for person in scenario.people],
        scenario.mat,
        seed,
        index,
        seconds,
        sensor=scenario.sensor,
        path=scenario.path,
        stop_fraction=scenario.stop_fraction,
    )


def _dress(seed: int, person: int, index: int) -> Walker:
    """Return a person in walk ``index``: the same body and pathology, with other shoes and another speed."""
    person_rng, day_rng = generator(seed, "walks/person", person), generator(seed, f"walks/day/{person}", index)
    healthy = person_rng.random() < 0.7
    pathology = "none" if healthy else PATHOLOGIES[1 + int(person_rng.integers(len(PATHOLOGIES) - 1))]
    own = draw_walker(seed, person).speed_m_s
    sole_mm = float(day_rng.uniform(2.0, 7.0)) if day_rng.random() < 0.4 else 0.0
    return draw_walker(
        seed,
        person,
        speed_m_s=float(np.clip(own * np.exp(0.18 * day_rng.normal()), 0.5, 2.2)),
        pathology=pathology,
        sole_mm=sole_mm,
    )


def make_walks(
    out: str | os.PathLike[str],
    *,
    walks: int = 64,
    seconds: float = 10.0,
    seed: int = 0,
    test_fraction: float = 0.2,
    num_workers: int = 1,
    progress: Progress | None = None,
) -> Path:
    """Make a folder of simulated walks.

    Walk k depends on the seed, k and ``seconds`` alone: not on the number of walks or workers or on an interruption.
    Existing walks that were made with the same options are kept.

    Args:
        out: the folder; created if missing.
        walks: number of walks.
        seconds: duration of each walk.
        seed: of all draws.
        test_fraction: approximate fraction of the walks in test.txt; no walker is in both parts of the split.
        num_workers: number of processes.
        progress: called with (walks done, walks, text).

    Returns:
        The folder. It contains ``<id>.npz`` and ``<id>_truth.json`` for each walk, the walkers of each walk in
        ``walkers.csv``, the split in ``train.txt`` and ``test.txt``, and the options in ``walks.json``.

    Raises:
        ValueError: an option is out of range.
        DatasetError: the folder holds other files, or walks made with other options.
        OutputError: the folder cannot be written.
    """
    if walks < 1 or num_workers < 1 or seconds <= 0 or seed < 0 or not 0 <= test_fraction < 1:
        raise ValueError(
            "walks and num_workers must be at least 1, seconds above 0, seed at least 0 and test_fraction in [0, 1), "
            f"got {walks=}, {num_workers=}, {seconds=}, {seed=}, {test_fraction=}"
        )
    folder = Path(out)
    options = {"version": VERSION, "seed": int(seed), "seconds": float(seconds)}
    _claim(folder, options)
    missing = [index for index in range(walks) if not _is_whole(folder, index)]
    done = walks - len(missing)
    if done and progress is not None:
        progress(done, walks, "made before")
    for index in _make(folder, missing, seed, seconds, num_workers):
        done += 1
        if progress is not None:
            progress(done, walks, walk_id(index))
    _write_walkers(folder, walks, seed)
    _write_split(folder, walks, seed, test_fraction)
    return folder


def check_walks(folder: str | os.PathLike[str]) -> list[str]:
    """List the faults of a folder of walks: missing files, and walkers in both parts of the split.

    Raises:
        DatasetError: there is no such folder, or it holds other files.
    """
    folder = Path(folder)
    if not (folder / OPTIONS_FILE).is_file():
        raise missing_data("walks", folder, f"no {OPTIONS_FILE}" if folder.is_dir() else "no such folder")
    expected = (WALKERS_FILE, "train.txt", "test.txt")
    faults = [f"{folder / name}: missing" for name in expected if not (folder / name).is_file()]
    if faults:
        return faults
    with (folder / WALKERS_FILE).open(encoding="utf-8", newline="") as file:
        people: dict[str, set[str]] = {}
        for row in csv.DictReader(file):
            people.setdefault(row["id"], set()).add(row["walker"])
    train, test = ((folder / f"{part}.txt").read_text(encoding="ascii").split() for part in ("train", "test"))
    for name in train + test:
        faults += [f"{folder / name}{end}: missing" for end in _ENDINGS if not (folder / f"{name}{end}").is_file()]
        if name not in people:
            faults.append(f"{folder / WALKERS_FILE}: no walker of {name}")
    training, held_out = (set().union(*(people.get(name, set()) for name in part)) for part in (train, test))
    faults += [f"walker {person} is in train.txt and in test.txt" for person in sorted(training & held_out)]
    return faults


def write_walk(folder: Path, index: int, seed: int, seconds: float) -> int:
    """Make one walk, write its two files, the truth last, and return its index."""
    walk = make_walk(seed, index, seconds)
    name = walk_id(index)
    save(walk.recording, folder / f"{name}.npz")
    truth = walk.truth.as_json() | {"id": name, "mat": _mat_as_json(walk)}
    with replace_atomically(folder / f"{name}_truth.json") as path:
        path.write_text(json.dumps(truth, allow_nan=False) + "\n", encoding="utf-8")
    return index


def _mat_as_json(walk: SimulatedWalk) -> dict[str, Any]:
    _, rows, columns = walk.recording.shape
    return {"rows": rows, "columns": columns, "pitch_mm": list(walk.recording.pitch_mm)}


def _claim(folder: Path, options: dict[str, Any]) -> None:
    """Mark a new folder as one of walks, or check that an existing one was made with the same options.

    Raises:
        DatasetError: the folder holds other files, or its options differ.
    """
    path = folder / OPTIONS_FILE
    if not path.exists():
        refuse_unmarked(folder, OPTIONS_FILE, "walks")
        with replace_atomically(path) as temporary:
            temporary.write_text(json.dumps(options, indent=1) + "\n", encoding="utf-8")
        return
    try:
        found = dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise DatasetError(f"{path}: not the options of walks ({error}); name an empty or a new folder") from error
    if found != options:
        differs = ", ".join(f"{k} {found.get(k)} there, {v} asked" for k, v in options.items() if found.get(k) != v)
        raise DatasetError(
            f"{folder}: walks made with other options ({differs}); name another folder, or give the same options"
        )


def _is_whole(folder: Path, index: int) -> bool:
    name = walk_id(index)
    return all((folder / f"{name}{ending}").is_file() for ending in _ENDINGS)


def _make(folder: Path, missing: list[int], seed: int, seconds: float, num_workers: int) -> Iterator[int]:
    """Make the missing walks in one or more processes, and yield the index of each when it is done."""
    if num_workers == 1 or len(missing) < 2:
        for index in missing:
            yield write_walk(folder, index, seed, seconds)
        return
    # Spawned, not forked: a fork would copy the parent's threads in an undefined state.
    with ProcessPoolExecutor(min(num_workers, len(missing)), mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(write_walk, folder, index, seed, seconds) for index in missing]
        try:
            for job in as_completed(jobs):
                yield job.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _write_walkers(folder: Path, walks: int, seed: int) -> None:
    """Write the walkers of each walk and their properties."""
    rows = []
    for index in range(walks):
        scenario = draw_scenario(seed, index)
        for number, person in enumerate(scenario.people):
            plain = _dress(seed, person, index).as_json()
            rows.append(
                {"id": walk_id(index), "number": number, "walker": plain.pop("name"), "path": scenario.path} | plain
            )
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: round(v, 6) if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    with replace_atomically(folder / WALKERS_FILE) as path:
        path.write_text(text.getvalue(), encoding="utf-8")


def _write_split(folder: Path, walks: int, seed: int, test_fraction: float) -> None:
    """Write train.txt and test.txt; each group of people is in one of them."""
    groups = -(-walks // WALKS_EACH)
    draws = [generator(seed, "walks/split", group).random() for group in range(groups)]
    count = min(max(round(test_fraction * groups), int(test_fraction > 0)), groups - 1)
    test = set(sorted(range(groups), key=draws.__getitem__)[:count])
    for file, chosen in (("train.txt", False), ("test.txt", True)):
        with replace_atomically(folder / file) as path:
            lines = [walk_id(index) for index in range(walks) if (index // WALKS_EACH in test) == chosen]
            path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
