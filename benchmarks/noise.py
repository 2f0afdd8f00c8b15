"""Speed of all processes: images per CPU-second, compared with the published generators and a simple OpenCV twin.

Run from anywhere: ``python benchmarks/noise.py [--only NAME ...] [--repeats N] [--json FILE] [--markdown PAGE]``.
One thread, CPU seconds (which depend less on other load), medians. The test of two parallel processes at the end also
uses wall seconds, so the machine should be idle. With a CUDA device its rates are measured too.
"""

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from cochleagram import describe_machine
from page import put

import crossmodal.visualization  # noqa: F401  (registers feature_visualization)
from crossmodal import noise

# Duration of a repeat, of at least one image.
_REPEAT_S = 0.3
# One network of the random generator renders images 2000 to 2399, so its creation is not in the rate.
_FIRST = 2004
_PROGRAMS = 200
_TWIN_IMAGES = 40
_GPU_BATCH, _GPU_REPEATS, _LEAVES_PER_GPU_SECOND, _FRACTION_OF_STEP = 256, 10, 50_000, 0.1


@dataclass(frozen=True)
class Promise:
    """A row of the table.

    Attributes:
        title: what is measured.
        process: name of the process.
        options: of the process, other than the defaults.
        size: side of the images in pixels.
        target: promised images per CPU-second; None without a promise.
        reference: images per second of the published generator on two cores of this kind, 2026-11-22; None without one.
        twin: shape of the leaves of the OpenCV twin; None without one.
        ready: images that are drawn before the measurement.
    """

    title: str
    process: str
    options: dict[str, Any] = field(default_factory=dict)
    size: int = 128
    target: float | None = None
    reference: float | None = None
    twin: str | None = None
    ready: int = 1


PROMISES = (
    Promise("dead leaves, square", "dead_leaves", {"shape": "square"}, 128, 5000, 2.44, "square"),
    Promise("dead leaves, oriented", "dead_leaves", {"shape": "oriented"}, 128, 2500, 2.31, "oriented"),
    Promise("dead leaves, six shapes", "dead_leaves", {"shape": "mixed"}, 128, 2000, 2.16, "mixed"),
    Promise("dead leaves, textured", "dead_leaves", {"texture": "spectrum_colour_wmm"}, 128, 1000, 1.75),
    Promise("spectrum", "spectrum", {}, 128, 800, 24.0),
    Promise("spectrum + colour", "spectrum_colour", {}, 128, 120, 15.4),
    Promise("wavelet marginals (WMM)", "wmm", {}, 128, 15, 2.25),
    Promise("spectrum + colour + WMM", "spectrum_colour_wmm", {}, 128, 12, 1.82),
    Promise("untrained generator, oriented", "untrained_generator", {"variant": "oriented"}, 256, 3, 0.90),
    Promise("untrained generator, sparse", "untrained_generator", {"variant": "sparse"}, 256, 3),
    Promise("untrained generator, high frequency", "untrained_generator", {"variant": "high_frequency"}, 256, 3),
    Promise("untrained generator, random", "untrained_generator", {"variant": "random"}, 256, 3, 1.0),
    Promise("programs, median over 200", "programs", {}, 128, 300),
    Promise("fractals", "fractals", {}, 128, 200),
    # The search for the system of a class takes 10 ms, once: 100 classes, all of them searched before.
    Promise("fractals, uniform law", "fractals", {"law": "uniform", "classes": 100}, 128, 200, ready=1000),
    Promise("orbits", "orbits", {}, 128, 200),
    Promise("MixUp of 6 programs", "mixup"),
    Promise("CutMix of programs", "cutmix"),
    Promise("KML of programs", "kml"),
    Promise("KML MixUp of programs", "kml_mixup"),
    Promise("mixture", "mixture"),
    Promise("feature visualization, ResNet-50", "feature_visualization"),
)


def main() -> None:
    """Measure, print the table, and write it to files if requested."""
    args = _arguments()
    torch.set_num_threads(1)
    chosen = [promise for promise in PROMISES if args.only is None or promise.process in args.only]
    where = describe_machine() + f", load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(where, flush=True)
    rows = []
    for promise in chosen:
        rows.append(measure(promise, args.repeats))
        print(_line(rows[-1]), flush=True)
    text = "\n".join([_table(rows), "", *measure_limits(rows, chosen), "", where + "."])
    print(f"\n{text}")
    if args.json:
        args.json.write_text(json.dumps({"where": where, "rows": rows}, indent=2) + "\n")
    if args.markdown:
        put(args.markdown, text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=noise.names(), help="processes to measure (default: all)")
    parser.add_argument("--repeats", type=int, default=5, help="runs, of which the median is taken")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    parser.add_argument("--markdown", type=Path, help="write the tables between the markers of this page")
    return parser.parse_args()


