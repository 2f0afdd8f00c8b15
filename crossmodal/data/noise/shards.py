"""Write images of a process as WebDataset tar shards, in several processes, with resume after a kill.

The tar files are written by the standard library; webdataset's ``TarWriter`` is a few lines around it. By default it
stamps members with the current time, so that a rewrite changes the bytes, and it takes 1.2 to 1.4 times as long
(`benchmarks/shards.py`). It has no manifest, no checksums to resume a killed export with, and no processes.
"""

import hashlib
import io
import multiprocessing
import os
import tarfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossmodal._version import __version__
from crossmodal.data.noise.images import (
    IMAGE_FORMATS,
    ImageFormat,
    Progress,
    encode_image,
    file_stem,
    render_samples,
)
from crossmodal.data.noise.manifest import MANIFEST_FILE, Manifest, Shard, read_manifest
from crossmodal.files import refuse_unmarked, replace_atomically
from crossmodal.noise import Process

_POLL_S = 0.2


@dataclass(frozen=True)
class _Settings:
    """The settings that all shards of a folder share."""

    process: Process[Any]
    size: tuple[int, int]
    seed: int
    image_format: ImageFormat
    device: str


def write_noise_shards(
    out: str | os.PathLike[str],
    process: Process[Any],
    count: int,
    *,
    first: int = 0,
    size: int | tuple[int, int] = 128,
    seed: int = 0,
    shard_size: int = 1000,
    image_format: ImageFormat = "png",
    num_workers: int = 1,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Path:
    """Write images ``first`` to ``first + count - 1`` as tar shards with a manifest.

    Each image is two or three members of one stem: ``<index>.json`` (its description), ``<index>.cls`` (its label, if
    the process has labels) and ``<index>.png``. On the CPU the bytes of a shard depend only on the process, the seed,
    the size, the format and its indices, not on the number of workers. An interrupted export is resumed: existing
    shards are verified by the manifest and kept. A later call may increase ``count``.

    Args:
        out: the folder, created if missing.
        process: process of the images.
        count: total number of images.
        first: index of the first image.
        size: side, or (height, width), in pixels.
        seed: seed of all draws.
        shard_size: number of images in a shard.
        image_format: png or webp, which are lossless, or jpg (quality 95).
        num_workers: number of processes that write shards.
        device: device of the rendering.
        progress: called with (images done, total, text).

    Returns:
        The folder.

    Raises:
        ValueError: a number is out of range.
        DatasetError: the folder contains other files, or shards of other settings.
        OutputError: the folder cannot be written.
    """
    height, width = (size, size) if isinstance(size, int) else size
    if min(count, shard_size, num_workers, height, width) < 1 or min(first, seed) < 0:
        raise ValueError(
            "count, shard_size, num_workers and size must be at least 1, first and seed at least 0, "
            f"got {count=}, {shard_size=}, {num_workers=}, {size=}, {first=}, {seed=}"
        )
    if image_format not in IMAGE_FORMATS:
        raise ValueError(f"image_format must be one of {', '.join(IMAGE_FORMATS)}, got {image_format!r}")
    folder = Path(out)
    settings = _Settings(process, (height, width), seed, image_format, device)
    manifest = _resumed(
        folder,
        Manifest(
            process.describe(), process.classes, seed, (height, width), image_format, first, count, shard_size,
            __version__,
        ),
    )  # fmt: skip
    shards = {shard.file: shard for shard in manifest.shards}
    before = sum(shard.count for shard in manifest.shards)

    def report(drawn: int) -> None:
        if progress is not None:
            progress(before + drawn, count, "")

    report(0)
    for shard in _write_shards(folder, settings, manifest.unfinished, num_workers, report):
        shards[shard.file] = shard
        manifest = manifest.with_shards(shards)
        manifest.write(folder)
    return folder


def _resumed(folder: Path, requested: Manifest) -> Manifest:
    """Return the requested manifest with the shards that exist and are intact, and write it.

    Raises:
        DatasetError: the folder contains other files, or shards of other settings.
    """
    if not (folder / MANIFEST_FILE).exists():
        refuse_unmarked(folder, MANIFEST_FILE, "noise shards")
        requested.write(folder)
        return requested
    found = read_manifest(folder)
    requested.refuse_if_different(folder, found)
    for left_over in folder.glob(".shard-*.tar"):  # temporary files of a killed process
        left_over.unlink()
    planned = {(file, indices.start, len(indices)) for file, indices in requested.planned}
    kept = {
        shard.file: shard
        for shard in found.shards
        if (shard.file, shard.first, shard.count) in planned and shard_fault(folder, shard) is None
    }
    manifest = requested.with_shards(kept)
    manifest.write(folder)
    return manifest


def shard_fault(folder: Path, shard: Shard) -> str | None:
    """Return the fault of a shard listed in the manifest, None if it is intact."""
    path = folder / shard.file
    if not path.is_file():
        return f"{path}: is missing"
    size = path.stat().st_size
    if size != shard.bytes:
        return f"{path}: has {size} bytes instead of {shard.bytes}" + (", it is cut off" if size < shard.bytes else "")
    if _sha256(path) != shard.sha256:
        return f"{path}: was changed after it was written, its SHA-256 is not that of the manifest"
    return None


def _write_shards(
    folder: Path, settings: _Settings, missing: list[tuple[str, range]], num_workers: int, report: Callable[[int], None]
) -> Iterator[Shard]:
    """Write the missing shards, in this process or in several, and yield each when it is finished."""
    if num_workers == 1 or len(missing) < 2:
        done = 0
        for file, indices in missing:
            for drawn in _write_shard(folder / file, settings, indices):
                report(done + drawn)
            done += len(indices)
            yield _as_shard(folder / file, indices)
        return
    # Spawned, not forked: a fork would copy the threads of torch in an undefined state.
    context = multiprocessing.get_context("spawn")
    total_drawn = context.Value("q", 0)
    with ProcessPoolExecutor(
        min(num_workers, len(missing)), mp_context=context, initializer=_begin_worker, initargs=(total_drawn,)
    ) as pool:
        jobs = {pool.submit(_work, folder / file, settings, indices) for file, indices in missing}
        try:
            while jobs:
                finished, jobs = wait(jobs, timeout=_POLL_S, return_when=FIRST_COMPLETED)
                report(total_drawn.value)
                for job in finished:
                    yield job.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_total_drawn: Any = None


def _begin_worker(total_drawn: Any) -> None:
    global _total_drawn
    _total_drawn = total_drawn
    # A killed parent cannot stop its workers, which would wait for work forever.
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(path: Path, settings: _Settings, indices: range) -> Shard:
    before = 0
    for drawn in _write_shard(path, settings, indices):
        with _total_drawn.get_lock():
            _total_drawn.value += drawn - before
        before = drawn
    return _as_shard(path, indices)


def _write_shard(path: Path, settings: _Settings, indices: range) -> Iterator[int]:
    """Write one shard, completely or not at all, and yield the number of images written so far."""
    samples = render_samples(settings.process, indices, settings.size, settings.seed, settings.device)
    with replace_atomically(path) as temporary, tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT) as shard:
        for drawn, sample in enumerate(samples, start=1):
            stem = file_stem(sample.index)
            _add(shard, f"{stem}.json", sample.description.encode())
            if sample.label is not None:
                _add(shard, f"{stem}.cls", str(sample.label).encode())
            _add(shard, f"{stem}.{settings.image_format}", encode_image(sample.image, settings.image_format))
            yield drawn


def _add(shard: tarfile.TarFile, name: str, content: bytes) -> None:
    # A new header has no date and no owner, so the same images give the same bytes.
    header = tarfile.TarInfo(name)
    header.size = len(content)
    shard.addfile(header, io.BytesIO(content))


def _as_shard(path: Path, indices: range) -> Shard:
    return Shard(path.name, indices.start, len(indices), path.stat().st_size, _sha256(path))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
