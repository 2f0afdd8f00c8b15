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
    """Make a folder of simulated videos of a drumstick striking things, in the layout of Greatest Hits.

    Video k depends on the seed, k, ``seconds``, ``size`` and ``frame_rate_hz`` alone: not on the number of videos, the
    workers or an interruption. Videos that are there already, made with the same options, are kept.

    Args:
        out: the folder; made when missing.
        videos: how many.
        seconds: length of each.
        seed: of all draws.
        size: (height, width) of the image in pixels.
        frame_rate_hz: images per second.
        test_fraction: share of the videos listed in test.txt.
        num_workers: processes that make videos at the same time.
        progress: called with (videos done, videos, text).

    Returns:
        The folder. It holds per video ``<id>_denoised.mp4``, ``<id>_denoised.wav`` and ``<id>_times.txt``, the split in
        ``train.txt`` and ``test.txt``, and the exact truth in ``stand_in.json``.

    Raises:
        ValueError: an option makes no sense.
        DatasetError: the folder holds something else, or stand-ins made with other options.
        OutputError: the folder cannot be written.
    """
    if videos < 1 or num_workers < 1 or seconds <= 0 or min(size) < 32 or not 0 <= test_fraction < 1:
        raise ValueError(
            "videos and num_workers must be at least 1, seconds above 0, each side of size at least 32 and "
            f"test_fraction in [0, 1), got {videos=}, {num_workers=}, {seconds=}, {size=}, {test_fraction=}"
        )
    folder = Path(out)
    options = Options(float(seconds), int(seed), (int(size[0]), int(size[1])), Fraction(frame_rate_hz))
    truths = _truths_at_hand(folder, options)
    names = [video_id(index) for index in range(videos)]
    missing = [index for index, name in enumerate(names) if not _is_whole(folder, name, truths)]
    done = videos - len(missing)
    if done and progress is not None:
        progress(done, videos, "made before")
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


def _truths_at_hand(folder: Path, options: Options) -> dict[str, Truth]:
    """What is known of the videos made before; marks a fresh folder as one of stand-ins.

    Raises:
        DatasetError: the folder is not ours, or its options differ.
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
    wanted = options.as_json()
    if version != VERSION or found != wanted:
        differs = ", ".join(f"{k} {found.get(k)} there, {v} asked" for k, v in wanted.items() if found.get(k) != v)
        raise DatasetError(
            f"{folder}: holds stand-ins made otherwise ({differs or f'version {version} there, {VERSION} now'}); "
            "name another folder, or ask for the same options"
        )
    for part in folder.glob(truth_part(folder, "*").name):
        truths[part.name[1 : -len("_truth.json")]] = json.loads(part.read_text(encoding="utf-8"))
    return truths


def _is_whole(folder: Path, name: str, truths: dict[str, Truth]) -> bool:
    endings = ("_denoised.mp4", "_denoised.wav", "_times.txt")
    return name in truths and all((folder / f"{name}{ending}").is_file() for ending in endings)


def _make(folder: Path, missing: list[int], options: Options, num_workers: int) -> Iterator[tuple[int, Truth]]:
    """Make the missing videos, in this process or several, and yield each as it is done."""
    if num_workers == 1 or len(missing) < 2:
        for index in missing:
            yield index, write_take(folder, index, options)
        return
    # Spawned, not forked: the parent may hold threads (torch, FFmpeg) that a fork would copy half-way.
    with ProcessPoolExecutor(min(num_workers, len(missing)), mp_context=get_context("spawn")) as pool:
        jobs = {pool.submit(write_take, folder, index, options): index for index in missing}
        try:
            for job in as_completed(jobs):
                yield jobs[job], job.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _write_split(folder: Path, names: list[str], seed: int, test_fraction: float) -> None:
    """Write train.txt and test.txt; a video keeps its side, for the most part, when more are added."""
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