def measure(promise: Promise, repeats: int) -> dict[str, Any]:
    """Measure one row: images per CPU-second, those of the twin, and seconds of preparation."""
    process = noise.create(promise.process, **promise.options)
    started = time.process_time()
    process(range(promise.ready), promise.size)
    ready_s = time.process_time() - started
    if promise.process == "programs":
        ours, first = _rates_of_programs(process, promise.size)
    elif promise.process == "feature_visualization":
        ours, first = 1 / max(ready_s, 1e-9), 0.0
    else:
        ours, first = _rate(lambda indices: process(indices, promise.size), repeats), 0.0
    twin = _twin_rate(promise.twin, promise.size, repeats) if promise.twin else None
    return {
        "title": promise.title, "process": promise.process, "options": promise.options, "size": promise.size,
        "ours": ours, "target": promise.target, "reference": promise.reference, "twin": twin,
        "ready_s": ready_s, "first_image_s": first,
    }  # fmt: skip


def _rate(make: Callable[[range], Any], repeats: int) -> float:
    """Return images per CPU-second: the median over repeats, each with other images, after a warm-up run."""
    make(range(_FIRST - 4, _FIRST))
    started = time.process_time()
    make(range(_FIRST, _FIRST + 4))
    count = max(1, round(4 * _REPEAT_S / max(time.process_time() - started, 1e-6)))
    rates = []
    for start in range(_FIRST + 4, _FIRST + 4 + repeats * count, count):
        started = time.process_time()
        make(range(start, start + count))
        rates.append(count / (time.process_time() - started))
    return median(rates)


def _rates_of_programs(process: noise.Process[Any], size: int) -> tuple[float, float]:
    """Return the median rate over cached programs, and the median seconds of a program's first image."""
    rates, firsts = [], []
    for index in range(1, _PROGRAMS + 1):
        taken = []
        for _ in range(4):
            started = time.process_time()
            process([index], size)
            taken.append(time.process_time() - started)
        firsts.append(taken[0])
        rates.append(1 / median(taken[1:]))
    return median(rates), median(firsts)


def _twin_rate(shape: str, size: int, repeats: int) -> float:
    import cv2
    from noise_twins import paint_dead_leaves

    cv2.setNumThreads(1)
    generator = np.random.default_rng(0)
    rates = []
    for _ in range(repeats + 1):
        started = time.process_time()
        for _ in range(_TWIN_IMAGES):
            paint_dead_leaves(generator, size, shape)
        rates.append(_TWIN_IMAGES / (time.process_time() - started))
    return median(rates[1:])


