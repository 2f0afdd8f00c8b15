"""Tar shards: CPU-seconds of reading and writing them, beside webdataset's own reader and writer.

Run from anywhere: ``python benchmarks/shards.py [--images N] [--size S] [--json FILE]``. One thread, CPU seconds, the
median of five repeats; images are dead leaves as png.
"""

import argparse
import io
import json
import os
import tarfile
import tempfile
import time
from collections.abc import Callable, Container
from pathlib import Path
from statistics import median

from webdataset import WebDataset
from webdataset.writer import TarWriter

from crossmodal import noise
from crossmodal.data import NoiseShards, write_noise_shards
from crossmodal.data.noise.images import decode_image

_REPEATS = 5
_PARTS = ("json", "png")


def main() -> None:
    """Measure, print a ratio a line, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = write_noise_shards(
            place, noise.create("dead_leaves"), args.images, size=args.size, shard_size=args.images
        )
        found = measure(folder)
    for name, value in found.items():
        print(f"{name:<60} {value:.4g}" if isinstance(value, float) else f"{name:<60} {value}")
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def measure(folder: Path) -> dict[str, float | bool]:
    """Measure a folder of one shard."""
    path = folder / "shard-000000.tar"
    samples = list(_stream(path))
    last = len(samples) - 1
    shards = NoiseShards(folder)
    shards[last]
    written, stamped = _write(samples), _write_with_webdataset(samples, None)
    time.sleep(0.01)
    return {
        "reading all images in order, webdataset / ours": _ratio(
            lambda: _read_stream(path, range(last + 1)), lambda: _read_all(folder)
        ),
        "the last image of a shard just opened, webdataset / ours": _ratio(
            lambda: _read_stream(path, [last]), lambda: NoiseShards(folder)[last]
        ),
        "the last image of a shard opened before, webdataset / ours": _ratio(
            lambda: _read_stream(path, [last]), lambda: shards[last]
        ),
        "writing, webdataset / ours": _ratio(lambda: _write_with_webdataset(samples, 0), lambda: _write(samples)),
        "ours is the shard, byte by byte": written == path.read_bytes(),
        "a rewrite gives the same bytes, ours": _write(samples) == written,
        "a rewrite gives the same bytes, webdataset without options": _write_with_webdataset(samples, None) == stamped,
    }


def _ratio(theirs: Callable[[], object], ours: Callable[[], object]) -> float:
    """Give the median ratio of CPU-seconds; the two run in turns, as other work on the machine slows both."""
    return median(_cpu_s(theirs) / _cpu_s(ours) for _ in range(_REPEATS))


def _cpu_s(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _stream(path: Path) -> WebDataset:
    return WebDataset(os.fspath(path), shardshuffle=False)


def _read_all(folder: Path) -> None:
    shards = NoiseShards(folder)
    for place in range(len(shards)):
        shards[place]


def _read_stream(path: Path, decoded: Container[int]) -> None:
    for place, sample in enumerate(_stream(path)):
        if place in decoded:
            decode_image(sample["png"])


def _write(samples: list[dict[str, bytes]]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as shard:
        for sample in samples:
            for part in _PARTS:
                header = tarfile.TarInfo(f"{sample['__key__']}.{part}")
                header.size = len(sample[part])
                shard.addfile(header, io.BytesIO(sample[part]))
    return file.getvalue()


def _write_with_webdataset(samples: list[dict[str, bytes]], mtime: float | None) -> bytes:
    file = io.BytesIO()
    writer = TarWriter(file, encoder=False, mtime=mtime)
    for sample in samples:
        writer.write({key: sample[key] for key in ("__key__", *_PARTS)})
    writer.close()
    return file.getvalue()


if __name__ == "__main__":
    main()
