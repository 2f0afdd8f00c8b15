"""Make a folder of stand-in videos in the layout of Greatest Hits, by seed."""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from crossmodal.errors import DatasetError
from crossmodal.files import refuse_unmarked, replace_atomically
from crossmodal.randomness import generator
from crossmodal.simulation.hits.take import Options, truth_part, video_id, write_take

VERSION = 1
TRUTH_FILE = "stand_in.json"

Progress = Callable[[int, int, str], None]
Truth = dict[str, Any]


def make_stand_in_hits(
    out: str | os.PathLike[str],
    *,
    videos: int = 24,
    seconds: float = 12.0,
    seed: int = 0,
    size: tuple[int, int] = (144, 256),
    frame_rate_hz: Fraction = Fraction(30000, 1001),
    test_fraction: float = 0.2,
    num_workers: int = 1,
    progress: Progress | None = None,
) -> Path:
    """Make a folder of simulated videos of a drumstick that strikes things, in the layout of Greatest Hits.

    Video k depends only on the seed, k, ``seconds``, ``size`` and ``frame_rate_hz``, not on the number of videos or
    workers or on interruptions. Existing videos of the same options are kept.

    Args:
        out: the folder, created if missing.
        videos: number of videos.
        seconds: length of each video.
        seed: seed of all draws.
        size: (height, width) of the frames in pixels.
        frame_rate_hz: frames per second.
        test_fraction: fraction of the videos listed in test.txt.
        num_workers: number of processes that make videos.
        progress: called with (videos done, total, text).

    Returns:
        The folder. It contains ``<id>_denoised.mp4``, ``<id>_denoised.wav`` and ``<id>_times.txt`` of each video, the
        split in ``train.txt`` and ``test.txt``, and the exact ground truth in ``stand_in.json``.

    Raises:
        ValueError: an option is out of range.
        DatasetError: the folder contains other files, or stand-ins of other options.
        OutputError: the folder cannot be written.
    """
    if videos < 1 or num_workers < 1 or seconds <= 0 or min(size) < 32 or not 0 <= test_fraction < 1:
        raise ValueError(
            "videos and num_workers must be at least 1, seconds above 0, each side of size at least 32 and "
            f"test_fraction in [0, 1), got {videos=}, {num_workers=}, {seconds=}, {size=}, {test_fraction=}"
        )
    folder = Path(out)
    options = Options(float(seconds), int(seed), (int(size[0]), int(size[1])), Fraction(frame_rate_hz))
    truths = _read_truths(folder, options)
    names = [video_id(index) for index in range(videos)]
    missing = [index for index, name in enumerate(names) if not _is_complete(folder, name, truths)]
    done = videos - len(missing)
    if done and progress is not None:
        progress(done, videos, "already made")
    for index, truth in _make(folder, missing, options, num_workers):
        truths[names[index]] = truth
        done += 1
        if progress is not None:
            progress(done, videos, names[index])
    _write_split(folder, names, seed, test_fraction)
    _write_truth(folder, options, truths)
    for name in truths:
        truth_part(folder, name).unlink(missing_ok=True)
    return folder


def _read_truths(folder: Path, options: Options) -> dict[str, Truth]:
    """Return the ground truth of the existing videos; a new folder is marked as one of stand-ins.

    Raises:
        DatasetError: the folder contains other files, or stand-ins of other options.
    """
    path = folder / TRUTH_FILE
    if not path.exists():
        refuse_unmarked(folder, TRUTH_FILE, "stand-ins")
        _write_truth(folder, options, {})
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        found, version, truths = document["options"], document["version"], dict(document["videos"])
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{path}: is not a truth file of stand-ins ({error}); name an empty or a new folder"
        ) from error
    requested = options.as_json()
    if version != VERSION or found != requested:
        differences = [
            f"{key}: found {found.get(key)}, requested {value}"
            for key, value in requested.items()
            if found.get(key) != value
        ] or [f"version: found {version}, requested {VERSION}"]
        raise DatasetError(
            f"{folder}: holds stand-ins of other options ({'; '.join(differences)}); "
            "name another folder, or repeat the command with the same options"
        )
    for part in folder.glob(truth_part(folder, "*").name):
        truths[part.name[1 : -len("_truth.json")]] = json.loads(part.read_text(encoding="utf-8"))
    return truths


def _is_complete(folder: Path, name: str, truths: dict[str, Truth]) -> bool:
    endings = ("_denoised.mp4", "_denoised.wav", "_times.txt")
    return name in truths and all((folder / f"{name}{ending}").is_file() for ending in endings)


def _make(folder: Path, missing: list[int], options: Options, num_workers: int) -> Iterator[tuple[int, Truth]]:
    """Make the missing videos, in this process or in several, and yield each when it is ready."""
    if num_workers == 1 or len(missing) < 2:
        for index in missing:
            yield index, write_take(folder, index, options)
        return
    # Spawned, not forked: a fork would copy the threads of torch and FFmpeg in an undefined state.
    with ProcessPoolExecutor(min(num_workers, len(missing)), mp_context=get_context("spawn")) as pool:
        jobs = {pool.submit(write_take, folder, index, options): index for index in missing}
        try:
            for job in as_completed(jobs):
                yield jobs[job], job.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _write_split(folder: Path, names: list[str], seed: int, test_fraction: float) -> None:
    """Write train.txt and test.txt; most videos stay in their split when more are added."""
    draws = [generator(seed, "stand_in_hits/split", index).random() for index in range(len(names))]
    count = min(max(round(test_fraction * len(names)), int(test_fraction > 0)), len(names) - 1)
    test = set(sorted(range(len(names)), key=draws.__getitem__)[:count])
    for file, chosen in (("train.txt", False), ("test.txt", True)):
        with replace_atomically(folder / file) as path:
            lines = [name for index, name in enumerate(names) if (index in test) == chosen]
            path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")


def _write_truth(folder: Path, options: Options, truths: dict[str, Truth]) -> None:
    document = {"version": VERSION, "options": options.as_json(), "videos": dict(sorted(truths.items()))}
    with replace_atomically(folder / TRUTH_FILE) as path:
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
