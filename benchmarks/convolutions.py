"""Tiled 3x3 convolutions of the untrained generator, beside `torch.nn.functional.conv2d` (oneDNN).

Run from anywhere: ``python benchmarks/convolutions.py [--sizes 128 256] [--repeats N] [--json FILE]``. One thread, CPU
seconds, the two in turns, medians. Layers are those of the published widths; images are those of ``--variant random``,
whole, with a network that is ready.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from unittest.mock import patch

import torch
import torch.nn.functional as F
from cochleagram import describe_machine

from crossmodal import noise
from crossmodal.noise.untrained_generator import dense
from crossmodal.noise.untrained_generator.winograd import convolve_tiles, tile_kernels

#: Side and channels of the stages that are tiled, of images of 64 to 256 pixels.
_STAGES = ((64, 512), (128, 256), (256, 128))


def main() -> None:
    """Measure, print a line for each layer and size, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=int, default=[128, 256])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for side, channels in _STAGES:
        ratio = measure_layer(side, channels, args.repeats)
        rows.append({"layer": [side, channels], "conv2d / tiles": ratio})
        print(f"layer of {side} x {side}, {channels} channels: conv2d / tiles {ratio:.2f}", flush=True)
    for size in args.sizes:
        row = measure_images(size, args.repeats)
        rows.append(row)
        print(f"images of {size} px: " + ", ".join(f"{name} {value:.3g}" for name, value in row.items()), flush=True)
    where = describe_machine()
    print(where)
    if args.json:
        args.json.write_text(json.dumps({"where": where, "rows": rows}, indent=1) + "\n", encoding="utf-8")


def measure_layer(side: int, channels: int, repeats: int) -> float:
    """Give the CPU-seconds of conv2d for one of tiles."""
    numbers = torch.Generator().manual_seed(0)
    maps = torch.randn(1, side, side, channels, generator=numbers)
    kernels = torch.randn(channels, channels, 3, 3, generator=numbers)
    tiles = tile_kernels(kernels)
    kernels = kernels.contiguous(memory_format=torch.channels_last)
    return _ratio(
        lambda: F.conv2d(maps.permute(0, 3, 1, 2), kernels, padding=1), lambda: convolve_tiles(maps, tiles), repeats
    )


def measure_images(size: int, repeats: int) -> dict[str, float]:
    """Give the CPU-seconds of an image without tiles for one with, and how many of its bytes differ."""
    process = noise.create("untrained_generator", variant="random")

    def with_tiles() -> torch.Tensor:
        return process([2001], size)

    # Networks are kept by what they were made of, which does not tell how they convolve: each has its own cache.
    plain = dense.lru_cache(maxsize=1)(dense.dense_network.__wrapped__)

    def without_tiles() -> torch.Tensor:
        with (
            patch.object(dense, "_tiled", dense._convolution),
            patch("crossmodal.noise.untrained_generator.process.dense_network", plain),
        ):
            return process([2001], size)

    off = (with_tiles().int() - without_tiles().int()).abs()
    return {
        "conv2d / tiles": _ratio(without_tiles, with_tiles, repeats),
        "part of the bytes that differ": float((off > 0).float().mean()),
        "most that one differs": float(off.max()),
    }


def _ratio(theirs: Callable[[], object], ours: Callable[[], object], repeats: int) -> float:
    theirs(), ours()
    return median(_cpu_s(theirs) / _cpu_s(ours) for _ in range(repeats))


def _cpu_s(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