def _line(row: dict[str, Any]) -> str:
    kept = "" if row["target"] is None else ("  kept" if row["ours"] >= row["target"] else "  BROKEN")
    promised = "" if row["target"] is None else f"  promised {row['target']:g}{kept}"
    return f"{row['title']:36} {row['size']:4} px  {_figure(row['ours']):>8}{promised}"


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table."""
    heads = ("process", "px", "ours", "promised", "", "published", "ours / published", "OpenCV twin", "ours / twin")
    lines = ["| " + " | ".join(heads) + " |", "|---|---|---|---|---|---|---|---|---|"]
    for row in rows:
        kept = "" if row["target"] is None else ("kept" if row["ours"] >= row["target"] else "**not kept**")
        ratios = [row["ours"] / row[other] if row[other] else None for other in ("reference", "twin")]
        cells = (
            row["title"], str(row["size"]), _figure(row["ours"]), _figure(row["target"]), kept,
            _figure(row["reference"]), _figure(ratios[0]), _figure(row["twin"]), _figure(ratios[1]),
        )  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def measure_limits(rows: list[dict[str, Any]], promises: list[Promise]) -> list[str]:
    """Measure the limits below the table, one sentence each: memory, preparation, two processes, the GPU."""
    sentences = [f"Memory: an image of 128 px can be copied {_figure(copies_per_second(128))} times a second."]
    bank = [row for row in rows if "texture" in row["options"]]
    if bank:
        sentences.append(f"Textures: the 512 images of the textured leaves take {bank[0]['ready_s']:.0f} s, once.")
    dense = [row for row in rows if row["options"].get("variant") == "random"]
    if dense:
        sentences.append(
            f"The random generator: a network of {dense[0]['size']} px and its first image take "
            f"{dense[0]['ready_s']:.1f} s, once in 400 images; the table does not include the network."
        )
    programs = [row for row in rows if row["process"] == "programs"]
    if programs:
        first_ms = 1000 * programs[0]["first_image_s"]
        sentences.append(
            f"Programs: the first image of a program takes {first_ms:.0f} ms, with its writing and assembly."
        )
    by_cpu, by_wall = measure_two_processes()
    sentences.append(
        f"Two parallel processes draw {by_cpu:.2f} times the dead leaves of one by CPU seconds, {by_wall:.2f} times by "
        f"wall seconds (promised 1.8; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)."
    )
    sentences += measure_gpu(promises) if torch.cuda.is_available() else [_NO_GPU]
    return [f"- {sentence}" for sentence in sentences]


_NO_GPU = (
    "Not measured without a GPU: dead leaves at 50,000 per second; every process within a tenth of a training step of "
    "the small AlexNet."
)


def copies_per_second(side: int) -> float:
    """Return copies of an image per second, memory to memory, over several hundred MB, which exceed any cache."""
    count = 2**28 // (3 * side * side)
    source, target = np.ones((count, 3, side, side), np.uint8), np.ones((count, 3, side, side), np.uint8)
    rates = []
    for _ in range(5):
        started = time.process_time()
        np.copyto(target, source)
        rates.append(count / (time.process_time() - started))
    return median(rates)


def measure_two_processes() -> tuple[float, float]:
    """Return the speed-up of two processes over one, by CPU seconds and by wall seconds, from the best of three runs.

    The best run is used, since other load can only reduce the rate.
    """
    one, two = ([processes_rates(count) for _ in range(3)] for count in (1, 2))
    by_cpu, by_wall = (
        max(pair) / max(single) for single, pair in zip(zip(*one, strict=True), zip(*two, strict=True), strict=True)
    )
    return 2 * by_cpu, by_wall


def processes_rates(count: int) -> tuple[float, float]:
    """Return dead leaves of ``count`` parallel processes: per CPU-second, and in total per wall second."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(count), context.Queue()
    workers = [context.Process(target=_draw_leaves, args=(number, barrier, results)) for number in range(count)]
    for worker in workers:
        worker.start()
    drawn, starts, ends, cpu_s = zip(*(results.get() for _ in workers), strict=True)
    for worker in workers:
        worker.join()
    return sum(drawn) / sum(cpu_s), sum(drawn) / (max(ends) - min(starts))


def _draw_leaves(number: int, barrier: Any, results: Any) -> None:
    process = noise.create("dead_leaves", shape="square")
    process(range(100))
    barrier.wait()
    start, start_cpu, drawn = time.monotonic(), time.process_time(), 0
    while time.monotonic() - start < 3.0:
        process(range(number * 10**6 + drawn, number * 10**6 + drawn + 200))
        drawn += 200
    results.put((drawn, start, time.monotonic(), time.process_time() - start_cpu))


def measure_gpu(promises: list[Promise]) -> list[str]:
    """Measure every process on the GPU, relative to a training step of the small AlexNet on as many images."""
    step_s = _training_step_s()
    sentences = [
        f"On {torch.cuda.get_device_name()}, batches of {_GPU_BATCH}: a training step of the small AlexNet (64 px, "
        f"forward, backward, update) takes {1000 * step_s:.1f} ms."
    ]
    for promise in promises:
        process = noise.create(promise.process, **promise.options)
        batch = 8 if promise.process == "feature_visualization" else _GPU_BATCH
        batch_s = _gpu_s(lambda repeat, process=process, promise=promise, batch=batch: process(
            range(repeat * batch, (repeat + 1) * batch), promise.size, 0, "cuda"
        )) * _GPU_BATCH / batch  # fmt: skip
        rate, fraction = _GPU_BATCH / batch_s, batch_s / step_s
        kept = fraction <= _FRACTION_OF_STEP and (promise.process != "dead_leaves" or rate >= _LEAVES_PER_GPU_SECOND)
        sentences.append(
            f"{promise.title}, {promise.size} px: {_figure(rate)} per second, {100 * fraction:.3g} % of a step"
            f"{'' if kept else ' (**not kept**)'}."
        )
    return sentences


def _gpu_s(work: Callable[[int], Any]) -> float:
    taken = []
    for repeat in range(_GPU_REPEATS + 2):
        torch.cuda.synchronize()
        started = time.perf_counter()
        work(repeat)
        torch.cuda.synchronize()
        taken.append(time.perf_counter() - started)
    return median(taken[2:])


def _training_step_s() -> float:
    from crossmodal import backbones

    network = torch.nn.Sequential(backbones.create("small_alexnet"), torch.nn.Linear(192, 128)).cuda()
    optimizer = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9)
    images = torch.rand(_GPU_BATCH, 3, 64, 64, device="cuda")

    def step(repeat: int) -> None:
        optimizer.zero_grad()
        network(images).square().mean().backward()
        optimizer.step()

    return _gpu_s(step)


if __name__ == "__main__":
    main()
