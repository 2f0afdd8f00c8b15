"""Write images of a process as tar shards in the form of WebDataset, in several processes; resume after a kill.

The standard library makes the tar files; webdataset's ``TarWriter`` is a few lines around it. That one stamps members
with the time unless it is given one, so that a rewrite changes the bytes, and takes 1.2 to 1.4 times as long
(`benchmarks/shards.py`). It has no manifest, no checksums by which a killed export resumes, and no processes.
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

_LOOK_EVERY_S = 0.2


@dataclass(frozen=True)
class _Drawing:
    """What all shards of a folder have in common."""

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

    Each image is two or three files of one stem: ``<index>.json`` (what replays it), ``<index>.cls`` (its label, if
    the process has labels) and ``<index>.png``. On the CPU the bytes of a shard depend on the process, the seed, the
    size, the format and its indices alone, whatever the number of workers. A folder that was interrupted is gone on
    with: shards that are there are checked against the manifest and kept. It may be asked for more images later.

    Args:
        out: the folder; made when missing.
        process: what draws the images.
        count: images in all.
        first: index of the first.
        size: side, or (height, width), in pixels.
        seed: of all draws.
        shard_size: images in a shard.
        image_format: png or webp, which are exact, or jpg (quality 95).
        num_workers: processes that make shards at the same time.
        device: where images are rendered.
        progress: called with (images done, images, text).

    Returns:
        The folder.

    Raises:
        ValueError: a number makes no sense.
        DatasetError: the folder holds something else, or shards made otherwise.
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
    drawing = _Drawing(process, (height, width), seed, image_format, device)
    manifest = _taken_up(
        folder,
        Manifest(
            process.describe(), process.classes, seed, (height, width), image_format, first, count, shard_size,
            __version__,
        ),
    )  # fmt: skip
    shards = {shard.file: shard for shard in manifest.shards}
    before = sum(shard.count for shard in manifest.shards)

    def tell(more: int) -> None:
        if progress is not None:
            progress(before + more, count, "")

    tell(0)
    for shard in _make(folder, drawing, manifest.unfinished, num_workers, tell):
        shards[shard.file] = shard
        manifest = manifest.with_shards(shards)
        manifest.write(folder)
    return folder


def _taken_up(folder: Path, wanted: Manifest) -> Manifest:
    """The manifest to go on with: those shards that are there and whole count as finished.

    Raises:
        DatasetError: the folder holds something else.
    """
    if not (folder / MANIFEST_FILE).exists():
        refuse_unmarked(folder, MANIFEST_FILE, "noise shards")
        wanted.write(folder)
        return wanted
    found = read_manifest(folder)
    wanted.refuse_if_other(folder, found)
    for left_over in folder.glob(".shard-*.tar"):  # what a killed process was writing
        left_over.unlink()
    planned = {(file, indices.start, len(indices)) for file, indices in wanted.planned}
    kept = {
        shard.file: shard
        for shard in found.shards
        if (shard.file, shard.first, shard.count) in planned and shard_fault(folder, shard) is None
    }
    manifest = wanted.with_shards(kept)
    manifest.write(folder)
    return manifest


def shard_fault(folder: Path, shard: Shard) -> str | None:
    """Say what is wrong with a shard that the manifest lists; None when it is whole."""
    path = folder / shard.file
    if not path.is_file():
        return f"{path}: is missing"
    size = path.stat().st_size
    if size != shard.bytes:
        return f"{path}: has {size} bytes instead of {shard.bytes}" + (", it is cut off" if size < shard.bytes else "")
    if _sha256(path) != shard.sha256:
        return f"{path}: was changed since it was made, its SHA-256 is not that of the manifest"
    return None


def _make(
    folder: Path, drawing: _Drawing, missing: list[tuple[str, range]], num_workers: int, tell: Callable[[int], None]
) -> Iterator[Shard]:
    """Make the missing shards, in this process or several, and yield each as it is done."""
    if num_workers == 1 or len(missing) < 2:
        done = 0
        for file, indices in missing:
            for drawn in _write_shard(folder / file, drawing, indices):
                tell(done + drawn)
            done += len(indices)
            yield _as_shard(folder / file, indices)
        return
    # Spawned, not forked: the parent may hold threads (torch) that a fork would copy half-way.
    context = multiprocessing.get_context("spawn")
    drawn_in_all = context.Value("q", 0)
    with ProcessPoolExecutor(
        min(num_workers, len(missing)), mp_context=context, initializer=_begin_worker, initargs=(drawn_in_all,)
    ) as pool:
        jobs = {pool.submit(_work, folder / file, drawing, indices) for file, indices in missing}
        try:
            while jobs:
                finished, jobs = wait(jobs, timeout=_LOOK_EVERY_S, return_when=FIRST_COMPLETED)
                tell(drawn_in_all.value)
                for job in finished:
                    yield job.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_drawn_in_all: Any = None


def _begin_worker(drawn_in_all: Any) -> None:
    global _drawn_in_all
    _drawn_in_all = drawn_in_all
    # A parent that is killed cannot stop its workers; they would wait for work for ever.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(path: Path, drawing: _Drawing, indices: range) -> Shard:
    before = 0
    for drawn in _write_shard(path, drawing, indices):
        with _drawn_in_all.get_lock():
            _drawn_in_all.value += drawn - before
        before = drawn
    return _as_shard(path, indices)


def _write_shard(path: Path, drawing: _Drawing, indices: range) -> Iterator[int]:
    """Write one shard, whole or not at all, and yield how many images are in it so far."""
    samples = render_samples(drawing.process, indices, drawing.size, drawing.seed, drawing.device)
    with replace_atomically(path) as temporary, tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT) as shard:
        for drawn, sample in enumerate(samples, start=1):
            stem = file_stem(sample.index)
            _add(shard, f"{stem}.json", sample.description.encode())
            if sample.label is not None:
                _add(shard, f"{stem}.cls", str(sample.label).encode())
            _add(shard, f"{stem}.{drawing.image_format}", encode_image(sample.image, drawing.image_format))
            yield drawn


def _add(shard: tarfile.TarFile, name: str, content: bytes) -> None:
    # A fresh header has no date and no owner, so the same images make the same bytes.
    header = tarfile.TarInfo(name)
    header.size = len(content)
    shard.addfile(header, io.BytesIO(content))


def _as_shard(path: Path, indices: range) -> Shard:
    return Shard(path.name, indices.start, len(indices), path.stat().st_size, _sha256(path))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
